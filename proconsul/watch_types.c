/* What can be watched; see watch.h. */
#include <string.h>

#include "api_types.h"
#include "user_event.h"
#include "watch.h"

#define TAKES(value) (1U << WATCH_##value)

/* clang-format off */
static const struct watch_type types[] = {
	{ "key", TAKES(KEY), "Must specify a single key to watch", WATCH_KEY,
	    "/v1/kv/%s", &api_kv_pairs_type, true, true },
	{ "keyprefix", TAKES(PREFIX), "Must specify a single prefix to watch",
	    WATCH_PREFIX, "/v1/kv/%s", &api_kv_pairs_type, false, true },
	{ "services", 0, NULL, -1, "/v1/catalog/services",
	    &api_service_tags_type, false, false },
	{ "nodes", 0, NULL, -1, "/v1/catalog/nodes", &api_nodes_type, false,
	    false },
	{ "service", TAKES(SERVICE) | TAKES(TAG) | TAKES(PASSINGONLY),
	    "Must specify a single service to watch", WATCH_SERVICE,
	    "/v1/health/service/%s", &api_service_entries_type, false, false },
	{ "checks", TAKES(SERVICE) | TAKES(STATE), NULL, -1, NULL,
	    &api_checks_type, false, false },
	{ "event", TAKES(NAME), NULL, -1, "/v1/event/list",
	    &api_user_events_type, false, false, true },
};

static const char *const value_names[WATCH_VALUE_COUNT] = {
	"key", "name", "passingonly", "prefix", "service", "state", "tag",
};

/* Known, but not for the command line. */
static const struct watch_type not_in_cli[] = {
	{ "connect_roots", 0, NULL, -1, NULL, NULL, false, false },
	{ "connect_leaf", TAKES(SERVICE), NULL, -1, NULL, NULL, false, false },
	{ "agent_service", 0, NULL, -1, NULL, NULL, false, false },
	{ "connect_proxy_config", 0, NULL, -1, NULL, NULL, false, false },
};
/* clang-format on */

static bool
is_given(const struct watch_options *o, enum watch_value value)
{
	if (value == WATCH_TAG)
		return (o->tags.count > 0);
	return (*o->values[value] != '\0');
}

static enum err
type_find(const char *name, const struct watch_type **out, struct buf *why)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, name) == 0) {
			*out = &types[i];
			return (ERR_OK);
		}
	}
	for (i = 0; i < sizeof(not_in_cli) / sizeof(not_in_cli[0]); i++) {
		if (strcmp(not_in_cli[i].name, name) == 0) {
			*out = &not_in_cli[i];
			return (ERR_OK);
		}
	}
	buf_printf(why, "Unsupported watch type: %s", name);
	return (ERR_INVALID);
}

/* Parameters of other types. */
static enum err
parameters_check(const struct watch_type *type, const struct watch_options *o,
    struct buf *why)
{
	struct buf wrong = { 0 };
	int value;

	for (value = 0; value < WATCH_VALUE_COUNT; value++) {
		if (is_given(o, value) && (type->takes & (1U << value)) == 0)
			buf_printf(&wrong, "%s%s", wrong.size > 0 ? " " : "",
			    value_names[value]);
	}
	if (wrong.size == 0)
		return (ERR_OK);
	buf_printf(why, "Invalid parameters: [%s]", buf_text(&wrong));
	buf_deinit(&wrong);
	return (ERR_INVALID);
}

enum err
watch_check(const struct watch_options *o, const struct watch_type **out,
    struct buf *why)
{
	const char *passing = o->values[WATCH_PASSINGONLY];
	const struct watch_type *type;
	bool ignored;

