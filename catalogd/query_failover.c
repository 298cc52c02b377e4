/* Asking other datacenters; see query_failover.h. */
#include <stdlib.h>
#include <string.h>

#include "catalogd.h"
#include "log.h"
#include "members.h"
#include "query_failover.h"
#include "query_run.h"
#include "rtt.h"

#define LOG_NAME      "agent.server.prepared_query"
#define POOL_DEADLINE SECONDS(10)
#define ASK_DEADLINE  SECONDS(30)
#define NO_PATH	      SLICE("No path to datacenter")

/* In the arena of the call, with all that it lends. */
struct failover {
	struct catalogd *owner; /* lent */
	struct call *call;
	const struct prepared_query_execute_request *request;
	struct prepared_query query;
	struct prepared_query_execute_response reply;
	struct serf_members members; /* of the WAN pool */
	struct slice_list datacenters;
	size_t tried;
};

static void
finish(struct failover *f)
{
	f->reply.failovers = (int64_t)f->tried;
	call_answer(f->call, &prepared_query_execute_response_type, &f->reply);
}

/* --- The datacenters, nearest first. --- */

struct distant {
	struct slice name;
	int64_t *rtts; /* of its servers */
	size_t count;
	int64_t median;
};

static bool
is_server(const struct serf_member *m)
{
	return (slice_is(member_tag(m, "role"), "consul") &&
		m->status != MEMBER_LEFT);
}

static const struct vivaldi_coord *
coordinate_of(const struct coordinates *known, struct slice name)
{
	for (size_t i = 0; i < known->value.count; i++)
		if (slice_equal(known->value.items[i].node, name))
			return (known->value.items[i].coord);
	return (NULL);
}

static struct distant *
distant_of(struct distant *all, size_t *count, struct slice name,
    size_t servers, struct arena *arena)
{
	for (size_t i = 0; i < *count; i++)
		if (slice_equal(all[i].name, name))
			return (&all[i]);
	all[*count].name = name;
	all[*count].rtts = arena_array(arena, servers, sizeof(int64_t));
	return (&all[(*count)++]);
}

static int
rtt_compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left < right ? -1 : left > right);
}

static int
distant_compare(const void *a, const void *b)
{
	const struct distant *left = a, *right = b;

	if (left->median != right->median)
		return (left->median < right->median ? -1 : 1);
	return (slice_compare(left->name, right->name));
}

/* All that are known, but ours. */
static struct slice_list
others_by_distance(struct failover *f, const struct coordinates *known)
{
	const struct config *config = f->owner->daemon->config;
	struct slice ours = slice_of_text(config->datacenter);
	struct arena *arena = &f->call->arena;
	size_t members = f->members.members.count, count = 0;
	const struct vivaldi_coord *here =
	    coordinate_of(known, arena_printf(arena, "%s.%s", config->node_name,
				     config->datacenter));
	struct distant *all = arena_array(arena, members + 1, sizeof(*all));
	struct slice_list names = {
		arena_array(arena, members + 1, sizeof(struct slice)), 0
	};

	for (size_t i = 0; i < members; i++) {
		const struct serf_member *m = &f->members.members.items[i];
		struct slice name = member_tag(m, "dc");
		struct distant *d;

		if (!is_server(m) || slice_equal(name, ours))
			continue;
		d = distant_of(all, &count, name, members, arena);
		d->rtts[d->count++] =
		    rtt_between(here, coordinate_of(known, m->name));
	}
	for (size_t i = 0; i < count; i++) {
		qsort(all[i].rtts, all[i].count, sizeof(int64_t), rtt_compare);
		all[i].median = all[i].rtts[all[i].count / 2];
	}
	qsort(all, count, sizeof(*all), distant_compare);
	for (size_t i = 0; i < count; i++)
		names.items[names.count++] = all[i].name;
	return (names);
}

/* --- Asking one after the other. --- */

static void try_next(struct failover *);

/* "ip:port" of one of its servers, by chance; empty where none is alive. */
static struct slice
server_of(struct failover *f, struct slice datacenter)
{
	const struct serf_member *chosen = NULL;
	uint32_t seen = 0;

	for (size_t i = 0; i < f->members.members.count; i++) {
		const struct serf_member *m = &f->members.members.items[i];

		if (!is_server(m) || m->status != MEMBER_ALIVE ||
		    !slice_equal(member_tag(m, "dc"), datacenter))
			continue;
		if (arc4random_uniform(++seen) == 0)
			chosen = m;
	}
	return (chosen == NULL ? SLICE("")
			       : member_address(chosen, &f->call->arena));
}

