/* raft.db in use: transactions, reading, trimming. See db.h. */
#include "db.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "common/msgpack.h"
#include "common/xmalloc.h"

#define TRIM_ROWS "1024" /* FIGURES.md 4: 1.6 ms each, worst 6 */

/* clang-format off */
static const char *const texts[DB_STATEMENT_COUNT] = {
	[DB_BEGIN] = "BEGIN IMMEDIATE",
	[DB_COMMIT] = "COMMIT",
	[DB_ROLLBACK] = "ROLLBACK",
	[DB_PUT_ENTRY] =
	    "INSERT INTO log(idx, term, type, data, ext) VALUES(?, ?, ?, ?, ?)",
	[DB_DROP_TAIL] = "DELETE FROM log WHERE idx >= ?",
	[DB_DROP_HEAD] = "DELETE FROM log WHERE idx <= ?",
	[DB_DROP_SOME] =
	    "DELETE FROM log WHERE idx <= min(?, "
	    "(SELECT min(idx) FROM log) + " TRIM_ROWS " - 1)",
	[DB_DROP_ALL] = "DELETE FROM log",
	[DB_READ_TERM] = "SELECT term FROM log WHERE idx = ?",
	[DB_READ] =
	    "SELECT idx, term, type, data, ext FROM log WHERE idx >= ? "
	    "ORDER BY idx",
	[DB_PUT_META] = "INSERT OR REPLACE INTO meta(k, v) VALUES(?, ?)",
	[DB_DROP_META] = "DELETE FROM meta WHERE k = ?",
	[DB_PUT_SNAPSHOT] =
	    "INSERT OR REPLACE INTO snap"
	    "(idx, term, name, size, crc, conf_idx, conf) "
	    "VALUES(?, ?, ?, ?, ?, ?, ?)",
	[DB_DROP_SNAPSHOTS] =
	    "DELETE FROM snap WHERE idx NOT IN "
	    "(SELECT idx FROM snap ORDER BY idx DESC LIMIT 2)",
};
/* clang-format on */

const char *
db_why(const struct db *db)
{
	return (db->why);
}

static enum err
fail(struct db *db)
{
	int code = sqlite3_errcode(db->handle);

	snprintf(db->why, sizeof(db->why), "%s (%s)",
	    sqlite3_errmsg(db->handle), db->path);
	return (code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ERR_CORRUPT
								: ERR_IO);
}

/* The statement, prepared when it is first used, ready to be bound. */
static sqlite3_stmt *
statement(struct db *db, enum db_statement which)
{
	sqlite3_stmt **at = &db->statements[which];

	if (*at == NULL &&
	    sqlite3_prepare_v3(db->handle, texts[which], -1,
		SQLITE_PREPARE_PERSISTENT, at, NULL) != SQLITE_OK)
		return (NULL);
	return (*at);
}

static void
bind_u64(sqlite3_stmt *stmt, int at, uint64_t value)
{
	sqlite3_bind_int64(stmt, at, (sqlite3_int64)value);
}

static void
bind_bytes(sqlite3_stmt *stmt, int at, struct slice bytes)
{
	if (bytes.data == NULL)
		sqlite3_bind_null(stmt, at);
	else
		sqlite3_bind_blob64(
		    stmt, at, bytes.data, bytes.size, SQLITE_STATIC);
}

/* Run a statement that gives no rows. What is bound is lent until then. */
static enum err
run(struct db *db, sqlite3_stmt *stmt)
{
	enum err err = ERR_OK;

	if (stmt == NULL)
		return (fail(db));
	if (sqlite3_step(stmt) != SQLITE_DONE)
		err = fail(db);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return (err);
}

static enum err
run_plain(struct db *db, enum db_statement which)
{
	return (run(db, statement(db, which)));
}

static enum err
run_index(struct db *db, enum db_statement which, uint64_t index)
{
	sqlite3_stmt *stmt = statement(db, which);

	if (stmt != NULL)
		bind_u64(stmt, 1, index);
	return (run(db, stmt));
}

enum err
db_begin(struct db *db)
{
	return (run_plain(db, DB_BEGIN));
}

enum err
db_commit(struct db *db)
{
	return (run_plain(db, DB_COMMIT));
}

/* Some errors have ended the transaction already. What we believed of the
 * file is read again, in case it was ahead. */
