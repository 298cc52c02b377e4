/*
 * gzip of answers: one zlib stream, kept, since setting one up costs more than
 * deflating a small answer does.
 */
#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "respond.h"
#include "xmalloc.h"

#define GZIP_LEVEL	 1 /* answers are short-lived: speed, not size */
#define GZIP_WINDOW_BITS (15 + 16) /* 16: a gzip head, not zlib's */
#define GZIP_MEMORY	 5

struct gzip {
	z_stream stream;
};

struct gzip *
gzip_new(void)
{
	struct gzip *gzip = xcalloc(1, sizeof(*gzip));
	int error = deflateInit2(&gzip->stream, GZIP_LEVEL, Z_DEFLATED,
	    GZIP_WINDOW_BITS, GZIP_MEMORY, Z_DEFAULT_STRATEGY);

	assert(error == Z_OK); /* or out of memory, or a wrong constant */
	(void)error;
	return (gzip);
}

void
gzip_free(struct gzip *gzip)
{
	if (gzip == NULL)
		return;
	deflateEnd(&gzip->stream);
	free(gzip);
}

void
gzip_deflate(struct gzip *gzip, struct slice in, struct buf *out)
{
	z_stream *z = &gzip->stream;
	size_t room;
	int error;

	/* First: deflateBound() does not know the head of a used stream. */
	deflateReset(z);
	room = deflateBound(z, in.size);
	z->next_in = (Bytef *)(uintptr_t)in.data;
	z->avail_in = (uInt)in.size;
	z->next_out = buf_extend(out, room);
	z->avail_out = (uInt)room;
	error = deflate(z, Z_FINISH);
	assert(error == Z_STREAM_END); /* deflateBound() made room for all */
	(void)error;
	out->size -= z->avail_out;
}
