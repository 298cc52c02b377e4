/*
 * /v1/operator/: Raft's servers, autopilot, the gossip keys; api/http.md 12.
 */
#include <stdlib.h>

#include "api.h"
#include "httpd.h"
#include "render.h"

/* --- Raft's servers. --- */

static void
render_raft_configuration(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	json_from_type(
	    &raft_configuration_response_type, replies[0], &out->body);
}

/* Neither blocking nor kept: an operator asks how things are now. */
static void
operator_ask(struct request *r, enum method method, render_fn *render)
{
	struct dc_specific_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render };

	if (!request_options(r, &q.options))
		return;
	q.options.min_query_index = 0;
	ask(r, method, &q, &view);
}

void
api_operator_raft_configuration(struct request *r)
{
	operator_ask(
	    r, METHOD_Operator_RaftGetConfiguration, render_raft_configuration);
}

void
api_operator_raft_peer(struct request *r)
{
	struct raft_remove_peer_request q = {
		.datacenter = request_datacenter(r),
		.write.token = r->token,
		.id = query_get(&r->query, "id"),
		.address = query_get(&r->query, "address"),
	};
	bool has_id = query_has(&r->query, "id");
	bool has_address = query_has(&r->query, "address");
	struct view view = { .render = render_empty };

	if (!has_id && !has_address)
		request_text(r, 400,
		    "Bad request: Must specify either ?id with the server's ID "
		    "or ?address with IP:port of peer to remove");
	else if (has_id && has_address)
		request_text(r, 400,
		    "Bad request: Must specify only one of ?id or ?address");
	else
		ask(r,
		    has_id ? METHOD_Operator_RaftRemovePeerByID
			   : METHOD_Operator_RaftRemovePeerByAddress,
		    &q, &view);
}

/* --- Autopilot's configuration. --- */

/* As the API's client library has it; indexes in a body are read over. */
/* clang-format off */
#define AUTOPILOT_BODY(F) \
	F(BOOL, _, cleanup_dead_servers, "CleanupDeadServers", 0, 0) \
	F(DURATION, _, last_contact_threshold, "LastContactThreshold", 0, JSON_DURATION_TEXT) \
	F(U64, _, max_trailing_logs, "MaxTrailingLogs", 0, 0) \
	F(U64, _, min_quorum, "MinQuorum", 0, 0) \
	F(DURATION, _, server_stabilization_time, "ServerStabilizationTime", 0, JSON_DURATION_TEXT) \
	F(STR, _, redundancy_zone_tag, "RedundancyZoneTag", 0, 0) \
	F(BOOL, _, disable_upgrade_migration, "DisableUpgradeMigration", 0, 0) \
	F(STR, _, upgrade_version_tag, "UpgradeVersionTag", 0, 0) \
	F(U64, _, create_index, "CreateIndex", 0, 0) \
	F(U64, _, modify_index, "ModifyIndex", 0, 0)
/* clang-format on */

