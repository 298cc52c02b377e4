/* What a reload changes; see config_changes.h. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_changes.h"
#include "config_docs.h"
#include "type_shape.h"
#include "wiring.h"
#include "xmalloc.h"

#define CHANGES_MAX 320 /* there are fewer keys */

static const struct config_doc docs[] = {
#define X(path, fate, daemons, text) { path, CONFIG_##fate, daemons },
	CONFIG_DOCS(X)
#undef X
};

#define DOC_COUNT (sizeof(docs) / sizeof(docs[0]))

_Static_assert(DOC_COUNT < CHANGES_MAX, "every key may change at once");

const struct config_doc *
config_doc_find(const char *path)
{
	size_t i;

	for (i = 0; i < DOC_COUNT; i++) {
		if (strcmp(docs[i].path, path) == 0)
			return (&docs[i]);
	}
	return (NULL);
}

/* --- Every leaf of the tree of keys. --- */

struct walk {
	void (*visit)(struct walk *, const struct config_doc *,
	    const struct slot *, const void *now, void *next);
	struct arena *arena;
	struct reload_changes *changes;
};

static bool
is_stanza(const struct slot *slot)
{
	return (slot->field->kind == KIND_STRUCT &&
		slot->type != &config_check_type &&
		slot->type != &config_service_type);
}

static void
walk(struct walk *w, const struct type *type, struct slice above,
    const void *now, void *next)
{
	const struct shape *shape = type_shape(type);
	char path[sizeof(((struct config_doc *)NULL)->path)];
	const struct config_doc *doc;
	size_t i;
	int size;

	for (i = 0; i < shape->count; i++) {
		const struct slot *slot = &shape->wire[i];

		size = snprintf(path, sizeof(path), "%.*s%s%.*s",
		    SLICE_ARGS(above), above.size > 0 ? "." : "",
		    SLICE_ARGS(field_name(slot->field)));
		assert(size > 0 && (size_t)size < sizeof(path));
		if (is_stanza(slot)) {
			walk(w, slot->type, slice(path, (size_t)size),
			    (const char *)now + slot->offset,
			    (char *)next + slot->offset);
			continue;
		}
		doc = config_doc_find(path);
		assert(doc != NULL);
		w->visit(w, doc, slot, now, next);
	}
}

/* --- Changes. --- */

static struct slice_list
daemons_of(const struct config_doc *doc, struct arena *arena)
{
	struct slice_list list = { 0 };
	unsigned i;

	list.items = arena_array(arena, DAEMON_COUNT + 1, sizeof(*list.items));
	for (i = 0; i < DAEMON_COUNT; i++) {
		if (doc->daemons & (1U << i))
			list.items[list.count++] =
			    slice_of_text(daemon_name((enum daemon_id)i));
	}
	if (doc->daemons & CONFIG_LAUNCHER)
		list.items[list.count++] = SLICE("proconsul");
	return (list);
}

static struct reload_change *
change_add(struct walk *w, const struct config_doc *doc)
{
	static const char *const statuses[] = {
		[CONFIG_APPLIED] = "applied",
		[CONFIG_RESTART] = "needs a restart",
		[CONFIG_NOTHING] = "has no effect",
	};
	struct reload_changes *list = w->changes;
	struct reload_change *change;

	if (list->items == NULL)
		list->items =
		    arena_array(w->arena, CHANGES_MAX, sizeof(*change));
	assert(list->count < CHANGES_MAX);
	change = &list->items[list->count++];
	change->key = slice_of_text(doc->path);
	change->status = slice_of_text(statuses[doc->fate]);
	if (doc->fate == CONFIG_RESTART)
		change->daemons = daemons_of(doc, w->arena);
	return (change);
}

static void
change_visit(struct walk *w, const struct config_doc *doc,
    const struct slot *slot, const void *now, void *next)
{
	if (doc->fate == CONFIG_APPLIED && slot->field->kind == KIND_LIST)
		return; /* counted below */
	if (!slot_equal(slot, now, next))
		change_add(w, doc);
}

/* --- Things that are counted. --- */

struct thing {
	struct slice id;
	const void *object;
};

struct things {
	const struct type *type;
	struct thing *items; /* owned; sorted by id */
	size_t count;
};

static int
things_compare(const void *a, const void *b)
{
	const struct thing *left = a, *right = b;

	return (slice_compare(left->id, right->id));
}

static struct things
services_of(const struct config *c)
{
	struct things all = { &config_service_type, NULL, c->service_count };
	size_t i;

	all.items = xcalloc(all.count + 1, sizeof(*all.items));
	for (i = 0; i < all.count; i++) {
		const struct service_definition *s = &c->services[i];

		all.items[i] =
		    (struct thing){ s->id.size > 0 ? s->id : s->name, s };
	}
	qsort(all.items, all.count, sizeof(*all.items), things_compare);
	return (all);
}

static struct things
checks_of(const struct config *c)
{
	struct things all = { &config_check_type, NULL, c->check_count };
	size_t i;

	all.items = xcalloc(all.count + 1, sizeof(*all.items));
	for (i = 0; i < all.count; i++) {
		const struct check_definition *k = &c->checks[i];

		all.items[i] =
		    (struct thing){ k->id.size > 0 ? k->id : k->name, k };
	}
	qsort(all.items, all.count, sizeof(*all.items), things_compare);
	return (all);
}

