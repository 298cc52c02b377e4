/*
 * raft.db: the log, the vote and the snapshots' rows in one SQLite file.
 *
 * WAL, synchronous=FULL, and one connection only: the SQLite of Debian 12 can
 * corrupt a WAL that two connections reset (FIGURES.md 4), and one connection
 * with an exclusive lock needs no shared memory. Every call waits for the disk
 * where there is something to wait for; store_sqlite.c does that in a thread.
 *
 * Errors   ERR_IO (full, broken) or ERR_CORRUPT; db_why() then says what, for
 *          people, naming the file
 * Threads  one at a time
 */
#ifndef RAFTD_DB_H
#define RAFTD_DB_H

#include "sqlite_library.h"
#include "store.h"

#define DB_VERSION   1
#define DB_RECOVERED "recovered" /* row of meta */

enum db_statement {
	DB_BEGIN,
	DB_COMMIT,
	DB_ROLLBACK,
	DB_PUT_ENTRY,
	DB_DROP_TAIL,
	DB_DROP_HEAD,
	DB_DROP_SOME,
	DB_DROP_ALL,
	DB_READ_TERM,
	DB_READ,
	DB_PUT_META,
	DB_DROP_META,
	DB_PUT_SNAPSHOT,
	DB_DROP_SNAPSHOTS,
	DB_STATEMENT_COUNT
};

struct db {
	sqlite3 *handle;			      /* owned */
	sqlite3_stmt *statements[DB_STATEMENT_COUNT]; /* owned */
	char path[512]; /* for people; ":memory:" */
	char why[STORE_WHY_BYTES];
	/* What the file holds, so that little is written twice. */
	uint64_t last_index;
	uint64_t term;
	struct raft_name vote;
	bool has_recovered; /* db_put_recovered() */
};

/* `folder` is that of raft.db, or "". The file is made if there is nothing. */
MUST_CHECK enum err db_open(struct db *, const char *folder);
void db_close(struct db *);
const char *db_why(const struct db *);
MUST_CHECK enum err db_load(
    struct db *, struct raft *, struct snapshot *newest);

/* One transaction: db_begin, any of the puts, db_commit. After an error of any
 * of them db_rollback, and nothing has happened. */
MUST_CHECK enum err db_begin(struct db *);
MUST_CHECK enum err db_commit(struct db *);
void db_rollback(struct db *);
/* In the place of what is there from the first one's index on. */
MUST_CHECK enum err db_put_entries(struct db *, const struct batch *);
MUST_CHECK enum err db_put_state(
    struct db *, uint64_t term, const struct raft_name *vote);

/* Who the servers are, by an operator's word; it stands until a configuration
 * is written behind it. */
MUST_CHECK enum err db_put_recovered(
    struct db *, uint64_t index, const struct membership *);

/* Entries from an index on; *out is NULL if it is not there. */
MUST_CHECK enum err db_read(
    struct db *, uint64_t first_index, size_t bytes, struct batch **out);
/* Drop some entries up to `to`; *is_done when there are none left. */
MUST_CHECK enum err db_trim_some(struct db *, uint64_t to, bool *is_done);
/* The row; rows that are older than the newest two go. */
MUST_CHECK enum err db_put_snapshot(
    struct db *, const struct snapshot *, enum snapshot_origin);

#endif
