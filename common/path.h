/*
 * Keys put together from parts, as Go's path package does it: remote execution
 * and locks name their keys so, on every agent alike.
 *
 * Source  Go's path.Join and path.Clean
 */
#ifndef COMMON_PATH_H
#define COMMON_PATH_H

#include "arena.h"

/* The parts that are not empty with slashes between them, without doubled and
 * trailing slashes, "." and what a ".." takes back. "" if there is nothing. */
struct slice path_join(struct arena *, const struct slice *parts, size_t count);

#endif