/* A watch has no name: it is known by all that it says. */
static struct things
watches_of(const struct config *c, struct arena *arena)
{
	struct things all = { &any_map_keys_type, NULL, c->keys.watches.count };
	struct buf bytes = { 0 };
	size_t i;

	all.items = xcalloc(all.count + 1, sizeof(*all.items));
	for (i = 0; i < all.count; i++) {
		buf_reset(&bytes);
		type_encode(all.type, &c->keys.watches.items[i], &bytes);
		all.items[i].id = arena_copy(arena, buf_slice(&bytes));
		all.items[i].object = &c->keys.watches.items[i];
	}
	buf_deinit(&bytes);
	qsort(all.items, all.count, sizeof(*all.items), things_compare);
	return (all);
}

/* Both are freed. */
static void
things_diff(
    struct walk *w, const char *key, struct things now, struct things next)
{
	struct reload_change counts = { 0 }, *change;
	size_t i = 0, j = 0;
	int order;

	while (i < now.count || j < next.count) {
		order = i == now.count ? 1
			: j == next.count
			    ? -1
			    : things_compare(&now.items[i], &next.items[j]);
		if (order < 0)
			counts.removed++;
		else if (order > 0)
			counts.added++;
		else if (!type_equal(now.type, now.items[i].object,
			     next.items[j].object))
			counts.changed++;
		i += order <= 0;
		j += order >= 0;
	}
	free(now.items);
	free(next.items);
	if (counts.added + counts.removed + counts.changed == 0)
		return;
	change = change_add(w, config_doc_find(key));
	change->added = counts.added;
	change->removed = counts.removed;
	change->changed = counts.changed;
}

void
config_changes(const struct config *now, struct config *next)
{
	struct walk w = { change_visit, &next->arena, &next->changes };

	next->changes = (struct reload_changes){ 0 };
	walk(&w, &config_keys_type, slice(NULL, 0), &now->keys, &next->keys);
	things_diff(&w, "services", services_of(now), services_of(next));
	things_diff(&w, "checks", checks_of(now), checks_of(next));
	things_diff(
	    &w, "watches", watches_of(now, w.arena), watches_of(next, w.arena));
}

void
config_change_put(const struct reload_change *change, struct buf *out)
{
	bool is_word = slice_find(change->status, ' ', 0) == SIZE_MAX;
	const char *quote = is_word ? "" : "\"";
	size_t i;

	buf_printf(out, "key=%.*s status=%s%.*s%s", SLICE_ARGS(change->key),
	    quote, SLICE_ARGS(change->status), quote);
	for (i = 0; i < change->daemons.count; i++)
		buf_printf(out, "%s%.*s", i == 0 ? " daemons=" : ",",
		    SLICE_ARGS(change->daemons.items[i]));
	if (change->added + change->removed + change->changed > 0)
		buf_printf(out, " added=%llu removed=%llu changed=%llu",
		    (unsigned long long)change->added,
		    (unsigned long long)change->removed,
		    (unsigned long long)change->changed);
}

/* --- What stays as it was. --- */

static void
pin_visit(struct walk *w, const struct config_doc *doc, const struct slot *slot,
    const void *now, void *next)
{
	if (doc->fate == CONFIG_RESTART && !slot_equal(slot, now, next))
		slot_copy(slot, now, w->arena, next);
}

/* What was worked out from such keys. */
static void
derived_pin(const struct config *now, struct config *next)
{
#define PIN_TEXT(member) \
	next->member = arena_text(&next->arena, slice_of_text(now->member))
#define PIN(member) next->member = now->member
	PIN_TEXT(data_dir);
	PIN_TEXT(datacenter);
	PIN_TEXT(node_name);
	PIN_TEXT(node_id);
	PIN_TEXT(domain);
	PIN_TEXT(alt_domain);
	PIN_TEXT(ui_content_path);
	PIN_TEXT(bind_address);
	PIN_TEXT(advertise_address);
	PIN_TEXT(advertise_wan_address);
	PIN_TEXT(serf_lan_address);
	PIN_TEXT(serf_wan_address);
	PIN(is_server);
	PIN(is_dev);
	PIN(is_bootstrap);
	PIN(has_bootstrap);
	PIN(has_ui);
	PIN(bootstrap_expect);
	PIN(client_addresses);
	PIN(http_addresses);
	PIN(dns_addresses);
	PIN(http_port);
	PIN(dns_port);
	PIN(serf_lan_port);
	PIN(serf_wan_port);
	PIN(server_port);
	PIN(log_json);
	PIN(leave_on_terminate);
	PIN(skip_leave_on_interrupt);
#undef PIN_TEXT
#undef PIN
}

static void
tagged_addresses_pin(const struct config *now, struct config *next)
{
	struct pair_list *list = &next->tagged_addresses;
	size_t i;

	list->count = now->tagged_addresses.count;
	list->items =
	    arena_array(&next->arena, list->count, sizeof(*list->items));
	for (i = 0; i < list->count; i++) {
		const struct pair *from = &now->tagged_addresses.items[i];

		list->items[i].key = arena_copy(&next->arena, from->key);
		list->items[i].value = arena_copy(&next->arena, from->value);
	}
}

void
config_pin(const struct config *now, struct config *next)
{
	struct walk w = { pin_visit, &next->arena, NULL };

	walk(&w, &config_keys_type, slice(NULL, 0), &now->keys, &next->keys);
	derived_pin(now, next);
	tagged_addresses_pin(now, next);
}

struct config *
config_load_again(
    int argc, char **argv, const struct config *now, struct buf *why)
{
	struct config *next = config_load(argc, argv, why);

	if (next == NULL)
		return (NULL);
	config_changes(now, next);
	config_pin(now, next);
	return (next);
}
