/* What watches ask, and what their handlers get to see; see watch.h. */
#include "agent_hash.h"
#include "api_types.h"
#include "json.h"
#include "passing.h"
#include "user_event.h"
#include "watch.h"

#define ASK_MARGIN     SECONDS(30)
#define LOCAL_DEADLINE SECONDS(10)

struct question {
	struct edge *edge; /* lent */
	const struct watch_plan *plan;
	struct slice datacenter;
	struct query_options options;
	struct duration deadline;
	answer_fn *done;
	void *arg;
};

/* No key begins with a slash. */
static struct slice
key_of(const struct watch_plan *plan)
{
	struct slice key = plan->subject;

	return (slice_starts_with(key, SLICE("/")) ? slice_tail(key, 1) : key);
}

static uint64_t
ask_key(const struct question *q, enum method method)
{
	struct key_request request = {
		.datacenter = q->datacenter,
		.key = key_of(q->plan),
		.options = q->options,
	};

	return (edge_ask(q->edge, method, &key_request_type, &request,
	    q->deadline, q->done, q->arg));
}

static uint64_t
ask_list(const struct question *q, enum method method)
{
	struct dc_specific_request request = {
		.datacenter = q->datacenter,
		.options = q->options,
	};

	return (edge_ask(q->edge, method, &dc_specific_request_type, &request,
	    q->deadline, q->done, q->arg));
}

static uint64_t
ask_service(const struct question *q, enum method method)
{
	struct service_specific_request request = {
		.datacenter = q->datacenter,
		.service_name = q->plan->subject,
		.service_tags = q->plan->tags,
		.tag_filter = q->plan->tags.count > 0,
		.options = q->options,
	};

	return (edge_ask(q->edge, method, &service_specific_request_type,
	    &request, q->deadline, q->done, q->arg));
}

static uint64_t
ask_state(const struct question *q)
{
	struct checks_in_state_request request = {
		.datacenter = q->datacenter,
		.state = q->plan->state,
		.options = q->options,
	};

	return (edge_ask(q->edge, METHOD_Health_ChecksInState,
	    &checks_in_state_request_type, &request, q->deadline, q->done,
	    q->arg));
}

/* Not a question that waits: whoever asks is told of new ones. */
static uint64_t
ask_events(const struct question *q)
{
	struct serf_events_request request = { .name = q->plan->subject };

	return (edge_ask(q->edge, METHOD_Serf_Events, &serf_events_request_type,
	    &request, LOCAL_DEADLINE, q->done, q->arg));
}

/* Our own, by way of catalogd, as everybody: whoever has none waits for
 * nothing.
 */
static uint64_t
ask_own_services(const struct question *q)
{
	struct agent_after request = {
		.generation = q->options.min_query_index,
	};

	return (edge_ask(q->edge, METHOD_Agent_ServicesAfter, &agent_after_type,
	    &request, q->deadline, q->done, q->arg));
}

uint64_t
watch_ask(struct edge *edge, const struct watch_plan *plan,
    const struct config *c, uint64_t index, answer_fn *done, void *arg)
{
	struct duration wait = c->keys.default_query_time;
	struct question q = {
		.edge = edge,
		.plan = plan,
		.datacenter = plan->datacenter.size > 0
				  ? plan->datacenter
				  : slice_of_text(c->datacenter),
		.options = {
			.token = plan->token,
			.min_query_index = index,
			.max_query_time = wait,
			.allow_stale = plan->is_stale,
		},
		.deadline = { wait.ns + ASK_MARGIN.ns },
		.done = done,
		.arg = arg,
	};

	switch (plan->kind) {
	case WATCH_KEY:
		return (ask_key(&q, METHOD_KVS_Get));
	case WATCH_KEYPREFIX:
		return (ask_key(&q, METHOD_KVS_List));
	case WATCH_SERVICES:
		return (ask_list(&q, METHOD_Catalog_ListServices));
	case WATCH_NODES:
		return (ask_list(&q, METHOD_Catalog_ListNodes));
	case WATCH_SERVICE:
		return (ask_service(&q, METHOD_Health_ServiceNodes));
	case WATCH_CHECKS:
		return (plan->state.size > 0
			    ? ask_state(&q)
			    : ask_service(&q, METHOD_Health_ServiceChecks));
	case WATCH_EVENT:
		return (ask_events(&q));
	case WATCH_AGENT_SERVICE:
		break;
	}
	return (ask_own_services(&q));
}

