/* Generated JSON, byte for byte as Go's encoding/json; see json.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_syntax.h"

/* Bytes of the UTF-8 sequence in front of s, or 0 if it is not one. */
static size_t
utf8_size(struct slice s)
{
	uint8_t lead = s.data[0];
	size_t size = lead < 0x80   ? 1
		      : lead < 0xc2 ? 0
		      : lead < 0xe0 ? 2
		      : lead < 0xf0 ? 3
		      : lead < 0xf5 ? 4
				    : 0;

	if (size == 0 || size > s.size)
		return (0);
	for (size_t i = 1; i < size; i++)
		if ((s.data[i] & 0xc0) != 0x80)
			return (0);
	if ((lead == 0xe0 && s.data[1] < 0xa0) ||
	    (lead == 0xed && s.data[1] >= 0xa0) || /* surrogates */
	    (lead == 0xf0 && s.data[1] < 0x90) ||
	    (lead == 0xf4 && s.data[1] >= 0x90))
		return (0);
	return (size);
}

/* As it is, unless Go escapes it; returns how many bytes it took. */
static size_t
put_rune(struct buf *b, struct slice s)
{
	uint8_t c = s.data[0];
	size_t size = utf8_size(s);

	if (size == 0) {
		buf_put_text(b, "\\ufffd");
		return (1);
	}
	if (c == '"' || c == '\\') {
		buf_put_u8(b, '\\');
		buf_put_u8(b, c);
	} else if (c == '\n')
		buf_put_text(b, "\\n");
	else if (c == '\r')
		buf_put_text(b, "\\r");
	else if (c == '\t')
		buf_put_text(b, "\\t");
	else if (c < ' ' || c == '<' || c == '>' || c == '&')
		buf_printf(b, "\\u%04x", c);
	else if (size == 3 && c == 0xe2 && s.data[1] == 0x80 &&
		 (s.data[2] & 0xfe) == 0xa8) /* U+2028, U+2029 */
		buf_printf(b, "\\u202%x", s.data[2] & 0xf);
	else
		buf_put(b, s.data, size);
	return (size);
}

bool
json_is_utf8(struct slice s)
{
	while (s.size > 0) {
		size_t size = utf8_size(s);

		if (size == 0)
			return (false);
		s = slice_tail(s, size);
	}
	return (true);
}

void
json_put_utf8(struct buf *b, struct slice s)
{
	while (s.size > 0) {
		size_t size = utf8_size(s);

		if (size == 0)
			buf_put_text(b, "\357\277\275"); /* U+FFFD */
		else
			buf_put(b, s.data, size);
		s = slice_tail(s, size == 0 ? 1 : size);
	}
}

static bool
is_plain(uint8_t c)
{
	return (c >= ' ' && c < 0x80 && c != '"' && c != '\\' && c != '<' &&
		c != '>' && c != '&');
}

void
json_put_text(struct buf *b, struct slice s)
{
	buf_reserve(b, s.size + 2);
	buf_put_u8(b, '"');
	while (s.size > 0) {
		size_t plain = 0;

		while (plain < s.size && is_plain(s.data[plain]))
			plain++;
		buf_put(b, s.data, plain);
		s = slice_tail(s, plain);
		if (s.size > 0)
			s = slice_tail(s, put_rune(b, s));
	}
	buf_put_u8(b, '"');
}

/* The shortest digits that read back as the same number, with the exponent
 * only for the very small and very large, and not padded to two digits. */
