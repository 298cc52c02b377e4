/* Paths and their escapes; see uri.h. */
#include <string.h>

#include "uri.h"

static unsigned
hex_value(uint8_t c)
{
	return (c <= '9' ? c - (unsigned)'0' : (c | 0x20U) - 'a' + 10U);
}

static bool
is_hex(uint8_t c)
{
	return (
	    (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'));
}

/* `plus` becomes a blank; '%' itself means that none does. */
static bool
decode(struct slice in, uint8_t plus, struct arena *arena, struct slice *out)
{
	uint8_t *data;
	size_t size = 0;

	if (slice_find(in, '%', 0) == SIZE_MAX &&
	    slice_find(in, plus, 0) == SIZE_MAX) {
		*out = in;
		return (true);
	}
	data = arena_alloc(arena, in.size);
	for (size_t i = 0; i < in.size; i++) {
		uint8_t c = in.data[i];

		if (c == '%') {
			if (i + 2 >= in.size || !is_hex(in.data[i + 1]) ||
			    !is_hex(in.data[i + 2]))
				return (false);
			c = (uint8_t)(hex_value(in.data[i + 1]) << 4 |
				      hex_value(in.data[i + 2]));
			i += 2;
		} else if (c == plus)
			c = ' ';
		data[size++] = c;
	}
	*out = slice(data, size);
	return (true);
}

struct slice
uri_path_decode(struct slice path, struct arena *arena)
{
	struct slice out = { 0 };

	return (decode(path, '%', arena, &out) ? out : path);
}

bool
uri_query_decode(struct slice in, struct arena *arena, struct slice *out)
{
	return (decode(in, '+', arena, out));
}

/* Ranges that Go's unicode.IsPrint refuses: blanks but the ASCII one, format
 * characters, private use, noncharacters. */
static bool
is_printable_rune(uint32_t rune)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = { { 0, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad },
		{ 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f }, { 0x1680, 0x1680 }, { 0x180e, 0x180e },
		{ 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
		{ 0x3000, 0x3000 }, { 0xd800, 0xf8ff }, { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0xe00ff },
		{ 0xf0000, 0x10ffff } };

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (rune >= hidden[i].first && rune <= hidden[i].last)
			return (false);
	return (true);
}

/* One character of UTF-8 at the front; what is invalid is one byte, U+FFFD. */
static size_t
rune_read(struct slice s, uint32_t *rune)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = s.data[0];
	size_t size = lead < 0x80   ? 1
		      : lead < 0xc0 ? 0
		      : lead < 0xe0 ? 2
		      : lead < 0xf0 ? 3
		      : lead < 0xf8 ? 4
				    : 0;
	uint32_t value = size == 1 ? lead : lead & (0xffU >> (size + 1));

	*rune = 0xfffd;
	if (size == 0 || size > s.size)
		return (1);
	for (size_t i = 1; i < size; i++) {
		if ((s.data[i] & 0xc0) != 0x80)
			return (1);
		value = value << 6 | (s.data[i] & 0x3fU);
	}
	if (value < least[size] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return (1);
	*rune = value;
	return (size);
}

bool
uri_is_printable(struct slice path)
{
	while (path.size > 0) {
		uint32_t rune;
		size_t size;

		if (path.data[0] >= 0x20 && path.data[0] < 0x7f) {
			path = slice_tail(path, 1);
			continue;
		}
		size = rune_read(path, &rune);
		if (!is_printable_rune(rune))
			return (false);
		path = slice_tail(path, size);
	}
	return (true);
}

static bool
is_clean(struct slice path)
{
	if (path.size == 0 || path.data[0] != '/')
		return (false);
	for (size_t i = 1; i < path.size; i++) {
		size_t at = i;

		if (path.data[i - 1] != '/')
			continue;
		if (path.data[at] == '/')
			return (false);
		while (at < path.size && at < i + 2 && path.data[at] == '.')
			at++;
		if (at > i && (at == path.size || path.data[at] == '/'))
			return (false);
	}
	return (true);
}

/* Drop the last part of what was written: "/a/b" becomes "/a". */
static size_t
part_drop(const uint8_t *data, size_t size)
{
	while (size > 0 && data[--size] != '/')
		;
	return (size);
}

struct slice
uri_path_clean(struct slice path, struct arena *arena)
{
	uint8_t *data;
	size_t size = 0, at = 0;

	if (is_clean(path))
		return (path);
	data = arena_alloc(arena, path.size + 2);
	while (at < path.size) {
		struct slice part = slice_tail(path, at);
		size_t end = slice_find(part, '/', 0);

		if (end != SIZE_MAX)
			part.size = end;
		at += part.size + 1;
		if (part.size == 0 || slice_is(part, "."))
			continue;
		if (slice_is(part, "..")) {
			size = part_drop(data, size);
			continue;
		}
		data[size++] = '/';
		memcpy(data + size, part.data, part.size);
		size += part.size;
	}
	/* A slash at the end stays. */
	if (size == 0 || (path.size > 0 && path.data[path.size - 1] == '/'))
		data[size++] = '/';
	return (slice(data, size));
}

static void
encode(struct slice text, const char *kept, bool blank_is_plus, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		bool is_kept = (c >= '0' && c <= '9') ||
			       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			       (c != 0 && strchr(kept, c) != NULL);

		if (is_kept)
			buf_put_u8(out, c);
		else if (c == ' ' && blank_is_plus)
			buf_put_u8(out, '+');
		else {
			buf_put_u8(out, '%');
			buf_put_u8(out, (uint8_t)digits[c >> 4]);
			buf_put_u8(out, (uint8_t)digits[c & 15]);
		}
	}
}

void
uri_path_encode(struct slice path, struct buf *out)
{
	encode(path, "-_.~$&+,/:;=@", false, out);
}

void
uri_query_encode(struct slice text, struct buf *out)
{
	encode(text, "-_.~", true, out);
}

void
uri_html_escape(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.size; i++)
		switch (text.data[i]) {
		case '<':
			buf_put_text(out, "&lt;");
			break;
		case '>':
			buf_put_text(out, "&gt;");
			break;
		case '&':
			buf_put_text(out, "&amp;");
			break;
		case '"':
			buf_put_text(out, "&#34;");
			break;
		case '\'':
			buf_put_text(out, "&#39;");
			break;
		default:
			buf_put_u8(out, text.data[i]);
		}
}
