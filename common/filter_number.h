/*
 * Integers and truths as Go reads them: strconv.ParseInt with base 0, and
 * strconv.ParseBool. NULL, or why not ("invalid syntax").
 */
#ifndef COMMON_FILTER_NUMBER_H
#define COMMON_FILTER_NUMBER_H

#include "bytes.h"

MUST_CHECK const char *filter_int(struct slice text, int64_t *out);
MUST_CHECK const char *filter_bool(struct slice text, int64_t *out);

#endif
