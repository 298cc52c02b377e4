/*
 * What a pattern is compiled to: for pattern*.c only.
 *
 * Jumps are relative, so that a piece of a program can be moved and copied.
 */
#ifndef COMMON_PATTERN_PROGRAM_H
#define COMMON_PATTERN_PROGRAM_H

#include "pattern.h"
#include "pattern_set.h"

enum op {
	OP_SET,	 /* one character of the set */
	OP_FORK, /* go on at both `to` and `other` */
	OP_JUMP, /* at `to` */
	OP_START,
	OP_END,
	OP_LINE_START,
	OP_LINE_END,
	OP_WORD,
	OP_NO_WORD,
	OP_FOUND,
	OP_MARK, /* a group begins or ends here: number `other` */
};

struct instruction {
	enum op op;
	int to, other; /* relative to this one */
	struct pattern_set set;
};

struct program {
	struct instruction *code;
	size_t size;
	int group_count;
};

/* ERR_INVALID: *why gets Go's text, and may be NULL. `has_marks`: the program
 * notes where groups are. */
MUST_CHECK enum err program_compile(struct slice pattern, bool has_marks,
    struct arena *, struct program *out, struct buf *why);

#endif
