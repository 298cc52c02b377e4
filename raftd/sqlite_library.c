/* SQLite by dlopen(); sqlite_library.h says why. */
#include <dlfcn.h>
#include <string.h>

#define SQLITE_NAMES_PLAIN
#include "sqlite_library.h"

#define SQLITE_LIBRARY "libsqlite3.so.0"

struct sqlite_library sqlite_library; /* as the loader's: one a process */

/* ISO C has no cast from an object to a function; POSIX promises that the
 * bytes are the same. */
static bool
symbol_find(void *handle, const char *name, void *function, size_t size)
{
	void *symbol = dlsym(handle, name);

	if (symbol != NULL)
		memcpy(function, &symbol, size);
	return (symbol != NULL);
}

bool
sqlite_library_load(struct buf *why)
{
	struct sqlite_library *l = &sqlite_library;
	void *handle;

	if (l->is_loaded)
		return (true);
	handle = dlopen(SQLITE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	l->is_loaded = handle != NULL;
#define X(name)                        \
	l->is_loaded = l->is_loaded && \
		       symbol_find(handle, #name, &l->name, sizeof(l->name));
	SQLITE_FUNCTIONS(X)
#undef X
	if (!l->is_loaded)
		buf_put_text(why, dlerror());
	return (l->is_loaded);
}
