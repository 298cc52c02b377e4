/*
 * Rows: building and counting them; see row.h.
 *
 * A row is packed twice by the same function: once to measure, once to fill.
 */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "row.h"
#include "xmalloc.h"

#define ALIGNMENT 8

struct packer {
	uint8_t *base; /* of the row; NULL while only measuring */
	size_t size;
};

typedef void pack_fn(struct packer *, void *row);

struct layout {
	enum table table;
	size_t size; /* of the struct */
	uint8_t link_count;
	pack_fn *pack;
};

/* Any row's struct, to measure with. */
union any_row {
	struct row row;
	struct node_row node;
	struct service_row service;
	struct check_row check;
	struct kv_row kv;
	struct tombstone_row tombstone;
	struct session_row session;
	struct coordinate_row coordinate;
	struct query_row query;
	struct autopilot_row autopilot;
	struct index_row index;
	struct kept_row kept;
};

/* --- Packing. --- */

/* Where the next `size` bytes go, or NULL while measuring. */
static void *
room(struct packer *p, size_t size, size_t alignment)
{
	size_t at = (p->size + alignment - 1) & ~(alignment - 1);

	p->size = at + size;
	return (p->base == NULL ? NULL : p->base + at);
}

static void
pack_slice(struct packer *p, struct slice *text)
{
	uint8_t *to = room(p, text->size, 1);

	if (to == NULL)
		return;
	if (text->size > 0)
		memcpy(to, text->data, text->size);
	if (text->data != NULL)
		text->data = to;
}

/* An array with its elements as they are; what they lend is packed after. */
static void *
pack_items(struct packer *p, void *items, size_t count, size_t size)
{
	void *to;

	if (items == NULL)
		return (NULL);
	to = room(p, count * size, ALIGNMENT);
	if (to == NULL)
		return (items);
	if (count > 0)
		memcpy(to, items, count * size);
	return (to);
}

static void
pack_texts(struct packer *p, struct slice_list *list)
{
	struct slice *items =
	    pack_items(p, list->items, list->count, sizeof(*items));

	for (size_t i = 0; i < list->count; i++) {
		struct slice item = items[i];

		pack_slice(p, &item);
		if (p->base != NULL)
			items[i] = item;
	}
	list->items = items;
}

/* By the key, which pairs and entries have first. */
static int
entry_compare(const void *a, const void *b)
{
	const struct slice *left = a, *right = b;

	return (slice_compare(*left, *right));
}

static void
pack_pairs(struct packer *p, struct pair_list *list)
{
	struct pair *items =
	    pack_items(p, list->items, list->count, sizeof(*items));

	for (size_t i = 0; i < list->count; i++) {
		struct pair item = items[i];

		pack_slice(p, &item.key);
		pack_slice(p, &item.value);
		if (p->base != NULL)
			items[i] = item;
	}
	if (p->base != NULL && list->count > 1)
		qsort(items, list->count, sizeof(*items), entry_compare);
	list->items = items;
}

static void
pack_addresses(struct packer *p, struct service_row *s)
{
	struct service_address_entry *items =
	    pack_items(p, s->addresses, s->address_count, sizeof(*items));

	for (size_t i = 0; i < s->address_count; i++) {
		struct service_address_entry item = items[i];

		pack_slice(p, &item.key);
		pack_slice(p, &item.value.address);
		if (p->base != NULL)
			items[i] = item;
	}
	if (p->base != NULL && s->address_count > 1)
		qsort(items, s->address_count, sizeof(*items), entry_compare);
	s->addresses = items;
}

/* A NUL in a name would end it: 0 and 1 are written as 1 1 and 1 2, which
 * keeps names apart, and in their order. */
#define KEY_ESCAPE 0x01

static size_t
key_size(const struct slice *names, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		size += names[i].size + 1;
		for (size_t at = 0; at < names[i].size; at++)
			size += names[i].data[at] <= KEY_ESCAPE;
	}
	return (size);
}

