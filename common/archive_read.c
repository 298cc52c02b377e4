/* The snapshot archive, read. See archive.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "archive.h"
#include "archive_tar.h"
#include "digest.h"
#include "json.h"
#include "log.h"
#include "xmalloc.h"

#define STEP_BYTES	  (64 * 1024)
#define GZIP_WINDOW	  (15 + 16)
#define GZIP_HEADER_BYTES 10

enum place {
	IN_HEADER,
	IN_FILE,
	IN_PADDING,
	IN_TAIL, /* behind the two empty blocks */
};

enum file {
	FILE_META,
	FILE_STATE,
	FILE_SUMS,
	FILE_COUNT,
};

/* What Consul says where reading one of them fails. */
static const struct {
	const char *name;
	uint64_t size_max;
	const char *failure;
} file_rows[FILE_COUNT] = {
	[FILE_META] = { FILE_NAME_META, ARCHIVE_META_BYTES_MAX,
	    "failed to read snapshot metadata" },
	[FILE_STATE] = { FILE_NAME_STATE, ARCHIVE_STATE_BYTES_MAX,
	    "failed to read or write snapshot data" },
	[FILE_SUMS] = { FILE_NAME_SUMS, ARCHIVE_SUMS_BYTES_MAX,
	    "failed to read snapshot hashes" },
};

struct archive_reader {
	archive_state_fn *on_state;
	void *arg;
	z_stream zlib;
	gz_header gzip;
	uint8_t first[GZIP_HEADER_BYTES];
	size_t first_size;
	bool has_begun;	 /* a byte has come */
	bool is_at_end;	 /* of a gzip member */
	bool has_header; /* of the first member */
	enum place place;
	struct buf block; /* a header, gathered */
	bool had_empty;	  /* block just before */
	enum file file;
	uint64_t left; /* of the file, or of its padding */
	uint64_t extra;
	bool has_file[FILE_COUNT];
	struct buf meta, sums;
	uint64_t state_size;
	struct digest *meta_digest, *state_digest;
	struct arena arena;
	uint8_t step[STEP_BYTES];
};

struct archive_reader *
archive_reader_new(archive_state_fn *on_state, void *arg)
{
	struct archive_reader *r = xcalloc(1, sizeof(*r));

	r->on_state = on_state;
	r->arg = arg;
	if (inflateInit2(&r->zlib, GZIP_WINDOW) != Z_OK ||
	    inflateGetHeader(&r->zlib, &r->gzip) != Z_OK)
		fatal("zlib fails");
	r->meta_digest = digest_new();
	r->state_digest = digest_new();
	arena_init(&r->arena);
	return (r);
}

void
archive_reader_free(struct archive_reader *r)
{
	if (r == NULL)
		return;
	(void)inflateEnd(&r->zlib);
	digest_free(r->meta_digest);
	digest_free(r->state_digest);
	buf_deinit(&r->block);
	buf_deinit(&r->meta);
	buf_deinit(&r->sums);
	arena_deinit(&r->arena);
	free(r);
}

uint64_t
archive_reader_state_size(const struct archive_reader *r)
{
	return (r->state_size);
}

/* --- Failing. --- */

#define READING "failed to read snapshot file: "

/* In the words of whoever was reading when it happened. */
static enum err
fail_here(const struct archive_reader *r, const char *text, struct buf *why)
{
	if (!r->has_header) {
		buf_printf(why, "failed to decompress snapshot: %s", text);
		return (ERR_INVALID);
	}
	if (r->place != IN_TAIL)
		buf_printf(why, READING "%s: ",
		    r->place == IN_FILE ? file_rows[r->file].failure
					: "failed reading snapshot");
	buf_put_text(why, text);
	return (ERR_INVALID);
}

/* --- Tar. --- */

static enum err
begin_file(
    struct archive_reader *r, const struct tar_header *header, struct buf *why)
{
	size_t i = 0;

	while (i < FILE_COUNT && strcmp(file_rows[i].name, header->name) != 0)
		i++;
	if (i == FILE_COUNT || header->type != '0' || r->has_file[i]) {
		buf_put_text(why, READING "unexpected file ");
		buf_put_quoted(why, slice_of_text(header->name));
		buf_put_text(why, " in snapshot");
		return (ERR_INVALID);
	}
	r->file = (enum file)i;
	r->place = IN_FILE;
	if (header->size > file_rows[i].size_max)
		return (fail_here(r, "it is larger than any real one", why));
	r->has_file[i] = true;
	r->left = header->size;
	return (ERR_OK);
}

static bool
is_empty(const struct buf *block)
{
	static const uint8_t zeros[TAR_BLOCK_BYTES];

	return (memcmp(block->data, zeros, sizeof(zeros)) == 0);
}