void
json_put_float(struct buf *b, double value)
{
	double size = fabs(value);
	bool has_exponent = size != 0 && (size < 1e-6 || size >= 1e21);
	char text[400];
	int digits = 1;

	if (!isfinite(value)) {
		buf_put_text(b, "null"); /* JSON has no word for it */
		return;
	}
	do
		snprintf(text, sizeof(text), "%.*e", digits - 1, value);
	while (strtod(text, NULL) != value && digits++ < 17);
	if (has_exponent) {
		char *e = strchr(text, 'e');

		/* e-09 is e-9 in Go's JSON, and e+21 stays. */
		if (e[1] == '-' && e[2] == '0')
			memmove(e + 2, e + 3, strlen(e + 3) + 1);
	} else {
		int exponent = atoi(strchr(text, 'e') + 1);
		int decimals = digits - 1 - exponent;

		snprintf(text, sizeof(text), "%.*f",
		    decimals > 0 ? decimals : 0, value);
	}
	buf_put_text(b, text);
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
				    "qrstuvwxyz0123456789+/";

void
base64_encode(struct slice s, struct buf *b)
{
	uint8_t *out = buf_extend(b, (s.size + 2) / 3 * 4);

	for (size_t i = 0; i < s.size; i += 3) {
		size_t left = s.size - i;
		uint32_t bits = (uint32_t)s.data[i] << 16;

		if (left > 1)
			bits |= (uint32_t)s.data[i + 1] << 8;
		if (left > 2)
			bits |= s.data[i + 2];
		*out++ = base64_digits[bits >> 18];
		*out++ = base64_digits[bits >> 12 & 63];
		*out++ = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? base64_digits[bits & 63] : '=';
	}
}

static int
base64_value(uint8_t digit)
{
	const char *at = digit == '\0' ? NULL : strchr(base64_digits, digit);

	return (at == NULL ? -1 : (int)(at - base64_digits));
}

/* Four digits, of which `kept` stand for bytes; false if they do not. */
static bool
base64_group(const uint8_t *digits, size_t kept, struct buf *b)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < kept ? base64_value(digits[i]) : 0;

		if (value < 0)
			return (false);
		bits = bits << 6 | (uint32_t)value;
	}
	buf_put_u8(b, bits >> 16);
	if (kept > 2)
		buf_put_u8(b, bits >> 8 & 0xff);
	if (kept > 3)
		buf_put_u8(b, bits & 0xff);
	return (true);
}

/* Where the first byte stands that is no base64; for the error's text. */
static size_t
base64_bad_at(struct slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (base64_value(s.data[i]) < 0)
			return (i);
	return (s.size);
}

enum err
base64_decode_at(struct slice s, struct buf *b, size_t *bad_at)
{
	size_t start = b->size, i = 0;

	for (; i + 4 <= s.size; i += 4) {
		size_t kept = 4;

		if (i + 4 == s.size && s.data[i + 3] == '=')
			kept = s.data[i + 2] == '=' ? 2 : 3;
		if (!base64_group(s.data + i, kept, b))
			break;
	}
	if (i == s.size)
		return (ERR_OK);
	b->size = start;
	*bad_at = base64_bad_at(s);
	return (ERR_INVALID);
}

enum err
base64_decode(struct slice s, struct buf *b)
{
	size_t bad_at;

	return (base64_decode_at(s, b, &bad_at));
}

void
json_put_base64(struct buf *b, struct slice s)
{
	buf_put_u8(b, '"');
	base64_encode(s, b);
	buf_put_u8(b, '"');
}

static void
put_new_line(struct buf *b, unsigned blanks)
{
	buf_put_u8(b, '\n');
	for (unsigned i = 0; i < blanks; i++)
		buf_put_u8(b, ' ');
}

/* Size of the text in front of s, with its quotes. */
static size_t
text_size(struct slice s)
{
	size_t i = 1;

	while (i < s.size && s.data[i] != '"')
		i += s.data[i] == '\\' ? 2 : 1;
	return (i < s.size ? i + 1 : s.size);
}

static bool
is_empty_container(struct slice s)
{
	return (s.size > 1 && (s.data[0] == '{' || s.data[0] == '[') &&
		s.data[1] == s.data[0] + 2);
}

void
json_pretty(struct slice s, unsigned indent, struct buf *b)
{
	unsigned depth = 0;

	while (s.size > 0) {
		uint8_t c = s.data[0];
		size_t size = c == '"'		      ? text_size(s)
			      : is_empty_container(s) ? 2
						      : 1;

		if (size == 1 && (c == '}' || c == ']') && depth > 0)
			put_new_line(b, --depth * indent);
		buf_put(b, s.data, size);
		if (size == 1 && (c == '{' || c == '['))
			put_new_line(b, ++depth * indent);
		else if (c == ',')
			put_new_line(b, depth * indent);
		else if (c == ':')
			buf_put_u8(b, ' ');
		s = slice_tail(s, size);
	}
}
