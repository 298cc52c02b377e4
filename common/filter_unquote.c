/* Texts in quotes; see filter_unquote.h. */
#include "filter_unquote.h"

#include <assert.h>
#include <string.h>

#include "utf8.h"

static int
digit_of(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return (byte - '0');
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		return ((byte | 0x20) - 'a' + 10);
	return (16);
}

static int32_t
read_digits(struct reader *rd, size_t count, int base)
{
	struct slice digits = read_bytes(rd, count);
	int32_t value = 0;

	for (size_t i = 0; i < digits.size; i++) {
		int digit = digit_of(digits.data[i]);

		if (digit >= base || value > UTF8_MAX) {
			reader_fail(rd);
			return (0);
		}
		value = value * base + digit;
	}
	return (value);
}

/* Behind a backslash. */
static void
unescape(struct reader *rd, struct buf *out)
{
	static const char names[] = "abfnrtv\\\"",
			  bytes[] = "\a\b\f\n\r\t\v\\\"";
	uint8_t name = read_u8(rd);
	const char *found = name != 0 ? strchr(names, name) : NULL;
	int32_t value;

	if (found != NULL) {
		buf_put_u8(out, (uint8_t)bytes[found - names]);
	} else if (name == 'x') {
		buf_put_u8(out, (uint8_t)read_digits(rd, 2, 16));
	} else if (name == 'u' || name == 'U') {
		value = read_digits(rd, name == 'u' ? 4 : 8, 16);
		if (value > UTF8_MAX)
			reader_fail(rd);
		utf8_put(out, value);
	} else if (name >= '0' && name <= '7') {
		value = (name - '0') * 64 + read_digits(rd, 2, 8);
		if (value > 255)
			reader_fail(rd);
		buf_put_u8(out, (uint8_t)value);
	} else {
		reader_fail(rd);
	}
}

static enum err
unquote_double(struct slice text, struct buf *out)
{
	struct reader rd = reader(text);

	while (rd.rest.size > 0 && !rd.has_failed) {
		uint8_t byte = read_u8(&rd);

		if (byte == '\\')
			unescape(&rd, out);
		else if (byte == '\n')
			reader_fail(&rd);
		else
			buf_put_u8(out, byte);
	}
	return (rd.has_failed ? ERR_INVALID : ERR_OK);
}

/* Go drops carriage returns from between backquotes. */
static void
unquote_raw(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] != '\r')
			buf_put_u8(out, text.data[i]);
}

enum err
filter_unquote(struct slice quoted, struct arena *arena, struct slice *out)
{
	struct slice text = slice_head(slice_tail(quoted, 1), quoted.size - 2);
	struct buf plain = { 0 };
	enum err err = ERR_OK;

	assert(quoted.size >= 2);
	if (quoted.data[0] == '`')
		unquote_raw(text, &plain);
	else
		err = unquote_double(text, &plain);
	if (err == ERR_OK)
		*out = arena_copy(arena, buf_slice(&plain));
	buf_deinit(&plain);
	return (err);
}