static uint8_t *
key_write(uint8_t *to, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0; at < names[i].size; at++) {
			uint8_t c = names[i].data[at];

			if (c <= KEY_ESCAPE) {
				*to++ = KEY_ESCAPE;
				c++;
			}
			*to++ = (uint8_t)tolower(c);
		}
		*to++ = '\0';
	}
	return (to);
}

/* Names, and behind them bytes as they are. */
static void
pack_key(struct packer *p, struct link *link, const struct slice *names,
    size_t count, struct slice bytes)
{
	size_t size = key_size(names, count) + bytes.size;
	uint8_t *to = room(p, size, 1);

	if (to == NULL)
		return;
	link->key = slice(to, size);
	to = key_write(to, names, count);
	if (bytes.size > 0)
		memcpy(to, bytes.data, bytes.size);
}

#define PACK_KEY(p, link, ...)                                   \
	pack_key(p, link, (const struct slice[]){ __VA_ARGS__ }, \
	    sizeof((const struct slice[]){ __VA_ARGS__ }) /      \
		sizeof(struct slice),                            \
	    slice(NULL, 0))

/* Raw bytes as a key. */
static void
pack_bytes_key(struct packer *p, struct link *link, struct slice bytes)
{
	pack_slice(p, &bytes);
	if (p->base != NULL)
		link->key = bytes;
}

static struct row *
row_new(const struct layout *layout, const void *from)
{
	struct link scratch[ROW_LINKS_MAX];
	union any_row measured;
	size_t head = layout->size + layout->link_count * sizeof(struct link);
	struct packer p = { .size = head };
	struct row *row;

	assert(layout->size % ALIGNMENT == 0);
	memcpy(&measured, from, layout->size);
	measured.row.links = scratch;
	measured.row.link_count = layout->link_count;
	layout->pack(&p, &measured);

	row = xmalloc(p.size);
	memset(row, 0, head);
	memcpy(row, from, layout->size);
	row->links = (void *)((uint8_t *)row + layout->size);
	row->references = 1;
	row->table = (uint8_t)layout->table;
	row->link_count = layout->link_count;
	for (size_t i = 0; i < row->link_count; i++)
		row->links[i].row = row;
	p = (struct packer){ .base = (uint8_t *)row, .size = head };
	layout->pack(&p, row);
	return (row);
}

struct row *
row_keep(struct row *row)
{
	row->references++;
	return (row);
}

void
row_drop(struct row *row)
{
	if (row == NULL)
		return;
	assert(row->references > 0);
	if (--row->references == 0)
		free(row);
}

/* --- One function a table. --- */

static void
pack_node(struct packer *p, void *row)
{
	struct node *n = &((struct node_row *)row)->node;
	struct link *links = ((struct row *)row)->links;
	uint8_t uuid[UUID_SIZE];

	pack_slice(p, &n->address);
	pack_slice(p, &n->datacenter);
	pack_slice(p, &n->id);
	pack_slice(p, &n->node);
	pack_pairs(p, &n->meta);
	pack_pairs(p, &n->tagged_addresses);
	PACK_KEY(p, &links[0], n->node);
	if (uuid_parse(n->id, uuid, NULL) == ERR_OK)
		pack_bytes_key(p, &links[1], slice(uuid, UUID_SIZE));
}

struct row *
row_of_node(const struct node *node)
{
	static const struct layout layout = { TABLE_NODES,
		sizeof(struct node_row), 2, pack_node };
	struct node_row row = { .node = *node };

	return (row_new(&layout, &row));
}

static void
pack_service(struct packer *p, void *row)
{
	struct service_row *s = row;

	pack_slice(p, &s->node);
	pack_slice(p, &s->id);
	pack_slice(p, &s->name);
	pack_slice(p, &s->kind);
	pack_slice(p, &s->address);
	pack_slice(p, &s->proxy);
	pack_slice(p, &s->connect);
	pack_texts(p, &s->tags);
	pack_pairs(p, &s->meta);
	pack_addresses(p, s);
	PACK_KEY(p, &s->row.links[0], s->node, s->id);
	PACK_KEY(p, &s->row.links[1], s->name, s->node, s->id);
}