static enum err
end_header(struct archive_reader *r, struct buf *why)
{
	struct tar_header header;
	bool is_zero = is_empty(&r->block);

	if (is_zero && r->had_empty) {
		r->place = IN_TAIL;
		return (ERR_OK);
	}
	if (!is_zero &&
	    (r->had_empty || !tar_get_header(r->block.data, &header)))
		return (fail_here(r, "archive/tar: invalid tar header", why));
	r->had_empty = is_zero;
	return (is_zero ? ERR_OK : begin_file(r, &header, why));
}

static enum err
take_header(struct archive_reader *r, struct slice *in, struct buf *why)
{
	size_t size = TAR_BLOCK_BYTES - r->block.size;
	enum err err;

	if (size > in->size)
		size = in->size;
	buf_put(&r->block, in->data, size);
	*in = slice_tail(*in, size);
	if (r->block.size < TAR_BLOCK_BYTES)
		return (ERR_OK);
	err = end_header(r, why);
	buf_reset(&r->block);
	return (err);
}

static enum err
use_file(struct archive_reader *r, struct slice bytes, struct buf *why)
{
	struct buf text = { 0 };
	enum err err = ERR_OK;

	switch (r->file) {
	case FILE_META:
		digest_put(r->meta_digest, bytes);
		buf_put_slice(&r->meta, bytes);
		break;
	case FILE_STATE:
		digest_put(r->state_digest, bytes);
		r->state_size += bytes.size;
		if (r->on_state != NULL && !r->on_state(r->arg, bytes, &text))
			err = fail_here(r, buf_text(&text), why);
		break;
	default:
		buf_put_slice(&r->sums, bytes);
		break;
	}
	buf_deinit(&text);
	return (err);
}

/* A file ends at once where it is empty, and its padding likewise. */
static void
move_on(struct archive_reader *r, uint64_t size)
{
	if (r->place == IN_FILE && r->left == 0) {
		r->place = IN_PADDING;
		r->left = tar_padding(size);
	}
	if (r->place == IN_PADDING && r->left == 0)
		r->place = IN_HEADER;
}

static uint64_t
size_of(const struct archive_reader *r)
{
	switch (r->file) {
	case FILE_META:
		return (r->meta.size);
	case FILE_STATE:
		return (r->state_size);
	default:
		return (r->sums.size);
	}
}

static enum err
untar(struct archive_reader *r, struct slice in, struct buf *why)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && in.size > 0) {
		size_t size = in.size < r->left ? in.size : (size_t)r->left;

		if (r->place == IN_TAIL) {
			r->extra += in.size;
			return (ERR_OK);
		}
		if (r->place == IN_HEADER) {
			err = take_header(r, &in, why);
			move_on(r, 0);
			continue;
		}
		if (r->place == IN_FILE)
			err = use_file(r, slice_head(in, size), why);
		in = slice_tail(in, size);
		r->left -= size;
		move_on(r, size_of(r));
	}
	return (err);
}

/* --- Gzip. --- */

static enum err
fail_zlib(struct archive_reader *r, int code, struct buf *why)
{
	struct buf text = { 0 };
	enum err err;

	if (r->gzip.done != 1)
		buf_put_text(&text, "gzip: invalid header");
	else if (code == Z_DATA_ERROR && r->zlib.msg != NULL &&
		 strstr(r->zlib.msg, "check") != NULL)
		buf_put_text(&text, "gzip: invalid checksum");
	else
		buf_printf(&text, "flate: corrupt input before offset %lu",
		    r->zlib.total_in);
	err = fail_here(r, buf_text(&text), why);
	buf_deinit(&text);
	return (err);
}

/* Go reads members of gzip that follow each other as one. */
static void
next_member(struct archive_reader *r)
{
	if (!r->is_at_end)
		return;
	r->is_at_end = false;
	if (inflateReset(&r->zlib) != Z_OK ||
	    inflateGetHeader(&r->zlib, &r->gzip) != Z_OK)
		fatal("zlib fails");
}

static enum err
inflate_put(struct archive_reader *r, struct slice bytes, struct buf *why)
{
	enum err err = ERR_OK;
	int code;

	r->zlib.next_in = bytes.data;
	r->zlib.avail_in = (uInt)bytes.size;
	do {
		if (r->zlib.avail_in > 0)
			next_member(r);
		if (r->is_at_end)
			return (ERR_OK);
		r->zlib.next_out = r->step;
		r->zlib.avail_out = STEP_BYTES;
		code = inflate(&r->zlib, Z_NO_FLUSH);
		r->has_header |= r->gzip.done == 1;
		r->is_at_end = code == Z_STREAM_END;
		err = untar(
		    r, slice(r->step, STEP_BYTES - r->zlib.avail_out), why);
		if (err == ERR_OK && code != Z_OK && code != Z_STREAM_END &&
		    code != Z_BUF_ERROR)
			err = fail_zlib(r, code, why);
	} while (
	    err == ERR_OK && (r->zlib.avail_in > 0 || r->zlib.avail_out == 0));
	return (err);
}

/* Go judges the first header when all of it is there: what is shorter has
 * ended too early, whatever it is. */