struct autopilot_body {
	AUTOPILOT_BODY(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(autopilot_body, AUTOPILOT_BODY, "AutopilotConfiguration")
/* clang-format on */

static void
render_autopilot(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	json_from_type(&autopilot_config_type, replies[0], &out->body);
}

/* cas=: only if nobody changed it since; false: it was refused. */
static bool
cas_take(struct request *r, struct autopilot_set_config_request *q)
{
	struct slice value = query_get(&r->query, "cas");
	const char *why;

	q->cas = query_has(&r->query, "cas");
	if (!q->cas || query_u64(value, &q->config.modify_index, &why))
		return (true);
	request_text(r, 400,
	    "Bad request: Error parsing cas value: strconv.ParseUint: parsing "
	    "\"%.*s\": %s",
	    SLICE_ARGS(value), why);
	return (false);
}

static void
autopilot_put(struct request *r)
{
	struct autopilot_set_config_request q = {
		.datacenter = request_datacenter(r), .write.token = r->token
	};
	struct autopilot_body body = { 0 };
	struct view view = { 0 };

	if (!request_decode(r, JSON_API, &autopilot_body_type, &body,
		"Bad request: Error parsing autopilot config: "))
		return;
	q.config = (struct autopilot_config){
		.cleanup_dead_servers = body.cleanup_dead_servers,
		.last_contact_threshold = body.last_contact_threshold,
		.max_trailing_logs = body.max_trailing_logs,
		.min_quorum = body.min_quorum,
		.server_stabilization_time = body.server_stabilization_time,
		.redundancy_zone_tag = body.redundancy_zone_tag,
		.disable_upgrade_migration = body.disable_upgrade_migration,
		.upgrade_version_tag = body.upgrade_version_tag,
	};
	if (!cas_take(r, &q))
		return;
	/* What is said without cas= is true, whatever became of it. */
	view.render = q.cas ? render_boolean : render_true;
	ask(r, METHOD_Operator_AutopilotSetConfiguration, &q, &view);
}

void
api_operator_autopilot_configuration(struct request *r)
{
	if (r->head->method == HTTP_PUT)
		autopilot_put(r);
	else
		operator_ask(r, METHOD_Operator_AutopilotGetConfiguration,
		    render_autopilot);
}

/* --- The servers' health. --- */

/* A server as the API shows it: words and texts for numbers. */
/* clang-format off */
#define SHOWN_SERVER(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, name, "Name", 0, 0) \
	F(STR, _, address, "Address", 0, 0) \
	F(STR, _, serf_status, "SerfStatus", 0, 0) \
	F(STR, _, version, "Version", 0, 0) \
	F(BOOL, _, leader, "Leader", 0, 0) \
	F(DURATION, _, last_contact, "LastContact", 0, JSON_DURATION_TEXT) \
	F(U64, _, last_term, "LastTerm", 0, 0) \
	F(U64, _, last_index, "LastIndex", 0, 0) \
	F(BOOL, _, healthy, "Healthy", 0, 0) \
	F(BOOL, _, voter, "Voter", 0, 0) \
	F(TIME, _, stable_since, "StableSince", 0, 0)
/* clang-format on */

struct shown_server {
	SHOWN_SERVER(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(shown_server, SHOWN_SERVER, "ServerHealth")
/* clang-format on */

/* Serf's words for the states of a member. */
static struct slice
serf_status(int64_t status)
{
	static const char *const words[] = { "none", "alive", "leaving", "left",
		"failed" };

	if (status < 0 || status >= (int64_t)(sizeof(words) / sizeof(words[0])))
		return (SLICE("unknown"));
	return (slice_of_text(words[status]));
}

#define NS_PER_SECOND 1000000000

/* Go's Round(time.Second): to the nearest, halves up; shown as UTC. */
static struct wire_time
time_round(struct wire_time t)
{
	t.seconds += t.ns >= NS_PER_SECOND / 2;
	t.ns = 0;
	t.zone_minutes = -1;
	return (t);
}

static void
put_server(struct buf *out, const struct server_health *server)
{
	struct shown_server shown = { .id = server->id,
		.name = server->name,
		.address = server->address,
		.serf_status = serf_status(server->serf_status),
		.version = server->version,
		.leader = server->leader,
		.last_contact = server->last_contact,
		.last_term = server->last_term,
		.last_index = server->last_index,
		.healthy = server->healthy,
		.voter = server->voter,
		.stable_since = time_round(server->stable_since) };

	json_from_type(&shown_server_type, &shown, out);
}

static void
render_server_health(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct operator_health_reply *reply = replies[0];

	(void)view;
	(void)arena;
	out->status = reply->healthy ? 200 : 429;
	out->content = CONTENT_JSON;
	if (!reply->healthy) /* Go sends its head before it knows the body */
		out->content_type = SLICE("text/plain; charset=utf-8");
	buf_printf(&out->body,
	    "{\"Healthy\":%s,\"FailureTolerance\":%lld,\"Servers\":[",
	    reply->healthy ? "true" : "false",
	    (long long)reply->failure_tolerance);
	for (size_t i = 0; i < reply->servers.count; i++) {
		if (i > 0)
			buf_put_u8(&out->body, ',');
		put_server(&out->body, &reply->servers.items[i]);
	}
	buf_put_text(&out->body, "]}");
}

void
api_operator_autopilot_health(struct request *r)
{
	operator_ask(r, METHOD_Operator_ServerHealth, render_server_health);
}
