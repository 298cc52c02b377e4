/* Table indexes; see index.h. */
#include "index.h"

#define SERVICE_PREFIX "service."
#define KIND_PREFIX    "service_kind."

/* Names are short; a buffer of our own keeps looking free of any arena. */
static struct buf
join(const char *prefix, struct slice name)
{
	struct buf text = { 0 };

	buf_put_text(&text, prefix);
	buf_put_slice(&text, name);
	return (text);
}

static struct row *
find(const struct state *s, const char *prefix, struct slice name)
{
	struct buf text = join(prefix, name), key = { 0 };
	struct row *row;

	key_put(&key, buf_slice(&text));
	row = state_find(s, ORDER_INDEXES, buf_slice(&key));
	buf_deinit(&text);
	buf_deinit(&key);
	return (row);
}

/* Consul's indexUpdateMaxTxn: never back; and of the ways to write a name, the
 * first of an entry stays. */
static void
raise_to(struct state *s, const char *prefix, struct slice name)
{
	struct row *old = find(s, prefix, name);
	struct buf text;

	if (old != NULL && INDEX_OF(old)->value >= s->index)
		return;
	text = join(prefix, name);
	state_put(s, row_of_index(buf_slice(&text), s->index));
	buf_deinit(&text);
}

void
index_raise(struct state *s, struct slice name)
{
	raise_to(s, "", name);
}

void
index_load(struct state *s, struct slice name, uint64_t value)
{
	state_put(s, row_of_index(name, value));
}

void
index_raise_service(struct state *s, struct slice name, struct slice kind)
{
	raise_to(s, SERVICE_PREFIX, name);
	raise_to(s, KIND_PREFIX, kind.size > 0 ? kind : SLICE("typical"));
}

void
index_drop_service(struct state *s, struct slice name)
{
	struct row *row = find(s, SERVICE_PREFIX, name);

	if (row != NULL)
		state_remove(s, row);
}

static uint64_t
value_of(const struct row *row)
{
	return (row == NULL ? 0 : INDEX_OF(row)->value);
}

uint64_t
index_of(const struct state *s, struct slice name)
{
	return (value_of(find(s, "", name)));
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return (a > b ? a : b);
}

uint64_t
index_of_kv(const struct state *s)
{
	return (later(index_of(s, INDEX_KV), index_of(s, INDEX_TOMBSTONES)));
}

uint64_t
index_of_catalog(const struct state *s, bool with_checks)
{
	uint64_t index =
	    later(index_of(s, INDEX_NODES), index_of(s, INDEX_SERVICES));

	return (with_checks ? later(index, index_of(s, INDEX_CHECKS)) : index);
}

/* Consul's maxIndexForService. */
uint64_t
index_of_service(
    const struct state *s, struct slice name, bool is_there, bool with_checks)
{
	struct row *row;

	if (!is_there) {
		row = find(s, "", INDEX_EXTINCTION);
		if (row != NULL)
			return (value_of(row));
	}
	row = find(s, SERVICE_PREFIX, name);
	if (row != NULL)
		return (value_of(row));
	return (index_of_catalog(s, with_checks));
}
