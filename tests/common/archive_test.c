/* The snapshot archive: what is written is read, the real Consul's is read,
 * and what is cut or altered is refused in its words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive.h"
#include "common/archive_tar.h"
#include "common/digest.h"
#include "tests/lib/tap.h"

#define REAL "tests/vectors/consul-1.8.7.snap"

static struct archive_meta
some_meta(struct raft_server_entry *server, int64_t size)
{
	*server = (struct raft_server_entry){
		.id = SLICE("an-id"),
		.address = SLICE("127.0.0.1:8300"),
	};
	return ((struct archive_meta){
	    .version = 1,
	    .id = SLICE("2-7-1700000000000"),
	    .index = 7,
	    .term = 2,
	    .peers = SLICE("\x91\xae"
			   "127.0.0.1:8300"),
	    .configuration = { .servers = { server, 1 } },
	    .configuration_index = 1,
	    .size = size,
	});
}

/* An archive of `size` bytes of state, put in pieces of `piece`. */
static void
make(struct buf *out, size_t size, size_t piece)
{
	struct raft_server_entry server;
	struct archive_meta meta = some_meta(&server, (int64_t)size);
	struct archive_writer *w = archive_writer_new(&meta, 1700000000);
	struct buf state = { 0 };

	for (size_t i = 0; i < size; i++)
		buf_put_u8(&state, (uint8_t)(i * 7 + i / 251));
	for (size_t at = 0; at < size; at += piece) {
		struct slice rest = slice_tail(buf_slice(&state), at);

		archive_writer_put(w,
		    slice_head(rest, rest.size < piece ? rest.size : piece),
		    out);
	}
	archive_writer_end(w, out);
	archive_writer_free(w);
	buf_deinit(&state);
}

static bool
on_state(void *arg, struct slice bytes, struct buf *why)
{
	(void)why;
	buf_put_slice(arg, bytes);
	return (true);
}

/* In pieces of `piece`; *state may be NULL. */
static enum err
take(struct slice in, size_t piece, struct buf *state, struct buf *why)
{
	struct archive_reader *r =
	    archive_reader_new(state == NULL ? NULL : on_state, state);
	struct archive_meta meta;
	enum err err = ERR_OK;

	for (size_t at = 0; err == ERR_OK && at < in.size; at += piece) {
		struct slice rest = slice_tail(in, at);

		err = archive_reader_put(r,
		    slice_head(rest, rest.size < piece ? rest.size : piece),
		    why);
	}
	if (err == ERR_OK)
		err = archive_reader_end(r, &meta, why);
	if (err == ERR_OK) {
		CHECK_EQ(meta.version, 1);
		CHECK_EQ(meta.size, archive_reader_state_size(r));
		CHECK_EQ(meta.configuration.servers.count, 1);
	}
	archive_reader_free(r);
	return (err);
}

static void
test_what_is_written_is_read(void)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 300000 };
	static const size_t pieces[] = { 1, 100, 70000, 1 << 20 };

	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 4; j++) {
			struct buf out = { 0 }, state = { 0 }, why = { 0 };

			make(&out, sizes[i], pieces[3 - j]);
			CHECK_EQ(take(buf_slice(&out), pieces[j], &state, &why),
			    ERR_OK);
			CHECK_EQ(state.size, sizes[i]);
			CHECK(state.size < 300 ||
			      state.data[299] == (uint8_t)(299 * 7 + 1));
			buf_deinit(&out);
			buf_deinit(&state);
			buf_deinit(&why);
		}
}

static struct buf
real_archive(void)
{
	struct buf bytes = { 0 };
	FILE *file = fopen(REAL, "re");
	size_t size = 1;

	CHECK(file != NULL);
	while (file != NULL && size > 0) {
		size = fread(buf_extend(&bytes, 4096), 1, 4096, file);
		bytes.size -= 4096 - size;
	}
	if (file != NULL)
		fclose(file);
	return (bytes);
}

static void
test_the_real_one_is_read(void)
{
	struct buf bytes = real_archive(), why = { 0 };

	CHECK_EQ(take(buf_slice(&bytes), 100, NULL, &why), ERR_OK);
	CHECK_EQ(take(buf_slice(&bytes), 1 << 20, NULL, &why), ERR_OK);
	buf_deinit(&bytes);
	buf_deinit(&why);
}

static void
test_every_cut_is_refused(void)
{
	struct buf bytes = real_archive(), why = { 0 };

	for (size_t size = 0; size < bytes.size; size++) {
		struct slice cut = slice_head(buf_slice(&bytes), size);

		buf_reset(&why);
		CHECK_EQ(take(cut, 1 << 20, NULL, &why), ERR_INVALID);
		CHECK(slice_ends_with(buf_slice(&why), SLICE("EOF")));
	}
	buf_deinit(&bytes);
	buf_deinit(&why);
}

/* Of gzip's own head only some bytes matter (not time and system), and a few
 * bits behind it are padding: then it is the same state. */
static void
test_no_altered_state_is_taken(void)
{
	struct buf bytes = real_archive(), why = { 0 };
	struct buf state = { 0 }, again = { 0 };
	size_t taken = 0;

	CHECK_EQ(take(buf_slice(&bytes), 1 << 20, &state, &why), ERR_OK);

	for (size_t i = 10; i < bytes.size; i++) {
		bytes.data[i] ^= 0x10;
		buf_reset(&why);
		buf_reset(&again);
		if (take(buf_slice(&bytes), 1 << 20, &again, &why) == ERR_OK) {
			CHECK(
			    slice_equal(buf_slice(&state), buf_slice(&again)));
			taken++;
		}
		bytes.data[i] ^= 0x10;
	}
	CHECK(taken < 10);
	buf_deinit(&bytes);
	buf_deinit(&state);
	buf_deinit(&again);
	buf_deinit(&why);
}

static void
test_sizes_of_tar(void)
{
	static const uint64_t sizes[] = { 0, 512, 077777777777, 0100000000000,
		UINT64_MAX };
	struct tar_header header;
	struct buf block = { 0 };

	for (size_t i = 0; i < 5; i++) {
		buf_reset(&block);
		tar_put_header(&block, "state.bin", sizes[i], 1700000000);
		CHECK_EQ(block.size, TAR_BLOCK_BYTES);
		CHECK(tar_get_header(block.data, &header));
		CHECK(header.size == sizes[i]);
		CHECK(strcmp(header.name, "state.bin") == 0);
		CHECK_EQ(header.type, '0');
		block.data[130] ^= 1;
		CHECK(!tar_get_header(block.data, &header));
	}
	CHECK_EQ(tar_padding(0), 0);
	CHECK_EQ(tar_padding(1), 511);
	CHECK_EQ(tar_padding(512), 0);
	buf_deinit(&block);
}

int
main(void)
{
	struct buf why = { 0 };

	if (digest_load(&why) != ERR_OK) {
		printf("1..0 # SKIP %s\n", buf_text(&why));
		return (0);
	}
	RUN(test_what_is_written_is_read);
	RUN(test_the_real_one_is_read);
	RUN(test_every_cut_is_refused);
	RUN(test_no_altered_state_is_taken);
	RUN(test_sizes_of_tar);
	return (tap_done());
}
