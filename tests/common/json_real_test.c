/*
 * Our JSON beside that of a real 1.8.7 agent, from files that were captured
 * there (each says in front what its columns are).
 *
 * tests/vectors/json/answers.txt  replies, and what HTTP made of them
 * tests/vectors/json/bodies.txt   bodies, and why they were refused
 */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/rpc_methods.h"
#include "tests/lib/tap.h"

#define COLUMNS_MAX 5

static struct arena arena;

/* Calls `check` with the columns of each line; there must be `count_min`. */
static void
each_line(const char *path, size_t column_count, size_t count_min,
    void (*check)(char **columns))
{
	FILE *file = fopen(path, "r");
	size_t capacity = 0, count = 0;
	char *line = NULL;

	CHECK(file != NULL);
	while (file != NULL && getline(&line, &capacity, file) > 0) {
		char *columns[COLUMNS_MAX] = { NULL };
		char *rest = line;

		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < column_count; i++)
			columns[i] = strsep(&rest, "\t");
		CHECK(columns[column_count - 1] != NULL);
		if (columns[column_count - 1] != NULL)
			check(columns);
		count++;
		arena_reset(&arena);
	}
	CHECK(count >= count_min);
	free(line);
	if (file != NULL)
		fclose(file);
}

/* Same values, same members in the same order. */
static bool
is_same(const struct json *a, const struct json *b)
{
	const struct json *x = a->first, *y = b->first;

	if (a->kind != b->kind || a->boolean != b->boolean ||
	    a->count != b->count || !slice_equal(a->text, b->text) ||
	    !slice_equal(a->key, b->key))
		return (false);
	for (; x != NULL; x = x->next, y = y->next)
		if (!is_same(x, y))
			return (false);
	return (true);
}

static const struct json *
parse(struct slice text)
{
	char why[JSON_WHY_MAX] = "";
	struct json *tree = NULL;

	if (json_parse_all(text, &arena, &tree, why) != ERR_OK)
		printf("# %s: %.*s\n", why, SLICE_ARGS(text));
	return (tree);
}

static struct slice
from_hex(const char *hex)
{
	size_t size = strlen(hex) / 2;
	uint8_t *bytes = arena_alloc(&arena, size);

	for (size_t i = 0; i < size; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return (slice(bytes, size));
}

/* method, member, nulls or marked, reply in hex, JSON */
static void
check_answer(char **columns)
{
	enum method m = method_find(slice_of_text(columns[0]));
	const struct type *type;
	const struct json *ours, *real;
	struct buf text;
	void *reply;

	CHECK(m != METHOD_COUNT);
	if (m == METHOD_COUNT)
		return;
	type = method_rows[m].reply;
	reply = arena_alloc(&arena, type->size);
	CHECK_EQ(
	    type_decode_all(type, from_hex(columns[3]), &arena, reply), ERR_OK);
	buf_init(&text);
	if (strcmp(columns[2], "nulls") == 0)
		json_from_type_nulls(type, reply, &text);
	else
		json_from_type(type, reply, &text);
	real = parse(slice_of_text(columns[4]));
	ours = parse(buf_slice(&text));
	if (ours != NULL && strcmp(columns[1], "-") != 0) {
		struct json *member = NULL;
		const struct json *found = json_get(ours, columns[1]);

		if (found != NULL) {
			member = arena_alloc(&arena, sizeof(*member));
			*member = *found;
			member->key = (struct slice){ 0 };
		}
		ours = member;
	}
	if (ours == NULL || real == NULL || !is_same(ours, real)) {
		tap_is_ok = false;
		printf("# %s\n#   ours %s\n#   real %s\n", columns[0],
		    buf_text(&text), columns[4]);
	}
	buf_deinit(&text);
}

static void
test_answers(void)
{
	each_line("tests/vectors/json/answers.txt", 5, 30, check_answer);
}

static const struct type *
body_type(const char *name)
{
	static const struct {
		const char *name;
		const struct type *type;
	} types[] = {
		{ "service", &service_definition_type },
		{ "check", &check_definition_type },
		{ "register", &register_request_type },
		{ "deregister", &deregister_request_type },
		{ "session", &session_type },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return (types[i].type);
	return (NULL);
}

/* what, body, answer */
static void
check_body(char **columns)
{
	const struct type *type = body_type(columns[0]);
	enum json_dialect dialect =
	    type == &session_type ? JSON_API_LAX : JSON_API;
	char why[JSON_WHY_MAX] = "ok";
	struct json *tree;
	enum err err;

	CHECK(type != NULL);
	if (type == NULL)
		return;
	err = json_parse(slice_of_text(columns[1]), &arena, &tree, NULL, why);
	if (err == ERR_OK)
		err = json_to_type(tree, dialect, type, &arena,
		    arena_alloc(&arena, type->size), why);
	CHECK_EQ(err == ERR_OK, strcmp(columns[2], "ok") == 0);
	if (strcmp(why, columns[2]) != 0) {
		tap_is_ok = false;
		printf("# %s %s\n#   ours %s\n#   real %s\n", columns[0],
		    columns[1], why, columns[2]);
	}
}

static void
test_bodies(void)
{
	each_line("tests/vectors/json/bodies.txt", 3, 158, check_body);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_answers);
	RUN(test_bodies);
	arena_deinit(&arena);
	return (tap_done());
}
