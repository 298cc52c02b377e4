/* Instances of a service all of whose checks pass: ?passing, -passingonly. */
#ifndef COMMON_PASSING_H
#define COMMON_PASSING_H

#include "rpc_types.h"

/* How many are left, in the order that Consul leaves them in: the last takes
 * the place of one that is left out. */
size_t passing_keep(struct check_service_node *, size_t count);

#endif
