/*
 * libcurl, loaded when the first request is made and not before.
 *
 * Why: the launcher is this same program. libcurl brings thirty libraries
 * with it, and `proconsul agent`, which only starts daemons and waits, would
 * carry all of them for its whole life. Linking it would map them at start.
 */
#ifndef PROCONSUL_CURL_LIBRARY_H
#define PROCONSUL_CURL_LIBRARY_H

#include <curl/curl.h>

#include "bytes.h"

/* Every function of libcurl that is used: a row each, by its own type. */
/* clang-format off */
#define CURL_FUNCTIONS(X)                                                      \
	X(global_init)                                                         \
	X(easy_init)                                                           \
	X(easy_cleanup)                                                        \
	X(easy_setopt)                                                         \
	X(easy_getinfo)                                                        \
	X(easy_strerror)                                                       \
	X(slist_append)                                                        \
	X(slist_free_all)                                                      \
	X(multi_init)                                                          \
	X(multi_cleanup)                                                       \
	X(multi_add_handle)                                                    \
	X(multi_remove_handle)                                                 \
	X(multi_perform)                                                       \
	X(multi_poll)                                                          \
	X(multi_info_read)
/* clang-format on */

struct curl_library {
#define X(name) __typeof__(curl_##name) *name;
	CURL_FUNCTIONS(X)
#undef X
};

/* NULL and *why where it cannot be loaded. Lent for good. */
const struct curl_library *curl_library_load(struct buf *why);

#endif