/* --- Answers. --- */

struct reading {
	const struct watch_plan *plan;
	struct slice body;
	uint64_t known;
	struct arena arena;
	struct buf *json;
	struct buf *why;
	uint64_t index;
};

/* The HTTP API's JSON, as the library's structs print it. */
static enum err
text_shape(struct reading *r, struct slice text, const struct type *shape)
{
	void *object = arena_alloc(&r->arena, shape->size);
	char why[JSON_WHY_MAX];
	struct json *json;
	enum err err;

	err = json_parse_all(text, &r->arena, &json, why);
	if (err == ERR_OK)
		err = json_to_type(
		    json, JSON_API_LAX, shape, &r->arena, object, why);
	if (err == ERR_OK)
		json_from_type(shape, object, r->json);
	else
		buf_put_text(r->why, why);
	return (err);
}

static enum err
object_shape(struct reading *r, const struct type *type, const void *object,
    const struct type *shape)
{
	struct buf text = { 0 };
	enum err err;

	json_from_type(type, object, &text);
	err = text_shape(r, buf_slice(&text), shape);
	buf_deinit(&text);
	return (err);
}

static enum err
rows_shape(struct reading *r, const struct type *row, const void *rows,
    size_t count, const struct type *shape)
{
	const uint8_t *at = rows;
	struct buf text = { 0 };
	enum err err;

	buf_put_u8(&text, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_u8(&text, ',');
		json_from_type(row, at + i * row->size, &text);
	}
	buf_put_u8(&text, ']');
	err = text_shape(r, buf_slice(&text), shape);
	buf_deinit(&text);
	return (err);
}

static enum err
read_keys(struct reading *r)
{
	struct indexed_dir_entries reply;
	struct api_kv_pair pair;
	enum err err;

	err = type_decode_all(
	    &indexed_dir_entries_type, r->body, &r->arena, &reply);
	if (err != ERR_OK)
		return (err);
	r->index = reply.meta.index;
	if (reply.entries.count == 0) {
		buf_put_text(r->json, "null");
		return (ERR_OK);
	}
	if (r->plan->kind == WATCH_KEYPREFIX)
		return (rows_shape(r, &dir_entry_type, reply.entries.items,
		    reply.entries.count, &api_kv_pairs_type));
	pair = (struct api_kv_pair){
		.key = reply.entries.items[0].key,
		.create_index = reply.entries.items[0].indexes.create_index,
		.modify_index = reply.entries.items[0].indexes.modify_index,
		.lock_index = reply.entries.items[0].lock_index,
		.flags = reply.entries.items[0].flags,
		.value = reply.entries.items[0].value,
		.session = reply.entries.items[0].session,
	};
	json_from_type(&api_kv_pair_type, &pair, r->json);
	return (ERR_OK);
}

static enum err
read_services(struct reading *r)
{
	struct indexed_services reply;
	struct api_service_tags tags;
	enum err err;

	err =
	    type_decode_all(&indexed_services_type, r->body, &r->arena, &reply);
	if (err != ERR_OK)
		return (err);
	r->index = reply.meta.index;
	tags.map = reply.services;
	if (tags.map.items == NULL)
		tags.map.items = TYPE_EMPTY;
	for (size_t i = 0; i < tags.map.count; i++)
		if (tags.map.items[i].value.items == NULL)
			tags.map.items[i].value.items = TYPE_EMPTY;
	json_from_type(&api_service_tags_type, &tags, r->json);
	return (ERR_OK);
}

