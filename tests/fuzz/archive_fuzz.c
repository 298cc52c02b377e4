/*
 * A snapshot archive of any bytes, read in two pieces: it is refused with a
 * reason, or it is whole. Gzip would keep a fuzzer from ever reaching the tar
 * in it, so an input that starts with 't' is a tar that is wrapped here.
 */
#include <assert.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "common/archive.h"
#include "common/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
on_state(void *arg, struct slice bytes, struct buf *why)
{
	uint64_t *size = arg;

	(void)why;
	*size += bytes.size;
	return (true);
}

/* Stored, not compressed. */
static void
wrap(struct slice tar, struct buf *out)
{
	z_stream zlib = { .next_in = tar.data, .avail_in = (uInt)tar.size };
	size_t room = tar.size + 1024;

	if (deflateInit2(
		&zlib, 0, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	zlib.next_out = buf_extend(out, room);
	zlib.avail_out = (uInt)room;
	if (deflate(&zlib, Z_FINISH) != Z_STREAM_END)
		abort();
	out->size = room - zlib.avail_out;
	(void)deflateEnd(&zlib);
}

static void
read_all(struct slice all)
{
	struct buf why = { 0 };
	uint64_t size = 0;
	struct archive_reader *reader = archive_reader_new(on_state, &size);
	struct archive_meta meta;
	enum err err =
	    archive_reader_put(reader, slice_head(all, all.size / 2), &why);

	if (err == ERR_OK)
		err = archive_reader_put(
		    reader, slice_tail(all, all.size / 2), &why);
	if (err == ERR_OK)
		err = archive_reader_end(reader, &meta, &why);
	assert((err == ERR_OK) == (why.size == 0));
	assert(size == archive_reader_state_size(reader));
	archive_reader_free(reader);
	buf_deinit(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf why = { 0 }, wrapped = { 0 };

	if (digest_load(&why) != ERR_OK)
		abort();
	if (size > 0 && data[0] == 't') {
		wrap(slice(data + 1, size - 1), &wrapped);
		read_all(buf_slice(&wrapped));
	} else
		read_all(slice(data, size));
	buf_deinit(&wrapped);
	buf_deinit(&why);
	return (0);
}
