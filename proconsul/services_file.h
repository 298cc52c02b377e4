/* Services defined in configuration files, for register and deregister. */
#ifndef PROCONSUL_SERVICES_FILE_H
#define PROCONSUL_SERVICES_FILE_H

#include "command.h"
#include "rpc_types.h"

struct services_file {
	struct service_definition *items;
	size_t count;
};

/* What the arguments (files, folders) define; all else in them is checked as
 * the agent does it, and passed over. False, and said so, when one is wrong. */
MUST_CHECK bool services_file_read(struct run *, struct services_file *);
/* As the API wants it for /v1/agent/service/register. */
void services_body(const struct service_definition *, struct buf *);
/* The ID, or the name where there is none. */
struct slice services_id(const struct service_definition *);

#endif
