/*
 * Consul's snapshot archive: gzip of tar with meta.json, state.bin and
 * SHA256SUMS, written and read piece by piece.
 *
 * Memory  zlib's window and some KiB, however large the state is
 * Limits  ARCHIVE_*_BYTES_MAX, each before anything is kept; a file that is
 *         none of the three, or comes twice, ends the reading
 * Errors  ERR_INVALID and the text that Consul has for the same fault
 * Needs   digest_load()
 * Source  wire/raft.md 7; tar as POSIX.1-1988 (ustar) has it
 */
#ifndef COMMON_ARCHIVE_H
#define COMMON_ARCHIVE_H

#include "bytes.h"
#include "err.h"
#include "local_types.h"

#define ARCHIVE_META_BYTES_MAX	(1024 * 1024)
#define ARCHIVE_SUMS_BYTES_MAX	(4 * 1024)
#define ARCHIVE_STATE_BYTES_MAX (1ULL << 36)

/* --- Writing. --- */

struct archive_writer;

/* `seconds` of Unix time stand in the tar. The state's size is meta->size. */
struct archive_writer *archive_writer_new(
    const struct archive_meta *, int64_t seconds);
void archive_writer_free(struct archive_writer *); /* NULL is fine */
/* The state's next bytes; what comes out of it is appended to *out. */
void archive_writer_put(struct archive_writer *, struct slice, struct buf *out);
/* The whole state has been put. */
void archive_writer_end(struct archive_writer *, struct buf *out);

/* --- Reading. --- */

struct archive_reader;

/* The state's bytes as they come, not verified yet; false and why ends it. */
typedef bool archive_state_fn(void *arg, struct slice, struct buf *why);

struct archive_reader *archive_reader_new(archive_state_fn *, void *arg);
void archive_reader_free(struct archive_reader *); /* NULL is fine */
/* The archive's next bytes. Not again after a failure. */
MUST_CHECK enum err archive_reader_put(
    struct archive_reader *, struct slice, struct buf *why);
/* There are no more: it is whole and its sums are right. *meta is lent by the
 * reader. */
MUST_CHECK enum err archive_reader_end(
    struct archive_reader *, struct archive_meta *meta, struct buf *why);
/* Bytes of the state so far. */
uint64_t archive_reader_state_size(const struct archive_reader *);

#endif
