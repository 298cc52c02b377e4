/*
 * What strings and heredocs of HCL 1 stand for; see hcl_scan.h. A quoted
 * string has Go's escapes; ${...} in it stays as it is.
 */
#include <string.h>

#include "hcl_scan.h"

/* The value of `count` digits, or UINT32_MAX. */
static uint32_t
digits_value(struct slice text, size_t count, unsigned base)
{
	uint32_t value = 0;
	size_t i;

	if (text.size < count)
		return (UINT32_MAX);
	for (i = 0; i < count; i++) {
		static const char digits[] = "0123456789abcdef";
		uint8_t c = text.data[i];
		const char *at;

		if (c >= 'A' && c <= 'F')
			c |= 0x20;
		at = c == '\0' ? NULL : strchr(digits, c);
		if (at == NULL || (unsigned)(at - digits) >= base)
			return (UINT32_MAX);
		value = value * base + (uint32_t)(at - digits);
	}
	return (value);
}

static void
put_character(struct buf *out, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80) {
		buf_put_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* The number behind \x, \u, \U, or of \ooo; the escape's size, or 0. */
static size_t
put_number(struct slice text, struct buf *out)
{
	uint8_t c = text.data[1];
	size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
	uint32_t value;

	if (c >= '0' && c <= '7') {
		value = digits_value(slice_tail(text, 1), 3, 8);
		if (value > 255)
			return (0);
		buf_put_u8(out, (uint8_t)value);
		return (4);
	}
	value = digits_value(slice_tail(text, 2), count, 16);
	if (value > 0x10ffff)
		return (0);
	if (c == 'x')
		buf_put_u8(out, (uint8_t)value);
	else
		put_character(out, value);
	return (2 + count);
}

/* An escape at the front of `text`: its size, or 0 if it is none. */
static size_t
put_escape(struct slice text, struct buf *out)
{
	static const char letters[] = "abfnrtv\\\"";
	static const char values[] = "\a\b\f\n\r\t\v\\\"";
	const char *at;

	if (text.size < 2 || text.data[1] == '\0')
		return (0);
	at = strchr(letters, text.data[1]);
	if (at != NULL) {
		buf_put_u8(out, (uint8_t)values[at - letters]);
		return (2);
	}
	if (strchr("xuU01234567", text.data[1]) == NULL)
		return (0);
	return (put_number(text, out));
}

/* ${...} as it is: its size, or 0 if it does not end. */
static size_t
put_interpolation(struct slice text, struct buf *out)
{
	size_t size = 2, braces = 1;

	for (; size < text.size && braces > 0; size++) {
		if (text.data[size] == '{')
			braces++;
		else if (text.data[size] == '}')
			braces--;
	}
	buf_put(out, text.data, size);
	return (braces == 0 ? size : 0);
}

static enum err
unquote(struct slice text, struct buf *out)
{
	size_t size;

	if (slice_find(text, '$', 0) == SIZE_MAX &&
	    slice_find(text, '{', 0) == SIZE_MAX &&
	    slice_find(text, '\n', 0) != SIZE_MAX)
		return (ERR_INVALID);
	while (text.size > 0) {
		uint8_t c = text.data[0];

		if (slice_starts_with(text, SLICE("${"))) {
			size = put_interpolation(text, out);
		} else if (c == '\\') {
			size = put_escape(text, out);
		} else if (c == '"' || c == '\n') {
			size = 0;
		} else {
			buf_put_u8(out, c);
			size = 1;
		}
		if (size == 0)
			return (ERR_INVALID);
		text = slice_tail(text, size);
	}
	return (ERR_OK);
}

/* The text without the indentation of the closing mark, if every line has
 * it; else as it is. `text` ends behind that indentation. */
static void
unindent(struct slice text, struct buf *out)
{
	struct slice rest = text, indent = text, line;
	size_t end, i;

	while ((end = slice_find(indent, '\n', 0)) != SIZE_MAX)
		indent = slice_tail(indent, end + 1);
	while (rest.size > 0) {
		if (!slice_starts_with(rest, indent))
			break;
		end = slice_find(rest, '\n', 0);
		if (end == SIZE_MAX) {
			rest = slice_tail(rest, rest.size);
			break;
		}
		line = slice_tail(slice_head(rest, end + 1), indent.size);
		buf_put_slice(out, line);
		rest = slice_tail(rest, end + 1);
	}
	if (rest.size == 0)
		return;
	buf_reset(out);
	/* The real one cuts a byte too many here, then blanks: in effect the
	 * indentation of the mark. */
	i = text.size > 0 ? text.size - 1 : 0;
	while (i > 0 && (text.data[i - 1] == ' ' || text.data[i - 1] == '\t'))
		i--;
	buf_put_slice(out, slice_head(text, i));
}

static enum err
heredoc_value(struct slice text, struct buf *out)
{
	size_t start = slice_find(text, '\n', 0), mark;
	bool is_indented = text.data[2] == '-';

	mark = start - (is_indented ? 3 : 2) + 1; /* with its line's end */
	if (text.size < start + 1 + mark)
		return (ERR_INVALID);
	text = slice_head(
	    slice_tail(text, start + 1), text.size - start - 1 - mark);
	if (is_indented)
		unindent(text, out);
	else
		buf_put_slice(out, text);
	return (ERR_OK);
}

enum err
hcl_text_value(
    const struct hcl_token *token, struct arena *arena, struct slice *out)
{
	struct buf value = { 0 };
	enum err err;

	if (token->kind == HCL_HEREDOC)
		err = heredoc_value(token->text, &value);
	else if (token->text.size < 2)
		err = ERR_INVALID;
	else
		err = unquote(slice_head(slice_tail(token->text, 1),
				  token->text.size - 2),
		    &value);
	if (err == ERR_OK)
		*out = arena_copy(arena, buf_slice(&value));
	buf_deinit(&value);
	return (err);
}
