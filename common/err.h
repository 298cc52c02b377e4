/*
 * What can go wrong inside the suite, in one list.
 *
 * What a user sees is text, as on Consul's wire: an answer carries the text
 * and its receiver tells cases apart by it (wire/rpc.md 5). `enum err` is for
 * the code between.
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

/* clang-format off */
#define ERRS(X)                                                                \
	X(OK,         "ok")                                                    \
	X(INVALID,    "malformed")                                             \
	X(TOO_BIG,    "larger than the limit")                                 \
	X(TOO_DEEP,   "nested deeper than the limit")                          \
	X(NOT_FOUND,  "not found")                                             \
	X(EXISTS,     "exists already")                                        \
	X(FULL,       "queue full")                                            \
	X(TIMEOUT,    "deadline passed")                                       \
	X(PEER_GONE,  "the daemon asked has died: it may have done this, "     \
	    "or not")                                                          \
	X(OTHER_BUILD, "two daemons are of different builds: restart both "    \
	    "from the same build")                                             \
	X(REFUSED,    "refused")                                               \
	X(IO,         "input or output failed")                                \
	X(CORRUPT,    "stored data is corrupt")                                \
	X(UNAVAILABLE,"not available here")
/* clang-format on */

enum err {
#define X(name, text) ERR_##name,
	ERRS(X)
#undef X
	    ERR_COUNT
};

const char *err_text(enum err);

#endif
