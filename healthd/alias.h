/*
 * Alias checks: as well as the service they stand for, and its node.
 *
 * Source  api/config.md 5; Consul agent/checks/alias.go, processChecks
 */
#ifndef HEALTHD_ALIAS_H
#define HEALTHD_ALIAS_H

#include "local.h"

/* Of this node, so that our own tables tell; else the catalog is asked. */
bool alias_is_local(const struct local *, const struct local_check *);

/* What an alias of service `id` ("" for none) on `node` is to say, given the
 * checks of that node. It leaves itself out. */
struct alias_view {
	struct slice self; /* id of the alias; "" if it is not there */
	struct slice service_id;
	struct slice node; /* as the definition names it */
	size_t output_max;
	enum check_status status; /* so far */
	bool has_checks;
	bool is_service_seen; /* by one of its checks */
	struct buf *text;
};

void alias_look(struct alias_view *, const struct health_check *);
/* All checks were looked at. */
enum check_status alias_judge(struct alias_view *, bool is_service_there);

enum check_status alias_of_local(
    const struct local *, const struct local_check *, struct buf *text);

#endif
