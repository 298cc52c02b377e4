/* The table of endpoints, and finding one in it; see route.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "route.h"
#include "xmalloc.h"

#define SLOTS 512U /* of the index: a power of two, thrice the rows */

/* Methods in the order of Consul's Allow header. */
#define GET	       HTTP_GET, "GET"
#define PUT	       HTTP_PUT, "PUT"
#define POST	       HTTP_POST, "POST"
#define DELETE	       HTTP_DELETE, "DELETE"
#define GET_PUT	       HTTP_GET | HTTP_PUT, "GET,PUT"
#define GET_POST       HTTP_GET | HTTP_POST, "GET,POST"
#define GET_DELETE     HTTP_GET | HTTP_DELETE, "GET,DELETE"
#define GET_PUT_DELETE HTTP_GET | HTTP_PUT | HTTP_DELETE, "GET,PUT,DELETE"
#define GET_POST_PUT_DELETE \
	HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE, "GET,POST,PUT,DELETE"

/* clang-format off */
#define ROUTES(X)                                                                                 \
	/* section 2 to 4 */                                                                      \
	X("/v1/kv/",                        GET_PUT_DELETE, api_kv,                 0, BODY_KV)   \
	X("/v1/txn",                        PUT, api_txn,                           ROUTE_TAKES_NS, BODY_TXN)  \
	X("/v1/session/create",             PUT, api_session_create,                0, BODY_ANY)  \
	X("/v1/session/destroy/",           PUT, api_session_destroy,               0, BODY_ANY)  \
	X("/v1/session/renew/",             PUT, api_session_renew,                 0, BODY_ANY)  \
	X("/v1/session/info/",              GET, api_session_info,    ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/session/node/",              GET, api_session_node,    ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/session/list",               GET, api_session_list,    ROUTE_META_ON_ERROR, BODY_ANY) \
	/* section 5: catalog */                                                                  \
	X("/v1/catalog/register",           PUT, api_catalog_register,              0, BODY_ANY)  \
	X("/v1/catalog/deregister",         PUT, api_catalog_deregister,            0, BODY_ANY)  \
	X("/v1/catalog/datacenters",        GET, api_catalog_datacenters, ROUTE_TAKES_NS, BODY_ANY) \
	X("/v1/catalog/nodes",              GET, api_catalog_nodes,         ROUTE_META_ON_ERROR | ROUTE_TAKES_NS, BODY_ANY) \
	X("/v1/catalog/services",           GET, api_catalog_services,      ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/catalog/service/",           GET, api_catalog_service,       ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/catalog/node/",              GET, api_catalog_node,          ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/catalog/node-services/",     GET, api_catalog_node_services, ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/catalog/connect/",           GET, api_not_built,                     0, BODY_ANY)  \
	X("/v1/catalog/gateway-services/",  GET, api_not_built,                     0, BODY_ANY)  \
	/* section 6: health */                                                                   \
	X("/v1/health/node/",               GET, api_health_node,     ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/health/checks/",             GET, api_health_checks,   ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/health/service/",            GET, api_health_service,  ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/health/state/",              GET, api_health_state,    ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/health/connect/",            GET, api_not_built,                     0, BODY_ANY)  \
	X("/v1/health/ingress/",            GET, api_not_built,                     0, BODY_ANY)  \
	/* section 7: agent */                                                                    \
	X("/v1/agent/self",                 GET, api_agent_self,       ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/host",                 GET, api_agent_host,       ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/metrics",              GET, api_agent_metrics,    ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/monitor",              GET, api_agent_monitor,    ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/members",              GET, api_agent_members,    ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/join/",                PUT, api_agent_join,       ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/leave",                PUT, api_agent_leave,      ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/force-leave/",         PUT, api_agent_force_leave, ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/reload",               PUT, api_agent_reload,     ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/maintenance",          PUT, api_agent_maintenance, ROUTE_TAKES_NS, BODY_ANY) \
	X("/v1/agent/token/",               PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/agent/services",             GET, api_agent_services,                0, BODY_ANY)  \
	X("/v1/agent/service/",             GET, api_agent_service,                 0, BODY_ANY)  \
	X("/v1/agent/service/register",     PUT, api_agent_service_register,        0, BODY_ANY)  \
	X("/v1/agent/service/deregister/",  PUT, api_agent_service_deregister,      0, BODY_ANY)  \
	X("/v1/agent/service/maintenance/", PUT, api_agent_service_maintenance,     0, BODY_ANY)  \
	X("/v1/agent/checks",               GET, api_agent_checks,                  0, BODY_ANY)  \
	X("/v1/agent/check/register",       PUT, api_agent_check_register,          0, BODY_ANY)  \
	X("/v1/agent/check/deregister/",    PUT, api_agent_check_deregister,        0, BODY_ANY)  \
	X("/v1/agent/check/pass/",          PUT, api_agent_check_pass,              0, BODY_ANY)  \
	X("/v1/agent/check/warn/",          PUT, api_agent_check_warn,              0, BODY_ANY)  \
	X("/v1/agent/check/fail/",          PUT, api_agent_check_fail,              0, BODY_ANY)  \
	X("/v1/agent/check/update/",        PUT, api_agent_check_update,            0, BODY_ANY)  \
	X("/v1/agent/health/service/id/",   GET, api_agent_health_id,               0, BODY_ANY)  \
	X("/v1/agent/health/service/name/", GET, api_agent_health_name,             0, BODY_ANY)  \
	X("/v1/agent/connect/authorize",    POST, api_connect_authorize,            0, BODY_ANY)  \
	X("/v1/agent/connect/ca/roots",     GET, api_connect_roots,    ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/agent/connect/ca/leaf/",     GET, api_connect_leaf,                  0, BODY_ANY)  \
	/* section 8 to 10 */                                                                     \
	X("/v1/event/fire/",                PUT, api_event_fire,                    0, BODY_ANY)  \
	X("/v1/event/list",                 GET, api_event_list,       ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/coordinate/datacenters",     GET, api_coordinate_datacenters, ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/coordinate/nodes",           GET, api_coordinate_nodes, ROUTE_META_ON_ERROR | ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/coordinate/node/",           GET, api_coordinate_node, ROUTE_META_ON_ERROR | ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/coordinate/update",          PUT, api_coordinate_update,  ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/query",                      GET_POST, api_query, ROUTE_META_ON_ERROR | ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/query/",                     GET_PUT_DELETE, api_query_id, ROUTE_META_ON_ERROR | ROUTE_BARE_ALLOW | ROUTE_TAKES_NS, BODY_ANY) \
	/* section 11 to 13 */                                                                    \
	X("/v1/status/leader",              GET, api_status_leader,    ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/status/peers",               GET, api_status_peers,     ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/operator/raft/configuration", GET, api_operator_raft_configuration, ROUTE_TAKES_NS, BODY_ANY) \
	X("/v1/operator/raft/peer",         DELETE, api_operator_raft_peer,    ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/operator/keyring",           GET_POST_PUT_DELETE, api_operator_keyring, ROUTE_TAKES_NS, BODY_ANY) \
	X("/v1/operator/autopilot/configuration", GET_PUT, api_operator_autopilot_configuration, ROUTE_TAKES_NS, BODY_ANY) \
	X("/v1/operator/autopilot/health",  GET, api_operator_autopilot_health,       ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/snapshot",                   GET_PUT, api_snapshot,     ROUTE_TAKES_NS, BODY_FLOW) \
	/* section 14: ACL */                                                                     \
	X("/v1/acl/bootstrap",              PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/create",                 PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/update",                 PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/destroy/",               PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/info/",                  GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/clone/",                 PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/list",                   GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/login",                  POST, api_acl_disabled,      ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/logout",                 POST, api_acl_disabled,      ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/replication",            GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/policies",               GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/policy",                 PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/policy/",                GET_PUT_DELETE, api_acl_disabled, ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/policy/name/",           GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/roles",                  GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/role",                   PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/role/name/",             GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/role/",                  GET_PUT_DELETE, api_acl_disabled, ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/binding-rules",          GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/binding-rule",           PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/binding-rule/",          GET_PUT_DELETE, api_acl_disabled, ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/auth-methods",           GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/auth-method",            PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/auth-method/",           GET_PUT_DELETE, api_acl_disabled, ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/rules/translate",        POST, api_acl_disabled,      ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/rules/translate/",       GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/tokens",                 GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/token",                  PUT, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/token/self",             GET, api_acl_disabled,       ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/acl/token/",                 GET_PUT_DELETE, api_acl_disabled, ROUTE_IS_OFF, BODY_ANY)  \
	X("/v1/internal/acl/authorize",     POST, api_acl_disabled,      ROUTE_IS_OFF, BODY_ANY)  \
	/* section 15: internal */                                                                \
	X("/v1/internal/ui/nodes",          GET, api_ui_nodes,    ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/internal/ui/node/",          GET, api_ui_node,     ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/internal/ui/services",       GET, api_ui_services, ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/internal/ui/gateway-services-nodes/", GET, api_not_built,            0, BODY_ANY)  \
	X("/v1/internal/federation-states", GET, api_not_built,                     0, BODY_ANY)  \
	X("/v1/internal/federation-states/mesh-gateways", GET, api_not_built,       0, BODY_ANY)  \
	X("/v1/internal/federation-state/", GET, api_not_built,                     0, BODY_ANY)  \
	/* section 16: connect, config entries */                                                 \
	X("/v1/connect/ca/roots",           GET, api_connect_roots, ROUTE_META_ON_ERROR | ROUTE_TAKES_NS, BODY_ANY) \
	X("/v1/connect/ca/configuration",   GET_PUT, api_connect_configuration, ROUTE_TAKES_NS, BODY_ANY)  \
	X("/v1/connect/intentions",         GET_POST, api_not_built,                0, BODY_ANY)  \
	X("/v1/connect/intentions/match",   GET, api_not_built,                     0, BODY_ANY)  \
	X("/v1/connect/intentions/check",   GET, api_not_built,                     0, BODY_ANY)  \
	X("/v1/connect/intentions/",        GET_PUT_DELETE, api_not_built,          0, BODY_ANY)  \
	X("/v1/discovery-chain/",           GET_POST, api_discovery_chain, ROUTE_META_ON_ERROR, BODY_ANY) \
	X("/v1/config",                     PUT, api_not_built,                     0, BODY_ANY)  \
	X("/v1/config/",                    GET_DELETE, api_not_built,              0, BODY_ANY)
/* clang-format on */

static const struct route rows[] = {
#define ROW(pattern_, ...) ROW_OF(pattern_, __VA_ARGS__)
#define ROW_OF(pattern_, methods_, allow_, handler_, flags_, body_) \
	{ .pattern = (pattern_),                                    \
		.allow = (allow_),                                  \
		.methods = (methods_),                              \
		.handler = (handler_),                              \
		.flags = (flags_),                                  \
		.body = (body_) },
	ROUTES(ROW)
#undef ROW
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* By a rolling hash, so that one pass over a path finds all its prefixes. */
struct routes {
	const struct route *slots[SLOTS];
	size_t longest; /* pattern */
};

const struct route *
route_row(size_t index)
{
	return (index < ROW_COUNT ? &rows[index] : NULL);
}

size_t
route_index(const struct route *route)
{
	assert(route >= rows && route < rows + ROW_COUNT);
	return ((size_t)(route - rows));
}

static uint32_t
hash_add(uint32_t hash, uint8_t c)
{
	return ((hash ^ c) * 16777619U);
}

#define HASH_START 2166136261U

static const struct route *
slot_find(const struct routes *all, uint32_t hash, struct slice pattern)
{
	uint32_t at = (hash >> 16 ^ hash) % SLOTS;

	while (all->slots[at] != NULL &&
	       !slice_is(pattern, all->slots[at]->pattern))
		at = (at + 1) % SLOTS;
	return (all->slots[at]);
}

struct routes *
routes_new(void)
{
	struct routes *all = xcalloc(1, sizeof(*all));

	_Static_assert(ROW_COUNT * 3 < SLOTS, "the index is crowded");
	_Static_assert(ROW_COUNT <= ROUTES_MAX, "too many routes");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct slice pattern = slice_of_text(rows[i].pattern);
		uint32_t hash = HASH_START, at;

		for (size_t j = 0; j < pattern.size; j++)
			hash = hash_add(hash, pattern.data[j]);
		at = (hash >> 16 ^ hash) % SLOTS;
		assert(slot_find(all, hash, pattern) == NULL);
		while (all->slots[at] != NULL)
			at = (at + 1) % SLOTS;
		all->slots[at] = &rows[i];
		if (pattern.size > all->longest)
			all->longest = pattern.size;
	}
	return (all);
}

void
routes_free(struct routes *all)
{
	free(all);
}

const struct route *
route_find(const struct routes *all, struct slice path, struct slice *argument)
{
	const struct route *best = NULL, *found;
	uint32_t hash = HASH_START;

	*argument = (struct slice){ 0 };
	for (size_t i = 0; i < path.size && i < all->longest; i++) {
		bool is_end = i + 1 == path.size;

		hash = hash_add(hash, path.data[i]);
		if (path.data[i] != '/' && !is_end)
			continue;
		found = slot_find(all, hash, slice_head(path, i + 1));
		if (found == NULL)
			continue;
		best = found;
		*argument = slice_tail(path, i + 1);
	}
	return (best);
}

bool
route_wants_slash(const struct routes *all, struct slice path)
{
	uint32_t hash = HASH_START;
	char pattern[64];

	if (path.size + 1 > sizeof(pattern) || path.size + 1 > all->longest ||
	    (path.size > 0 && path.data[path.size - 1] == '/'))
		return (false);
	for (size_t i = 0; i < path.size; i++)
		hash = hash_add(hash, path.data[i]);
	if (slot_find(all, hash, path) != NULL)
		return (false);
	memcpy(pattern, path.data, path.size);
	pattern[path.size] = '/';
	return (slot_find(all, hash_add(hash, '/'),
		    slice(pattern, path.size + 1)) != NULL);
}
