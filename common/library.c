/* Libraries by dlopen(); see library.h. */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

enum err
library_load(const char *file, const struct library_function *table,
    size_t count, void *functions, struct buf *why)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL), *symbol;

	if (handle == NULL) {
		buf_put_text(why, dlerror());
		return (ERR_UNAVAILABLE);
	}
	for (size_t i = 0; i < count; i++) {
		symbol = dlsym(handle, table[i].name);
		if (symbol == NULL) {
			buf_put_text(why, dlerror());
			return (ERR_UNAVAILABLE);
		}
		/* ISO C has no cast from an object to a function; POSIX
		 * promises that the bytes are the same. */
		memcpy((char *)functions + table[i].offset, &symbol,
		    sizeof(symbol));
	}
	return (ERR_OK);
}
