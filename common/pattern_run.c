/*
 * Patterns at work: all places a program may be at go through the text
 * together, a character at a time; see pattern.h.
 */
#include <stdlib.h>
#include <string.h>

#include "pattern_program.h"
#include "utf8.h"
#include "xmalloc.h"

/* --- Running. --- */

struct machine {
	const struct instruction *code;
	size_t size;
	struct slice text;
	/* Where the program may be; `seen` marks them at `round`. */
	uint16_t *now, *then, *stack;
	size_t now_count, then_count;
	uint32_t *seen;
	uint32_t round;
	bool is_found;
};

static bool
is_word_at(struct slice text, size_t at)
{
	uint8_t byte = at < text.size ? text.data[at] : ' ';

	return ((byte >= '0' && byte <= '9') || byte == '_' ||
		((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'));
}

static bool
holds(enum op op, struct slice text, size_t at)
{
	bool before = at > 0 && is_word_at(text, at - 1);
	bool is_border = before != is_word_at(text, at);

	switch (op) {
	case OP_START:
		return (at == 0);
	case OP_END:
		return (at == text.size);
	case OP_LINE_START:
		return (at == 0 || text.data[at - 1] == '\n');
	case OP_LINE_END:
		return (at == text.size || text.data[at] == '\n');
	case OP_WORD:
		return (is_border);
	case OP_NO_WORD:
		return (!is_border);
	default:
		return (false);
	}
}

/* Go on from `start` to all places that want a character. */
static void
follow(struct machine *m, size_t start, size_t at)
{
	size_t depth = 0;

	m->stack[depth++] = (uint16_t)start;
	while (depth > 0) {
		size_t place = m->stack[--depth];
		const struct instruction *i = &m->code[place];

		if (m->seen[place] == m->round)
			continue;
		m->seen[place] = m->round;
		if (i->op == OP_FOUND) {
			m->is_found = true;
		} else if (i->op == OP_SET) {
			m->then[m->then_count++] = (uint16_t)place;
		} else if (i->op == OP_FORK || i->op == OP_JUMP) {
			m->stack[depth++] = (uint16_t)((int)place + i->to);
			if (i->op == OP_FORK)
				m->stack[depth++] =
				    (uint16_t)((int)place + i->other);
		} else if (i->op == OP_MARK || holds(i->op, m->text, at)) {
			m->stack[depth++] = (uint16_t)(place + 1);
		}
	}
}

static bool
run(struct machine *m)
{
	size_t at = 0, width;
	int32_t rune = -1;

	for (;;) {
		uint16_t *swap = m->now;

		m->round++;
		for (size_t i = 0; i < m->now_count; i++) {
			const struct instruction *op = &m->code[m->now[i]];

			if (pattern_set_has(&op->set, rune))
				follow(m, m->now[i] + 1U, at);
		}
		follow(m, 0, at); /* it may begin anywhere */
		m->now = m->then;
		m->now_count = m->then_count;
		m->then = swap;
		m->then_count = 0;
		if (m->is_found || at == m->text.size)
			return (m->is_found);
		rune = utf8_decode(slice_tail(m->text, at), &width);
		at += width;
	}
}

/* `lists`: four of the code's size, `seen`: one. A place is on the stack at
 * most twice: once for each way into it from a fork that was new. */
static bool
search(const struct instruction *code, size_t size, uint16_t *lists,
    uint32_t *seen, struct slice text)
{
	struct machine m = { .code = code, .size = size, .text = text };

	m.now = lists;
	m.then = lists + size;
	m.stack = lists + 2 * size;
	m.seen = seen;
	memset(seen, 0, size * sizeof(*seen));
	return (run(&m));
}

struct pattern {
	struct program program;
	uint16_t *lists;
	uint32_t *seen;
};

enum err
pattern_compile(struct slice text, struct arena *arena,
    const struct pattern **out, struct buf *why)
{
	struct pattern *p = arena_alloc(arena, sizeof(*p));
	size_t size;

	if (program_compile(text, false, arena, &p->program, why) != ERR_OK)
		return (ERR_INVALID);
	size = p->program.size;
	p->lists = arena_array(arena, 4 * size, sizeof(*p->lists));
	p->seen = arena_array(arena, size, sizeof(*p->seen));
	*out = p;
	return (ERR_OK);
}

bool
pattern_matches(const struct pattern *p, struct slice text)
{
	return (
	    search(p->program.code, p->program.size, p->lists, p->seen, text));
}

enum pattern_result
pattern_search(struct slice pattern, struct slice text)
{
	enum pattern_result result = PATTERN_BAD;
	const struct pattern *p;
	struct buf why = { 0 };
	struct arena arena;

	arena_init(&arena);
	if (pattern_compile(pattern, &arena, &p, &why) == ERR_OK)
		result =
		    pattern_matches(p, text) ? PATTERN_FOUND : PATTERN_ABSENT;
	arena_deinit(&arena);
	buf_deinit(&why);
	return (result);
}

enum err
pattern_check(struct slice pattern, struct buf *why)
{
	struct program program;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = program_compile(pattern, false, &arena, &program, why);
	arena_deinit(&arena);
	return (err);
}

/* --- Groups: the first way through the program counts, where a fork's `to`
 * comes before its `other` (Cox, "the Virtual Machine Approach", Pike). --- */

struct threads {
	uint16_t *places; /* in the order of preference */
	size_t *marks;	  /* mark_count for each of them */
	size_t count;
};

/* A place to go on at; or, behind all that follows a mark, its old value. */
struct step {
	size_t place;
	int mark; /* -1: a place */
	size_t old;
};

struct race {
	const struct instruction *code;
	struct slice text;
	size_t mark_count;
	size_t *marks; /* of the thread that is followed */
	size_t *found; /* of the best one that has ended */
	struct step *stack;
	uint32_t *seen;
	uint32_t round;
	bool is_found;
};

#define MARK_NONE SIZE_MAX

static size_t
place_at(size_t from, int relative)
{
	return (from + (size_t)(ptrdiff_t)relative);
}

static void
race_follow(struct race *r, size_t start, size_t at, struct threads *to)
{
	size_t depth = 0, size = r->mark_count * sizeof(*r->marks);

	r->stack[depth++] = (struct step){ start, -1, 0 };
	while (depth > 0) {
		struct step step = r->stack[--depth];
		const struct instruction *i = &r->code[step.place];

		if (step.mark >= 0) {
			r->marks[step.mark] = step.old;
			continue;
		}
		if (r->seen[step.place] == r->round)
			continue;
		r->seen[step.place] = r->round;
		if (i->op == OP_SET || i->op == OP_FOUND) {
			memcpy(&to->marks[to->count * r->mark_count], r->marks,
			    size);
			to->places[to->count++] = (uint16_t)step.place;
			continue;
		}
		if (i->op == OP_FORK)
			r->stack[depth++] =
			    (struct step){ place_at(step.place, i->other), -1,
				    0 };
		if (i->op == OP_FORK || i->op == OP_JUMP) {
			step.place = place_at(step.place, i->to);
			r->stack[depth++] = step;
			continue;
		}
		if (i->op == OP_MARK) {
			r->stack[depth++] = (struct step){ step.place, i->other,
				r->marks[i->other] };
			r->marks[i->other] = at;
		} else if (!holds(i->op, r->text, at)) {
			continue;
		}
		step.place++;
		r->stack[depth++] = step;
	}
}

/* All threads over the character at `at`, of `width` bytes; those behind one
 * that ends are cut off. */
static void
race_step(struct race *r, size_t at, size_t *width, const struct threads *now,
    struct threads *then)
{
	size_t size = r->mark_count * sizeof(*r->marks);
	int32_t rune = utf8_decode(slice_tail(r->text, at), width);

	r->round++;
	then->count = 0;
	for (size_t i = 0; i < now->count; i++) {
		const struct instruction *op = &r->code[now->places[i]];
		const size_t *marks = &now->marks[i * r->mark_count];

		if (op->op == OP_FOUND) {
			memcpy(r->found, marks, size);
			r->found[1] = at;
			r->is_found = true;
			return;
		}
		if (at == r->text.size || !pattern_set_has(&op->set, rune))
			continue;
		memcpy(r->marks, marks, size);
		race_follow(r, now->places[i] + 1U, at + *width, then);
	}
}

static void
race_run(struct race *r, struct threads *now, struct threads *then)
{
	size_t width;

	r->round = 1;
	for (size_t at = 0; at <= r->text.size; at += width) {
		struct threads swap = *now;

		if (!r->is_found) {
			for (size_t i = 0; i < r->mark_count; i++)
				r->marks[i] = MARK_NONE;
			r->marks[0] = at;
			race_follow(r, 0, at, now);
		}
		if (now->count == 0 && r->is_found)
			break;
		race_step(r, at, &width, now, then);
		if (width == 0)
			width = 1; /* behind the end */
		*now = *then;
		*then = swap;
	}
}

static struct threads
threads_new(size_t size, size_t mark_count)
{
	return ((struct threads){
	    .places = xreallocarray(NULL, size, sizeof(uint16_t)),
	    .marks = xreallocarray(NULL, size * mark_count, sizeof(size_t)),
	});
}

static void
threads_free(struct threads *t)
{
	free(t->places);
	free(t->marks);
}

static size_t
groups_find(const struct program *c, struct slice text, struct slice *groups,
    size_t most)
{
	size_t marks = 2 * ((size_t)c->group_count + 1), count = 0;
	struct race r = { .code = c->code, .text = text, .mark_count = marks };
	struct threads now = threads_new(c->size, marks);
	struct threads then = threads_new(c->size, marks);

	r.marks = xreallocarray(NULL, 2 * marks, sizeof(*r.marks));
	r.found = r.marks + marks;
	r.seen = xcalloc(c->size, sizeof(*r.seen));
	/* Each place that is new puts two there at most. */
	r.stack = xreallocarray(NULL, 2 * c->size + 1, sizeof(*r.stack));
	race_run(&r, &now, &then);
	for (; r.is_found && count < marks / 2 && count < most; count++) {
		size_t from = r.found[2 * count], to = r.found[2 * count + 1];

		groups[count] = SLICE("");
		if (from != MARK_NONE && to != MARK_NONE)
			groups[count] =
			    slice_head(slice_tail(text, from), to - from);
	}
	free(r.marks);
	free(r.seen);
	free(r.stack);
	threads_free(&now);
	threads_free(&then);
	return (count);
}

size_t
pattern_groups(
    struct slice pattern, struct slice text, struct slice *groups, size_t most)
{
	struct program program;
	struct arena arena;
	size_t count = 0;

	arena_init(&arena);
	if (program_compile(pattern, true, &arena, &program, NULL) == ERR_OK)
		count = groups_find(&program, text, groups, most);
	arena_deinit(&arena);
	return (count);
}
