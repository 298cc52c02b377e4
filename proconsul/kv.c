/* What the kv commands share; see kv.h. */
#include <string.h>

#include "json.h"
#include "kv.h"

const char *
kv_key_strip(const char *key)
{
	return (*key == '/' ? key + 1 : key);
}

enum err
kv_key_check(const char *key, struct buf *why)
{
	if (*key != '/')
		return (ERR_OK);
	buf_printf(why, "Invalid key. Key must not begin with a '/': %s", key);
	return (ERR_INVALID);
}

enum err
kv_write(struct client *client, const struct request *request, bool *is_written,
    struct buf *why)
{
	struct response response;
	enum err err;

	err = client_ask_ok(client, request, &response, why);
	if (err == ERR_OK)
		*is_written = slice_starts_with(response.body, SLICE("true"));
	return (err);
}

static bool
is_base64(uint8_t c)
{
	return ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		(c >= '0' && c <= '9') || c == '+' || c == '/');
}

/* The byte at which Go's decoder stops (encoding/base64, decodeQuantum), or
 * SIZE_MAX; *good is where the last whole group of four ends. */
static size_t
base64_fault(struct slice text, size_t *good)
{
	size_t at, in_group = 0, pads = 0;

	*good = 0;
	for (at = 0; at < text.size; at++) {
		if (text.data[at] == '\n' || text.data[at] == '\r')
			continue;
		if (pads > 0 && in_group == 0)
			return (at); /* something behind the end */
		if (text.data[at] == '=') {
			if (in_group < 2)
				return (at);
			pads++;
		} else if (pads > 0) {
			return (at - 1);
		} else if (!is_base64(text.data[at])) {
			return (at);
		}
		if (++in_group == 4) {
			in_group = 0;
			*good = at + 1;
		}
	}
	if (in_group == 0)
		return (SIZE_MAX);
	return (pads > 0 ? text.size : text.size - in_group);
}

enum err
kv_base64_decode(struct slice text, struct buf *out, struct buf *why)
{
	size_t good, i, fault = base64_fault(text, &good);
	struct buf digits = { 0 };
	enum err err;

	for (i = 0; i < good; i++) {
		if (text.data[i] != '\n' && text.data[i] != '\r')
			buf_put_u8(&digits, text.data[i]);
	}
	err = base64_decode(buf_slice(&digits), out);
	buf_deinit(&digits);
	if (err == ERR_OK && fault == SIZE_MAX)
		return (ERR_OK);
	buf_printf(why, "illegal base64 data at input byte %zu",
	    fault == SIZE_MAX ? 0 : fault);
	return (ERR_INVALID);
}
