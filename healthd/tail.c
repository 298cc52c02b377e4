/* The end of a stream of bytes; see tail.h. */
#include "tail.h"

void
tail_init(struct tail *t, size_t max)
{
	*t = (struct tail){ .max = max };
}

void
tail_deinit(struct tail *t)
{
	buf_deinit(&t->bytes);
}

void
tail_put(struct tail *t, const void *data, size_t size)
{
	struct slice in = slice(data, size);

	t->total += size;
	if (in.size > t->max)
		in = slice_tail(in, in.size - t->max);
	buf_put_slice(&t->bytes, in);
	if (t->bytes.size > 2 * t->max)
		buf_drop_front(&t->bytes, t->bytes.size - t->max);
}

struct slice
tail_get(const struct tail *t)
{
	struct slice all = buf_slice(&t->bytes);

	return (all.size > t->max ? slice_tail(all, all.size - t->max) : all);
}

void
tail_text(const struct tail *t, struct buf *out)
{
	struct slice kept = tail_get(t);

	if (t->total > kept.size)
		buf_printf(out, "Captured %zu of %llu bytes\n...\n", kept.size,
		    (unsigned long long)t->total);
	buf_put_slice(out, kept);
}