enum err
archive_reader_put(
    struct archive_reader *r, struct slice bytes, struct buf *why)
{
	size_t size = GZIP_HEADER_BYTES - r->first_size;
	enum err err = ERR_OK;

	if (size > bytes.size)
		size = bytes.size;
	r->has_begun |= bytes.size > 0;
	if (size > 0) {
		memcpy(r->first + r->first_size, bytes.data, size);
		r->first_size += size;
		if (r->first_size < GZIP_HEADER_BYTES)
			return (ERR_OK);
		err = inflate_put(r, slice(r->first, r->first_size), why);
		bytes = slice_tail(bytes, size);
	}
	if (err == ERR_OK && bytes.size > 0)
		err = inflate_put(r, bytes, why);
	return (err);
}

/* --- The end. --- */

static int
nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1);
}

/* "HEX  NAME"; false if it is none. */
static bool
get_sum(struct slice line, uint8_t sum[DIGEST_BYTES], struct slice *name)
{
	if (line.size < 2 * DIGEST_BYTES + 3)
		return (false);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = nibble(line.data[2 * i]);
		int low = nibble(line.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return (false);
		sum[i] = (uint8_t)(high << 4 | low);
	}
	*name = slice_tail(line, 2 * DIGEST_BYTES + 2);
	return (
	    slice_is(slice_head(slice_tail(line, 2 * DIGEST_BYTES), 2), "  "));
}

#define HASHES READING "failed checking integrity of snapshot: "

static enum err
check_line(struct slice line, uint8_t sums[2][DIGEST_BYTES], bool seen[2],
    struct buf *why)
{
	uint8_t sum[DIGEST_BYTES];
	struct slice name;
	size_t i = 0;

	if (!get_sum(line, sum, &name)) {
		buf_put_text(why, HASHES "input does not match format");
		return (ERR_INVALID);
	}
	while (i < 2 && !slice_is(name, file_rows[i].name))
		i++;
	if (i == 2 || memcmp(sum, sums[i], sizeof(sum)) != 0) {
		buf_put_text(why, i == 2 ? HASHES "list missing hash for "
					 : HASHES "hash check failed for ");
		buf_put_quoted(why, name);
		return (ERR_INVALID);
	}
	seen[i] = true;
	return (ERR_OK);
}

static enum err
check_sums(struct archive_reader *r, struct buf *why)
{
	uint8_t sums[2][DIGEST_BYTES];
	bool seen[2] = { false, false };
	struct slice rest = buf_slice(&r->sums);
	enum err err = ERR_OK;

	digest_end(r->meta_digest, sums[FILE_META]);
	digest_end(r->state_digest, sums[FILE_STATE]);
	while (err == ERR_OK && rest.size > 0) {
		size_t end = slice_find(rest, '\n', 0);
		struct slice line =
		    slice_head(rest, end == SIZE_MAX ? rest.size : end);

		/* As Go's scanner reads lines. */
		if (slice_ends_with(line, SLICE("\r")))
			line.size--;
		err = check_line(line, sums, seen, why);
		rest = slice_tail(rest, end == SIZE_MAX ? rest.size : end + 1);
	}
	for (size_t i = 0; i < 2 && err == ERR_OK; i++)
		if (!seen[i]) {
			buf_printf(why, HASHES "file missing for \"%s\"",
			    file_rows[i].name);
			err = ERR_INVALID;
		}
	return (err);
}

static enum err
read_meta(struct archive_reader *r, struct archive_meta *meta, struct buf *why)
{
	char text[JSON_WHY_MAX];
	struct json *json;

	*meta = (struct archive_meta){ 0 };
	if (!r->has_file[FILE_META])
		return (ERR_OK);
	if (json_parse_all(buf_slice(&r->meta), &r->arena, &json, text) ==
		ERR_OK &&
	    json_to_type(json, JSON_API_LAX, &archive_meta_type, &r->arena,
		meta, text) == ERR_OK)
		return (ERR_OK);
	buf_printf(why, READING "failed to decode snapshot metadata: %s", text);
	return (ERR_INVALID);
}

/* It may end between two files, and with one empty block or two; not within
 * anything. */
static enum err
check_end(struct archive_reader *r, struct buf *why)
{
	bool is_between = r->place == IN_TAIL ||
			  (r->place == IN_HEADER && r->block.size == 0);

	if (!r->has_header || !r->is_at_end || !is_between)
		return (
		    fail_here(r, r->has_begun ? "unexpected EOF" : "EOF", why));
	return (ERR_OK);
}

enum err
archive_reader_end(
    struct archive_reader *r, struct archive_meta *meta, struct buf *why)
{
	enum err err = check_end(r, why);

	if (err == ERR_OK)
		err = read_meta(r, meta, why);
	if (err == ERR_OK)
		err = check_sums(r, why);
	if (err == ERR_OK && r->extra > 0) {
		buf_printf(why, "%" PRIu64 " unread uncompressed bytes remain",
		    r->extra);
		err = ERR_INVALID;
	}
	return (err);
}
