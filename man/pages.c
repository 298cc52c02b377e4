/*
 * Manual pages from the tables of the code. A build tool, not installed.
 *
 *	pages keys <man/proconsul.conf.5 >build/man/proconsul.conf.5
 *
 * copies a page and puts lists in the place of lines such as `.\" @keys`: the
 * keys of configuration files (config_keys.h) with what config_docs.h says of
 * each. A key of which it says nothing is an error, and so the build's. Pages
 * of commands are made in pages_commands.c.
 *
 *	pages list
 *
 * prints every key and its kind, for tests/compat/config.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_changes.h"
#include "config_defaults.h"
#include "config_docs.h"
#include "config_refuse.h"
#include "config_tree.h"
#include "metrics_table.h"
#include "pages.h"
#include "type_shape.h"
#include "wiring.h"

struct page {
	struct arena arena;
	struct json *defaults;
	const char *list; /* plain lines, with this in front, or NULL */
};

struct doc {
	const char *path;
	const char *text;
};

/* clang-format off */
#define X(path, fate, daemons, text) { path, text },
static const struct doc key_docs[] = { CONFIG_DOCS(X) { NULL, NULL } };
#undef X
#define X(path, text) { path, text },
static const struct doc service_docs[] = { CONFIG_SERVICE_DOCS(X) { NULL, NULL } };
static const struct doc check_docs[] = { CONFIG_CHECK_DOCS(X) { NULL, NULL } };
#undef X
/* clang-format on */

static const char *
doc_find(const struct doc *docs, const char *path)
{
	for (; docs->path != NULL; docs++) {
		if (strcmp(docs->path, path) == 0)
			return (docs->text);
	}
	fprintf(stderr, "pages: config_docs.h has no row for %s\n", path);
	exit(1);
}

static const char *
kind_name(enum kind kind)
{
	switch (kind) {
	case KIND_BOOL:
		return ("boolean");
	case KIND_U64:
	case KIND_INT:
	case KIND_FLOAT:
		return ("number");
	case KIND_DURATION:
		return ("duration");
	case KIND_STR:
		return ("text");
	case KIND_STRS:
		return ("list of texts");
	case KIND_MAP_STR:
		return ("map of texts");
	case KIND_MAP_STRS:
		return ("map of lists of texts");
	case KIND_MAP:
		return ("map of stanzas");
	case KIND_MAP_ANY:
		return ("map");
	case KIND_LIST:
		return ("list of stanzas");
	default:
		return ("stanza");
	}
}

/* A text for mdoc: no line may begin with a sign of its own, and a minus is
 * none of typography. */
void
text_print(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (text[0] == '.' && text[1] == ' ')
			fputs(".\n", stdout), text++;
		else
			putchar(*text);
	}
	putchar('\n');
}

static void
default_print(const struct json *value)
{
	if (value == NULL || value->kind == JSON_ARRAY ||
	    value->kind == JSON_OBJECT)
		return;
	fputs(" , default Ql ", stdout);
	if (value->kind == JSON_BOOL)
		fputs(value->boolean ? "true" : "false", stdout);
	else
		printf("%.*s", SLICE_ARGS(value->text));
}

/* What a reload does. */
static void
fate_print(const char *path)
{
	const struct config_doc *doc = config_doc_find(path);
	const char *before = "Needs a restart of";
	unsigned i;

	if (doc == NULL || doc->fate == CONFIG_NOTHING)
		return;
	if (doc->fate == CONFIG_APPLIED) {
		puts("Applied on reload.");
		return;
	}
	if ((doc->daemons & (CONFIG_LAUNCHER - 1)) == CONFIG_LAUNCHER - 1) {
		puts("Needs a restart of the agent.");
		return;
	}
	for (i = 0; i <= DAEMON_COUNT; i++) {
		if (!(doc->daemons & (1U << i)))
			continue;
		printf("%s %s", before,
		    i == DAEMON_COUNT ? "proconsul"
				      : daemon_name((enum daemon_id)i));
		before = ",";
	}
	puts(".");
}

static void
item_print(struct page *p, const struct doc *docs, const char *path,
    const struct slot *slot)
{
	const char *text = doc_find(docs, path);

	if (p->list != NULL) {
		printf(
		    "%s%s\t%s\n", p->list, path, kind_name(slot->field->kind));
		return;
	}
	printf(".It Ic %s Pq %s", path, kind_name(slot->field->kind));
	if (docs == key_docs)
		default_print(config_tree_find(p->defaults, path));
	putchar('\n');
	text_print(text);
	if (docs == key_docs)
		fate_print(path);
}

