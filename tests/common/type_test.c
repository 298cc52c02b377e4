/* The struct engine: dialect, limits, equality, copies, and every table. */
#include <stdlib.h>
#include <string.h>

#include "common/local_types.h"
#include "common/msgpack.h"
#include "common/type_shape.h"
#include "tests/lib/tap.h"

static struct arena arena;

/* A struct with a bit of everything, for the rules. */
#define SMALL(F)                                   \
	F(STR, _, name, "Name", 8, 0)              \
	F(STRS, _, tags, "Tags", 3, 0)             \
	F(MAP_STR, _, meta, "Meta", 0, 0)          \
	F(ANY, _, any, "Any", 0, 0)                \
	F(BYTES, _, bytes, "Bytes", 0, 0)          \
	F(PTR, weights, weights, "Weights", 0, 0)  \
	F(INC, raft_index, indexes, "", 0, 0)      \
	F(LIST, small, children, "Children", 0, 0) \
	F(TIME_PTR, _, at, "At", 0, 0)
struct small {
	SMALL(TYPE_MEMBER)
};
extern const struct type small_type;
TYPE_DEFINE(small, SMALL, "Small")

static enum err
decode(const char *bytes, size_t size, struct small *out)
{
	return (type_decode_all(&small_type, slice(bytes, size), &arena, out));
}

#define DECODE(literal, out) decode(literal, sizeof(literal) - 1, out)

static bool
encodes_as(const struct small *object, struct slice expected)
{
	struct buf b;
	bool is_same;

	buf_init(&b);
	type_encode(&small_type, object, &b);
	is_same = slice_equal(buf_slice(&b), expected);
	buf_deinit(&b);
	return (is_same);
}

static void
test_keys_are_sorted(void)
{
	struct small s = { 0 };

	CHECK(encodes_as(&s, SLICE("\x8a\xa3"
				   "Any\xc0\xa2"
				   "At\xc0\xa5"
				   "Bytes\xc0\xa8"
				   "Children\xc0\xab"
				   "CreateIndex\x00\xa4"
				   "Meta\xc0\xab"
				   "ModifyIndex\x00\xa4"
				   "Name\xa0\xa4"
				   "Tags\xc0\xa7"
				   "Weights\xc0")));
}

static void
test_any_order_unknown_missing(void)
{
	struct small s;

	CHECK_EQ(DECODE("\x83\xa4"
			"Tags\x91\xa1x\xa4Zork\x92\x01\x81\x02\x03\xa4"
			"Name\xa3web",
		     &s),
	    ERR_OK);
	CHECK(slice_is(s.name, "web"));
	CHECK_EQ(s.tags.count, 1);
	CHECK(s.meta.items == NULL);
	CHECK_EQ(DECODE("\xc0", &s), ERR_OK); /* nil: all zero */
	CHECK_EQ(s.name.size, 0);
}

static void
test_array_of_fields(void)
{
	struct small s;

	CHECK_EQ(DECODE("\x92\xa3web\x91\xa1x", &s), ERR_OK);
	CHECK(slice_is(s.name, "web"));
	CHECK(slice_is(s.tags.items[0], "x"));
}

static void
test_nil_and_empty_stay(void)
{
	struct small s;

	CHECK_EQ(DECODE("\x82\xa4Tags\x90\xa4Meta\x80", &s), ERR_OK);
	CHECK(s.tags.items != NULL);
	CHECK_EQ(s.tags.count, 0);
	CHECK(s.meta.items != NULL);
	CHECK_EQ(DECODE("\x82\xa4Tags\xc0\xa4Meta\xc0", &s), ERR_OK);
	CHECK(s.tags.items == NULL);
	CHECK(s.meta.items == NULL);
}

static void
test_wrong_kinds(void)
{
	struct small s;

	CHECK_EQ(DECODE("\x81\xa4Name\x05", &s), ERR_INVALID);
	CHECK_EQ(DECODE("\x81\xa4Tags\xa1x", &s), ERR_INVALID);
	CHECK_EQ(DECODE("\x81\xa4Meta\x90", &s), ERR_INVALID);
	CHECK_EQ(DECODE("\x81\xa7Weights\x05", &s), ERR_INVALID);
	CHECK_EQ(DECODE("\x81\xa2"
			"At\xa3xyz",
		     &s),
	    ERR_INVALID);
	CHECK_EQ(DECODE("\x05", &s), ERR_INVALID);
	CHECK_EQ(DECODE("", &s), ERR_INVALID);
	CHECK_EQ(DECODE("\x80\x80", &s), ERR_INVALID); /* one too many */
	CHECK_EQ(DECODE("\x81\xa4Name", &s), ERR_INVALID);
}

static void
test_limits_of_rows(void)
{
	struct small s;

	CHECK_EQ(DECODE("\x81\xa4Name\xa8"
			"12345678",
		     &s),
	    ERR_OK);
	CHECK_EQ(DECODE("\x81\xa4Name\xa9"
			"123456789",
		     &s),
	    ERR_TOO_BIG);
	CHECK_EQ(DECODE("\x81\xa4Tags\x94\xa0\xa0\xa0\xa0", &s), ERR_TOO_BIG);
}

static void
test_depth(void)
{
	struct buf b;
	struct small s;

	buf_init(&b);
	for (int i = 0; i < 100; i++)
		buf_put_text(&b, "\x81\xa8"
				 "Children\x91");
	buf_put_u8(&b, 0x80);
	CHECK_EQ(type_decode_all(&small_type, buf_slice(&b), &arena, &s),
	    ERR_TOO_DEEP);
	buf_deinit(&b);
}

