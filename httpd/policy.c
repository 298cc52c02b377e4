/* Configuration of serving; see policy.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "log.h"
#include "policy.h"

struct network {
	uint8_t address[16];
	size_t size; /* of the address: 4 or 16 */
	unsigned bits;
};

/* Go's canonical form: "x-frame-options" is "X-Frame-Options". */
static void
put_canonical(struct buf *out, struct slice name)
{
	bool is_first = true;

	for (size_t i = 0; i < name.size; i++) {
		int c = name.data[i];

		buf_put_u8(out, (uint8_t)(is_first ? toupper(c) : tolower(c)));
		is_first = c == '-';
	}
}

static int
pair_compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (slice_compare(x->key, y->key));
}

/* A line break in a value would be a header more than was meant. */
static bool
is_one_line(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < 0x20 && text.data[i] != '\t')
			return (false);
	return (true);
}

static void
headers_make(struct policy *p, const struct config *config)
{
	const struct pair_list *given =
	    &config->keys.http_config.response_headers;
	struct pair *sorted =
	    arena_array(&p->arena, given->count + 1, sizeof(*sorted));
	struct buf out = { 0 };

	if (given->count > 0)
		memcpy(sorted, given->items, given->count * sizeof(*sorted));
	qsort(sorted, given->count, sizeof(*sorted), pair_compare);
	for (size_t i = 0; i < given->count; i++) {
		if (!is_one_line(sorted[i].key) ||
		    !is_one_line(sorted[i].value))
			fatal("http_config.response_headers: a line break in "
			      "\"%.*s\"",
			    SLICE_ARGS(sorted[i].key));
		put_canonical(&out, sorted[i].key);
		buf_put_text(&out, ": ");
		buf_put_slice(&out, sorted[i].value);
		buf_put_text(&out, "\r\n");
	}
	p->ui_headers = arena_copy(&p->arena, buf_slice(&out));
	if (config->keys.translate_wan_addrs)
		buf_put_text(&out, "X-Consul-Translate-Addresses: true\r\n");
	p->api_headers = arena_copy(&p->arena, buf_slice(&out));
	buf_deinit(&out);
}

static struct slice_list
texts_copy(struct arena *arena, const struct slice_list *from)
{
	struct slice_list to = { .count = from->count };

	to.items = arena_array(arena, from->count + 1, sizeof(*to.items));
	for (size_t i = 0; i < from->count; i++)
		to.items[i] = arena_copy(arena, from->items[i]);
	return (to);
}

/* "10.0.0.0/8", "::1/128". */
static bool
network_parse(struct arena *arena, struct slice text, struct network *out)
{
	char *address = arena_text(arena, text);
	char *slash = strchr(address, '/');
	char *end;
	unsigned long bits;

	if (slash == NULL)
		return (false);
	*slash = '\0';
	bits = strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || *end != '\0')
		return (false);
	if (inet_pton(AF_INET, address, out->address) == 1)
		out->size = 4;
	else if (inet_pton(AF_INET6, address, out->address) == 1)
		out->size = 16;
	else
		return (false);
	out->bits = (unsigned)bits;
	return (bits <= out->size * 8);
}

static void
writers_make(struct policy *p, const struct config *config)
{
	const struct slice_list *given =
	    &config->keys.http_config.allow_write_http_from;

	p->writers =
	    arena_array(&p->arena, given->count + 1, sizeof(*p->writers));
	for (size_t i = 0; i < given->count; i++)
		if (!network_parse(&p->arena, given->items[i],
			&p->writers[p->writer_count++]))
			fatal("allow_write_http_from: invalid CIDR address: "
			      "%.*s",
			    SLICE_ARGS(given->items[i]));
}

void
policy_init(struct policy *p, const struct config *config)
{
	const struct config_keys *keys = &config->keys;

	*p = (struct policy){ .kv_value_max = keys->limits.kv_max_value_size,
		.txn_max = keys->limits.txn_max_req_len,
		.txn_ops_max = keys->limits.txn_max_ops,
		.wait_default = keys->default_query_time,
		.wait_max = keys->max_query_time,
		.discovery_max_stale = keys->discovery_max_stale,
		.has_cache = keys->http_config.use_cache,
		.refuses_unprintable =
		    !keys->disable_http_unprintable_char_filter };
	arena_init(&p->arena);
	p->connections_max = (unsigned)keys->limits.http_max_conns_per_client;
	/* The larger of the two, says Consul. */
	if (p->txn_max < p->kv_value_max)
		p->txn_max = p->kv_value_max;
	p->body_max = p->txn_max;
	p->ui_path =
	    arena_copy(&p->arena, slice_of_text(config->ui_content_path));
	p->ui_dir = arena_copy(&p->arena, keys->ui_dir);
	p->blocked = texts_copy(&p->arena, &keys->http_config.block_endpoints);
	headers_make(p, config);
	writers_make(p, config);
}

void
policy_deinit(struct policy *p)
{
	arena_deinit(&p->arena);
}

bool
policy_blocks(const struct policy *p, struct slice path)
{
	for (size_t i = 0; i < p->blocked.count; i++)
		if (slice_starts_with(path, p->blocked.items[i]))
			return (true);
	return (false);
}

static bool
network_has(const struct network *n, struct slice address)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (address.size != n->size ||
	    memcmp(address.data, n->address, whole) != 0)
		return (false);
	return (rest == 0 ||
		(address.data[whole] ^ n->address[whole]) >> (8 - rest) == 0);
}

bool
policy_lets_write(const struct policy *p, struct slice address)
{
	for (size_t i = 0; i < p->writer_count; i++)
		if (network_has(&p->writers[i], address))
			return (true);
	return (p->writer_count == 0);
}
