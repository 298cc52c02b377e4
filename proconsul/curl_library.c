/* libcurl when it is wanted; curl_library.h says why. */
#include "curl_library.h"

#include "library.h"

#define CURL_LIBRARY "libcurl.so.4"

const struct curl_library *
curl_library_load(struct buf *why)
{
	static const struct library_function functions[] = {
#define X(name) { "curl_" #name, offsetof(struct curl_library, name) },
		CURL_FUNCTIONS(X)
#undef X
	};
	static struct curl_library library; /* as the loader's: one a process */
	static bool is_loaded;

	if (is_loaded)
		return (&library);
	if (library_load(CURL_LIBRARY, functions,
		sizeof(functions) / sizeof(*functions), &library,
		why) != ERR_OK)
		return (NULL);
	if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		buf_put_text(why, CURL_LIBRARY " does not start");
		return (NULL);
	}
	is_loaded = true;
	return (&library);
}
