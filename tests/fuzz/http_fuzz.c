/*
 * What a stranger sends to port 8500: heads, paths, parameters, chunks. What
 * is accepted must keep its promises: the head ends where it was found to end,
 * a clean path is clean, a cut body is found as the whole one is.
 */
#include <assert.h>
#include <string.h>

#include "httpd/chunks.h"
#include "httpd/parse.h"
#include "httpd/query.h"
#include "httpd/uri.h"
#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_path(struct slice raw, struct arena *arena)
{
	struct slice path = uri_path_decode(raw, arena);
	struct slice clean = uri_path_clean(path, arena);
	struct slice again = uri_path_clean(clean, arena);
	struct buf encoded = { 0 };

	assert(clean.size > 0);
	assert(clean.data[0] == '/');
	assert(slice_equal(clean, again));
	assert(memmem(clean.data, clean.size, "//", 2) == NULL);
	(void)uri_is_printable(path);
	/* What a redirect names is what it stands for. */
	uri_path_encode(clean, &encoded);
	assert(slice_equal(uri_path_decode(buf_slice(&encoded), arena), clean));
	buf_deinit(&encoded);
}

static void
check_query(struct slice text, struct arena *arena)
{
	struct query_options options = { 0 };
	struct query query, again;
	struct buf encoded = { 0 };

	if (!query_parse(text, arena, &query))
		return;
	(void)query_options_parse(&query, arena, &options);
	query_encode(&query, &encoded);
	assert(query_parse(buf_slice(&encoded), arena, &again));
	assert(again.count == query.count);
	buf_deinit(&encoded);
}

/* In pieces, the same is found as at once. */
static void
check_chunks(struct slice bytes)
{
	struct chunk_scan whole = { 0 }, cut = { 0 };
	enum chunks at_once = chunks_scan(&whole, bytes);
	enum chunks in_pieces = CHUNKS_MORE;
	struct buf joined = { 0 };

	for (size_t i = 1; i <= bytes.size && in_pieces == CHUNKS_MORE; i++)
		in_pieces = chunks_scan(&cut, slice_head(bytes, i));
	if (at_once != CHUNKS_DONE)
		return;
	assert(in_pieces == CHUNKS_DONE);
	assert(cut.at == whole.at);
	assert(cut.body_size == whole.body_size);
	chunks_join(slice_head(bytes, whole.at), &joined);
	assert(joined.size == whole.body_size);
	buf_deinit(&joined);
}

static void
check_head(struct slice bytes, size_t size, struct arena *arena)
{
	struct head head;
	struct cache_control control;

	if (head_parse(slice_head(bytes, size), &head) != REFUSAL_NONE)
		return;
	assert(head.size == size);
	assert(head.method_text.size > 0);
	assert(head.path.size > 0);
	assert(!(head.is_chunked && head.has_length));
	if (head.path.data[0] == '/')
		check_path(head.path, arena);
	check_query(head.query, arena);
	(void)query_cache_control_parse(head.cache_control, &control);
	if (head.is_chunked)
		check_chunks(slice_tail(bytes, size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice(data, size);
	size_t scanned = 0, cut_scanned = 0, end, cut_end = 0;
	struct arena arena;

	arena_init(&arena);
	end = head_find_end(in, &scanned);
	for (size_t i = 1; i <= size && cut_end == 0; i++)
		cut_end = head_find_end(slice_head(in, i), &cut_scanned);
	assert(end == cut_end);
	if (end > 0)
		check_head(in, end, &arena);
	check_chunks(in);
	arena_deinit(&arena);
	return (0);
}
