/* /v1/kv/: api/http.md 2. */
#include "api.h"
#include "limits.h"
#include "render.h"

static bool
key_is_there(struct request *r)
{
	if (r->argument.size > 0)
		return (true);
	request_text(r, 400, "Missing key name");
	return (false);
}

/* More than one of these parameters: 400 with all parameters. */
static bool
flags_conflict(struct request *r, const char *const names[3])
{
	struct buf all = { 0 };
	unsigned count = 0;

	for (unsigned i = 0; i < 3 && names[i] != NULL; i++)
		count += query_has(&r->query, names[i]);
	if (count < 2)
		return (false);
	query_encode(&r->query, &all);
	request_text(r, 400, "Conflicting flags: %s", buf_text(&all));
	buf_deinit(&all);
	return (true);
}

/* A number that may be there; false: it is none, and this was said. */
static bool
number_take(struct request *r, const char *name, uint64_t *out)
{
	struct slice value = query_get(&r->query, name);
	const char *why;

	if (query_u64(value, out, &why))
		return (true);
	request_text(r, 500, "strconv.ParseUint: parsing \"%.*s\": %s",
	    SLICE_ARGS(value), why);
	return (false);
}

/* --- Reading. --- */

static void
render_entries(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_dir_entries *reply = replies[0];

	(void)arena;
	render_meta(view, &reply->meta, out);
	if (reply->entries.count == 0) {
		out->status = 404;
		out->content = CONTENT_NONE;
	} else if (view->flags & VIEW_RAW) {
		out->content = CONTENT_RAW;
		buf_put_slice(&out->body, reply->entries.items[0].value);
	} else
		render_list(&dir_entry_type, reply->entries.items,
		    reply->entries.count, &out->body);
}

/* The note is the prefix: only below the root nothing is an empty list. */
static void
render_keys(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_key_list *reply = replies[0];
	struct texts keys = { .value = reply->keys };
	const void *texts = &keys;

	render_meta(view, &reply->meta, out);
	if (reply->keys.count == 0 && view->note.size > 0) {
		out->status = 404;
		out->content = CONTENT_NONE;
	} else
		render_texts(view, &texts, arena, out);
}

static void
keys_get(struct request *r, const struct query_options *options)
{
	struct key_list_request q = { .datacenter = request_datacenter(r),
		.prefix = r->argument,
		.options = *options };
	struct view view = { .render = render_keys, .note = r->argument };

	/* Consul misspelt it once, and takes both since. */
	q.seperator = query_get(&r->query, "seperator");
	if (query_has(&r->query, "separator"))
		q.seperator = query_get(&r->query, "separator");
	ask_read(r, METHOD_KVS_ListKeys, &q, &q.options, &view);
}

static void
kv_get(struct request *r, const struct query_options *options)
{
	struct key_request q = { .datacenter = request_datacenter(r),
		.key = r->argument,
		.options = *options };
	struct view view = { .render = render_entries };
	bool is_list = query_has(&r->query, "recurse");

	if (query_has(&r->query, "keys")) {
		keys_get(r, options);
		return;
	}
	if (!is_list && !key_is_there(r))
		return;
	if (!is_list && query_has(&r->query, "raw"))
		view.flags |= VIEW_RAW;
	ask_read(r, is_list ? METHOD_KVS_List : METHOD_KVS_Get, &q, &q.options,
	    &view);
}

/* --- Writing. --- */

static void
kv_put(struct request *r)
{
	static const char *const exclusive[] = { "cas", "acquire", "release" };
	struct kvs_request q = { .datacenter = request_datacenter(r),
		.op = SLICE("set"),
		.write.token = r->token };
	struct dir_entry *entry = &q.dir_ent;
	struct view view = { .render = render_true };

	entry->key = r->argument;
	entry->value = r->body;
	if (!key_is_there(r) || flags_conflict(r, exclusive))
		return;
	if (query_has(&r->query, "flags") &&
	    !number_take(r, "flags", &entry->flags))
		return;
	if (query_has(&r->query, "cas")) {
		q.op = SLICE("cas");
		if (!number_take(r, "cas", &entry->indexes.modify_index))
			return;
	} else if (query_has(&r->query, "acquire")) {
		q.op = SLICE("lock");
		entry->session = query_get(&r->query, "acquire");
	} else if (query_has(&r->query, "release")) {
		q.op = SLICE("unlock");
		entry->session = query_get(&r->query, "release");
	}
	if (r->body_error != NULL) {
		request_text(r, 500, "%s", r->body_error);
		return;
	}
	if (!slice_is(q.op, "set"))
		view.render = render_boolean;
	ask(r, METHOD_KVS_Apply, &q, &view);
}

static void
kv_delete(struct request *r)
{
	static const char *const exclusive[] = { "recurse", "cas", NULL };
	struct kvs_request q = { .datacenter = request_datacenter(r),
		.op = SLICE("delete"),
		.write.token = r->token };
	struct view view = { .render = render_true };

	q.dir_ent.key = r->argument;
	if (flags_conflict(r, exclusive))
		return;
	if (query_has(&r->query, "recurse"))
		q.op = SLICE("delete-tree");
	else if (!key_is_there(r))
		return;
	if (query_has(&r->query, "cas")) {
		q.op = SLICE("delete-cas");
		view.render = render_boolean;
		if (!number_take(r, "cas", &q.dir_ent.indexes.modify_index))
			return;
	}
	ask(r, METHOD_KVS_Apply, &q, &view);
}

void
api_kv(struct request *r)
{
	struct query_options options = { 0 };

	if (!request_options(r, &options))
		return;
	if (r->argument.size > KEY_BYTES_MAX) {
		request_text(
		    r, 400, "Key is too long (limit: %d bytes)", KEY_BYTES_MAX);
		return;
	}
	if (r->head->method == HTTP_GET)
		kv_get(r, &options);
	else if (r->head->method == HTTP_PUT)
		kv_put(r);
	else
		kv_delete(r);
}
