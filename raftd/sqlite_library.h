/*
 * The part of SQLite that the log takes, loaded on servers and not on clients.
 *
 * Why: a client has no log, and would hold 150 KiB of the library for good.
 * Loading reads files, so it comes before the sandbox; db_open() only makes
 * sure of it.
 */
#ifndef RAFTD_SQLITE_LIBRARY_H
#define RAFTD_SQLITE_LIBRARY_H

#include <sqlite3.h>
#include <stdbool.h>

#include "common/bytes.h"

/* Every function that is used: a row each, by its own type. */
/* clang-format off */
#define SQLITE_FUNCTIONS(X)                                                    \
	X(sqlite3_bind_blob64)                                                 \
	X(sqlite3_bind_int64)                                                  \
	X(sqlite3_bind_null)                                                   \
	X(sqlite3_bind_text)                                                   \
	X(sqlite3_busy_timeout)                                                \
	X(sqlite3_changes)                                                     \
	X(sqlite3_clear_bindings)                                              \
	X(sqlite3_close)                                                       \
	X(sqlite3_column_blob)                                                 \
	X(sqlite3_column_bytes)                                                \
	X(sqlite3_column_int)                                                  \
	X(sqlite3_column_int64)                                                \
	X(sqlite3_column_text)                                                 \
	X(sqlite3_errcode)                                                     \
	X(sqlite3_errmsg)                                                      \
	X(sqlite3_exec)                                                        \
	X(sqlite3_finalize)                                                    \
	X(sqlite3_get_autocommit)                                              \
	X(sqlite3_open_v2)                                                     \
	X(sqlite3_prepare_v2)                                                  \
	X(sqlite3_prepare_v3)                                                  \
	X(sqlite3_reset)                                                       \
	X(sqlite3_step)
/* clang-format on */

struct sqlite_library {
#define X(name) __typeof__(name) *name;
	SQLITE_FUNCTIONS(X)
#undef X
	bool is_loaded;
};

extern struct sqlite_library sqlite_library;

/* False and *why where it cannot be had. */
bool sqlite_library_load(struct buf *why);

/* The names, as if the library were linked; but for sqlite_library.c. */
#ifndef SQLITE_NAMES_PLAIN
#define sqlite3_bind_blob64    sqlite_library.sqlite3_bind_blob64
#define sqlite3_bind_int64     sqlite_library.sqlite3_bind_int64
#define sqlite3_bind_null      sqlite_library.sqlite3_bind_null
#define sqlite3_bind_text      sqlite_library.sqlite3_bind_text
#define sqlite3_busy_timeout   sqlite_library.sqlite3_busy_timeout
#define sqlite3_changes	       sqlite_library.sqlite3_changes
#define sqlite3_clear_bindings sqlite_library.sqlite3_clear_bindings
#define sqlite3_close	       sqlite_library.sqlite3_close
#define sqlite3_column_blob    sqlite_library.sqlite3_column_blob
#define sqlite3_column_bytes   sqlite_library.sqlite3_column_bytes
#define sqlite3_column_int     sqlite_library.sqlite3_column_int
#define sqlite3_column_int64   sqlite_library.sqlite3_column_int64
#define sqlite3_column_text    sqlite_library.sqlite3_column_text
#define sqlite3_errcode	       sqlite_library.sqlite3_errcode
#define sqlite3_errmsg	       sqlite_library.sqlite3_errmsg
#define sqlite3_exec	       sqlite_library.sqlite3_exec
#define sqlite3_finalize       sqlite_library.sqlite3_finalize
#define sqlite3_get_autocommit sqlite_library.sqlite3_get_autocommit
#define sqlite3_open_v2	       sqlite_library.sqlite3_open_v2
#define sqlite3_prepare_v2     sqlite_library.sqlite3_prepare_v2
#define sqlite3_prepare_v3     sqlite_library.sqlite3_prepare_v3
#define sqlite3_reset	       sqlite_library.sqlite3_reset
#define sqlite3_step	       sqlite_library.sqlite3_step
#endif

#endif
