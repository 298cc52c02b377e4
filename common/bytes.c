/* Bytes: slices, buffers and readers; see bytes.h. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "xmalloc.h"

#define BUF_CAPACITY_MIN 64

struct slice
slice(const void *data, size_t size)
{
	return ((struct slice){ data, size });
}

struct slice
slice_of_text(const char *text)
{
	return (slice(text, strlen(text)));
}

struct slice
slice_tail(struct slice s, size_t from)
{
	assert(from <= s.size);
	return (slice(s.data + from, s.size - from));
}

struct slice
slice_head(struct slice s, size_t size)
{
	assert(size <= s.size);
	return (slice(s.data, size));
}

bool
slice_equal(struct slice a, struct slice b)
{
	return (a.size == b.size &&
		(a.size == 0 || memcmp(a.data, b.data, a.size) == 0));
}

bool
slice_is(struct slice s, const char *text)
{
	return (slice_equal(s, slice_of_text(text)));
}

static uint8_t
fold(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
}

bool
slice_equal_fold(struct slice a, struct slice b)
{
	if (a.size != b.size)
		return (false);
	for (size_t i = 0; i < a.size; i++)
		if (fold(a.data[i]) != fold(b.data[i]))
			return (false);
	return (true);
}

bool
slice_starts_with(struct slice s, struct slice prefix)
{
	return (s.size >= prefix.size &&
		slice_equal(slice_head(s, prefix.size), prefix));
}

bool
slice_ends_with(struct slice s, struct slice suffix)
{
	return (s.size >= suffix.size &&
		slice_equal(slice_tail(s, s.size - suffix.size), suffix));
}

int
slice_compare(struct slice a, struct slice b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return (order);
	return (a.size < b.size ? -1 : a.size > b.size);
}

size_t
slice_find(struct slice s, uint8_t byte, size_t from)
{
	const uint8_t *hit;

	if (from >= s.size)
		return (SIZE_MAX);
	hit = memchr(s.data + from, byte, s.size - from);
	return (hit == NULL ? SIZE_MAX : (size_t)(hit - s.data));
}

uint64_t
slice_hash(struct slice s)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.size; i++)
		hash = (hash ^ s.data[i]) * UINT64_C(0x100000001b3);
	return (hash);
}

void
buf_init(struct buf *b)
{
	*b = (struct buf){ 0 };
}

void
buf_deinit(struct buf *b)
{
	free(b->data);
	buf_init(b);
}

void
buf_reset(struct buf *b)
{
	b->size = 0;
}

void
buf_reserve(struct buf *b, size_t more)
{
	size_t capacity = b->capacity;

	assert(more <= SIZE_MAX / 4 - b->size);
	if (b->size + more <= capacity)
		return;
	if (capacity < BUF_CAPACITY_MIN)
		capacity = BUF_CAPACITY_MIN;
	while (capacity < b->size + more)
		capacity *= 2;
	b->data = xrealloc(b->data, capacity);
	b->capacity = capacity;
}

uint8_t *
buf_extend(struct buf *b, size_t more)
{
	uint8_t *end;

	buf_reserve(b, more);
	end = b->data + b->size;
	b->size += more;
	return (end);
}

void
buf_drop_front(struct buf *b, size_t size)
{
	assert(size <= b->size);
	b->size -= size;
	if (b->size > 0)
		memmove(b->data, b->data + size, b->size);
}

void
buf_put(struct buf *b, const void *data, size_t size)
{
	if (size > 0)
		memcpy(buf_extend(b, size), data, size);
}

void
buf_put_slice(struct buf *b, struct slice s)
{
	buf_put(b, s.data, s.size);
}

void
buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_put_u8(struct buf *b, uint8_t value)
{
	*buf_extend(b, 1) = value;
}

void
buf_put_be16(struct buf *b, uint16_t value)
{
	buf_put_u8(b, value >> 8);
	buf_put_u8(b, value & 0xff);
}

void
buf_put_be32(struct buf *b, uint32_t value)
{
	buf_put_be16(b, value >> 16);
	buf_put_be16(b, value & 0xffff);
}

void
buf_put_be64(struct buf *b, uint64_t value)
{
	buf_put_be32(b, value >> 32);
	buf_put_be32(b, value & UINT32_MAX);
}

void
buf_put_decimal(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_put(b, digits + at, sizeof(digits) - at);
}

void
buf_put_quoted(struct buf *b, struct slice s)
{
	static const char shorts[] = "\aa\bb\ff\nn\rr\tt\vv\"\"\\\\";
	const char *at;

	buf_put_u8(b, '"');
	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		for (at = shorts; *at != '\0' && (uint8_t)*at != c; at += 2)
			continue;
		if (*at != '\0')
			buf_printf(b, "\\%c", at[1]);
		else if (c < ' ' || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_put_u8(b, c);
	}
	buf_put_u8(b, '"');
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	assert(size >= 0);
	buf_reserve(b, (size_t)size + 1);
	vsnprintf((char *)b->data + b->size, (size_t)size + 1, format, again);
	b->size += (size_t)size;
	va_end(again);
	va_end(args);
}

const char *
buf_text(struct buf *b)
{
	buf_reserve(b, 1);
	b->data[b->size] = '\0';
	return ((const char *)b->data);
}

struct slice
buf_slice(const struct buf *b)
{
	return (slice(b->data, b->size));
}

struct reader
reader(struct slice s)
{
	return ((struct reader){ .rest = s });
}

bool
reader_done(const struct reader *rd)
{
	return (!rd->has_failed && rd->rest.size == 0);
}

void
reader_fail(struct reader *rd)
{
	rd->has_failed = true;
	rd->rest.size = 0;
}

struct slice
read_bytes(struct reader *rd, size_t size)
{
	struct slice head;

	if (size > rd->rest.size) {
		reader_fail(rd);
		return ((struct slice){ 0 });
	}
	head = slice_head(rd->rest, size);
	rd->rest = slice_tail(rd->rest, size);
	return (head);
}

static uint64_t
read_be(struct reader *rd, size_t size)
{
	struct slice s = read_bytes(rd, size);
	uint64_t value = 0;

	for (size_t i = 0; i < s.size; i++)
		value = value << 8 | s.data[i];
	return (value);
}

uint8_t
read_u8(struct reader *rd)
{
	return ((uint8_t)read_be(rd, 1));
}

uint16_t
read_be16(struct reader *rd)
{
	return ((uint16_t)read_be(rd, 2));
}

uint32_t
read_be32(struct reader *rd)
{
	return ((uint32_t)read_be(rd, 4));
}

uint64_t
read_be64(struct reader *rd)
{
	return (read_be(rd, 8));
}
