/*
 * Questions: look, then answer at once, or watch until there is more to tell.
 *
 * Source  wire/rpc.md 6, api/semantics.md 2 and 9
 */
#include <stdlib.h>
#include <string.h>

#include "catalogd.h"
#include "figures.h"
#include "filtered.h"
#include "metrics.h"
#include "view.h"
#include "xmalloc.h"

#define WAIT_DEFAULT SECONDS(300) /* default_query_time */
#define WAIT_MAX     SECONDS(600) /* max_query_time */
#define JITTER	     16		  /* up to 1/16 more */

/* A row a question: how it looks, and where its struct has what all have. */
struct read_row {
	view_fn *look;
	const struct type *reply;
	size_t options; /* in the request */
	size_t datacenter;
	size_t meta; /* in the reply */
};

/* clang-format off */
#define READS(X)                                                               \
	X(Catalog, ListNodes,       view_nodes,               dc_specific_request,      indexed_nodes)               \
	X(Catalog, ListServices,    view_services,            dc_specific_request,      indexed_services)            \
	X(Catalog, ServiceNodes,    view_service_nodes,       service_specific_request, indexed_service_nodes)       \
	X(Catalog, NodeServices,    view_node_services,       node_specific_request,    indexed_node_services)       \
	X(Catalog, NodeServiceList, view_node_service_list,   node_specific_request,    indexed_node_service_list)   \
	X(Health,  ChecksInState,   view_checks_in_state,     checks_in_state_request,  indexed_health_checks)       \
	X(Health,  NodeChecks,      view_node_checks,         node_specific_request,    indexed_health_checks)       \
	X(Health,  ServiceChecks,   view_service_checks,      service_specific_request, indexed_health_checks)       \
	X(Health,  ServiceNodes,    view_check_service_nodes, service_specific_request, indexed_check_service_nodes) \
	X(Internal, NodeInfo,       view_node_info,           node_specific_request,    indexed_node_dump)           \
	X(Internal, NodeDump,       view_node_dump,           dc_specific_request,      indexed_node_dump)           \
	X(Internal, ServiceDump,    view_service_dump,        service_dump_request,     indexed_check_service_nodes) \
	X(KVS,     Get,             view_kv_get,              key_request,              indexed_dir_entries)         \
	X(KVS,     List,            view_kv_list,             key_request,              indexed_dir_entries)         \
	X(KVS,     ListKeys,        view_kv_keys,             key_list_request,         indexed_key_list)            \
	X(Session, Get,             view_session,             session_specific_request, indexed_sessions)            \
	X(Session, List,            view_sessions,            session_specific_request, indexed_sessions)            \
	X(Session, NodeSessions,    view_node_sessions,       node_specific_request,    indexed_sessions)            \
	X(PreparedQuery, Get,       view_query,               prepared_query_specific_request, indexed_prepared_queries) \
	X(PreparedQuery, List,      view_queries,             dc_specific_request,      indexed_prepared_queries)    \
	X(Coordinate, ListNodes,    view_coordinates,         dc_specific_request,      indexed_coordinates)         \
	X(Coordinate, Node,         view_node_coordinates,    node_specific_request,    indexed_coordinates)

static const struct read_row read_rows[METHOD_COUNT] = {
#define X(service, method, view, request, reply)                               \
	[METHOD_##service##_##method] = { view, &reply##_type,                 \
	    offsetof(struct request, options),                                 \
	    offsetof(struct request, datacenter),                              \
	    offsetof(struct reply, meta) },
	READS(X)
#undef X
};
/* clang-format on */

/* A question, and what its filter was read to. */
struct reading {
	const void *request; /* lives as the call does */
	const struct filter *filter;
};

static const struct query_options *
options_of(const struct read_row *row, const void *request)
{
	return ((const void *)((const char *)request + row->options));
}

bool
datacenter_is_ours(
    struct catalogd *c, struct call *call, struct slice datacenter)
{
	struct slice ours = slice_of_text(c->daemon->config->datacenter);

	if (datacenter.size == 0 || slice_equal(datacenter, ours))
		return (true);
	call_fail(call, "No path to datacenter");
	return (false);
}

/* --- Looking. --- */

static void
view_answer(struct catalogd *c, struct call *call, const void *request,
    struct view *v, const struct read_row *row)
{
	struct query_meta *meta = (void *)((char *)v->reply + row->meta);