static enum err
read_nodes(struct reading *r)
{
	struct indexed_nodes reply;
	enum err err;

	err = type_decode_all(&indexed_nodes_type, r->body, &r->arena, &reply);
	if (err != ERR_OK)
		return (err);
	r->index = reply.meta.index;
	return (rows_shape(r, &node_type, reply.nodes.items, reply.nodes.count,
	    &api_nodes_type));
}

static enum err
read_instances(struct reading *r)
{
	struct indexed_check_service_nodes reply;
	enum err err;

	err = type_decode_all(
	    &indexed_check_service_nodes_type, r->body, &r->arena, &reply);
	if (err != ERR_OK)
		return (err);
	r->index = reply.meta.index;
	if (r->plan->is_passing_only)
		reply.nodes.count =
		    passing_keep(reply.nodes.items, reply.nodes.count);
	return (rows_shape(r, &check_service_node_type, reply.nodes.items,
	    reply.nodes.count, &api_service_entries_type));
}

static enum err
read_checks(struct reading *r)
{
	struct indexed_health_checks reply;
	enum err err;

	err = type_decode_all(
	    &indexed_health_checks_type, r->body, &r->arena, &reply);
	if (err != ERR_OK)
		return (err);
	r->index = reply.meta.index;
	return (rows_shape(r, &health_check_type, reply.health_checks.items,
	    reply.health_checks.count, &api_checks_type));
}

/* Those behind the one that is known; all if that is none of them. */
static enum err
read_events(struct reading *r)
{
	struct user_events reply;
	size_t from = 0;
	enum err err;

	err = type_decode_all(&user_events_type, r->body, &r->arena, &reply);
	if (err != ERR_OK)
		return (err);
	r->index = 1;
	for (size_t i = 0; i < reply.events.count; i++) {
		r->index = user_event_index(reply.events.items[i].id);
		if (r->index == r->known)
			from = i + 1;
	}
	buf_put_u8(r->json, '[');
	for (size_t i = from; i < reply.events.count; i++) {
		if (i > from)
			buf_put_u8(r->json, ',');
		json_from_type(
		    &user_event_entry_type, &reply.events.items[i], r->json);
	}
	buf_put_u8(r->json, ']');
	return (ERR_OK);
}

/* The generation stands for the hash that Consul waits for. */
static enum err
read_own_service(struct reading *r)
{
	struct agent_services reply;
	enum err err;

	err = type_decode_all(&agent_services_type, r->body, &r->arena, &reply);
	if (err != ERR_OK)
		return (err);
	r->index = reply.generation;
	for (size_t i = 0; i < reply.services.count; i++) {
		struct agent_service *s = &reply.services.items[i];

		if (!slice_equal(s->id, r->plan->subject))
			continue;
		s->content_hash = agent_service_hash(s, &r->arena);
		return (
		    object_shape(r, &agent_service_type, s, &api_service_type));
	}
	buf_printf(r->why,
	    "Unexpected response code: 404 (unknown service ID: %.*s)",
	    SLICE_ARGS(r->plan->subject));
	return (ERR_NOT_FOUND);
}

static enum err (*const readers[])(struct reading *) = {
	[WATCH_KEY] = read_keys,
	[WATCH_KEYPREFIX] = read_keys,
	[WATCH_SERVICES] = read_services,
	[WATCH_NODES] = read_nodes,
	[WATCH_SERVICE] = read_instances,
	[WATCH_CHECKS] = read_checks,
	[WATCH_EVENT] = read_events,
	[WATCH_AGENT_SERVICE] = read_own_service,
};

enum err
watch_read(const struct watch_plan *plan, struct slice body, uint64_t known,
    struct buf *json, uint64_t *index, struct buf *why)
{
	struct reading r = {
		.plan = plan,
		.body = body,
		.known = known,
		.json = json,
		.why = why,
	};
	enum err err;

	arena_init(&r.arena);
	err = readers[plan->kind](&r);
	if (err == ERR_OK)
		*index = r.index;
	else if (why->size == 0)
		buf_put_text(why, err_text(err));
	arena_deinit(&r.arena);
	return (err);
}
