/*
 * raft.db at the start: make it, or make sure that it is ours and whole, and
 * load what it holds. A file that is anything else is refused, never touched:
 * a server that forgot its vote or its log could break the promises it gave.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec.h"
#include "common/msgpack.h"
#include "db.h"

#define APPLICATION_ID	1885760870 /* "pcrf" */
#define BUSY_TIMEOUT_MS 5000	   /* a predecessor that is still leaving */
#define CHECK_BYTES_MAX (128 * 1024 * 1024)
#define STRING(x)	STRING_OF(x)
#define STRING_OF(x)	#x

/* clang-format off */
static const char schema[] =
    "PRAGMA page_size = 4096;"
    "BEGIN;"
    "CREATE TABLE log(idx INTEGER PRIMARY KEY, term INTEGER NOT NULL,"
    "    type INTEGER NOT NULL, data BLOB, ext BLOB);"
    "CREATE TABLE meta(k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
    "CREATE TABLE snap(idx INTEGER PRIMARY KEY, term INTEGER NOT NULL,"
    "    name TEXT NOT NULL, size INTEGER NOT NULL, crc INTEGER NOT NULL,"
    "    conf_idx INTEGER NOT NULL, conf BLOB NOT NULL);"
    "PRAGMA application_id = " STRING(APPLICATION_ID) ";"
    "PRAGMA user_version = " STRING(DB_VERSION) ";"
    "COMMIT;";

/* The lock first: then WAL needs no shared memory. The cache is small, since
 * what is read soon is in recent.c. */
