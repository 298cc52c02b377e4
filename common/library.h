/*
 * A shared library that is loaded when it is wanted and not before: linking it
 * would map it, and write its relocations, in every process from its start.
 *
 * Loading reads files, so a daemon does it before its sandbox closes.
 */
#ifndef COMMON_LIBRARY_H
#define COMMON_LIBRARY_H

#include <stddef.h>

#include "bytes.h"
#include "err.h"

/* One function: its name there, and the pointer to it in the user's struct. */
struct library_function {
	const char *name;
	size_t offset;
};

/* Fill in the pointers of *functions. `file` is as the loader finds it:
 * "libcrypto.so.3"; it stays loaded for good.
 *
 * Errors  ERR_UNAVAILABLE and why: the library or one of them is not there */
MUST_CHECK enum err library_load(const char *file,
    const struct library_function *, size_t count, void *functions,
    struct buf *why);

#endif
