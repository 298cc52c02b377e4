/* Files as arguments, with errors in Go's words. */
#ifndef PROCONSUL_FILES_H
#define PROCONSUL_FILES_H

#include "bytes.h"
#include "err.h"

#define ARGUMENT_FILE_BYTES_MAX (64 * 1024 * 1024)

/* Append what is in a file. *why: "open x: no such file or directory". */
MUST_CHECK enum err file_read(const char *path, struct buf *, struct buf *why);
/* "text", "@file" or "-" (standard input), as kv put and import take it. */
MUST_CHECK enum err argument_read(const char *, struct buf *, struct buf *why);
/* The text of an errno, as Go spells it. */
void errno_put(struct buf *, int error);
struct slice slice_trim(struct slice); /* blanks off both ends */

#endif
