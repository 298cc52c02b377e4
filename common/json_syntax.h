/* What the json*.c files share: Go's words for broken JSON, and UTF-8. */
#ifndef COMMON_JSON_SYNTAX_H
#define COMMON_JSON_SYNTAX_H

#include "json.h"

/* Why `text` does not start with a JSON value; `why` has JSON_WHY_MAX. */
void json_syntax_error(struct slice text, char *why);
/* "invalid character 'x' " and the context. */
void json_invalid_character(uint8_t, const char *context, char *why);

bool json_is_utf8(struct slice);
/* With U+FFFD for each byte that belongs to no sequence. */
void json_put_utf8(struct buf *, struct slice);

#endif
