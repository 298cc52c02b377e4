/* Answers in one block of memory; see answer.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "xmalloc.h"

/* --- Drafts. --- */

/* Room for one more; what is outgrown stays in the arena until its end. */
static void *
grown(struct arena *arena, void *items, size_t count, size_t *capacity,
    size_t size)
{
	void *more;

	if (count < *capacity)
		return (items);
	*capacity = *capacity == 0 ? 4 : *capacity * 2;
	more = arena_array(arena, *capacity, size);
	if (count > 0)
		memcpy(more, items, count * size);
	return (more);
}

void
rr_add(struct arena *arena, struct rr_list *list, struct rr rr)
{
	list->items = grown(arena, list->items, list->count, &list->capacity,
	    sizeof(*list->items));
	list->items[list->count++] = rr;
}

void
draft_init(struct draft *d, struct arena *arena)
{
	*d = (struct draft){ .arena = arena, .flags = DNS_AA };
}

void
draft_repeat(struct draft *d, uint32_t group)
{
	assert(group < d->group_count);
	d->order = grown(d->arena, d->order, d->order_count, &d->order_capacity,
	    sizeof(*d->order));
	d->order[d->order_count++] = group;
}

struct draft_group *
draft_add(struct draft *d)
{
	d->groups = grown(d->arena, d->groups, d->group_count,
	    &d->group_capacity, sizeof(*d->groups));
	d->groups[d->group_count++] = (struct draft_group){ 0 };
	draft_repeat(d, (uint32_t)d->group_count - 1);
	return (&d->groups[d->group_count - 1]);
}

static struct table_slot *
table_slot(const struct table *t, struct slice key)
{
	size_t i = slice_hash(key) % t->slot_count;

	while (
	    t->slots[i].key.data != NULL && !slice_equal(t->slots[i].key, key))
		i = (i + 1) % t->slot_count;
	return (&t->slots[i]);
}

static void
table_grow(struct table *t)
{
	struct table old = *t;

	t->slot_count = old.slot_count == 0 ? 64 : old.slot_count * 2;
	t->slots = arena_array(t->arena, t->slot_count, sizeof(*t->slots));
	for (size_t i = 0; i < old.slot_count; i++)
		if (old.slots[i].key.data != NULL)
			*table_slot(t, old.slots[i].key) = old.slots[i];
}

uint32_t
table_put(struct table *t, struct slice key, uint32_t value)
{
	struct table_slot *slot;

	assert(key.data != NULL);
	if (t->count >= t->slot_count / 2)
		table_grow(t);
	slot = table_slot(t, key);
	if (slot->key.data == NULL) {
		*slot = (struct table_slot){ key, value };
		t->count++;
	}
	return (slot->value);
}

/* --- Packing. --- */

struct packing {
	struct table table; /* of names */
	struct buf names;   /* struct answer_name */
	struct buf bytes;
	struct buf records;
	struct buf groups;
};

static uint32_t
pack_bytes(struct packing *p, struct slice s)
{
	uint32_t offset = (uint32_t)p->bytes.size;

	buf_put_slice(&p->bytes, s);
	return (offset);
}

static uint32_t
pack_name(struct packing *p, struct slice name)
{
	uint32_t count = (uint32_t)(p->names.size / sizeof(struct answer_name));
	uint32_t known;

	if (name.size == 0)
		return (NAME_NONE);
	known = table_put(&p->table, name, count);
	if (known == count) {
		struct answer_name entry = { pack_bytes(p, name),
			(uint32_t)name.size, 0 };

		buf_put(&p->names, &entry, sizeof(entry));
	}
	return (known);
}

static void
pack_records(struct packing *p, const struct rr_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct rr *rr = &list->items[i];
		struct answer_record record = {
			.owner = pack_name(p, rr->owner),
			.target = pack_name(p, rr->target),
			.ttl = rr->ttl,
			.data = pack_bytes(p, rr->data),
			.data_size = (uint16_t)rr->data.size,
			.type = rr->type & 0x7fffU,
			.is_surplus = rr->is_surplus,
		};

		buf_put(&p->records, &record, sizeof(record));
	}
}

static void
pack_group(struct packing *p, const struct draft_group *g)
{
	struct answer_group group = {
		.first =
		    (uint32_t)(p->records.size / sizeof(struct answer_record)),
		.answer_count = (uint16_t)g->answers.count,
		.extra_count = (uint16_t)g->extras.count,
	};

	pack_records(p, &g->answers);
	pack_records(p, &g->extras);
	buf_put(&p->groups, &group, sizeof(group));
}

/* The next part of the block: sizes are multiples of four, so all of them
 * are aligned. */
static void *
place(uint8_t **at, const void *from, size_t size)
{
	void *part = *at;

	if (size > 0)
		memcpy(part, from, size);
	*at += size;
	return (part);
}

static struct dns_answer *
assemble(const struct draft *d, const struct packing *p)
{
	size_t order_size = d->order_count * sizeof(*d->order);
	size_t size = sizeof(struct dns_answer) + p->groups.size + order_size +
		      p->records.size + p->names.size + p->bytes.size;
	struct dns_answer *a = xmalloc(size);
	uint8_t *at = (uint8_t *)(a + 1);

	*a = (struct dns_answer){
		.size = size,
		.rcode = d->rcode,
		.flags = d->flags,
		.is_refused = d->is_refused,
		.is_service = d->is_service,
		.is_authority = d->is_authority,
		.has_soa_answer = d->has_soa_answer,
		.has_soa_authority = d->has_soa_authority,
		.is_random = d->is_random,
		.is_ordered = d->is_ordered,
		.is_for_subnet = d->is_for_subnet,
		.is_forwarded = d->is_forwarded,
		.group_limit = d->group_limit,
		.order_count = d->order_count,
	};
	a->groups = place(&at, p->groups.data, p->groups.size);
	a->order = place(&at, d->order, order_size);
	a->records = place(&at, p->records.data, p->records.size);
	a->names = place(&at, p->names.data, p->names.size);
	a->bytes = place(&at, p->bytes.data, p->bytes.size);
	assert(at == (uint8_t *)a + size);
	return (a);
}

static bool
list_has_surplus(const struct rr_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].is_surplus)
			return (true);
	return (false);
}

struct dns_answer *
answer_new(const struct draft *d)
{
	struct packing p = { .table = { .arena = d->arena } };
	struct dns_answer *a;
	bool has_extras = false, has_surplus = false;

	for (size_t i = 0; i < d->group_count; i++) {
		pack_group(&p, &d->groups[i]);
		has_extras |= d->groups[i].extras.count > 0;
		has_surplus |= list_has_surplus(&d->groups[i].answers) ||
			       list_has_surplus(&d->groups[i].extras);
	}
	a = assemble(d, &p);
	a->has_extras = has_extras;
	a->has_surplus = has_surplus;
	buf_deinit(&p.names);
	buf_deinit(&p.bytes);
	buf_deinit(&p.records);
	buf_deinit(&p.groups);
	return (a);
}

void
answer_free(struct dns_answer *a)
{
	free(a);
}
