/* Tags of a member; see meta.h. */
#include "meta.h"

#include "common/msgpack.h"
#include "gossip.h"

#define META_IS_MAP 0xff /* serf.go, tagMagicByte */

struct meta_tags
meta_tags(struct slice meta)
{
	struct meta_tags tags = { .rest = reader(meta) };

	tags.is_map = meta.size > 0 && meta.data[0] == META_IS_MAP;
	if (tags.is_map) {
		(void)read_u8(&tags.rest);
		tags.count = unpack_map(&tags.rest);
	} else {
		tags.role = meta;
		tags.count = 1;
	}
	return (tags);
}

bool
meta_next(struct meta_tags *tags, struct slice *key, struct slice *value)
{
	if (tags->count == 0)
		return (false);
	tags->count--;
	if (!tags->is_map) {
		*key = SLICE("role");
		*value = tags->role;
		return (true);
	}
	*key = unpack_raw(&tags->rest);
	*value = unpack_raw(&tags->rest);
	return (!tags->rest.has_failed);
}

bool
gossip_meta_tag(struct slice meta, const char *tag, struct slice *value)
{
	struct meta_tags tags = meta_tags(meta);
	struct slice key;

	while (meta_next(&tags, &key, value))
		if (slice_is(key, tag))
			return (true);
	*value = (struct slice){ 0 };
	return (false);
}
