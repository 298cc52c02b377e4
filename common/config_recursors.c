/* Recursors of the configuration; see config_recursors.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "config.h"
#include "config_recursors.h"
#include "config_template.h"

#define PORT_DEFAULT 53
#define PORT_MAX     65535

#define INVALID "Invalid recursor address: "

/* Go's net.LookupPort, which knows all of /etc/services. */
static enum err
port_read(struct slice text, uint16_t *port, struct buf *why)
{
	unsigned value = 0;
	size_t i;

	if (slice_is(text, "domain")) {
		*port = PORT_DEFAULT;
		return (ERR_OK);
	}
	for (i = 0; i < text.size; i++) {
		if (!isdigit(text.data[i])) {
			buf_printf(why,
			    INVALID "address tcp/%.*s: unknown port",
			    SLICE_ARGS(text));
			return (ERR_INVALID);
		}
		if (value <= PORT_MAX)
			value = value * 10 + (text.data[i] - '0');
	}
	if (value > PORT_MAX) {
		buf_printf(why, INVALID "address %.*s: invalid port",
		    SLICE_ARGS(text));
		return (ERR_INVALID);
	}
	*port = (uint16_t)value;
	return (ERR_OK);
}

static bool
is_ipv6(struct slice text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr ignored;

	if (text.size >= sizeof(copy))
		return (false);
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return (inet_pton(AF_INET6, copy, &ignored) == 1);
}

static enum err
refuse(struct buf *why, struct slice text, const char *mistake)
{
	buf_printf(why, INVALID "address %.*s: %s", SLICE_ARGS(text), mistake);
	return (ERR_INVALID);
}

/* Go's net.SplitHostPort; an IPv6 address needs no brackets without a port. */
static enum err
split(
    struct slice text, struct slice *host, struct slice *port, struct buf *why)
{
	size_t colon = slice_find(text, ':', 0);

	*port = SLICE("53");
	*host = text;
	if (text.data[0] == '[') {
		size_t end = slice_find(text, ']', 0);

		if (end == SIZE_MAX)
			return (refuse(why, text, "missing ']' in address"));
		*host = slice(text.data + 1, end - 1);
		if (end + 1 == text.size)
			return (ERR_OK);
		if (text.data[end + 1] != ':')
			return (refuse(why, text, "missing port in address"));
		*port = slice_tail(text, end + 2);
		return (ERR_OK);
	}
	if (colon == SIZE_MAX || is_ipv6(text))
		return (ERR_OK);
	if (slice_find(text, ':', colon + 1) != SIZE_MAX)
		return (refuse(why, text, "too many colons in address"));
	*host = slice_head(text, colon);
	*port = slice_tail(text, colon + 1);
	return (ERR_OK);
}

static enum err
recursor_add(struct arena *arena, struct slice text,
    struct config_recursors *out, struct buf *why)
{
	struct config_recursor r;
	struct slice host, port;
	enum err err;
	size_t i;

	if (slice_starts_with(text, SLICE("unix://"))) {
		buf_printf(why, "DNS Recursors cannot be unix sockets: %.*s",
		    SLICE_ARGS(text));
		return (ERR_INVALID);
	}
	err = split(text, &host, &port, why);
	if (err == ERR_OK)
		err = port_read(port, &r.port, why);
	if (err != ERR_OK)
		return (err);
	for (i = 0; i < out->count; i++) {
		if (out->items[i].port == r.port &&
		    slice_is(host, out->items[i].host))
			return (ERR_OK);
	}
	if (out->count == CONFIG_RECURSORS_MAX) {
		buf_printf(
		    why, "recursors: more than %d", CONFIG_RECURSORS_MAX);
		return (ERR_INVALID);
	}
	r.host = arena_text(arena, host);
	out->items[out->count++] = r;
	return (ERR_OK);
}

/* Words, each an address. */
static enum err
words_add(struct arena *arena, struct slice text, struct config_recursors *out,
    struct buf *why)
{
	size_t at = 0, start;
	enum err err = ERR_OK;

	while (at < text.size && err == ERR_OK) {
		if (isspace(text.data[at])) {
			at++;
			continue;
		}
		start = at;
		while (at < text.size && !isspace(text.data[at]))
			at++;
		err = recursor_add(
		    arena, slice(text.data + start, at - start), out, why);
	}
	return (err);
}

enum err
config_recursors_read(const struct config *c, struct arena *arena,
    struct config_recursors *out, struct buf *why)
{
	const struct slice_list *list = &c->keys.recursors;
	struct buf expanded = { 0 }, reason = { 0 };
	enum err err = ERR_OK;
	size_t i;

	out->count = 0;
	for (i = 0; i < list->count && err == ERR_OK; i++) {
		buf_reset(&expanded);
		err =
		    config_template_expand(list->items[i], &expanded, &reason);
		if (err != ERR_OK)
			buf_printf(why,
			    "Invalid DNS recursor template \"%.*s\": %s",
			    SLICE_ARGS(list->items[i]), buf_text(&reason));
		else
			err = words_add(arena, buf_slice(&expanded), out, why);
	}
	buf_deinit(&expanded);
	buf_deinit(&reason);
	return (err);
}
