/* URL escapes; see url.h. */
#include <string.h>

#include "url.h"

static void
put_escaped(struct buf *out, struct slice text, const char *kept)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-_.~";
	uint8_t c;
	size_t i;

	for (i = 0; i < text.size; i++) {
		c = text.data[i];
		if (c != '\0' &&
		    (strchr(alphabet, c) != NULL || strchr(kept, c) != NULL))
			buf_put_u8(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void
url_put_path(struct buf *out, struct slice path)
{
	put_escaped(out, path, "$&+,/:;=@");
}

void
url_put_query(struct buf *out, struct slice text)
{
	struct slice word;
	size_t end;

	/* A blank is a plus here. */
	while ((end = slice_find(text, ' ', 0)) != SIZE_MAX) {
		word = slice_head(text, end);
		put_escaped(out, word, "");
		buf_put_u8(out, '+');
		text = slice_tail(text, end + 1);
	}
	put_escaped(out, text, "");
}

void
url_put_host(struct buf *out, struct slice host)
{
	put_escaped(out, host, "!$&'()*+,;=:[]<>\"");
}
