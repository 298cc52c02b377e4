/* Tables: widths, gaps, ends of lines. */
#include <stdlib.h>
#include <string.h>

#include "proconsul/table.h"
#include "tests/lib/tap.h"

static struct arena arena;

static char *
print(const struct table *t, size_t gap)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	table_print(t, gap, to);
	fclose(to);
	return (text);
}

static void
test_columns(void)
{
	struct table t;
	char *text;

	table_init(&t, &arena, 3);
	table_add_text(&t, "Node");
	table_add_text(&t, "Address");
	table_add_text(&t, "DC");
	table_add_text(&t, "a-long-name");
	table_add_text(&t, "1.1.1.1");
	table_add_text(&t, "dc1");
	table_add_text(&t, "");
	table_add_text(&t, "");
	table_add_text(&t, "x");
	text = print(&t, 2);
	CHECK(strcmp(text, "Node         Address  DC\n"
			   "a-long-name  1.1.1.1  dc1\n"
			   "                      x\n") == 0);
	free(text);
}

static void
test_code_points(void)
{
	struct table t;
	char *text;

	table_init(&t, &arena, 2);
	table_add_text(&t, "ext-\xc3\xbc");
	table_add_text(&t, "a");
	table_add_text(&t, "extra");
	table_add_text(&t, "b");
	text = print(&t, 2);
	CHECK(strcmp(text, "ext-\xc3\xbc  a\nextra  b\n") == 0);
	free(text);
}

static void
test_end(void)
{
	struct table t;
	char *text;

	table_init(&t, &arena, 2);
	table_add_text(&t, "a");
	table_add_text(&t, "");
	table_add_text(&t, "bbb");
	table_add_text(&t, "");
	text = print(&t, 2);
	CHECK(strcmp(text, "a    \nbbb  \n") == 0);
	free(text);
	t.trims_end = true;
	text = print(&t, 2);
	CHECK(strcmp(text, "a    \nbbb\n") == 0);
	free(text);
}

static void
test_many_rows(void)
{
	struct table t;
	char *text;
	int i;

	table_init(&t, &arena, 2);
	for (i = 0; i < 1000; i++)
		table_add_text(&t, i % 2 == 0 ? "k" : "v");
	text = print(&t, 1);
	CHECK_EQ(strlen(text), 4 * 500);
	free(text);
	table_init(&t, &arena, 2);
	text = print(&t, 1);
	CHECK(text[0] == '\0');
	free(text);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_columns);
	RUN(test_code_points);
	RUN(test_end);
	RUN(test_many_rows);
	arena_deinit(&arena);
	return (tap_done());
}