void
db_rollback(struct db *db)
{
	char why[sizeof(db->why)];

	memcpy(why, db->why, sizeof(why));
	if (!sqlite3_get_autocommit(db->handle))
		(void)run_plain(db, DB_ROLLBACK);
	db->last_index = UINT64_MAX; /* unknown: the next write drops a tail */
	db->term = 0;
	memcpy(db->why, why, sizeof(why));
}

static enum err
put_entry(struct db *db, const struct entry *entry)
{
	sqlite3_stmt *stmt = statement(db, DB_PUT_ENTRY);

	if (stmt != NULL) {
		bind_u64(stmt, 1, entry->index);
		bind_u64(stmt, 2, entry->term);
		bind_u64(stmt, 3, entry->type);
		bind_bytes(stmt, 4, entry->data);
		bind_bytes(stmt, 5, entry->extensions);
	}
	return (run(db, stmt));
}

static enum err
drop_recovered(struct db *db)
{
	sqlite3_stmt *stmt = statement(db, DB_DROP_META);

	if (stmt != NULL)
		sqlite3_bind_text(stmt, 1, DB_RECOVERED, -1, SQLITE_STATIC);
	return (run(db, stmt));
}

enum err
db_put_recovered(
    struct db *db, uint64_t index, const struct membership *membership)
{
	sqlite3_stmt *stmt = statement(db, DB_PUT_META);
	struct buf value = { 0 };
	enum err err;

	pack_uint(&value, index);
	codec_put_membership(&value, membership);
	if (stmt != NULL) {
		sqlite3_bind_text(stmt, 1, DB_RECOVERED, -1, SQLITE_STATIC);
		bind_bytes(stmt, 2, buf_slice(&value));
	}
	err = run(db, stmt);
	buf_deinit(&value);
	db->has_recovered = err == ERR_OK;
	return (err);
}

static bool
has_configuration(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->entries[i].type == ENTRY_CONFIGURATION)
			return (true);
	return (false);
}

enum err
db_put_entries(struct db *db, const struct batch *batch)
{
	uint64_t first_index = batch->entries[0].index;
	enum err err = ERR_OK;

	if (db->last_index >= first_index)
		err = run_index(db, DB_DROP_TAIL, first_index);
	for (size_t i = 0; err == ERR_OK && i < batch->count; i++)
		err = put_entry(db, &batch->entries[i]);
	if (err == ERR_OK && db->has_recovered && has_configuration(batch))
		err = drop_recovered(db);
	if (err == ERR_OK)
		db->last_index = first_index + batch->count - 1;
	return (err);
}

static enum err
put_term(struct db *db, uint64_t term)
{
	sqlite3_stmt *stmt = statement(db, DB_PUT_META);

	if (stmt != NULL) {
		sqlite3_bind_text(stmt, 1, "term", -1, SQLITE_STATIC);
		bind_u64(stmt, 2, term);
	}
	return (run(db, stmt));
}

static enum err
put_vote(struct db *db, const struct raft_name *vote)
{
	sqlite3_stmt *stmt = statement(db, DB_PUT_META);

	if (stmt != NULL) {
		sqlite3_bind_text(stmt, 1, "vote", -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, vote->text, -1, SQLITE_STATIC);
	}
	return (run(db, stmt));
}

enum err
db_put_state(struct db *db, uint64_t term, const struct raft_name *vote)
{
	enum err err;

	if (term == db->term && raft_name_is(vote, &db->vote))
		return (ERR_OK);
	err = put_term(db, term);
	if (err == ERR_OK)
		err = put_vote(db, vote);
	if (err == ERR_OK) {
		db->term = term;
		db->vote = *vote;
	}
	return (err);
}

/* --- Reading. --- */

static struct slice
column_bytes(sqlite3_stmt *stmt, int at)
{
	const void *data = sqlite3_column_blob(stmt, at);

	return (slice(data, (size_t)sqlite3_column_bytes(stmt, at)));
}

static struct entry
column_entry(sqlite3_stmt *stmt)
{
	return ((struct entry){
	    .index = (uint64_t)sqlite3_column_int64(stmt, 0),
	    .term = (uint64_t)sqlite3_column_int64(stmt, 1),
	    .type = (enum entry_type)sqlite3_column_int(stmt, 2),
	    .data = column_bytes(stmt, 3),
	    .extensions = column_bytes(stmt, 4),
	});
}

/* Many entries in one batch: each row's bytes last until the next row only. */
struct gathering {
	struct batch **rows;
	size_t count, capacity, bytes;
};

