/* Watches of a configuration; see watch_plan.h. */
#include <string.h>

#include "json.h"
#include "msgpack.h"
#include "watch_plan.h"

#define HTTP_TIMEOUT SECONDS(10)

/* Parameters of one watch; what has been looked at is taken out. */
struct params {
	struct pair_list left;
	struct arena *arena; /* lent */
	struct buf *why;
};

/* --- Values, as msgpack. --- */

static bool
find(const struct params *p, const char *name, struct slice *out)
{
	for (size_t i = 0; i < p->left.count; i++) {
		if (!slice_is(p->left.items[i].key, name))
			continue;
		*out = p->left.items[i].value;
		return (true);
	}
	return (false);
}

static void
drop(struct params *p, const char *name)
{
	size_t i = 0;

	while (i < p->left.count && !slice_is(p->left.items[i].key, name))
		i++;
	if (i == p->left.count)
		return;
	p->left.count--;
	memmove(&p->left.items[i], &p->left.items[i + 1],
	    (p->left.count - i) * sizeof(*p->left.items));
}

static bool
take(struct params *p, const char *name, struct slice *out)
{
	if (!find(p, name, out))
		return (false);
	drop(p, name);
	return (true);
}

static enum token
kind_of(struct slice value)
{
	struct reader rd = reader(value);

	return (unpack_peek(&rd));
}

static bool
text_of(struct slice value, struct slice *out)
{
	struct reader rd = reader(value);

	if (kind_of(value) != TOKEN_RAW)
		return (false);
	*out = unpack_raw(&rd);
	return (!rd.has_failed);
}

static enum err
take_text(struct params *p, const char *name, struct slice *out)
{
	struct slice value;

	if (!find(p, name, &value))
		return (ERR_OK);
	if (!text_of(value, out)) {
		buf_printf(p->why, "Expecting %s to be a string", name);
		return (ERR_INVALID);
	}
	drop(p, name);
	return (ERR_OK);
}

static enum err
take_bool(struct params *p, const char *name, bool *out)
{
	struct slice value;
	struct reader rd;

	if (!find(p, name, &value))
		return (ERR_OK);
	if (kind_of(value) != TOKEN_BOOL) {
		buf_printf(p->why, "Expecting %s to be a boolean", name);
		return (ERR_INVALID);
	}
	rd = reader(value);
	*out = unpack_bool(&rd);
	drop(p, name);
	return (ERR_OK);
}

/* A list of texts; false if anything else is in it. */
static bool
texts_of(struct slice value, struct arena *arena, struct slice_list *out)
{
	struct reader rd = reader(value);
	size_t count;

	if (kind_of(value) != TOKEN_ARRAY)
		return (false);
	count = unpack_array(&rd);
	out->items = arena_array(arena, count + 1, sizeof(*out->items));
	for (out->count = 0; out->count < count; out->count++)
		if (!text_of(unpack_object(&rd), &out->items[out->count]) ||
		    rd.has_failed)
			return (false);
	return (true);
}

/* One text counts as a list of it. */
static bool
texts_or_text_of(
    struct slice value, struct arena *arena, struct slice_list *out)
{
	if (kind_of(value) != TOKEN_RAW)
		return (texts_of(value, arena, out));
	out->items = arena_array(arena, 1, sizeof(*out->items));
	out->count = 1;
	return (text_of(value, out->items));
}

/* --- Go's %#v, for the error that shows what is left. --- */

static void value_print(struct slice, struct buf *);

static void
pairs_sort(struct pair_list *pairs)
{
	for (size_t i = 1; i < pairs->count; i++) {
		struct pair pair = pairs->items[i];
		size_t at = i;

		for (; at > 0 &&
		       slice_compare(pairs->items[at - 1].key, pair.key) > 0;
		     at--)
			pairs->items[at] = pairs->items[at - 1];
		pairs->items[at] = pair;
	}
}

static void
pairs_print(struct pair_list pairs, struct buf *out)
{
	pairs_sort(&pairs);
	buf_put_text(out, "map[string]interface {}{");
	for (size_t i = 0; i < pairs.count; i++) {
		buf_put_text(out, i > 0 ? ", " : "");
		buf_put_quoted(out, pairs.items[i].key);
		buf_put_u8(out, ':');
		value_print(pairs.items[i].value, out);
	}
	buf_put_u8(out, '}');
}