struct row *
row_of_service(const struct service_row *service)
{
	static const struct layout layout = { TABLE_SERVICES,
		sizeof(struct service_row), 2, pack_service };

	return (row_new(&layout, service));
}

static void
pack_check(struct packer *p, void *row)
{
	struct check_row *c = row;

	pack_slice(p, &c->node);
	pack_slice(p, &c->id);
	pack_slice(p, &c->name);
	pack_slice(p, &c->status);
	pack_slice(p, &c->notes);
	pack_slice(p, &c->output);
	pack_slice(p, &c->service_id);
	pack_slice(p, &c->service_name);
	pack_slice(p, &c->type);
	pack_slice(p, &c->definition);
	pack_texts(p, &c->service_tags);
	PACK_KEY(p, &c->row.links[0], c->node, c->id);
	PACK_KEY(p, &c->row.links[1], c->node, c->service_id, c->id);
	PACK_KEY(p, &c->row.links[2], c->service_name, c->node, c->id);
}

struct row *
row_of_check(const struct check_row *check)
{
	static const struct layout layout = { TABLE_CHECKS,
		sizeof(struct check_row), 3, pack_check };

	return (row_new(&layout, check));
}

static void
pack_kv(struct packer *p, void *row)
{
	struct dir_entry *e = &((struct kv_row *)row)->entry;
	struct link *links = ((struct row *)row)->links;

	pack_slice(p, &e->key);
	pack_slice(p, &e->value);
	pack_slice(p, &e->session);
	links[0].key = e->key;
	if (((struct row *)row)->link_count > 1)
		pack_key(p, &links[1], &e->session, 1, e->key);
}

/* Only the few keys that are locked pay for the order by session. */
struct row *
row_of_kv(const struct dir_entry *entry)
{
	const struct layout layout = { TABLE_KV, sizeof(struct kv_row),
		entry->session.size > 0 ? 2 : 1, pack_kv };
	struct kv_row row = { .entry = *entry };

	assert(entry->key.size > 0);
	return (row_new(&layout, &row));
}

static void
pack_tombstone(struct packer *p, void *row)
{
	struct tombstone_row *t = row;

	pack_slice(p, &t->key);
	t->row.links[0].key = t->key;
}

struct row *
row_of_tombstone(struct slice key, uint64_t index)
{
	static const struct layout layout = { TABLE_TOMBSTONES,
		sizeof(struct tombstone_row), 1, pack_tombstone };
	struct tombstone_row row = { .key = key, .index = index };

	assert(key.size > 0);
	return (row_new(&layout, &row));
}

static void
pack_session(struct packer *p, void *row)
{
	struct session *s = &((struct session_row *)row)->session;
	struct link *links = ((struct row *)row)->links;
	uint8_t uuid[UUID_SIZE];
	enum err err = uuid_parse(s->id, uuid, NULL);

	assert(err == ERR_OK);
	pack_slice(p, &s->behavior);
	pack_slice(p, &s->id);
	pack_slice(p, &s->name);
	pack_slice(p, &s->node);
	pack_slice(p, &s->ttl);
	pack_texts(p, &s->checks);
	pack_texts(p, &s->node_checks);
	s->service_checks.items = pack_items(p, s->service_checks.items,
	    s->service_checks.count, sizeof(*s->service_checks.items));
	for (size_t i = 0; i < s->service_checks.count; i++) {
		struct service_check check = s->service_checks.items[i];

		pack_slice(p, &check.id);
		pack_slice(p, &check.namespace);
		if (p->base != NULL)
			s->service_checks.items[i] = check;
	}
	pack_bytes_key(p, &links[0], slice(uuid, UUID_SIZE));
	PACK_KEY(p, &links[1], s->node, s->id);
}

/* The id is a UUID: whoever calls has looked. */
struct row *
row_of_session(const struct session *session)
{
	static const struct layout layout = { TABLE_SESSIONS,
		sizeof(struct session_row), 2, pack_session };
	struct session_row row = { .session = *session };

	return (row_new(&layout, &row));
}