static void
gather(struct gathering *all, const struct entry *entry)
{
	if (all->count == all->capacity) {
		all->capacity = all->capacity * 2 + 64;
		all->rows = xreallocarray(
		    all->rows, all->capacity, sizeof(struct batch *));
	}
	all->rows[all->count] = batch_new(entry, 1);
	all->bytes += all->rows[all->count++]->bytes;
}

static struct batch *
gathering_end(struct gathering *all)
{
	struct entry *entries = xcalloc(all->count + 1, sizeof(*entries));
	struct batch *batch = NULL;

	for (size_t i = 0; i < all->count; i++)
		entries[i] = all->rows[i]->entries[0];
	if (all->count > 0)
		batch = batch_new(entries, all->count);
	for (size_t i = 0; i < all->count; i++)
		batch_drop(all->rows[i]);
	free(entries);
	free(all->rows);
	return (batch);
}

enum err
db_read(struct db *db, uint64_t first_index, size_t bytes, struct batch **out)
{
	sqlite3_stmt *stmt = statement(db, DB_READ);
	struct gathering all = { 0 };
	enum err err = ERR_OK;
	int code;

	if (stmt == NULL)
		return (fail(db));
	bind_u64(stmt, 1, first_index);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct entry entry = column_entry(stmt);

		if (entry.index != first_index + all.count)
			break;
		gather(&all, &entry);
		if (all.bytes >= bytes)
			break;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		err = fail(db);
	sqlite3_reset(stmt);
	*out = gathering_end(&all);
	return (err);
}

/* --- Less. --- */

enum err
db_trim_some(struct db *db, uint64_t to, bool *is_done)
{
	enum err err = run_index(db, DB_DROP_SOME, to);

	*is_done = err == ERR_OK && sqlite3_changes(db->handle) == 0;
	return (err);
}

static enum err
put_row(struct db *db, const struct snapshot *snapshot)
{
	sqlite3_stmt *stmt = statement(db, DB_PUT_SNAPSHOT);
	struct buf membership = { 0 };
	enum err err;

	codec_put_membership(&membership, &snapshot->membership);
	if (stmt != NULL) {
		bind_u64(stmt, 1, snapshot->index);
		bind_u64(stmt, 2, snapshot->term);
		sqlite3_bind_text(stmt, 3, snapshot->name, -1, SQLITE_STATIC);
		bind_u64(stmt, 4, snapshot->size);
		bind_u64(stmt, 5, snapshot->crc);
		bind_u64(stmt, 6, snapshot->membership_index);
		bind_bytes(stmt, 7, buf_slice(&membership));
	}
	err = run(db, stmt);
	buf_deinit(&membership);
	return (err);
}

static enum err
read_term(struct db *db, uint64_t index, uint64_t *term)
{
	sqlite3_stmt *stmt = statement(db, DB_READ_TERM);
	enum err err = ERR_OK;
	int code;

	if (stmt == NULL)
		return (fail(db));
	bind_u64(stmt, 1, index);
	code = sqlite3_step(stmt);
	*term = 0;
	if (code == SQLITE_ROW)
		*term = (uint64_t)sqlite3_column_int64(stmt, 0);
	else if (code != SQLITE_DONE)
		err = fail(db);
	sqlite3_reset(stmt);
	return (err);
}

static enum err
drop_behind(struct db *db, const struct snapshot *snapshot)
{
	uint64_t term;
	enum err err = read_term(db, snapshot->index, &term);

	if (err != ERR_OK)
		return (err);
	if (term == snapshot->term)
		return (run_index(db, DB_DROP_HEAD, snapshot->index));
	return (run_plain(db, DB_DROP_ALL));
}

static enum err
put_snapshot(
    struct db *db, const struct snapshot *snapshot, enum snapshot_origin origin)
{
	enum err err = put_row(db, snapshot);

	if (err == ERR_OK)
		err = run_plain(db, DB_DROP_SNAPSHOTS);
	if (err == ERR_OK && origin == SNAPSHOT_INSTALLED)
		err = drop_behind(db, snapshot);
	return (err);
}

enum err
db_put_snapshot(
    struct db *db, const struct snapshot *snapshot, enum snapshot_origin origin)
{
	enum err err = db_begin(db);

	if (err == ERR_OK)
		err = put_snapshot(db, snapshot, origin);
	if (err == ERR_OK)
		err = db_commit(db);
	if (err != ERR_OK)
		db_rollback(db);
	return (err);
}

void
db_close(struct db *db)
{
	for (size_t i = 0; i < DB_STATEMENT_COUNT; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	*db = (struct db){ 0 };
}
