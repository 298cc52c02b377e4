/*
 * What a reload says of each key, and what it leaves as it was: every key of
 * the table is changed by itself (common/config_changes.c).
 */
#include <stdlib.h>
#include <string.h>

#include "config_changes.h"
#include "tests/lib/tap.h"
#include "type_shape.h"
#include "xmalloc.h"

static char flag_dev[] = "-dev", flag_bind[] = "-bind=127.0.0.1";
static unsigned applied, restarted, ignored;

static struct config *
config_make(const char *hcl)
{
	char text[512];
	char *argv[] = { flag_dev, flag_bind, text, NULL };
	struct buf why = { 0 };
	struct config *config;

	snprintf(text, sizeof(text), "-hcl=%s", hcl);
	config = config_load(3, argv, &why);
	if (config == NULL)
		printf("# %s: %s\n", hcl, buf_text(&why));
	buf_deinit(&why);
	return (config);
}

/* Another value than there is, of whatever kind. */
static void
slot_change(const struct slot *slot, void *object)
{
	static struct slice text = { (const uint8_t *)"changed", 7 };
	static struct pair pair = { { (const uint8_t *)"k", 1 },
		{ (const uint8_t *)"\xa1v", 2 } };
	void *at = (char *)object + slot->offset;
	struct any_list *list = at;

	switch (kind_rows[slot->field->kind].form) {
	case FORM_LIST:
		list->items = slot->field->kind == KIND_STRS
				  ? (void *)&text
				  : xcalloc(1, slot->type->size);
		list->count = 1;
		return;
	case FORM_MAP:
		list->items = &pair;
		list->count = 1;
		if (slot->field->kind == KIND_MAP)
			list->items =
			    xcalloc(1, kind_element_size(KIND_MAP, slot->type));
		return;
	case FORM_ONE:
		break;
	}
	if (slot->field->kind == KIND_BOOL)
		*(bool *)at = !*(bool *)at;
	else if (slot->field->kind == KIND_STR || slot->field->kind == KIND_ANY)
		*(struct slice *)at = text;
	else if (slot->field->kind == KIND_FLOAT)
		*(double *)at += 1;
	else
		*(int64_t *)at += 1;
}

/* Lists and maps that slot_change() has made on the heap. */
static void
slot_free(const struct slot *slot, void *object)
{
	struct any_list *list = (void *)((char *)object + slot->offset);

	if (slot->field->kind == KIND_LIST || slot->field->kind == KIND_MAP)
		free(list->items);
}

static void
key_check(const char *path, const struct slot *slot, size_t base)
{
	struct config *now = config_make(""), *next = config_make("");
	const struct config_doc *doc = config_doc_find(path);
	char *object = (char *)&next->keys + base;
	const struct reload_change *change;
	char kept[64];

	slot_change(slot, object);
	memcpy(kept, object + slot->offset, sizeof(kept));
	config_changes(now, next);
	change = next->changes.count == 1 ? &next->changes.items[0] : NULL;
	if (change == NULL || !slice_is(change->key, path))
		printf("# %s: %zu changes\n", path, next->changes.count);
	CHECK(change != NULL && slice_is(change->key, path));
	if (change != NULL && doc->fate == CONFIG_RESTART)
		CHECK(slice_is(change->status, "needs a restart") &&
		      change->daemons.count > 0);
	config_pin(now, next);
	if (doc->fate == CONFIG_RESTART)
		CHECK(slot_equal(slot, (char *)&now->keys + base, object));
	else
		CHECK(!slot_equal(slot, (char *)&now->keys + base, object));
	applied += doc->fate == CONFIG_APPLIED;
	restarted += doc->fate == CONFIG_RESTART;
	ignored += doc->fate == CONFIG_NOTHING;
	memcpy(object + slot->offset, kept,
	    kind_rows[slot->field->kind].form == FORM_ONE ? 0 : 16);
	slot_free(slot, object);
	config_free(next);
	config_free(now);
}

static void
type_check(const struct type *type, const char *above, size_t base)
{
	const struct shape *shape = type_shape(type);
	char path[128];

	for (size_t i = 0; i < shape->count; i++) {
		const struct slot *slot = &shape->wire[i];

		snprintf(path, sizeof(path), "%s%s%.*s", above,
		    *above != '\0' ? "." : "",
		    SLICE_ARGS(field_name(slot->field)));
		/* Single ones are in `services` and `checks` by now. */
		if (slot->type == &config_service_type ||
		    slot->type == &config_check_type)
			continue;
		if (slot->field->kind == KIND_STRUCT)
			type_check(slot->type, path, base + slot->offset);
		else
			key_check(path, slot, base);
	}
}

static void
test_every_key(void)
{
	type_check(&config_keys_type, "", 0);
	printf("# applied %u, restart %u, no effect %u\n", applied, restarted,
	    ignored);
	CHECK(applied > 20 && restarted > 80 && ignored > 80);
}

static void
test_counts(void)
{
	struct config *now = config_make("services { name = \"a\" } services "
					 "{ name = \"b\" port = 1 } checks { "
					 "name = \"c\" ttl = \"1s\" }");
	struct config *next = config_make("services { name = \"b\" port = 2 } "
					  "services { name = \"d\" } services "
					  "{ name = \"e\" } checks { name = "
					  "\"c\" ttl = \"1s\" }");
	struct buf line = { 0 };

	config_changes(now, next);
	CHECK_EQ(next->changes.count, 1);
	config_change_put(&next->changes.items[0], &line);
	CHECK(strcmp(buf_text(&line), "key=services status=applied added=2 "
				      "removed=1 changed=1") == 0);
	buf_deinit(&line);
	config_free(next);
	config_free(now);
}

static void
test_again(void)
{
	static char text[] = "-hcl=datacenter=\"x\" node_meta { a = \"b\" } "
			     "ports { dns = 5353 } translate_wan_addrs = true";
	char *argv[] = { flag_dev, flag_bind, text, NULL };
	struct config *now = config_make(""), *next;
	struct buf why = { 0 };

	next = config_load_again(3, argv, now, &why);
	CHECK(next != NULL);
	CHECK_EQ(next->changes.count, 4);
	CHECK(strcmp(next->datacenter, "dc1") == 0);
	CHECK_EQ(next->dns_port, 8600);
	CHECK(!next->keys.translate_wan_addrs);
	CHECK_EQ(next->node_meta.count, 2);
	CHECK(slice_is(next->changes.items[3].status, "needs a restart"));
	/* And told again, as long as it is not followed. */
	config_free(now);
	now = next;
	next = config_load_again(3, argv, now, &why);
	CHECK(next != NULL);
	CHECK_EQ(next->changes.count, 3);
	config_free(next);
	text[5] = '}';
	CHECK(config_load_again(3, argv, now, &why) == NULL);
	config_free(now);
	buf_deinit(&why);
}

int
main(void)
{
	RUN(test_every_key);
	RUN(test_counts);
	RUN(test_again);
	return (tap_done());
}
