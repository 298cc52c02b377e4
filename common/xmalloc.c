/* Allocation that cannot fail; see xmalloc.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

static void *
checked(void *memory)
{
	if (memory == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return (memory);
}

void *
xmalloc(size_t size)
{
	return (checked(malloc(size == 0 ? 1 : size)));
}

void *
xcalloc(size_t count, size_t size)
{
	return (checked(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size)));
}

void *
xrealloc(void *memory, size_t size)
{
	return (checked(realloc(memory, size == 0 ? 1 : size)));
}

void *
xreallocarray(void *memory, size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	return (checked(reallocarray(memory, count, size)));
}

char *
xstrdup(const char *text)
{
	return (checked(strdup(text)));
}
