/* Several mistakes told as one: "2 errors occurred:\n\t* a\n\t* b\n\n". */
#ifndef COMMON_CONFIG_ERRORS_H
#define COMMON_CONFIG_ERRORS_H

#include "bytes.h"
#include "err.h"

struct config_errors {
	struct buf lines; /* owned */
	size_t count;
};

void config_errors_add(struct config_errors *, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* ERR_OK if there are none. */
MUST_CHECK enum err config_errors_tell(
    const struct config_errors *, struct buf *why);
void config_errors_deinit(struct config_errors *);

#endif
