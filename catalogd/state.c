/* Tables, their orders and the journal; see state.h. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "xmalloc.h"

static const enum order first_orders[TABLE_COUNT] = {
	[TABLE_NODES] = ORDER_NODES,
	[TABLE_SERVICES] = ORDER_SERVICES,
	[TABLE_CHECKS] = ORDER_CHECKS,
	[TABLE_KV] = ORDER_KV,
	[TABLE_TOMBSTONES] = ORDER_TOMBSTONES,
	[TABLE_SESSIONS] = ORDER_SESSIONS,
	[TABLE_COORDINATES] = ORDER_COORDINATES,
	[TABLE_QUERIES] = ORDER_QUERIES,
	[TABLE_AUTOPILOT] = ORDER_AUTOPILOT,
	[TABLE_INDEXES] = ORDER_INDEXES,
	[TABLE_KEPT] = ORDER_KEPT,
};

/* Which link of its row an order uses. */
static const uint8_t order_links[ORDER_COUNT] = {
	[ORDER_NODES_BY_ID] = 1,
	[ORDER_SERVICES_BY_NAME] = 1,
	[ORDER_CHECKS_BY_SERVICE] = 1,
	[ORDER_CHECKS_BY_NAME] = 2,
	[ORDER_KV_BY_SESSION] = 1,
	[ORDER_SESSIONS_BY_NODE] = 1,
	[ORDER_QUERIES_BY_NAME] = 1,
	[ORDER_QUERIES_BY_PREFIX] = 2,
	[ORDER_QUERIES_BY_SESSION] = 3,
};

void
state_init(struct state *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < ORDER_COUNT; i++)
		tree_init(&s->orders[i]);
	arena_init(&s->arena);
	buf_init(&s->why);
}

/* --- Rows in and out of their orders. --- */

static void
row_link(struct state *s, struct row *row)
{
	enum order order = first_orders[row->table];

	for (size_t i = 0; i < row->link_count; i++)
		if (row->links[i].key.data != NULL)
			tree_put(&s->orders[order + i], &row->links[i]);
	s->counts[row->table]++;
}

static void
row_unlink(struct state *s, struct row *row)
{
	enum order order = first_orders[row->table];

	for (size_t i = 0; i < row->link_count; i++)
		if (row->links[i].key.data != NULL)
			tree_remove(&s->orders[order + i], &row->links[i]);
	s->counts[row->table]--;
}

static void
changes_forget(struct state *s)
{
	for (size_t i = 0; i < s->change_count; i++) {
		row_drop(s->changes[i].old);
		row_drop(s->changes[i].new);
	}
	s->change_count = 0;
}

void
state_deinit(struct state *s)
{
	changes_forget(s);
	pieces_deinit(&s->pieces);
	for (size_t table = 0; table < TABLE_COUNT; table++) {
		struct tree *tree = &s->orders[first_orders[table]];
		struct link *link;

		while ((link = tree_from(tree, SLICE(""))) != NULL) {
			struct row *row = link->row;

			row_unlink(s, row);
			row_drop(row);
		}
	}
	free(s->changes);
	arena_deinit(&s->arena);
	buf_deinit(&s->why);
}

/* --- The journal. --- */

static void
change_note(struct state *s, struct row *old, struct row *new)
{
	if (s->change_count == s->change_room) {
		s->change_room = s->change_room * 2 + 16;
		s->changes = xreallocarray(
		    s->changes, s->change_room, sizeof(*s->changes));
	}
	s->changes[s->change_count++] = (struct change){ old, new };
}

void
state_begin(struct state *s, uint64_t index)
{
	changes_forget(s);
	arena_reset(&s->arena);
	buf_reset(&s->why);
	s->index = index;
}

void
state_undo(struct state *s)
{
	while (s->change_count > 0) {
		struct change *change = &s->changes[--s->change_count];

		if (change->new != NULL) {
			row_unlink(s, change->new);
			row_drop(change->new); /* the table's reference */
		}
		if (change->old != NULL)
			row_link(s, row_keep(change->old));
		row_drop(change->new);
		row_drop(change->old);
	}
}

void
state_put(struct state *s, struct row *row)
{
	struct row *old =
	    state_find(s, first_orders[row->table], row->links[0].key);

	if (old != NULL)
		row_unlink(s, old);
	row_link(s, row);
	/* The table's reference to the old row becomes the journal's. */
	change_note(s, old, row_keep(row));
}

void
state_remove(struct state *s, struct row *row)
{
	row_unlink(s, row);
	change_note(s, row, NULL);
}

/* --- Refusals. --- */

enum err
state_refuse(struct state *s, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	buf_reset(&s->why);
	buf_put_text(&s->why, text);
	free(text);
	return (ERR_REFUSED);
}

enum err
state_refuse_in(struct state *s, const char *format, ...)
{
	struct slice inner = arena_copy(&s->arena, buf_slice(&s->why));
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	buf_reset(&s->why);
	buf_put_text(&s->why, text);
	buf_put_slice(&s->why, inner);
	free(text);
	return (ERR_REFUSED);
}

/* --- Looking. --- */

static struct row *
row_in(struct link *link, struct slice prefix)
{
	if (link == NULL || !slice_starts_with(link->key, prefix))
		return (NULL);
	return (link->row);
}

struct row *
state_find(const struct state *s, enum order order, struct slice key)
{
	struct link *link = tree_find(&s->orders[order], key);

	return (link == NULL ? NULL : link->row);
}

struct row *
state_first(const struct state *s, enum order order, struct slice prefix)
{
	return (row_in(tree_from(&s->orders[order], prefix), prefix));
}

struct row *
state_next(const struct state *s, enum order order, struct slice prefix,
    struct row *row)
{
	(void)s;
	return (row_in(tree_next(&row->links[order_links[order]]), prefix));
}
