/*
 * /v1/agent/service/ID: one service of this agent, and blocking by its
 * content's hash; api/http.md 1.10.
 */
#include "agent_hash.h"
#include "api.h"
#include "render.h"

/* The note is the hash that the client has, a newline, and the id. */
static void
render_service(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct agent_services *reply = replies[0];
	size_t end = slice_find(view->note, '\n', 0);
	struct slice id = slice_tail(view->note, end + 1);

	for (size_t i = 0; i < reply->services.count; i++) {
		struct agent_service *service = &reply->services.items[i];

		if (!slice_equal(service->id, id))
			continue;
		service->content_hash = agent_service_hash(service, arena);
		out->content = CONTENT_JSON;
		out->content_hash = service->content_hash;
		out->is_unchanged = slice_equal(
		    service->content_hash, slice_head(view->note, end));
		json_from_type(&agent_service_type, service, &out->body);
		return;
	}
	response_text(out, 404, "unknown service ID: %.*s", SLICE_ARGS(id));
}

void
api_agent_service(struct request *r)
{
	static const struct empty nothing;
	static const struct agent_after any;
	struct slice hash = query_get(&r->query, "hash");
	struct query_options options = { 0 };
	struct view view = { .render = render_service };

	if (!request_wait(r, &options))
		return;
	if (hash.size == 0 || slice_find(hash, '\n', 0) != SIZE_MAX)
		hash = SLICE(""); /* none of ours has a newline */
	view.note = arena_printf(
	    r->arena, "%.*s\n%.*s", SLICE_ARGS(hash), SLICE_ARGS(r->argument));
	if (hash.size > 0)
		ask_again(r, METHOD_Agent_ServicesAfter, &any,
		    options.max_query_time, &view);
	else
		ask(r, METHOD_Agent_Services, &nothing, &view);
}
