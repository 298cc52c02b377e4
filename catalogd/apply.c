/*
 * What an applied entry has changed, told to those who wait for it: readers of
 * the generation page, questions that watch, the leader's timers.
 */
#include <ctype.h>

#include "catalogd.h"
#include "index.h"

/* Raise a bucket of the page, and wake who watches the same thing. */
static void
tell(struct catalogd *c, enum gen_kind kind, struct slice key)
{
	genpage_raise(c->page, genpage_bucket(kind, key));
	watch_fire(c, thing_of(kind, key), key);
}

static struct slice
lower(struct catalogd *c, struct slice name)
{
	uint8_t *to = arena_alloc(&c->scratch, name.size + 1);

	for (size_t i = 0; i < name.size; i++)
		to[i] = (uint8_t)tolower(name.data[i]);
	return (slice(to, name.size));
}

/* --- A function a table: what it means that a row came (no old one), changed
 * or went (no new one). --- */

typedef void told_fn(
    struct catalogd *, const struct row *old, const struct row *new);

static void
node_told(struct catalogd *c, const struct row *row)
{
	if (row != NULL)
		tell(c, GEN_NODE, lower(c, NODE_OF(row)->node));
}

static void
told_node(struct catalogd *c, const struct row *old, const struct row *new)
{
	node_told(c, old);
	node_told(c, new);
}

/* An instance that gets another name leaves the old one without moving its
 * index (as in Consul); what is shown of that name has changed all the same. */
static void
service_told(struct catalogd *c, const struct row *row)
{
	if (row == NULL)
		return;
	tell(c, GEN_NODE, lower(c, SERVICE_OF(row)->node));
	tell(c, GEN_SERVICE, lower(c, SERVICE_OF(row)->name));
}

static void
told_service(struct catalogd *c, const struct row *old, const struct row *new)
{
	service_told(c, old);
	service_told(c, new);
}

static void
check_told(struct catalogd *c, const struct row *row)
{
	const struct check_row *check;
	struct slice service;

	if (row == NULL)
		return;
	check = CHECK_OF(row);
	service = lower(c, check->service_name);
	tell(c, GEN_NODE, lower(c, check->node));
	watch_fire(c, thing_of(WATCH_CHECK_STATE, check->status), SLICE(""));
	watch_fire(c, thing_of(WATCH_CHECK_STATE, SLICE("any")), SLICE(""));
	watch_fire(c, thing_of(WATCH_SERVICE_CHECKS, service), SLICE(""));
}

/* The type is no part of what makes a check another, and moves no index. */
static void
check_type_told(struct catalogd *c, const struct check_row *check)
{
	struct slice prefix = KEY(&c->scratch, check->node);
	struct row *row;

	if (check->service_id.size > 0)
		tell(c, GEN_SERVICE, lower(c, check->service_name));
	else
		STATE_EACH(c->state, ORDER_SERVICES, prefix, row)
	tell(c, GEN_SERVICE, lower(c, SERVICE_OF(row)->name));
}

static void
told_check(struct catalogd *c, const struct row *old, const struct row *new)
{
	check_told(c, old);
	check_told(c, new);
	if (old != NULL && new != NULL &&
	    !slice_equal(CHECK_OF(old)->type, CHECK_OF(new)->type))
		check_type_told(c, CHECK_OF(new));
}

/* A key, or the prefix of a tombstone: everything that lists it. */
static void
told_key(struct catalogd *c, struct slice key)
{
	size_t at = slice_find(key, '/', 0);
	struct slice top;

	if (at != SIZE_MAX) {
		top = slice_head(key, at + 1);
		genpage_raise(c->page, genpage_bucket(GEN_KV_TOP, top));
		watch_fire(c, thing_of(GEN_KV_TOP, top), key);
	}
	genpage_raise(c->page, genpage_bucket(GEN_KV_TABLE, SLICE("")));
	watch_fire(c, thing_of(GEN_KV_TABLE, SLICE("")), key);
}

