/* Snapshot archives as files, looked at by `snapshot`. */
#ifndef PROCONSUL_SNAPSHOT_FILE_H
#define PROCONSUL_SNAPSHOT_FILE_H

#include <stdio.h>

#include "archive.h"

/* Read all of it, whether it is whole and its sums are right. The reader lends
 * *meta, and is the caller's to free, whatever comes. *why is Consul's text;
 * `name` is the file's, for it. */
MUST_CHECK enum err snapshot_verify(FILE *, const char *name,
    struct archive_reader **, struct archive_meta *, struct buf *why);

#endif
