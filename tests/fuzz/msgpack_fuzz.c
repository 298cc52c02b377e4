/* msgpack: skipping one object and taking it apart must agree. */
#include <assert.h>

#include "common/json.h"
#include "common/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* All tokens of one object; false when the reader fails. */
static bool
walk(struct reader *rd)
{
	size_t left = 1;

	while (left > 0 && !rd->has_failed) {
		struct unpacked u = unpack(rd);

		left--;
		if (u.token == TOKEN_ARRAY)
			left += u.as.count;
		else if (u.token == TOKEN_MAP)
			left += u.as.count * 2;
	}
	return (!rd->has_failed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader skipped = reader(slice(data, size));
	struct reader walked = skipped;
	struct slice object = unpack_object(&skipped);
	struct buf out;

	if (!skipped.has_failed) {
		assert(walk(&walked));
		assert(walked.rest.size == skipped.rest.size);
		assert(object.size + skipped.rest.size == size);
	}
	buf_init(&out);
	json_put_any(&out, object);
	buf_deinit(&out);
	return (0);
}
