/*
 * Words of HCL 1: what the parser (hcl.c) reads from. Shared by the hcl*.c
 * files only.
 */
#ifndef COMMON_HCL_SCAN_H
#define COMMON_HCL_SCAN_H

#include "arena.h"
#include "bytes.h"
#include "err.h"

/*	name, as errors print it */
#define HCL_TOKENS(X) \
	X(ILLEGAL)    \
	X(EOF)        \
	X(COMMENT)    \
	X(IDENT)      \
	X(NUMBER)     \
	X(FLOAT)      \
	X(BOOL)       \
	X(STRING)     \
	X(HEREDOC)    \
	X(LBRACK)     \
	X(LBRACE)     \
	X(COMMA)      \
	X(PERIOD)     \
	X(RBRACK)     \
	X(RBRACE)     \
	X(ASSIGN)     \
	X(ADD)        \
	X(SUB)

#define X(name) HCL_##name,
enum hcl_token_kind { HCL_TOKENS(X) };
#undef X

/* Counted in characters; lines and columns from 1. */
struct hcl_position {
	size_t offset; /* bytes */
	size_t line;
	size_t column;
};

struct hcl_token {
	enum hcl_token_kind kind;
	struct hcl_position at;
	struct slice text; /* as it is written; lent by the source */
};

struct hcl_scan {
	struct slice source; /* lent */
	struct hcl_position now;
	struct hcl_position before; /* the last character */
	size_t character_size;	    /* of the last one, in bytes */
	size_t line_size;	    /* of the last line, in characters */
	const char *why;	    /* the last mistake, or NULL */
	struct hcl_position why_at;
};

void hcl_scan_init(struct hcl_scan *, struct slice source);
struct hcl_token hcl_scan_next(struct hcl_scan *);
const char *hcl_token_name(enum hcl_token_kind);

/*
 * What a STRING (with its quotes) or HEREDOC (with its marks) stands for.
 *
 * Errors  ERR_INVALID where the real one panics: a line's end or a bad
 *	   character inside of ${}, a number that is no character
 */
MUST_CHECK enum err hcl_text_value(
    const struct hcl_token *, struct arena *, struct slice *out);

#endif