static void
failure_log(const struct failover *f, struct slice why)
{
	log_warn(LOG_NAME, "Failed querying for service in datacenter",
	    "service=%.*s datacenter=%.*s error=\"%.*s\"",
	    SLICE_ARGS(f->query.service.service),
	    SLICE_ARGS(f->datacenters.items[f->tried - 1]), SLICE_ARGS(why));
}

static void
on_reply(void *arg, const struct answer *answer)
{
	struct failover *f = arg;
	struct arena *arena = &f->call->arena;
	struct prepared_query_execute_response reply;

	if (answer->err != ERR_OK) {
		failure_log(f, answer->text);
	} else if (type_decode_all(&prepared_query_execute_response_type,
		       arena_copy(arena, answer->body), arena,
		       &reply) != ERR_OK) {
		failure_log(f, SLICE("malformed reply"));
	} else {
		f->reply = reply;
		if (reply.nodes.count > 0) {
			finish(f);
			return;
		}
	}
	try_next(f);
}

static void
try_next(struct failover *f)
{
	while (f->tried < f->datacenters.count) {
		struct slice name = f->datacenters.items[f->tried++];
		struct slice address = server_of(f, name);
		const struct prepared_query_execute_remote_request remote = {
			.datacenter = name,
			.query = f->query,
			.limit = f->request->limit,
			.options = f->request->options,
			.connect = f->request->connect,
		};

		f->reply.nodes.items = NULL;
		f->reply.nodes.count = 0;
		if (address.size > 0) {
			peer_ask(f->owner, address,
			    METHOD_PreparedQuery_ExecuteRemote, &remote,
			    ASK_DEADLINE, on_reply, f);
			return;
		}
		failure_log(f, NO_PATH);
	}
	finish(f);
}

static void
on_coordinates(void *arg, const struct answer *answer)
{
	struct failover *f = arg;
	struct arena *arena = &f->call->arena;
	struct coordinates known = { 0 };
	struct slice_list others, skipped;

	/* Without them all are equally far. */
	if (answer->err != ERR_OK || type_decode_all(&coordinates_type,
					 answer->body, arena, &known) != ERR_OK)
		known = (struct coordinates){ 0 };
	others = others_by_distance(f, &known);
	f->datacenters = query_datacenters(&f->query, &others, arena, &skipped);
	for (size_t i = 0; i < skipped.count; i++)
		log_debug(LOG_NAME,
		    "Skipping unknown datacenter in prepared query",
		    "datacenter=%.*s", SLICE_ARGS(skipped.items[i]));
	try_next(f);
}

static void
on_members(void *arg, const struct answer *answer)
{
	const struct serf_members_request wan = { .is_wan = true };
	struct failover *f = arg;
	struct arena *arena = &f->call->arena;

	if (answer->err != ERR_OK ||
	    type_decode_all(&serf_members_type, arena_copy(arena, answer->body),
		arena, &f->members) != ERR_OK) {
		call_fail_text(f->call, answer->text);
		return;
	}
	edge_ask(f->owner->daemon->edges[DAEMON_gossipd],
	    METHOD_Serf_Coordinates, &serf_members_request_type, &wan,
	    POOL_DEADLINE, on_coordinates, f);
}

void
query_failover(struct catalogd *c, struct call *call,
    const struct prepared_query_execute_request *request,
    const struct prepared_query *query,
    const struct prepared_query_execute_response *reply)
{
	const struct serf_members_request wan = { .is_wan = true };
	const struct query_datacenter_options *o = &query->service.failover;
	struct failover *f = arena_alloc(&call->arena, sizeof(*f));

	*f = (struct failover){ .owner = c, .call = call, .request = request };
	/* Meanwhile the state may change. */
	type_copy(&prepared_query_type, query, &call->arena, &f->query);
	type_copy(&prepared_query_execute_response_type, reply, &call->arena,
	    &f->reply);
	if (o->nearest_n <= 0 && o->datacenters.count == 0)
		finish(f);
	else
		edge_ask(c->daemon->edges[DAEMON_gossipd], METHOD_Serf_Members,
		    &serf_members_request_type, &wan, POOL_DEADLINE, on_members,
		    f);
}