	meta->index = v->index;
	catalogd_meta(c, meta);
	for (size_t i = 0; i < v->bucket_count; i++)
		call_stamp(call, v->buckets[i],
		    genpage_generation(c->page, v->buckets[i]));
	figures_read(call->method, request, v->reply);
	call_answer(call, row->reply, v->reply);
}

static void
view_begin(struct catalogd *c, const struct read_row *row, struct view *v)
{
	arena_reset(&c->scratch);
	*v = (struct view){
		.state = c->state,
		.arena = &c->scratch,
		.datacenter = slice_of_text(c->daemon->config->datacenter),
		.reply = arena_alloc(&c->scratch, row->reply->size),
	};
	/* Who leads stands in every answer. */
	view_shows(v, GEN_LEADER, SLICE(""));
}

/* Look once. True: the call was answered. Else *v says what to wait for. */
static bool
look(struct catalogd *c, struct call *call, const struct reading *reading,
    bool is_over, struct view *v)
{
	const struct read_row *row = &read_rows[call->method];
	const struct query_options *options = options_of(row, reading->request);

	view_begin(c, row, v);
	row->look(v, reading->request);
	if (v->refusal != NULL) {
		call_fail(call, "%s", v->refusal);
		buf_deinit(&v->why);
		return (true);
	}
	buf_deinit(&v->why);
	/* An index of 0 would let the client spin; Consul, blockingQuery. */
	if (v->index == 0)
		v->index = 1;
	if (!is_over && options->min_query_index > 0 &&
	    v->index <= options->min_query_index)
		return (false);
	filtered_apply(call->method, reading->filter, v->reply);
	view_answer(c, call, reading->request, v, row);
	return (true);
}

/* Whoever waited for the leader's word gets no other's. */
static bool
look_again(
    struct catalogd *c, struct call *call, const void *asked, bool is_over)
{
	const struct reading *reading = asked;
	const struct query_options *options =
	    options_of(&read_rows[call->method], reading->request);
	struct view v;

	if (!options->allow_stale && !catalogd_is_fresh(c)) {
		forward_resume(
		    c, call, reading->request, watch_left(call->keeper));
		return (true);
	}
	if (look(c, call, reading, is_over, &v))
		return (true);
	watch_on(call->keeper, v.things, v.thing_count);
	return (false);
}

static struct duration
wait_of(const struct query_options *options)
{
	struct duration wait = options->max_query_time;
	int64_t jitter_ms;

	if (wait.ns <= 0)
		wait = WAIT_DEFAULT;
	if (wait.ns > WAIT_MAX.ns)
		wait = WAIT_MAX;
	jitter_ms = wait.ns / JITTER / MILLISECONDS(1).ns;
	wait.ns += MILLISECONDS(arc4random_uniform((uint32_t)jitter_ms + 1)).ns;
	return (wait);
}

static void
answer_or_watch(
    struct catalogd *c, struct call *call, const struct reading *reading)
{
	const struct read_row *row = &read_rows[call->method];
	struct reading *kept;
	struct watch *watch;
	struct view v;

	if (look(c, call, reading, false, &v))
		return;
	kept = arena_alloc(&call->arena, sizeof(*kept));
	*kept = *reading;
	watch = watch_new(c, call, kept,
	    wait_of(options_of(row, reading->request)), look_again);
	watch_on(watch, v.things, v.thing_count);
}

/* --- What is asked. --- */

static bool
read_filter(struct call *call, struct reading *reading)
{
	const struct query_options *options =
	    options_of(&read_rows[call->method], reading->request);
	struct buf why = { 0 };
	bool is_read = filtered_read(call->method, options->filter,
			   &call->arena, &reading->filter, &why) == ERR_OK;

	if (!is_read)
		call_fail_text(call, buf_slice(&why));
	buf_deinit(&why);
	return (is_read);
}

void
on_read(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct read_row *row = &read_rows[call->method];
	const struct slice *datacenter =
	    (const void *)((const char *)request + row->datacenter);
	struct reading reading = { .request = request };

	metrics_add(METRIC_rpc_query, 1);
	if (datacenter_is_ours(c, call, *datacenter) &&
	    read_filter(call, &reading))
		answer_or_watch(c, call, &reading);
}

void
read_moved(struct catalogd *c)
{
	watch_fire_all(c);
}
