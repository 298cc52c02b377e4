/* Memory that is there, or the end of the process: no caller checks. */
#ifndef COMMON_XMALLOC_H
#define COMMON_XMALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) /* zeroed; overflow is fatal */
    __attribute__((malloc, returns_nonnull));
void *xrealloc(void *, size_t size) __attribute__((returns_nonnull));
/* Like xrealloc for count elements of size bytes; overflow is fatal. */
void *xreallocarray(void *, size_t count, size_t size)
    __attribute__((returns_nonnull));
char *xstrdup(const char *) __attribute__((malloc, returns_nonnull));

#endif
