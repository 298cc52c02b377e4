/* libcurl by dlopen(); curl_library.h says why. */
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "curl_library.h"

#define CURL_LIBRARY "libcurl.so.4"

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

const struct curl_library *
curl_library_load(struct buf *why)
{
	static struct curl_library library; /* as the loader's: one a process */
	static bool is_loaded;
	void *handle;

	if (is_loaded)
		return (&library);
	if ((handle = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		buf_put_text(why, dlerror());
		return (NULL);
	}
#define X(name)                                                                \
	if (!symbol_find(                                                      \
		handle, "curl_" #name, &library.name, sizeof(library.name))) { \
		buf_put_text(why, dlerror());                                  \
		return (NULL);                                                 \
	}
	CURL_FUNCTIONS(X)
#undef X
	if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		buf_put_text(why, CURL_LIBRARY " does not start");
		return (NULL);
	}
	is_loaded = true;
	return (&library);
}
