/* libcrypto when it is wanted; crypto_library.h says why. */
#include "crypto_library.h"

#include "common/library.h"

const struct crypto_library *
crypto_library_load(struct buf *why)
{
	static const struct library_function functions[] = {
#define X(name) { #name, offsetof(struct crypto_library, name) },
		CRYPTO_FUNCTIONS(X)
#undef X
	};
	static struct crypto_library library; /* as the loader's: one a process
					       */
	static bool is_loaded;

	if (!is_loaded && library_load("libcrypto.so.3", functions,
			      sizeof(functions) / sizeof(*functions), &library,
			      why) != ERR_OK)
		return (NULL);
	is_loaded = true;
	return (&library);
}
