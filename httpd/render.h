/*
 * Replies to JSON: what many endpoints share.
 *
 * Source  api/http.md 1.5, 1.7
 */
#ifndef HTTPD_RENDER_H
#define HTTPD_RENDER_H

#include "ask.h"
#include "json.h"

/* [a,b,c]; "[]" when there are none. */
void render_list(const struct type *element, const void *items, size_t count,
    struct buf *out);
/* Index headers; with_consistency: X-Consul-Effective-Consistency too, on
 * catalog and health reads. */
void render_meta(
    const struct view *, const struct query_meta *, struct response *);
void render_meta_consistency(
    const struct view *, const struct query_meta *, struct response *);

/* 200 and nothing else; `true`, whatever the reply; the reply as it is. */
render_fn render_empty;
render_fn render_true;
render_fn render_boolean;
render_fn render_text;
render_fn render_texts;

#endif
