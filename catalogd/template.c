/* Templates; see template.h. */
#include <string.h>

#include "hil.h"
#include "pattern.h"
#include "template.h"

/* All texts of a query's service are templates; each with its tree. */
struct blank {
	struct slice *text;
	struct slice path; /* ".Tags[0]" */
	struct hil_node *tree;
};

struct template
{
	struct arena *arena; /* lent */
	struct blank *blanks;
	size_t count;
	size_t room;
};

/* --- The texts, in the order of Consul's struct. --- */

static void
blank_add(struct template *t, struct slice *text, struct slice path)
{
	if (t->count == t->room) {
		struct blank *old = t->blanks;

		t->room = t->room * 2 + 16;
		t->blanks = arena_array(t->arena, t->room, sizeof(*old));
		if (t->count > 0)
			memcpy(t->blanks, old, t->count * sizeof(*old));
	}
	t->blanks[t->count++] = (struct blank){ text, path, NULL };
}

static void
blanks_add_texts(struct template *t, struct slice_list *list, const char *path)
{
	struct slice *copy =
	    arena_array(t->arena, list->count + 1, sizeof(*copy));

	if (list->items == NULL)
		return;
	for (size_t i = 0; i < list->count; i++) {
		copy[i] = list->items[i];
		blank_add(
		    t, &copy[i], arena_printf(t->arena, "%s[%zu]", path, i));
	}
	list->items = copy;
}

static void
blanks_add_pairs(struct template *t, struct pair_list *list, const char *path)
{
	struct pair *copy =
	    arena_array(t->arena, list->count + 1, sizeof(*copy));

	if (list->items == NULL)
		return;
	for (size_t i = 0; i < list->count; i++) {
		copy[i] = list->items[i];
		blank_add(t, &copy[i].value,
		    arena_printf(
			t->arena, "%s[%.*s]", path, SLICE_ARGS(copy[i].key)));
	}
	list->items = copy;
}

/* `service` gets lists of its own, which the fields then change. */
static void
blanks_of(struct template *t, struct service_query *service)
{
	blank_add(t, &service->service, SLICE(".Service"));
	blanks_add_texts(
	    t, &service->failover.datacenters, ".Failover.Datacenters");
	blanks_add_texts(t, &service->ignore_check_ids, ".IgnoreCheckIDs");
	blank_add(t, &service->near, SLICE(".Near"));
	blanks_add_texts(t, &service->tags, ".Tags");
	blanks_add_pairs(t, &service->node_meta, ".NodeMeta");
	blanks_add_pairs(t, &service->service_meta, ".ServiceMeta");
}

/* --- Parsing and rendering all of them. --- */

/* "Bad format 'x' in Service.Near: " in front of what *why has. */
static enum err
blank_fail(const struct blank *blank, const char *what, struct buf *why)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s '%.*s' in Service%.*s: ", what,
	    SLICE_ARGS(*blank->text), SLICE_ARGS(blank->path));
	buf_put_slice(&text, buf_slice(why));
	buf_reset(why);
	buf_put_slice(why, buf_slice(&text));
	buf_deinit(&text);
	return (ERR_INVALID);
}

static enum err
blanks_parse(struct template *t, struct buf *why)
{
	for (size_t i = 0; i < t->count; i++) {
		struct blank *blank = &t->blanks[i];

		buf_reset(why);
		if (hil_parse(*blank->text, t->arena, &blank->tree, why) !=
		    ERR_OK)
			return (blank_fail(blank, "Bad format", why));
	}
	return (ERR_OK);
}

static enum err
blanks_eval(struct template *t, const struct hil_scope *scope, struct buf *why)
{
	for (size_t i = 0; i < t->count; i++) {
		struct blank *blank = &t->blanks[i];
		struct slice made;

		buf_reset(why);
		if (hil_eval(blank->tree, scope, t->arena, &made, why) !=
		    ERR_OK)
			return (blank_fail(blank, "Bad evaluation for", why));
		*blank->text = made;
	}
	return (ERR_OK);
}

/* Go's FindStringSubmatch. */
static enum err
groups_find(const struct prepared_query *q, struct slice name,
    struct slice groups[TEMPLATE_GROUPS_MAX], size_t *count, struct buf *why)
{
	struct slice pattern = q->template.regexp;

	*count = 0;
	if (pattern.size == 0)
		return (ERR_OK);
	buf_reset(why);
	if (pattern_check(pattern, why) != ERR_OK) {
		struct buf text = { 0 };

		buf_put_text(&text, "Bad Regexp: ");
		buf_put_slice(&text, buf_slice(why));
		buf_reset(why);
		buf_put_slice(why, buf_slice(&text));
		buf_deinit(&text);
		return (ERR_INVALID);
	}
	*count = pattern_groups(pattern, name, groups, TEMPLATE_GROUPS_MAX);
	return (ERR_OK);
}

static void
empty_tags_remove(struct slice_list *tags)
{
	size_t kept = 0;

	if (tags->items == NULL) /* Consul makes it an empty one */
		tags->items = TYPE_EMPTY;
	for (size_t i = 0; i < tags->count; i++)
		if (tags->items[i].size > 0)
			tags->items[kept++] = tags->items[i];
	tags->count = kept;
}

enum err
template_render(const struct prepared_query *q, struct slice name,
    struct slice segment, struct arena *arena, struct prepared_query *out,
    struct buf *why)
{
	struct template t = { .arena = arena };
	struct slice groups[TEMPLATE_GROUPS_MAX];
	struct hil_scope scope = { .full = name,
		.prefix = q->name,
		.suffix = name,
		.segment = segment,
		.groups = groups };
	enum err err;

	if (!slice_is(q->template.type, TEMPLATE_NAME_PREFIX_MATCH)) {
		buf_reset(why);
		buf_printf(why, "Bad Template.Type '%.*s'",
		    SLICE_ARGS(q->template.type));
		return (ERR_INVALID);
	}
	if (name.size == 0) /* it may be nil, and is looked into */
		scope.full = scope.suffix = name = SLICE("");
	if (slice_starts_with(name, q->name))
		scope.suffix = slice_tail(name, q->name.size);
	*out = *q;
	blanks_of(&t, &out->service);
	err = blanks_parse(&t, why);
	if (err == ERR_OK)
		err = groups_find(q, name, groups, &scope.group_count, why);
	if (err == ERR_OK)
		err = blanks_eval(&t, &scope, why);
	if (err == ERR_OK && q->template.remove_empty_tags)
		empty_tags_remove(&out->service.tags);
	return (err);
}
