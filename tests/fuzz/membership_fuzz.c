/* Configuration entries: decode, encode, decode again; both are the same. */
#include <stdlib.h>
#include <string.h>

#include "raftd/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct membership first, second; /* large */
	struct buf bytes = { 0 };

	if (codec_get_membership(slice(data, size), &first) != ERR_OK)
		return (0);
	if (!membership_is_sound(&first))
		abort();
	codec_put_membership(&bytes, &first);
	if (codec_get_membership(buf_slice(&bytes), &second) != ERR_OK ||
	    first.count != second.count ||
	    memcmp(first.members, second.members,
		first.count * sizeof(first.members[0])) != 0)
		abort();
	buf_deinit(&bytes);
	return (0);
}