static const char settings[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA cache_size = -256;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;";
/* clang-format on */

static enum err fail_with(struct db *, enum err, const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum err
fail_with(struct db *db, enum err err, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(db->why, sizeof(db->why), "%s: %.160s", db->path, text);
	return (err);
}

static enum err
fail_sqlite(struct db *db)
{
	int code = sqlite3_errcode(db->handle);
	enum err err = code == SQLITE_CORRUPT || code == SQLITE_NOTADB
			   ? ERR_CORRUPT
			   : ERR_IO;

	return (fail_with(db, err, "%s", sqlite3_errmsg(db->handle)));
}

static enum err
run_text(struct db *db, const char *text)
{
	if (sqlite3_exec(db->handle, text, NULL, NULL, NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	return (ERR_OK);
}

static enum err
open_file(struct db *db, const char *path, int flags)
{
	if (sqlite3_open_v2(path, &db->handle,
		flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
	return (ERR_OK);
}

/* --- A new one. --- */

static enum err
sync_folder(struct db *db, const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = ERR_OK;

	if (fd < 0 || fsync(fd) != 0)
		err = fail_with(db, ERR_IO, "%s: %s", folder, strerror(errno));
	if (fd >= 0)
		close(fd);
	return (err);
}

/* Made under another name, so that raft.db is whole or not there at all, and
 * an empty one can only be a damaged one. */
static enum err
create(struct db *db, const char *folder)
{
	char path[sizeof(db->path) + 16];
	enum err err;

	snprintf(path, sizeof(path), "%s.new", db->path);
	if (unlink(path) != 0 && errno != ENOENT)
		return (fail_with(db, ERR_IO, "%s", strerror(errno)));
	err = open_file(db, path, SQLITE_OPEN_CREATE);
	if (err == ERR_OK)
		err = run_text(db, schema);
	sqlite3_close(db->handle);
	db->handle = NULL;
	if (err != ERR_OK)
		return (err);
	if (rename(path, db->path) != 0)
		return (fail_with(db, ERR_IO, "%s", strerror(errno)));
	return (sync_folder(db, folder));
}

/* A log that is gone while its snapshots are there was lost or taken away. */
static enum err
check_no_snapshots(struct db *db, const char *folder)
{
	char path[sizeof(db->path) + 16];
	enum err err = ERR_OK;
	struct dirent *one;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/snapshots", folder);
	dir = opendir(path);
	if (dir == NULL)
		return (ERR_OK);
	while (err == ERR_OK && (one = readdir(dir)) != NULL)
		if (one->d_name[0] != '.')
			err = fail_with(db, ERR_CORRUPT,
			    "is missing, but there are snapshots in %s", path);
	closedir(dir);
	return (err);
}

/* --- One that is there. --- */

static enum err
read_number(struct db *db, const char *text, sqlite3_int64 *out)
{
	sqlite3_stmt *stmt;
	enum err err = ERR_OK;

	if (sqlite3_prepare_v2(db->handle, text, -1, &stmt, NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		err = fail_sqlite(db);
	sqlite3_finalize(stmt);
	return (err);
}

static enum err
check_whole(struct db *db)
{
	sqlite3_stmt *stmt;
	enum err err = ERR_OK;
	const char *verdict;

	if (sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &stmt,
		NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	if (sqlite3_step(stmt) != SQLITE_ROW) {
		err = fail_sqlite(db);
	} else {
		verdict = (const char *)sqlite3_column_text(stmt, 0);
		if (verdict == NULL || strcmp(verdict, "ok") != 0)
			err = fail_with(db, ERR_CORRUPT, "is damaged: %s",
			    verdict == NULL ? "?" : verdict);
	}
	sqlite3_finalize(stmt);
	return (err);
}

/* Every page once, where that takes no longer than a blink. Of a larger file
 * the size, the trees and all that is read are checked all the same. */
static bool
is_soon_checked(const struct db *db)
{
	struct stat st;

	return (stat(db->path, &st) == 0 && st.st_size <= CHECK_BYTES_MAX);
}

static enum err
check_ours(struct db *db)
{
	sqlite3_int64 application = 0, version = 0;
	enum err err = run_text(db, "PRAGMA locking_mode = EXCLUSIVE");

	if (err == ERR_OK)
		err = read_number(db, "PRAGMA application_id", &application);
	if (err == ERR_OK && application != APPLICATION_ID)
		err = fail_with(db, ERR_CORRUPT, "is not a Raft log of ours");
	if (err == ERR_OK)
		err = read_number(db, "PRAGMA user_version", &version);
	if (err == ERR_OK && version != DB_VERSION)
		err = fail_with(db, ERR_CORRUPT,
		    "has version %lld, this program knows version %d",
		    (long long)version, DB_VERSION);
	if (err == ERR_OK && is_soon_checked(db))
		err = check_whole(db);
	return (err);
}

static enum err
open_in_folder(struct db *db, const char *folder)
{
	struct stat st;
	enum err err;

	snprintf(db->path, sizeof(db->path), "%s/raft.db", folder);
	if (stat(db->path, &st) == 0) {
		if (st.st_size == 0)
			return (fail_with(db, ERR_CORRUPT, "is empty"));
	} else {
		if (errno != ENOENT)
			return (fail_with(db, ERR_IO, "%s", strerror(errno)));
		err = check_no_snapshots(db, folder);
		if (err == ERR_OK)
			err = create(db, folder);
		if (err != ERR_OK)
			return (err);
	}
	err = open_file(db, db->path, 0);
	if (err == ERR_OK)
		err = check_ours(db);
	return (err == ERR_OK ? run_text(db, settings) : err);
}

enum err
db_open(struct db *db, const char *folder)
{
	struct buf why = { 0 };
	enum err err = ERR_OK;

	*db = (struct db){ 0 };
	if (!sqlite_library_load(&why))
		err = fail_with(db, ERR_IO, "%s", buf_text(&why));
	buf_deinit(&why);
	if (err != ERR_OK)
		return (err);
	if (folder[0] != '\0')
		return (open_in_folder(db, folder));
	snprintf(db->path, sizeof(db->path), ":memory:");
	err = open_file(db, ":memory:", SQLITE_OPEN_CREATE);
	return (err == ERR_OK ? run_text(db, schema) : err);
}

/* --- Loading. --- */

static enum err
load_state(struct db *db, struct raft *raft)
{
	sqlite3_stmt *stmt;
	int code;

	if (sqlite3_prepare_v2(db->handle, "SELECT k, v FROM meta", -1, &stmt,
		NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(stmt, 0);
		const char *text = (const char *)sqlite3_column_text(stmt, 1);

		if (key == NULL || text == NULL)
			continue;
		if (strcmp(key, "term") == 0)
			db->term = (uint64_t)sqlite3_column_int64(stmt, 1);
		else if (strcmp(key, "vote") == 0)
			db->vote = raft_name_of(text);
	}
	sqlite3_finalize(stmt);
	if (code != SQLITE_DONE)
		return (fail_sqlite(db));
	raft_load_state(raft, db->term, &db->vote);
	return (ERR_OK);
}

static enum err
take_snapshot(struct db *db, sqlite3_stmt *stmt, struct snapshot *out)
{
	const char *name = (const char *)sqlite3_column_text(stmt, 2);
	struct slice membership;

	if (name == NULL || strlen(name) >= sizeof(out->name))
		return (fail_with(db, ERR_CORRUPT, "snapshot without a name"));
	snprintf(out->name, sizeof(out->name), "%s", name);
	out->index = (uint64_t)sqlite3_column_int64(stmt, 0);
	out->term = (uint64_t)sqlite3_column_int64(stmt, 1);
	out->size = (uint64_t)sqlite3_column_int64(stmt, 3);
	out->crc = (uint64_t)sqlite3_column_int64(stmt, 4);
	out->membership_index = (uint64_t)sqlite3_column_int64(stmt, 5);
	membership = slice(sqlite3_column_blob(stmt, 6),
	    (size_t)sqlite3_column_bytes(stmt, 6));
	if (codec_get_membership(membership, &out->membership) != ERR_OK)
		return (fail_with(db, ERR_CORRUPT,
		    "snapshot %s has a malformed configuration", name));
	return (ERR_OK);
}

static enum err
load_snapshot(struct db *db, struct raft *raft, struct snapshot *newest)
{
	sqlite3_stmt *stmt;
	enum err err = ERR_OK;
	int code;

	if (sqlite3_prepare_v2(db->handle,
		"SELECT idx, term, name, size, crc, conf_idx, conf FROM snap "
		"ORDER BY idx DESC LIMIT 1",
		-1, &stmt, NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		err = take_snapshot(db, stmt, newest);
	else if (code != SQLITE_DONE)
		err = fail_sqlite(db);
	sqlite3_finalize(stmt);
	if (err == ERR_OK && newest->index > 0) {
		raft_load_snapshot(raft, newest->index, newest->term,
		    &newest->membership, newest->membership_index);
		db->last_index = newest->index;
	}
	return (err);
}

/* Check the row against all before it, and hand it over. */
static enum err
load_row(
    struct db *db, struct raft *raft, const struct entry *entry, bool is_first)
{
	struct trail *trail = &raft->trail;
	struct membership membership;
	bool has_membership = entry->type == ENTRY_CONFIGURATION;

	if (is_first &&
	    (entry->index == 0 || entry->index > trail->snapshot_index + 1))
		return (fail_with(db, ERR_CORRUPT,
		    "the log starts with entry %" PRIu64
		    ", the snapshot ends with %" PRIu64,
		    entry->index, trail->snapshot_index));
	if (is_first)
		raft_load_first(raft, entry->index);
	if (entry->index != trail->last_index + 1)
		return (fail_with(db, ERR_CORRUPT,
		    "entry %" PRIu64 " is missing", trail->last_index + 1));
	if (entry->term == 0 || entry->term > raft->term ||
	    (trail->first_index <= trail->last_index &&
		entry->term < trail_last_term(trail)) ||
	    (entry->index == trail->snapshot_index &&
		entry->term != trail->snapshot_term))
		return (fail_with(db, ERR_CORRUPT,
		    "entry %" PRIu64 " has term %" PRIu64 " out of order",
		    entry->index, entry->term));
	if (has_membership &&
	    codec_get_membership(entry->data, &membership) != ERR_OK)
		return (fail_with(db, ERR_CORRUPT,
		    "entry %" PRIu64 " has a malformed configuration",
		    entry->index));
	raft_load_entry(raft, entry->term, has_membership ? &membership : NULL);
	return (ERR_OK);
}

static enum err
load_log(struct db *db, struct raft *raft)
{
	uint64_t snapshot_index = raft->trail.snapshot_index;
	sqlite3_stmt *stmt;
	enum err err = ERR_OK;
	bool is_first = true;
	int code;

	if (sqlite3_prepare_v2(db->handle,
		"SELECT idx, term, type, CASE WHEN type = 5 THEN data END "
		"FROM log ORDER BY idx",
		-1, &stmt, NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	while (err == ERR_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct entry entry = {
			.index = (uint64_t)sqlite3_column_int64(stmt, 0),
			.term = (uint64_t)sqlite3_column_int64(stmt, 1),
			.type = (enum entry_type)sqlite3_column_int(stmt, 2),
			.data = slice(sqlite3_column_blob(stmt, 3),
			    (size_t)sqlite3_column_bytes(stmt, 3)),
		};

		err = load_row(db, raft, &entry, is_first);
		is_first = false;
	}
	sqlite3_finalize(stmt);
	if (err != ERR_OK)
		return (err);
	if (code != SQLITE_DONE)
		return (fail_sqlite(db));
	if (raft->trail.last_index < snapshot_index)
		return (fail_with(db, ERR_CORRUPT,
		    "the log ends with entry "
		    "%" PRIu64 ", before the snapshot's %" PRIu64,
		    raft->trail.last_index, snapshot_index));
	db->last_index = raft->trail.last_index;
	return (ERR_OK);
}

/* Its index, and a configuration; see db_put_recovered(). */
static enum err
take_recovered(struct db *db, struct raft *raft, struct slice value)
{
	struct reader rd = reader(value);
	struct membership membership;
	uint64_t index = unpack_uint(&rd);

	/* A leader may have cut the log since. */
	if (index > raft->trail.last_index)
		index = raft->trail.last_index;
	if (rd.has_failed ||
	    codec_get_membership(rd.rest, &membership) != ERR_OK)
		return (fail_with(
		    db, ERR_CORRUPT, "the recovered configuration is damaged"));
	raft_load_recovered(raft, index, &membership);
	db->has_recovered = true;
	return (ERR_OK);
}

static enum err
load_recovered(struct db *db, struct raft *raft)
{
	sqlite3_stmt *stmt;
	enum err err = ERR_OK;
	int code;

	if (sqlite3_prepare_v2(db->handle,
		"SELECT v FROM meta WHERE k = '" DB_RECOVERED "'", -1, &stmt,
		NULL) != SQLITE_OK)
		return (fail_sqlite(db));
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		err = take_recovered(db, raft,
		    slice(sqlite3_column_blob(stmt, 0),
			(size_t)sqlite3_column_bytes(stmt, 0)));
	else if (code != SQLITE_DONE)
		err = fail_sqlite(db);
	sqlite3_finalize(stmt);
	return (err);
}

enum err
db_load(struct db *db, struct raft *raft, struct snapshot *newest)
{
	enum err err;

	*newest = (struct snapshot){ 0 };
	err = load_state(db, raft);
	if (err == ERR_OK)
		err = load_snapshot(db, raft, newest);
	if (err == ERR_OK)
		err = load_log(db, raft);
	return (err == ERR_OK ? load_recovered(db, raft) : err);
}
