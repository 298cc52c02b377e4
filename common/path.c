/* Joining keys; see path.h. */
#include "path.h"

/* One word behind what there is. `kept` bytes at the front can't be taken back:
 * the root's slash, or words that are ".." themselves. */
static void
word_put(struct buf *out, size_t *kept, bool is_rooted, struct slice word)
{
	if (word.size == 0 || slice_is(word, "."))
		return;
	if (slice_is(word, "..") && out->size > *kept) {
		while (out->size > *kept && out->data[--out->size] != '/')
			continue;
		return;
	}
	if (slice_is(word, "..") && is_rooted)
		return;
	if (out->size > (is_rooted ? 1U : 0U))
		buf_put_u8(out, '/');
	buf_put_slice(out, word);
	if (slice_is(word, ".."))
		*kept = out->size;
}

static void
words_put(struct buf *out, size_t *kept, bool is_rooted, struct slice part)
{
	size_t slash;

	while ((slash = slice_find(part, '/', 0)) != SIZE_MAX) {
		word_put(out, kept, is_rooted, slice_head(part, slash));
		part = slice_tail(part, slash + 1);
	}
	word_put(out, kept, is_rooted, part);
}

struct slice
path_join(struct arena *arena, const struct slice *parts, size_t count)
{
	bool is_rooted = false, has_any = false;
	struct buf out = { 0 };
	struct slice made;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (!has_any && parts[i].size > 0) {
			has_any = true;
			is_rooted = parts[i].data[0] == '/';
			if (is_rooted)
				buf_put_u8(&out, '/');
			kept = out.size;
		}
		words_put(&out, &kept, is_rooted, parts[i]);
	}
	if (has_any && out.size == 0)
		buf_put_u8(&out, '.');
	made = arena_copy(arena, buf_slice(&out));
	buf_deinit(&out);
	return (made);
}