static void
map_print(struct slice value, struct buf *out)
{
	struct reader rd = reader(value);
	size_t count = unpack_map(&rd);
	struct pair_list pairs = { 0 };
	struct arena arena;

	arena_init(&arena);
	pairs.items = arena_array(&arena, count + 1, sizeof(*pairs.items));
	while (pairs.count < count && !rd.has_failed) {
		struct pair *pair = &pairs.items[pairs.count++];

		pair->key = unpack_raw(&rd);
		pair->value = unpack_object(&rd);
	}
	pairs_print(pairs, out);
	arena_deinit(&arena);
}

static void
list_print(struct slice value, struct buf *out)
{
	struct reader rd = reader(value);
	size_t count = unpack_array(&rd);

	buf_put_text(out, "[]interface {}{");
	for (size_t i = 0; i < count && !rd.has_failed; i++) {
		buf_put_text(out, i > 0 ? ", " : "");
		value_print(unpack_object(&rd), out);
	}
	buf_put_u8(out, '}');
}

static void
value_print(struct slice value, struct buf *out)
{
	struct slice text;

	if (text_of(value, &text))
		buf_put_quoted(out, text);
	else if (kind_of(value) == TOKEN_MAP)
		map_print(value, out);
	else if (kind_of(value) == TOKEN_ARRAY)
		list_print(value, out);
	else if (kind_of(value) == TOKEN_NIL)
		buf_put_text(out, "interface {}(nil)");
	else
		json_put_any(out, value);
}

/* --- The handler. --- */

/* A stanza of HCL is a list of one. */
static struct slice
only_of(struct slice value)
{
	struct reader rd = reader(value);

	if (kind_of(value) == TOKEN_ARRAY && unpack_array(&rd) == 1)
		return (unpack_object(&rd));
	return (value);
}

static enum err
http_fields_read(struct params *p, struct check_type *http)
{
	struct slice timeout = SLICE(""), value;
	char why[128];
	enum err err;

	err = take_text(p, "path", &http->http);
	if (err == ERR_OK)
		err = take_text(p, "method", &http->method);
	if (err == ERR_OK)
		err = take_text(p, "timeout", &timeout);
	if (err == ERR_OK)
		err = take_bool(p, "tls_skip_verify", &http->tls_skip_verify);
	if (err != ERR_OK)
		return (err);
	if (http->http.size == 0) {
		buf_put_text(p->why, "Requires 'path' to be set");
		return (ERR_INVALID);
	}
	if (timeout.size > 0 && duration_parse(timeout, &http->timeout, why,
				    sizeof(why)) != ERR_OK) {
		buf_printf(p->why, "Failed to parse timeout: %s", why);
		return (ERR_INVALID);
	}
	if (take(p, "header", &value)) {
		struct reader rd = reader(only_of(value));
		size_t count = unpack_map(&rd);

		http->header.items = arena_array(
		    p->arena, count + 1, sizeof(*http->header.items));
		for (size_t i = 0; i < count && !rd.has_failed; i++) {
			struct strs_entry *e =
			    &http->header.items[http->header.count];

			e->key = unpack_raw(&rd);
			if (texts_or_text_of(
				unpack_object(&rd), p->arena, &e->value))
				http->header.count++;
		}
	}
	return (ERR_OK);
}

static enum err
http_read(struct params *p, struct slice value, struct watch_plan *plan)
{
	struct buf why = { 0 };
	struct params fields = { .arena = p->arena, .why = &why };
	struct reader rd = reader(only_of(value));
	size_t count = unpack_map(&rd);
	enum err err;

	plan->is_http = true;
	plan->http.method = SLICE("POST");
	plan->http.timeout = HTTP_TIMEOUT;
	fields.left.items =
	    arena_array(p->arena, count + 1, sizeof(*fields.left.items));
	while (fields.left.count < count && !rd.has_failed) {
		struct pair *pair = &fields.left.items[fields.left.count++];

		pair->key = unpack_raw(&rd);
		pair->value = unpack_object(&rd);
	}
	err = http_fields_read(&fields, &plan->http);
	if (err != ERR_OK)
		buf_printf(p->why, "Failed to parse 'http_handler_config': %s",
		    buf_text(&why));
	buf_deinit(&why);
	return (err);
}

static enum err
handler_type_read(struct params *p, struct watch_plan *plan)
{
	struct slice type = SLICE("script"), value;
	enum err err = take_text(p, "handler_type", &type);

	if (err != ERR_OK || !slice_is(type, "http"))
		return (err);
	if (find(p, "http_handler_config", &value)) {
		err = http_read(p, value, plan);
		if (err == ERR_OK)
			drop(p, "http_handler_config");
		return (err);
	}
	buf_put_text(p->why, "Handler type 'http' requires "
			     "'http_handler_config' to be set");
	return (ERR_INVALID);
}

