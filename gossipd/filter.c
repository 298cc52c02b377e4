/*
 * Filters of a query: is it for us? Each is a type byte and msgpack: names of
 * nodes, or a pattern for the value of one tag (wire/gossip.md 9.3).
 */
#include "common/msgpack.h"
#include "common/pattern.h"
#include "core.h"

enum filter_type {
	FILTER_NODES = 0,
	FILTER_TAG = 1,
};

static bool
is_named(struct reader *rd, struct slice name)
{
	size_t count = unpack_array(rd);
	bool is_found = false;

	for (size_t i = 0; i < count && !rd->has_failed; i++)
		is_found = slice_equal(unpack_raw(rd), name) || is_found;
	return (is_found && !rd->has_failed);
}

/* A tag that is not there has an empty value. */
static struct slice
tag_value(struct slice meta, struct slice tag)
{
	struct slice value;
	char text[GOSSIP_META_BYTES_MAX + 1] = "";

	if (tag.size > GOSSIP_META_BYTES_MAX)
		return ((struct slice){ 0 });
	for (size_t i = 0; i < tag.size; i++)
		text[i] = (char)tag.data[i];
	(void)gossip_meta_tag(meta, text, &value);
	return (value);
}

static bool
has_tag(struct reader *rd, struct slice meta)
{
	struct slice pattern = { 0 }, tag = { 0 };
	size_t count = unpack_map(rd);

	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		struct slice key = unpack_raw(rd);

		if (slice_is(key, "Expr"))
			pattern = unpack_raw(rd);
		else if (slice_is(key, "Tag"))
			tag = unpack_raw(rd);
		else
			(void)unpack_object(rd);
	}
	return (!rd->has_failed &&
		pattern_search(pattern, tag_value(meta, tag)) == PATTERN_FOUND);
}

bool
filter_matches(struct slice filter, struct slice name, struct slice meta)
{
	struct reader rd = reader(filter);

	switch (read_u8(&rd)) {
	case FILTER_NODES:
		return (is_named(&rd, name));
	case FILTER_TAG:
		return (has_tag(&rd, meta));
	default:
		return (false);
	}
}
