/* SQLite when it is wanted; sqlite_library.h says why. */
#define SQLITE_NAMES_PLAIN
#include "sqlite_library.h"

#include "common/library.h"

struct sqlite_library sqlite_library; /* as the loader's: one a process */

bool
sqlite_library_load(struct buf *why)
{
	static const struct library_function functions[] = {
#define X(name) { #name, offsetof(struct sqlite_library, name) },
		SQLITE_FUNCTIONS(X)
#undef X
	};
	struct sqlite_library *l = &sqlite_library;

	if (!l->is_loaded)
		l->is_loaded = library_load("libsqlite3.so.0", functions,
				   sizeof(functions) / sizeof(*functions), l,
				   why) == ERR_OK;
	return (l->is_loaded);
}
