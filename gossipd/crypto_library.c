/* libcrypto by dlopen(); crypto_library.h says why. */
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "crypto_library.h"

#define CRYPTO_LIBRARY "libcrypto.so.3"

static bool
symbol_find(void *handle, const char *name, void *function, size_t size)
{
	void *symbol = dlsym(handle, name);

	/* ISO C has no cast from an object to a function; POSIX promises that
	 * the bytes are the same. */
	if (symbol != NULL)
		memcpy(function, &symbol, size);
	return (symbol != NULL);
}

const struct crypto_library *
crypto_library_load(struct buf *why)
{
	static struct crypto_library library; /* as the loader's: one a process
					       */
	static bool is_loaded;
	void *handle;

	if (is_loaded)
		return (&library);
	if ((handle = dlopen(CRYPTO_LIBRARY, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		buf_put_text(why, dlerror());
		return (NULL);
	}
#define X(name)                                                        \
	if (!symbol_find(                                              \
		handle, #name, &library.name, sizeof(library.name))) { \
		buf_put_text(why, dlerror());                          \
		return (NULL);                                         \
	}
	CRYPTO_FUNCTIONS(X)
#undef X
	is_loaded = true;
	return (&library);
}