static void
pack_coordinate(struct packer *p, void *row)
{
	struct coordinate_row *c = row;

	pack_slice(p, &c->node);
	pack_slice(p, &c->segment);
	pack_slice(p, &c->coord);
	PACK_KEY(p, &c->row.links[0], c->node, c->segment);
}

struct row *
row_of_coordinate(const struct coordinate_row *coordinate)
{
	static const struct layout layout = { TABLE_COORDINATES,
		sizeof(struct coordinate_row), 1, pack_coordinate };

	return (row_new(&layout, coordinate));
}

/* Names, and the prefixes of templates, are found in any case. Both begin with
 * a NUL, so that there can be an empty one. */
static struct slice
pack_query_name(struct packer *p, struct slice name)
{
	uint8_t *to = room(p, name.size + 1, 1);

	if (to == NULL)
		return (slice(NULL, 0));
	to[0] = '\0';
	for (size_t i = 0; i < name.size; i++)
		to[i + 1] = (uint8_t)tolower(name.data[i]);
	return (slice(to, name.size + 1));
}

static void
pack_query(struct packer *p, void *row)
{
	struct prepared_query *q = &((struct query_row *)row)->query;
	struct link *links = ((struct row *)row)->links;
	uint8_t uuid[UUID_SIZE];
	enum err err = uuid_parse(q->id, uuid, NULL);

	assert(err == ERR_OK);
	pack_slice(p, &q->id);
	pack_slice(p, &q->name);
	pack_slice(p, &q->session);
	pack_slice(p, &q->token);
	pack_slice(p, &q->template.type);
	pack_slice(p, &q->template.regexp);
	pack_slice(p, &q->service.service);
	pack_texts(p, &q->service.failover.datacenters);
	pack_texts(p, &q->service.ignore_check_ids);
	pack_slice(p, &q->service.near);
	pack_texts(p, &q->service.tags);
	pack_pairs(p, &q->service.node_meta);
	pack_pairs(p, &q->service.service_meta);
	pack_slice(p, &q->dns.ttl);
	pack_bytes_key(p, &links[0], slice(uuid, UUID_SIZE));
	if (q->name.size > 0)
		links[1].key = pack_query_name(p, q->name);
	if (q->template.type.size > 0)
		links[2].key = pack_query_name(p, q->name);
	if (q->session.size > 0)
		PACK_KEY(p, &links[3], q->session, q->id);
}

/* The id is a UUID: whoever calls has looked. */
struct row *
row_of_query(const struct prepared_query *query)
{
	static const struct layout layout = { TABLE_QUERIES,
		sizeof(struct query_row), 4, pack_query };
	struct query_row row = { .query = *query };

	return (row_new(&layout, &row));
}

static void
pack_autopilot(struct packer *p, void *row)
{
	struct autopilot_row *a = row;

	pack_slice(p, &a->config.redundancy_zone_tag);
	pack_slice(p, &a->config.upgrade_version_tag);
	PACK_KEY(p, &a->row.links[0], SLICE(""));
}

struct row *
row_of_autopilot(const struct autopilot_config *config)
{
	static const struct layout layout = { TABLE_AUTOPILOT,
		sizeof(struct autopilot_row), 1, pack_autopilot };
	struct autopilot_row row = { .config = *config };

	return (row_new(&layout, &row));
}

static void
pack_index(struct packer *p, void *row)
{
	struct index_row *i = row;

	pack_slice(p, &i->name);
	PACK_KEY(p, &i->row.links[0], i->name);
}

struct row *
row_of_index(struct slice name, uint64_t value)
{
	static const struct layout layout = { TABLE_INDEXES,
		sizeof(struct index_row), 1, pack_index };
	struct index_row row = { .name = name, .value = value };

	return (row_new(&layout, &row));
}

static void
pack_kept(struct packer *p, void *row)
{
	struct kept_row *k = row;
	uint8_t number[sizeof(k->number)];

	for (size_t i = 0; i < sizeof(number); i++)
		number[i] = (uint8_t)(k->number >> (56 - 8 * i));
	pack_slice(p, &k->record);
	pack_bytes_key(p, &k->row.links[0], slice(number, sizeof(number)));
}

