/* LZW; see lzw.h. */
#include <string.h>

#include "lzw.h"

#define CLEAR	    256U
#define END	    257U
#define WIDTH_FIRST 9U
#define WIDTH_MAX   12U
#define CODES	    (1U << WIDTH_MAX)
/* The writer's last index: there it clears, one before the table is full. */
#define INDEX_CLEAR (CODES - 1)
#define SLOTS	    (2 * CODES) /* of the writer's hash table */

struct bits {
	uint32_t held;
	unsigned count;
};

/* --- Writing. --- */

struct writer {
	struct buf *out; /* lent */
	struct bits bits;
	unsigned width;
	uint32_t index; /* of the newest entry */
	/* A prefix code and a literal (20 bits), and their code below (12);
	 * 0 is free, for no entry has a code below 258. */
	uint32_t slots[SLOTS];
};

static void
code_put(struct writer *w, uint32_t code)
{
	w->bits.held |= code << w->bits.count;
	w->bits.count += w->width;
	for (; w->bits.count >= 8; w->bits.count -= 8) {
		buf_put_u8(w->out, (uint8_t)w->bits.held);
		w->bits.held >>= 8;
	}
}

static void
table_clear(struct writer *w)
{
	w->width = WIDTH_FIRST;
	w->index = END;
	memset(w->slots, 0, sizeof(w->slots));
}

/* One more code was written. False where the table begins anew. */
static bool
index_next(struct writer *w)
{
	w->index++;
	if (w->index == 1U << w->width)
		w->width++;
	if (w->index != INDEX_CLEAR)
		return (true);
	code_put(w, CLEAR);
	table_clear(w);
	return (false);
}

/* Where this prefix and literal stand, or where they would. */
static uint32_t *
slot_of(struct writer *w, uint32_t key)
{
	uint32_t at = (key >> 12 ^ key) % SLOTS;

	while (w->slots[at] != 0 && w->slots[at] >> 12 != key)
		at = (at + 1) % SLOTS;
	return (&w->slots[at]);
}

void
lzw_compress(struct slice in, struct buf *out)
{
	struct writer w = { .out = out };
	uint32_t code = in.size > 0 ? in.data[0] : 0;

	table_clear(&w);
	for (size_t i = 1; i < in.size; i++) {
		uint32_t key = code << 8 | in.data[i];
		uint32_t *slot = slot_of(&w, key);

		if (*slot != 0) {
			code = *slot % CODES;
			continue;
		}
		code_put(&w, code);
		code = in.data[i];
		if (index_next(&w))
			*slot = key << 12 | w.index;
	}
	if (in.size > 0) {
		code_put(&w, code);
		index_next(&w);
	}
	code_put(&w, END);
	if (w.bits.count > 0)
		buf_put_u8(out, (uint8_t)w.bits.held);
}

/* --- Reading. --- */

/* Bytes of the output that an entry stands for. */
struct entry {
	uint32_t at;
	uint32_t size;
};

struct expander {
	struct slice in;
	size_t position;
	struct bits bits;
	unsigned width;
	struct buf *out; /* lent */
	size_t start;	 /* where ours begins in `out` */
	size_t limit;
	uint32_t index; /* of the next entry; see has_last */
	struct entry last;
	bool has_last; /* there is a string that the next entry extends */
	struct entry entries[CODES];
};

static bool
code_get(struct expander *x, uint32_t *code)
{
	while (x->bits.count < x->width) {
		if (x->position == x->in.size)
			return (false);
		x->bits.held |= (uint32_t)x->in.data[x->position++]
				<< x->bits.count;
		x->bits.count += 8;
	}
	*code = x->bits.held & ((1U << x->width) - 1);
	x->bits.held >>= x->width;
	x->bits.count -= x->width;
	return (true);
}

static void
expander_clear(struct expander *x)
{
	x->width = WIDTH_FIRST;
	x->index = END;
	x->has_last = false;
}

/*
 * An entry is the string before and the first byte of the one now: in the
 * output both stand side by side, so that a place and a size say it all. An
 * entry that is used while it is made repeats its own first byte.
 */
static enum err
string_put(struct expander *x, uint32_t code)
{
	size_t at = x->out->size - x->start;
	struct entry e = { (uint32_t)at, 1 };
	uint8_t *to;

	if (x->has_last)
		x->entries[x->index] =
		    (struct entry){ x->last.at, x->last.size + 1 };
	if (code >= CLEAR)
		/* A code has at most WIDTH_MAX bits. */
		/* cppcheck-suppress arrayIndexOutOfBoundsCond */
		e = x->entries[code];
	if (e.size > x->limit - at)
		return (ERR_TOO_BIG);
	to = buf_extend(x->out, e.size);
	if (code < CLEAR)
		to[0] = (uint8_t)code;
	else
		for (size_t i = 0; i < e.size; i++)
			to[i] = x->out->data[x->start + e.at + i];
	x->last = (struct entry){ (uint32_t)at, e.size };
	return (ERR_OK);
}

static void
expander_next(struct expander *x)
{
	x->has_last = true;
	x->index++;
	if (x->index < 1U << x->width)
		return;
	if (x->width < WIDTH_MAX) {
		x->width++;
		return;
	}
	x->has_last = false; /* full: nothing is added any more */
	x->index--;
}

enum err
lzw_expand(struct slice in, size_t limit, struct buf *out)
{
	struct expander x = { .in = in, .out = out, .limit = limit };
	uint32_t code;
	enum err err;

	if (limit > UINT32_MAX - 1)
		return (ERR_TOO_BIG);
	x.start = out->size;
	expander_clear(&x);
	while (code_get(&x, &code)) {
		if (code == END)
			return (ERR_OK);
		if (code == CLEAR) {
			expander_clear(&x);
			continue;
		}
		if (code > x.index)
			return (ERR_INVALID);
		if ((err = string_put(&x, code)) != ERR_OK)
			return (err);
		expander_next(&x);
	}
	return (ERR_INVALID);
}