/* A byte may stand for a struct of hundreds: not without end. */
static void
test_memory_is_bounded(void)
{
	struct small s;
	struct arena own;
	struct buf b;
	size_t count = 1000000;

	arena_init(&own);
	buf_init(&b);
	pack_map(&b, 1);
	pack_text(&b, "Children");
	pack_array(&b, count);
	for (size_t i = 0; i < count; i++)
		buf_put_u8(&b, 0xc0);
	CHECK_EQ(
	    type_decode_all(&small_type, buf_slice(&b), &own, &s), ERR_TOO_BIG);
	CHECK(own.size <= TYPE_MEMORY_MIN + b.size * TYPE_MEMORY_PER_BYTE);
	buf_deinit(&b);
	arena_deinit(&own);
}

static void
test_any_is_verbatim(void)
{
	struct small s;

	CHECK_EQ(DECODE("\x81\xa3"
			"Any\x82\xa1z\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xa1"
			"a\xc0",
		     &s),
	    ERR_OK);
	CHECK_EQ(s.any.size, 15);
	CHECK_EQ(DECODE("\x81\xa3"
			"Any\xc0",
		     &s),
	    ERR_OK);
	CHECK_EQ(s.any.size, 0);
}

static void
test_equality(void)
{
	struct small a, b;

	CHECK_EQ(DECODE("\x82\xa4Meta\x82\xa1"
			"a\xa1"
			"1\xa1"
			"b\xa1"
			"2\xa4Tags\x90",
		     &a),
	    ERR_OK);
	CHECK_EQ(DECODE("\x82\xa4Meta\x82\xa1"
			"b\xa1"
			"2\xa1"
			"a\xa1"
			"1\xa4Tags\xc0",
		     &b),
	    ERR_OK);
	CHECK(type_equal(&small_type, &a, &b));
	b.meta.items[0].value = SLICE("3");
	CHECK(!type_equal(&small_type, &a, &b));
	CHECK_EQ(DECODE("\x80", &b), ERR_OK);
	CHECK(!type_equal(&small_type, &a, &b));
	b = a;
	b.weights = &(struct weights){ 1, 1 };
	CHECK(!type_equal(&small_type, &a, &b));
	b = a;
	b.indexes.modify_index = 1;
	CHECK(!type_equal(&small_type, &a, &b));
}

static void
test_copy_is_deep(void)
{
	char bytes[] = "\x83\xa4Name\xa3web\xa4Tags\x91\xa1x\xa8"
		       "Children\x91\x81\xa4Name\xa1y";
	struct small s, copy;

	CHECK_EQ(decode(bytes, sizeof(bytes) - 1, &s), ERR_OK);
	type_copy(&small_type, &s, &arena, &copy);
	CHECK(type_equal(&small_type, &s, &copy));
	memset(bytes, 'q', sizeof(bytes));
	CHECK(slice_is(copy.name, "web"));
	CHECK(slice_is(copy.tags.items[0], "x"));
	CHECK(slice_is(copy.children.items[0].name, "y"));
}

static void
test_times(void)
{
	struct small s;
	struct buf b;
	static const char bytes[] = "\x81\xa2"
				    "At\xaf\x01\x00\x00\x00\x0e\xd7\x00\x00\x01"
				    "\x00\x00\x00\x05\xff\xff";

	CHECK_EQ(DECODE(bytes, &s), ERR_OK);
	CHECK(s.at.is_set);
	CHECK_EQ(s.at.seconds, INT64_C(0x0ed7000001));
	CHECK_EQ(s.at.ns, 5);
	CHECK_EQ(s.at.zone_minutes, -1);
	buf_init(&b);
	type_encode(&small_type, &s, &b);
	CHECK(memmem(b.data, b.size, bytes + 4, 16) != NULL);
	buf_deinit(&b);
}

/* Every table: its layout is sound, and its zero value goes both ways. */
static void
check_type(const struct type *type)
{
	const struct shape *shape = type_shape(type);
	void *object = arena_alloc(&arena, type->size);
	void *again = arena_alloc(&arena, type->size);
	struct buf b;

	for (size_t i = 1; i < shape->wire_count; i++)
		if (slice_compare(field_name(shape->wire[i - 1].field),
			field_name(shape->wire[i].field)) >= 0) {
			printf("# %s has %.*s twice\n", type->name,
			    SLICE_ARGS(field_name(shape->wire[i].field)));
			tap_is_ok = false;
		}
	buf_init(&b);
	type_encode(type, object, &b);
	CHECK_EQ(type_decode_all(type, buf_slice(&b), &arena, again), ERR_OK);
	CHECK(type_equal(type, object, again));
	buf_deinit(&b);
}

static void
test_every_type(void)
{
#define X(name, rows, go_name) check_type(&name##_type);
	RPC_MAP_TYPES(X)
	RPC_BARE_TYPES(X)
	LOCAL_TYPES(X)
#undef X
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_keys_are_sorted);
	RUN(test_any_order_unknown_missing);
	RUN(test_array_of_fields);
	RUN(test_nil_and_empty_stay);
	RUN(test_wrong_kinds);
	RUN(test_limits_of_rows);
	RUN(test_depth);
	RUN(test_memory_is_bounded);
	RUN(test_any_is_verbatim);
	RUN(test_equality);
	RUN(test_copy_is_deep);
	RUN(test_times);
	RUN(test_every_type);
	arena_deinit(&arena);
	return (tap_done());
}