static enum err
handler_check(struct params *p, bool has_handler, struct slice handler,
    bool has_args, struct slice args, struct watch_plan *plan)
{
	if (has_handler && !text_of(handler, &plan->handler)) {
		buf_put_text(p->why, "Watch handler must be a string");
		return (ERR_INVALID);
	}
	if (has_args && !texts_or_text_of(args, p->arena, &plan->args)) {
		buf_put_text(p->why, "Watch args must be a list of strings");
		return (ERR_INVALID);
	}
	if (has_handler + has_args + plan->is_http > 1) {
		buf_put_text(p->why, "Only one watch handler allowed");
		return (ERR_INVALID);
	}
	if (has_handler + has_args + plan->is_http == 0) {
		buf_put_text(p->why, "Must define a watch handler");
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

/* --- What each type takes. --- */

static enum err
subject_read(struct params *p, const char *name, const char *missing,
    struct watch_plan *plan)
{
	enum err err = take_text(p, name, &plan->subject);

	if (err == ERR_OK && missing != NULL && plan->subject.size == 0) {
		buf_printf(
		    p->why, "Must specify a single %s to watch", missing);
		err = ERR_INVALID;
	}
	return (err);
}

static enum err
key_read(struct params *p, struct watch_plan *plan)
{
	return (subject_read(p, "key", "key", plan));
}

static enum err
keyprefix_read(struct params *p, struct watch_plan *plan)
{
	return (subject_read(p, "prefix", "prefix", plan));
}

static enum err
nothing_read(struct params *p, struct watch_plan *plan)
{
	(void)p;
	(void)plan;
	return (ERR_OK);
}

static enum err
service_read(struct params *p, struct watch_plan *plan)
{
	struct slice value;
	enum err err;

	err = take_text(p, "service", &plan->subject);
	if (err == ERR_OK && find(p, "tag", &value)) {
		if (texts_or_text_of(value, p->arena, &plan->tags))
			drop(p, "tag");
		else {
			buf_put_text(
			    p->why, "Expecting tag to be a string or []string");
			err = ERR_INVALID;
		}
	}
	if (err == ERR_OK && plan->subject.size == 0) {
		buf_put_text(p->why, "Must specify a single service to watch");
		err = ERR_INVALID;
	}
	if (err == ERR_OK)
		err = take_bool(p, "passingonly", &plan->is_passing_only);
	return (err);
}

static enum err
checks_read(struct params *p, struct watch_plan *plan)
{
	enum err err = take_text(p, "service", &plan->subject);

	if (err == ERR_OK)
		err = take_text(p, "state", &plan->state);
	if (err != ERR_OK)
		return (err);
	if (plan->subject.size > 0 && plan->state.size > 0) {
		buf_put_text(p->why, "Cannot specify service and state");
		return (ERR_INVALID);
	}
	if (plan->subject.size == 0 && plan->state.size == 0)
		plan->state = SLICE("any");
	return (ERR_OK);
}

static enum err
event_read(struct params *p, struct watch_plan *plan)
{
	return (subject_read(p, "name", NULL, plan));
}

static enum err
agent_service_read(struct params *p, struct watch_plan *plan)
{
	return (subject_read(p, "service_id", NULL, plan));
}

/* clang-format off */
static const struct {
	const char *name;
	enum err (*read)(struct params *, struct watch_plan *);
	bool takes_stale;
} kinds[] = {
	[WATCH_KEY]       = { "key",       key_read,       true },
	[WATCH_KEYPREFIX] = { "keyprefix", keyprefix_read, true },
	[WATCH_SERVICES]  = { "services",  nothing_read,   true },
	[WATCH_NODES]     = { "nodes",     nothing_read,   true },
	[WATCH_SERVICE]   = { "service",   service_read,   true },
	[WATCH_CHECKS]    = { "checks",    checks_read,    true },
	[WATCH_EVENT]     = { "event",     event_read,     false },
	[WATCH_AGENT_SERVICE] = { "agent_service", agent_service_read, false },
};
/* clang-format on */

static enum err
kind_read(struct params *p, struct watch_plan *plan)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!slice_is(plan->type, kinds[i].name))
			continue;
		plan->kind = (enum watch_kind)i;
		if (kinds[i].takes_stale)
			err = take_bool(p, "stale", &plan->is_stale);
		return (err == ERR_OK ? kinds[i].read(p, plan) : err);
	}
	buf_printf(
	    p->why, "Unsupported watch type: %.*s", SLICE_ARGS(plan->type));
	return (ERR_INVALID);
}

/* --- One watch. --- */

