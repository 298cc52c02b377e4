/* Chunked bodies; see chunks.h. */
#include <assert.h>

#include "chunks.h"
#include "limits.h"

#define CHUNK_LINE_MAX 4096 /* Go's maxLineLength */

static bool
is_hex(uint8_t c)
{
	return (
	    (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'));
}

static bool
is_blank(uint8_t c)
{
	return (c == ' ' || c == '\t');
}

/* The size that a chunk's line says; extensions are skipped. */
static const char *
chunk_line_parse(struct slice line, size_t *size)
{
	size_t end = slice_find(line, ';', 0);
	size_t value = 0;

	line = slice_head(line, end == SIZE_MAX ? line.size : end);
	while (line.size > 0 && is_blank(line.data[line.size - 1]))
		line.size--;
	if (line.size == 0)
		return ("invalid byte in chunk length");
	for (size_t i = 0; i < line.size; i++) {
		uint8_t c = line.data[i];

		if (!is_hex(c))
			return ("invalid byte in chunk length");
		if (i == 15)
			return ("http chunk length too large");
		value =
		    value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	*size = value;
	return (NULL);
}

static enum chunks
chunks_fail(struct chunk_scan *scan, const char *why)
{
	scan->why = why;
	return (CHUNKS_BAD);
}

/* Behind the last chunk: trailers, which nobody wants, and an empty line. */
static enum chunks
trailers_scan(struct chunk_scan *scan, struct slice bytes, size_t at)
{
	for (;;) {
		size_t end = slice_find(bytes, '\n', at);

		if (end == SIZE_MAX)
			return (bytes.size - at > CHUNK_LINE_MAX
				    ? chunks_fail(scan, "header line too long")
				    : CHUNKS_MORE);
		if (end - at > CHUNK_LINE_MAX)
			return (chunks_fail(scan, "header line too long"));
		if (end == at || (end == at + 1 && bytes.data[at] == '\r')) {
			scan->at = end + 1;
			return (CHUNKS_DONE);
		}
		at = end + 1;
		if (at - scan->at > HTTP_HEAD_BYTES_MAX)
			return (chunks_fail(scan, "header line too long"));
	}
}

enum chunks
chunks_scan(struct chunk_scan *scan, struct slice bytes)
{
	size_t most = scan->body_max > HTTP_BODY_BYTES_MAX
			  ? scan->body_max
			  : HTTP_BODY_BYTES_MAX;

	for (;;) {
		size_t end = slice_find(bytes, '\n', scan->at);
		size_t size = 0, next;

		if (end == SIZE_MAX)
			return (bytes.size - scan->at > CHUNK_LINE_MAX
				    ? chunks_fail(scan, "header line too long")
				    : CHUNKS_MORE);
		if (end - scan->at > CHUNK_LINE_MAX)
			return (chunks_fail(scan, "header line too long"));
		next = end + 1;
		if (end > scan->at && bytes.data[end - 1] == '\r')
			end--;
		scan->why = chunk_line_parse(
		    slice_head(slice_tail(bytes, scan->at), end - scan->at),
		    &size);
		if (scan->why != NULL)
			return (CHUNKS_BAD);
		if (size == 0)
			return (trailers_scan(scan, bytes, next));
		if (size > most || scan->body_size + size > most)
			return (
			    chunks_fail(scan, "http: request body too large"));
		if (bytes.size - next < size + 2)
			return (CHUNKS_MORE);
		next += size;
		if (bytes.data[next] != '\r' || bytes.data[next + 1] != '\n')
			return (
			    chunks_fail(scan, "malformed chunked encoding"));
		scan->body_size += size;
		scan->at = next + 2;
	}
}

void
chunks_join(struct slice bytes, struct buf *out)
{
	size_t at = 0;

	for (;;) {
		size_t end = slice_find(bytes, '\n', at);
		size_t size = 0, line_end;
		const char *why;

		assert(end != SIZE_MAX);
		line_end =
		    end > at && bytes.data[end - 1] == '\r' ? end - 1 : end;
		why = chunk_line_parse(
		    slice_head(slice_tail(bytes, at), line_end - at), &size);
		assert(why == NULL);
		(void)why;
		if (size == 0)
			return;
		buf_put(out, bytes.data + end + 1, size);
		at = end + 1 + size + 2;
	}
}

/* --- As it comes. --- */

/* A line without its end; false where it has not come, or is too long. */
static bool
line_take(struct chunk_flow *flow, struct slice bytes, struct slice *line,
    size_t *taken)
{
	size_t end = slice_find(bytes, '\n', 0);

	if ((end == SIZE_MAX ? bytes.size : end) > CHUNK_LINE_MAX)
		flow->why = "header line too long";
	if (end == SIZE_MAX || flow->why != NULL)
		return (false);
	*taken = end + 1;
	*line = slice_head(bytes, end);
	if (slice_ends_with(*line, SLICE("\r")))
		line->size--;
	return (true);
}

static size_t
data_take(struct chunk_flow *flow, struct slice bytes, struct slice *data)
{
	size_t size = bytes.size < flow->left ? bytes.size : flow->left;

	*data = slice_head(bytes, size);
	flow->left -= size;
	if (flow->left == 0)
		flow->at = FLOW_DATA_END;
	return (size);
}

size_t
chunks_flow(struct chunk_flow *flow, struct slice bytes, struct slice *data)
{
	struct slice line;
	size_t taken;

	*data = slice(NULL, 0);
	if (flow->why != NULL || flow->at == FLOW_OVER || bytes.size == 0)
		return (0);
	if (flow->at == FLOW_DATA)
		return (data_take(flow, bytes, data));
	if (!line_take(flow, bytes, &line, &taken))
		return (0);
	if (flow->at == FLOW_LINE) {
		flow->why = chunk_line_parse(line, &flow->left);
		flow->at = flow->left > 0 ? FLOW_DATA : FLOW_TRAILER;
	} else if (flow->at == FLOW_DATA_END) {
		flow->at = FLOW_LINE;
		if (line.size > 0)
			flow->why = "malformed chunked encoding";
	} else if (line.size == 0)
		flow->at = FLOW_OVER;
	return (flow->why == NULL ? taken : 0);
}
