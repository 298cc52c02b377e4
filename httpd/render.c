/* JSON of replies; see render.h. */
#include "render.h"

void
render_list(const struct type *element, const void *items, size_t count,
    struct buf *out)
{
	const uint8_t *at = items;

	buf_put_u8(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		json_from_type(element, at + i * element->size, out);
	}
	buf_put_u8(out, ']');
}

void
render_meta(const struct view *view, const struct query_meta *meta,
    struct response *out)
{
	(void)view;
	out->content = CONTENT_JSON;
	response_meta(out, meta);
}

void
render_meta_consistency(const struct view *view, const struct query_meta *meta,
    struct response *out)
{
	render_meta(view, meta, out);
	out->consistency = view->flags & VIEW_CONSISTENT ? "consistent"
			   : view->flags & VIEW_STALE	 ? "stale"
							 : "leader";
}

void
render_empty(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	(void)view;
	(void)replies;
	(void)arena;
	(void)out;
}

void
render_true(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	(void)view;
	(void)replies;
	(void)arena;
	response_json_text(out, "true");
}

void
render_boolean(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct boolean *reply = replies[0];

	(void)view;
	(void)arena;
	response_json_text(out, reply->value ? "true" : "false");
}

void
render_text(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct text *reply = replies[0];

	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	json_put_text(&out->body, reply->value);
}

void
render_texts(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct texts *reply = replies[0];

	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	buf_put_u8(&out->body, '[');
	for (size_t i = 0; i < reply->value.count; i++) {
		if (i > 0)
			buf_put_u8(&out->body, ',');
		json_put_text(&out->body, reply->value.items[i]);
	}
	buf_put_u8(&out->body, ']');
}