struct row *
row_of_kept(uint64_t number, struct slice record)
{
	static const struct layout layout = { TABLE_KEPT,
		sizeof(struct kept_row), 1, pack_kept };
	struct kept_row row = { .number = number, .record = record };

	assert(record.size > 0);
	return (row_new(&layout, &row));
}

/* --- Keys and comparisons. --- */

void
key_put(struct buf *key, struct slice name)
{
	size_t size = key_size(&name, 1);

	key_write(buf_extend(key, size), &name, 1);
}

struct slice
key_of(struct arena *arena, const struct slice *names, size_t count)
{
	size_t size = key_size(names, count);
	uint8_t *to = arena_alloc(arena, size);

	key_write(to, names, count);
	return (slice(to, size));
}

static enum err
uuid_wrong(struct buf *why, const char *text)
{
	if (why != NULL)
		buf_printf(why, "index error: %s", text);
	return (ERR_INVALID);
}

int
uuid_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

static enum err
uuid_digit_wrong(struct buf *why, uint8_t c)
{
	if (why != NULL)
		buf_printf(why,
		    isgraph(c) ? "index error: Invalid UUID: encoding/hex: "
				 "invalid byte: U+%04X '%c'"
			       : "index error: Invalid UUID: encoding/hex: "
				 "invalid byte: U+%04X",
		    c, c);
	return (ERR_INVALID);
}

/* go-memdb index.go, UUIDFieldIndex.parseString: at most four "-", anywhere. */
enum err
uuid_parse(struct slice text, uint8_t uuid[UUID_SIZE], struct buf *why)
{
	size_t digits = 0;

	if (text.size != 36)
		return (uuid_wrong(why, "UUID must be 36 characters"));
	for (size_t i = 0; i < text.size; i++)
		digits += text.data[i] != '-';
	if (digits % 2 == 0 && digits >= 2 * UUID_SIZE)
		for (size_t i = 0; i < text.size; i++)
			if (text.data[i] != '-' && uuid_digit(text.data[i]) < 0)
				return (uuid_digit_wrong(why, text.data[i]));
	if (digits != 2 * UUID_SIZE)
		return (uuid_wrong(
		    why, digits < 32 ? "UUID should have maximum of 4 \"-\""
			 : digits % 2 != 0
			     ? "UUID (without hyphens) must be even length"
			     : "UUID must be 36 characters"));
	digits = 0;
	for (size_t i = 0; i < text.size; i++) {
		int value = uuid_digit(text.data[i]);

		if (text.data[i] == '-')
			continue;
		if (value < 0)
			return (uuid_digit_wrong(why, text.data[i]));
		uuid[digits / 2] =
		    (uint8_t)(digits % 2 == 0 ? value << 4
					      : uuid[digits / 2] | value);
		digits++;
	}
	return (ERR_OK);
}

bool
texts_same(const struct slice_list *a, const struct slice_list *b)
{
	if (a->count != b->count || (a->items == NULL) != (b->items == NULL))
		return (false);
	if (a->count == 0)
		return (true);
	assert(a->items != NULL);
	assert(b->items != NULL);
	for (size_t i = 0; i < a->count; i++)
		if (!slice_equal(a->items[i], b->items[i]))
			return (false);
	return (true);
}

/* `b` is of a row, and so sorted. */
bool
pairs_same(const struct pair_list *a, const struct pair_list *b)
{
	if (a->count != b->count || (a->items == NULL) != (b->items == NULL))
		return (false);
	if (a->count == 0)
		return (true);
	assert(a->items != NULL);
	assert(b->items != NULL);
	for (size_t i = 0; i < a->count; i++) {
		const struct pair *other = bsearch(&a->items[i], b->items,
		    b->count, sizeof(*b->items), entry_compare);

		if (other == NULL ||
		    !slice_equal(a->items[i].value, other->value))
			return (false);
	}
	return (true);
}