static enum err
left_check(struct params *p)
{
	if (p->left.count == 0)
		return (ERR_OK);
	pairs_sort(&p->left);
	buf_put_text(p->why, "Invalid parameters: [");
	for (size_t i = 0; i < p->left.count; i++)
		buf_printf(p->why, "%s%.*s", i > 0 ? " " : "",
		    SLICE_ARGS(p->left.items[i].key));
	buf_put_u8(p->why, ']');
	return (ERR_INVALID);
}

static enum err
general_read(struct params *p, struct watch_plan *plan)
{
	enum err err = take_text(p, "datacenter", &plan->datacenter);

	if (err == ERR_OK)
		err = take_text(p, "token", &plan->token);
	if (err == ERR_OK)
		err = take_text(p, "type", &plan->type);
	if (err == ERR_OK && plan->type.size == 0) {
		buf_put_text(p->why, "Watch type must be specified");
		err = ERR_INVALID;
	}
	if (err == ERR_OK)
		err = handler_type_read(p, plan);
	return (err == ERR_OK ? kind_read(p, plan) : err);
}

/* What stands before the rest is looked at. */
static enum err
agent_check(const struct pair_list *all, struct buf *why)
{
	struct slice text;

	for (size_t i = 0; i < all->count; i++) {
		if (slice_is(all->items[i].key, "handler_type") &&
		    (!text_of(all->items[i].value, &text) ||
			(!slice_is(text, "http") &&
			    !slice_is(text, "script")))) {
			buf_put_text(why, "Handler type '");
			if (text_of(all->items[i].value, &text))
				buf_put_slice(why, text);
			buf_put_text(why, "' not recognized");
			return (ERR_INVALID);
		}
	}
	for (size_t i = 0; i < all->count; i++) {
		if (slice_is(all->items[i].key, "type") &&
		    text_of(all->items[i].value, &text) &&
		    slice_starts_with(text, SLICE("connect_"))) {
			buf_printf(why,
			    "Watch type %.*s is not allowed in agent config",
			    SLICE_ARGS(text));
			return (ERR_INVALID);
		}
	}
	return (ERR_OK);
}

/* Lists of one are what is in them; the handler's type has a default. */
static void
params_fill(struct params *p, const struct pair_list *from)
{
	static const uint8_t script[] = "\xa6script";
	struct slice ignored;

	p->left.items =
	    arena_array(p->arena, from->count + 1, sizeof(*p->left.items));
	for (size_t i = 0; i < from->count; i++)
		p->left.items[p->left.count++] =
		    (struct pair){ from->items[i].key,
			    only_of(from->items[i].value) };
	if (!find(p, "handler_type", &ignored))
		p->left.items[p->left.count++] =
		    (struct pair){ SLICE("handler_type"),
			    slice(script, sizeof(script) - 1) };
}

static enum err
plan_read(const struct any_map_keys *from, struct arena *arena,
    struct watch_plan *plan, struct buf *why)
{
	struct slice handler = { 0 }, args = { 0 };
	struct buf reason = { 0 };
	struct params p = { .arena = arena, .why = &reason };
	bool has_handler, has_args;
	enum err err = agent_check(&from->values, why);

	if (err != ERR_OK)
		return (err);
	params_fill(&p, &from->values);
	err = general_read(&p, plan);
	if (err == ERR_OK) {
		has_handler = take(&p, "handler", &handler);
		has_args = take(&p, "args", &args);
		err = left_check(&p);
	}
	if (err != ERR_OK) {
		buf_put_text(why, "Failed to parse watch (");
		pairs_print(p.left, why);
		buf_printf(why, "): %s", buf_text(&reason));
	} else {
		p.why = why;
		err = handler_check(
		    &p, has_handler, handler, has_args, args, plan);
	}
	buf_deinit(&reason);
	return (err);
}

enum err
watch_plans_read(const struct config *c, struct arena *arena,
    struct watch_plans *out, struct buf *why)
{
	size_t count = c->keys.watches.count;
	enum err err = ERR_OK;

	*out = (struct watch_plans){ 0 };
	if (count == 0)
		return (ERR_OK);
	if (c->http_port <= 0 || c->http_addresses.count == 0) {
		buf_put_text(
		    why, "watch plans require an HTTP or HTTPS endpoint");
		return (ERR_INVALID);
	}
	out->items = arena_array(arena, count, sizeof(*out->items));
	while (err == ERR_OK && out->count < count) {
		err = plan_read(&c->keys.watches.items[out->count], arena,
		    &out->items[out->count], why);
		out->count++;
	}
	return (err);
}
