/*
 * /v1/event/: user events, fired and listed; api/http.md 8.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "api.h"
#include "httpd.h"
#include "pattern.h"
#include "render.h"
#include "user_event.h"

#define UUID_BYTES 16

/* --- Fire. --- */

/* A random UUID, in the form of RFC 4122 and without its version bits, as
 * hashicorp/go-uuid makes them. */
static struct slice
uuid_make(struct arena *arena)
{
	uint8_t b[UUID_BYTES];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		memset(b, 0, sizeof(b));
	return (arena_printf(arena,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]));
}

/* The note is the event as JSON: nothing of it comes back. */
static void
render_fired(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	(void)replies;
	(void)arena;
	out->content = CONTENT_JSON;
	buf_put_slice(&out->body, view->note);
}

static void
event_fire(struct request *r, const struct user_event_entry *event)
{
	struct event_fire_request q = {
		.datacenter = request_datacenter(r),
		.name = event->name,
	};
	struct view view = { .render = render_fired };
	struct buf envelope = { 0 }, json = { 0 };

	user_event_encode(event, &envelope);
	json_from_type(&user_event_entry_type, event, &json);
	q.payload = buf_slice(&envelope);
	q.options.token = r->token;
	q.options.allow_stale = true;
	view.note = arena_copy(r->arena, buf_slice(&json));
	ask(r, METHOD_Internal_EventFire, &q, &view);
	buf_deinit(&envelope);
	buf_deinit(&json);
}

/* The filters of an event are regular expressions; false: one is none, and was
 * refused. */
static bool
filters_check(struct request *r, const struct user_event_entry *event)
{
	const struct {
		const char *name;
		struct slice pattern;
	} filters[] = {
		{ "node", event->node_filter },
		{ "service", event->service_filter },
		{ "tag", event->tag_filter },
	};

	struct buf why = { 0 };
	bool is_good = true;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		if (pattern_check(filters[i].pattern, &why) == ERR_OK)
			continue;
		request_text(r, 500, "Invalid %s filter: %.*s", filters[i].name,
		    SLICE_ARGS(buf_slice(&why)));
		is_good = false;
		break;
	}
	buf_deinit(&why);
	return (is_good);
}

void
api_event_fire(struct request *r)
{
	struct user_event_entry event = {
		.id = uuid_make(r->arena),
		.name = r->argument,
		.payload = r->body,
		.node_filter = query_get(&r->query, "node"),
		.service_filter = query_get(&r->query, "service"),
		.tag_filter = query_get(&r->query, "tag"),
		.version = USER_EVENT_VERSION,
	};

	if (event.name.size == 0)
		request_text(r, 400, "Missing name");
	else if (event.tag_filter.size > 0 && event.service_filter.size == 0)
		request_text(
		    r, 500, "Cannot provide tag filter without service filter");
	else if (filters_check(r, &event)) {
		if (event.payload.size == 0)
			event.payload = (struct slice){ 0 };
		event_fire(r, &event);
	}
}

/* --- List. --- */

/* Of the newest. */
static uint64_t
index_of(const struct user_events *events)
{
	uint64_t index = 0;

	if (events->events.count > 0)
		index = user_event_index(
		    events->events.items[events->events.count - 1].id);
	return (index == 0 ? 1 : index);
}

/* The note is the index that the client has. */
static void
render_events(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct user_events *reply = replies[0];
	uint64_t known;

	(void)arena;
	memcpy(&known, view->note.data, sizeof(known));
	out->content = CONTENT_JSON;
	out->index = index_of(reply);
	out->has_index = true;
	out->is_unchanged = out->index == known;
	render_list(&user_event_entry_type, reply->events.items,
	    reply->events.count, &out->body);
}

void
api_event_list(struct request *r)
{
	struct serf_events_request q = { .name = query_get(&r->query, "name") };
	struct view view = { .render = render_events };
	struct query_options options = { 0 };

	if (!request_wait(r, &options))
		return;
	view.note =
	    slice(&options.min_query_index, sizeof(options.min_query_index));
	if (options.min_query_index > 0)
		ask_again(
		    r, METHOD_Serf_Events, &q, options.max_query_time, &view);
	else
		ask(r, METHOD_Serf_Events, &q, &view);
}