	if (*passing != '\0' && flag_parse_bool(passing, &ignored) != ERR_OK) {
		buf_printf(why,
		    "Failed to parse passingonly flag: strconv.ParseBool: "
		    "parsing \"%s\": invalid syntax",
		    passing);
		return (ERR_INVALID);
	}
	if (type_find(o->type, &type, why) != ERR_OK)
		return (ERR_INVALID);
	if (type->needs >= 0 && !is_given(o, type->needs)) {
		buf_put_text(why, type->missing);
		return (ERR_INVALID);
	}
	if (strcmp(type->name, "checks") == 0 && is_given(o, WATCH_SERVICE) &&
	    is_given(o, WATCH_STATE)) {
		buf_put_text(why, "Cannot specify service and state");
		return (ERR_INVALID);
	}
	if (parameters_check(type, o, why) != ERR_OK)
		return (ERR_INVALID);
	if (type->answer == NULL) {
		buf_printf(why, "Type %s is not supported in the CLI tool",
		    type->name);
		return (ERR_INVALID);
	}
	*out = type;
	return (ERR_OK);
}

/* Checks are asked for by service, or by state. */
static enum err
checks_request(const struct watch_options *o, struct arena *arena,
    struct request *request, struct buf *why)
{
	static const char *const states[] = { "any", "passing", "warning",
		"critical" };
	const char *state = o->values[WATCH_STATE];
	size_t i;

	if (is_given(o, WATCH_SERVICE)) {
		request_init(request, arena, "GET", "/v1/health/checks/%s",
		    o->values[WATCH_SERVICE]);
		return (ERR_OK);
	}
	if (*state == '\0')
		state = "any";
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i], state) == 0) {
			request_init(request, arena, "GET",
			    "/v1/health/state/%s", state);
			return (ERR_OK);
		}
	}
	buf_printf(why, "Unsupported state: %s", state);
	return (ERR_INVALID);
}

enum err
watch_request(const struct watch_type *type, const struct watch_options *o,
    struct arena *arena, struct request *request, struct buf *why)
{
	const char *value = type->needs < 0 ? "" : o->values[type->needs];
	const char *mark;
	bool is_passing_only = false;
	size_t i;

	if (type->path == NULL)
		return (checks_request(o, arena, request, why));
	if ((type->needs == WATCH_KEY || type->needs == WATCH_PREFIX) &&
	    *value == '/')
		value++; /* no key starts with one */
	mark = strchr(type->path, '%');
	request_init(request, arena, "GET", "%.*s%s",
	    mark == NULL ? (int)strlen(type->path) : (int)(mark - type->path),
	    type->path, value);
	if (type->needs == WATCH_PREFIX)
		request_param(request, "recurse", "");
	if (is_given(o, WATCH_NAME))
		request_param(request, "name", o->values[WATCH_NAME]);
	for (i = 0; i < o->tags.count; i++)
		request_param(request, "tag", o->tags.items[i]);
	if (is_given(o, WATCH_PASSINGONLY) &&
	    flag_parse_bool(o->values[WATCH_PASSINGONLY], &is_passing_only) ==
		ERR_OK &&
	    is_passing_only)
		request_param(request, "passing", "1");
	return (ERR_OK);
}

/* Only those behind the one that was the last at the time. */
static void
events_drop_seen(struct api_user_events *events, uint64_t seen)
{
	size_t i;

	for (i = 0; i < events->list.count; i++) {
		if (user_event_index(events->list.items[i].id) == seen) {
			events->list.items += i + 1;
			events->list.count -= i + 1;
			return;
		}
	}
}

enum err
watch_render(const struct watch_type *type, const struct json *json,
    uint64_t seen, struct arena *arena, struct buf *out, char why[JSON_WHY_MAX])
{
	void *object = arena_alloc(arena, type->answer->size);
	const struct api_kv_pairs *pairs = object;
	enum err err;

	err =
	    json_to_type(json, JSON_API_LAX, type->answer, arena, object, why);
	if (err != ERR_OK)
		return (err);
	if (type->answer == &api_user_events_type)
		events_drop_seen(object, seen);
	if (!type->is_first_only)
		json_from_type(type->answer, object, out);
	else if (pairs->list.count > 0)
		json_from_type(&api_kv_pair_type, &pairs->list.items[0], out);
	else
		buf_put_text(out, "null");
	return (ERR_OK);
}
