/* What the parts of place.h share. */
#ifndef PROCONSUL_PLACE_PARTS_H
#define PROCONSUL_PLACE_PARTS_H

#include <stdio.h>

#include "place.h"

/* ERR_IO, and *why is "DOING PATH: what errno says". */
enum err place_error(struct buf *why, const char *doing, const char *path);
/* Both parts and a slash between them; too long is an error of ours. */
const char *place_path(
    char out[PLACE_PATH_MAX], const char *folder, const char *name);
/* A line to `told`, if that is anybody. */
void place_tell(FILE *told, const char *format, ...) PRINTF_LIKE(2, 3);
/* Write a small file as a whole, mode 0644: beside it first, then in its
 * place. */
MUST_CHECK enum err place_file_put(
    const char *path, const char *text, struct buf *why);

#endif