static void
told_kv(struct catalogd *c, const struct row *old, const struct row *new)
{
	const struct dir_entry *entry = KV_OF(new != NULL ? new : old);

	tell(c, GEN_KV_KEY, entry->key);
	told_key(c, entry->key);
}

static void
told_tombstone(struct catalogd *c, const struct row *old, const struct row *new)
{
	told_key(c, TOMBSTONE_OF(new != NULL ? new : old)->key);
}

static void
told_session(struct catalogd *c, const struct row *old, const struct row *new)
{
	const struct session *session = SESSION_OF(new != NULL ? new : old);
	struct slice id = lower(c, session->id);
	struct slice node = lower(c, session->node);

	watch_fire(c, thing_of(WATCH_SESSION, id), SLICE(""));
	watch_fire(c, thing_of(WATCH_NODE_SESSIONS, node), SLICE(""));
}

static void
told_coordinate(
    struct catalogd *c, const struct row *old, const struct row *new)
{
	struct slice node = COORDINATE_OF(new != NULL ? new : old)->node;

	watch_fire(c, thing_of(WATCH_COORDINATES, lower(c, node)), SLICE(""));
}

/* Asked for, but never waited for. */
static void
told_autopilot(struct catalogd *c, const struct row *old, const struct row *new)
{
	(void)c;
	(void)old;
	(void)new;
}

#define SERVICE_PREFIX SLICE("service.")

static void
told_index(struct catalogd *c, const struct row *old, const struct row *new)
{
	static const struct {
		const char *name;
		enum gen_kind kind;
	} tables[] = {
		{ "nodes", GEN_NODES_TABLE },
		{ "services", GEN_SERVICES_TABLE },
		{ "checks", GEN_CHECKS_TABLE },
		{ "kvs", GEN_KV_TABLE },
		{ "tombstones", GEN_KV_TABLE },
		{ "sessions", GEN_SESSIONS_TABLE },
		{ "coordinates", GEN_COORDINATES_TABLE },
		{ "prepared-queries", GEN_QUERIES_TABLE },
	};
	struct slice name = lower(c, INDEX_OF(new != NULL ? new : old)->name);

	if (slice_starts_with(name, SERVICE_PREFIX)) {
		tell(c, GEN_SERVICE, slice_tail(name, SERVICE_PREFIX.size));
		return;
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		if (slice_is(name, tables[i].name))
			tell(c, tables[i].kind, SLICE(""));
}

/* Nobody can ask for them. */
static void
told_kept(struct catalogd *c, const struct row *old, const struct row *new)
{
	(void)c;
	(void)old;
	(void)new;
}

/* Its readers wait for the table. */
static void
told_query(struct catalogd *c, const struct row *old, const struct row *new)
{
	(void)c;
	(void)old;
	(void)new;
}

static told_fn *const told[TABLE_COUNT] = {
	[TABLE_NODES] = told_node,
	[TABLE_SERVICES] = told_service,
	[TABLE_CHECKS] = told_check,
	[TABLE_KV] = told_kv,
	[TABLE_TOMBSTONES] = told_tombstone,
	[TABLE_SESSIONS] = told_session,
	[TABLE_COORDINATES] = told_coordinate,
	[TABLE_QUERIES] = told_query,
	[TABLE_AUTOPILOT] = told_autopilot,
	[TABLE_INDEXES] = told_index,
	[TABLE_KEPT] = told_kept,
};

void
apply_changes(struct catalogd *c)
{
	const struct state *s = c->state;

	arena_reset(&c->scratch);
	for (size_t i = 0; i < s->change_count; i++) {
		const struct row *old = s->changes[i].old;
		const struct row *new = s->changes[i].new;

		told[new != NULL ? new->table : old->table](c, old, new);
	}
	leader_changes(c);
}

void
apply_restored(struct catalogd *c)
{
	genpage_raise_all(c->page);
	watch_end_all(c);
	leader_restored(c);
}
