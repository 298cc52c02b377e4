/* The snapshot archive, written. See archive.h. */
#include "archive.h"

#include <assert.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "archive_tar.h"
#include "digest.h"
#include "json.h"
#include "log.h"
#include "xmalloc.h"

#define OUT_STEP_BYTES (32 * 1024)
#define GZIP_WINDOW    (15 + 16) /* zlib: the largest, with gzip's frame */

struct archive_writer {
	z_stream zlib;
	int64_t seconds;
	uint64_t left; /* of the state */
	size_t padding;
	struct digest *state;
	struct buf sums;
	struct buf pending; /* headers that wait for the first output */
};

static void
squeeze(
    struct archive_writer *w, struct slice bytes, int flush, struct buf *out)
{
	assert(bytes.size < UINT32_MAX);
	w->zlib.next_in = bytes.data;
	w->zlib.avail_in = (uInt)bytes.size;
	do {
		buf_reserve(out, OUT_STEP_BYTES);
		w->zlib.next_out = out->data + out->size;
		w->zlib.avail_out = OUT_STEP_BYTES;
		if (deflate(&w->zlib, flush) == Z_STREAM_ERROR)
			fatal("zlib fails");
		out->size += OUT_STEP_BYTES - w->zlib.avail_out;
	} while (w->zlib.avail_out == 0);
}

static void
put_zeros(struct buf *out, size_t size)
{
	while (size-- > 0)
		buf_put_u8(out, 0);
}

/* "HEX  NAME\n". */
static void
put_sum(struct buf *out, struct digest *digest, const char *name)
{
	uint8_t sum[DIGEST_BYTES];

	digest_end(digest, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		buf_printf(out, "%02x", sum[i]);
	buf_printf(out, "  %s\n", name);
}

static void
put_meta(struct archive_writer *w, const struct archive_meta *meta)
{
	struct buf json = { 0 };
	struct digest *digest = digest_new();

	json_from_type(&archive_meta_type, meta, &json);
	buf_put_u8(&json, '\n');
	digest_put(digest, buf_slice(&json));
	put_sum(&w->sums, digest, FILE_NAME_META);
	digest_free(digest);
	tar_put_header(&w->pending, FILE_NAME_META, json.size, w->seconds);
	buf_put_slice(&w->pending, buf_slice(&json));
	put_zeros(&w->pending, tar_padding(json.size));
	buf_deinit(&json);
}

struct archive_writer *
archive_writer_new(const struct archive_meta *meta, int64_t seconds)
{
	struct archive_writer *w = xcalloc(1, sizeof(*w));

	if (deflateInit2(&w->zlib, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		fatal("zlib fails");
	w->seconds = seconds;
	w->left = (uint64_t)meta->size;
	w->padding = tar_padding(w->left);
	w->state = digest_new();
	put_meta(w, meta);
	tar_put_header(&w->pending, FILE_NAME_STATE, w->left, seconds);
	return (w);
}

void
archive_writer_free(struct archive_writer *w)
{
	if (w == NULL)
		return;
	(void)deflateEnd(&w->zlib);
	digest_free(w->state);
	buf_deinit(&w->sums);
	buf_deinit(&w->pending);
	free(w);
}

void
archive_writer_put(
    struct archive_writer *w, struct slice bytes, struct buf *out)
{
	assert(bytes.size <= w->left);
	squeeze(w, buf_slice(&w->pending), Z_NO_FLUSH, out);
	buf_deinit(&w->pending);
	digest_put(w->state, bytes);
	squeeze(w, bytes, Z_NO_FLUSH, out);
	w->left -= bytes.size;
}

void
archive_writer_end(struct archive_writer *w, struct buf *out)
{
	assert(w->left == 0);
	put_sum(&w->sums, w->state, FILE_NAME_STATE);
	put_zeros(&w->pending, w->padding);
	tar_put_header(&w->pending, FILE_NAME_SUMS, w->sums.size, w->seconds);
	buf_put_slice(&w->pending, buf_slice(&w->sums));
	put_zeros(&w->pending, tar_padding(w->sums.size));
	/* Two blocks and not one byte more: Consul 1.8.7 refuses what tar
	 * usually puts behind them. */
	put_zeros(&w->pending, 2 * TAR_BLOCK_BYTES);
	squeeze(w, buf_slice(&w->pending), Z_FINISH, out);
}
