/*
 * The parts of filter expressions that do not nest: for filter_parse.c only.
 *
 * A rule of the grammar is a function: true where it matches, and then we are
 * behind it; else where we were. What was tried at the farthest place is told
 * when nothing fits.
 */
#ifndef COMMON_FILTER_SCAN_H
#define COMMON_FILTER_SCAN_H

#include "arena.h"
#include "bytes.h"

#define MISTAKES_MAX 16

/* What one place may want, sorted as it is told. */
/* clang-format off */
#define TERMINALS(X)                         \
	X(NOT_EQUAL,   "\"!=\"")             \
	X(OPEN,        "\"(\"")              \
	X(CLOSE,       "\")\"")              \
	X(MINUS,       "\"-\"")              \
	X(DOT,         "\".\"")              \
	X(ZERO,        "\"0\"")              \
	X(EQUAL,       "\"==\"")             \
	X(BRACKET,     "\"[\"")              \
	X(QUOTE,       "\"\\\"\"")           \
	X(END_BRACKET, "\"]\"")              \
	X(BACKQUOTE,   "\"`\"")              \
	X(AND,         "\"and\"")            \
	X(CONTAINS,    "\"contains\"")       \
	X(EMPTY,       "\"empty\"")          \
	X(IN,          "\"in\"")             \
	X(IS,          "\"is\"")             \
	X(MATCHES,     "\"matches\"")        \
	X(NOT,         "\"not\"")            \
	X(OR,          "\"or\"")             \
	X(ANY,         ".")                  \
	X(SPACE,       "[ \\t\\r\\n]")       \
	X(DIGIT,       "[0-9]")              \
	X(DIGIT_1,     "[1-9]")              \
	X(WORD,        "[a-zA-Z0-9_]")       \
	X(LETTER,      "[a-zA-Z]")
/* clang-format on */

enum terminal {
#define X(name, text) T_##name,
	TERMINALS(X)
#undef X
	    TERMINAL_COUNT
};

struct memo; /* filter_parse.c */

struct parser {
	struct slice in;
	size_t at;
	int32_t rune; /* there; -1 at the end */
	size_t width;
	struct arena *arena; /* lent */
	struct memo **memos; /* by place */
	const char *rule;    /* the innermost */
	unsigned depth;
	bool is_too_deep;
	bool is_inverted; /* inside of what must not match */
	size_t far;	  /* the farthest that something failed */
	uint64_t wanted;  /* there: terminals, and shifted, what was not */
	struct slice mistakes[MISTAKES_MAX];
	size_t mistake_count;
};

/* Each mistake is told once, in the order of the first time. */
void scan_mistake_add(struct parser *, size_t place, const char *text);
/* The mistake of a text that nothing fits. */
void scan_tell_wanted(struct parser *);

void scan_look(struct parser *); /* at the first character */
void scan_restore(struct parser *, size_t at);

bool scan_literal(struct parser *, enum terminal);
bool scan_is_not_literal(struct parser *, enum terminal);
bool scan_space(struct parser *);
bool scan_maybe_space(struct parser *); /* always true */
bool scan_end(struct parser *);

bool scan_string(struct parser *, struct slice *out); /* without quotes */
bool scan_number(struct parser *, struct slice *out);
bool scan_selector(struct parser *, struct slice *out); /* all of it */
bool scan_is_no_selector(struct parser *);
/* What a selector is made of: the first, and each that follows. */
bool scan_identifier(struct parser *, struct slice *out);
bool scan_part(struct parser *, struct slice *out);

#endif