/* A stanza that is told key by key, not as one. */
static bool
is_open(const struct slot *slot, const char *path)
{
	return ((slot->field->kind == KIND_STRUCT ||
		    slot->field->kind == KIND_PTR) &&
		slot->type != &config_check_type &&
		slot->type != &config_check_type_type &&
		(slot->type != &config_service_type) &&
		strcmp(path, "check") != 0);
}

static void
type_print(struct page *p, const struct doc *docs, const struct type *type,
    const char *above)
{
	const struct shape *shape = type_shape(type);
	char path[128];
	size_t i;

	for (i = 0; i < shape->count; i++) {
		const struct slot *slot = &shape->wire[i];

		snprintf(path, sizeof(path), "%s%.*s", above,
		    SLICE_ARGS(field_name(slot->field)));
		if (!is_open(slot, path)) {
			item_print(p, docs, path, slot);
			continue;
		}
		strncat(path, ".", sizeof(path) - strlen(path) - 1);
		type_print(p, docs, slot->type, path);
	}
}

static void
list_print(struct page *p, const struct doc *docs, const struct type *type)
{
	puts(".Bl -tag -width Ds");
	type_print(p, docs, type, "");
	puts(".El");
}

static void
refused_print(void)
{
	const char *key;
	size_t i;

	for (i = 0; (key = config_refused_key(i)) != NULL; i++)
		printf(".Ic %s%s\n", key,
		    config_refused_key(i + 1) != NULL ? " ," : " .");
}

/* Every metric of a name of its own, by kind. */
static void
metrics_print(enum metric_kind kind, const char *what)
{
	static const struct {
		enum metric_kind kind;
		const char *name;
		const char *labels;
	} rows[] = {
#define X(id, kind, name, labels) { METRIC_##kind, name, labels },
		METRICS(X)
#undef X
	};

	printf(".It %s\n", what);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].kind != kind)
			continue;
		printf(".Ic %s", rows[i].name);
		if (rows[i].labels[0] != '\0')
			printf(" Pq %s", rows[i].labels);
		puts(" ;");
	}
}

static void
metrics_list_print(void)
{
	puts(".Bl -tag -width Ds");
	metrics_print(METRIC_COUNTER, "Counters");
	metrics_print(METRIC_SAMPLE, "Samples, in milliseconds");
	metrics_print(METRIC_LEVEL, "Gauges that are always there");
	metrics_print(METRIC_GAUGE, "Gauges of what was measured last");
	puts(".El");
}

static int
keys_main(void)
{
	static const char mark[] = ".\\\" @";
	struct page page = { 0 };
	char line[4096], why[JSON_WHY_MAX];

	arena_init(&page.arena);
	if (json_parse_all(slice_of_text(config_defaults), &page.arena,
		&page.defaults, why) != ERR_OK) {
		fprintf(stderr, "pages: %s\n", why);
		return (1);
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, mark, strlen(mark)) != 0)
			fputs(line, stdout);
		else if (strcmp(line + strlen(mark), "keys\n") == 0)
			list_print(&page, key_docs, &config_keys_type);
		else if (strcmp(line + strlen(mark), "services\n") == 0)
			list_print(&page, service_docs, &config_service_type);
		else if (strcmp(line + strlen(mark), "checks\n") == 0)
			list_print(&page, check_docs, &config_check_type);
		else if (strcmp(line + strlen(mark), "refused\n") == 0)
			refused_print();
		else if (strcmp(line + strlen(mark), "metrics\n") == 0)
			metrics_list_print();
	}
	arena_deinit(&page.arena);
	return (ferror(stdin) != 0 || fflush(stdout) != 0);
}

static int
list_main(void)
{
	struct page page = { .list = "" };

	type_print(&page, key_docs, &config_keys_type, "");
	page.list = "services[].";
	type_print(&page, service_docs, &config_service_type, "");
	page.list = "checks[].";
	type_print(&page, check_docs, &config_check_type, "");
	return (fflush(stdout) != 0);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "keys") == 0)
		return (keys_main());
	if (argc == 2 && strcmp(argv[1], "commands") == 0)
		return (commands_main());
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return (list_main());
	fputs("usage: pages keys | commands <page >page\n"
	      "       pages list\n",
	    stderr);
	return (1);
}
