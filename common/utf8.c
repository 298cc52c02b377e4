/* Characters of UTF-8; see utf8.h. */
#include "utf8.h"

static bool
is_surrogate(int32_t rune)
{
	return (rune >= 0xd800 && rune <= 0xdfff);
}

/* By its first byte: the least that may be written so, what the byte adds, and
 * how long it is. */
static const struct lead {
	int32_t least;
	uint8_t mask, bits;
	uint8_t width;
} leads[] = {
	{ 0, 0x80, 0x00, 1 },
	{ 0x80, 0xe0, 0xc0, 2 },
	{ 0x800, 0xf0, 0xe0, 3 },
	{ 0x10000, 0xf8, 0xf0, 4 },
};

int32_t
utf8_decode(struct slice text, size_t *width)
{
	const struct lead *lead = leads;
	int32_t rune;

	*width = text.size > 0 ? 1 : 0;
	if (text.size == 0)
		return (UTF8_ERROR);
	while (lead < leads + 4 && (text.data[0] & lead->mask) != lead->bits)
		lead++;
	if (lead == leads + 4 || lead->width > text.size)
		return (UTF8_ERROR);
	rune = text.data[0] & (uint8_t)~lead->mask;
	for (size_t i = 1; i < lead->width; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return (UTF8_ERROR);
		rune = rune << 6 | (text.data[i] & 0x3f);
	}
	if (rune < lead->least || rune > UTF8_MAX || is_surrogate(rune))
		return (UTF8_ERROR);
	*width = lead->width;
	return (rune);
}

size_t
utf8_find_unsafe(struct slice text, size_t at)
{
	size_t width;

	for (; at < text.size; at += width) {
		int32_t rune = utf8_decode(slice_tail(text, at), &width);

		if (rune < ' ' || (rune >= 0x7f && rune < 0xa0) ||
		    (rune == UTF8_ERROR && width == 1))
			return (at);
	}
	return (SIZE_MAX);
}

void
utf8_hide_unsafe(void *text, size_t size, char instead)
{
	char *bytes = text;
	size_t at = 0;

	while ((at = utf8_find_unsafe(slice(text, size), at)) != SIZE_MAX)
		bytes[at++] = instead;
}

void
utf8_put(struct buf *out, int32_t rune)
{
	size_t more;

	if (rune < 0 || rune > UTF8_MAX || is_surrogate(rune))
		rune = UTF8_ERROR;
	if (rune < 0x80) {
		buf_put_u8(out, (uint8_t)rune);
		return;
	}
	more = rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
	buf_put_u8(out, (uint8_t)(leads[more].bits | rune >> (6 * more)));
	while (more-- > 0)
		buf_put_u8(out, (uint8_t)(0x80 | (rune >> (6 * more) & 0x3f)));
}
