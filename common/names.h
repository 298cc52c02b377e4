/*
 * What the resolver needs of the system, for a process that is about to lose
 * sight of the rest: its files, and the modules that /etc/nsswitch.conf names,
 * which can't be loaded later.
 *
 * A rule on a file stays with that file, and editors and DHCP clients put a
 * new one in its place: whoever asks for names looks first whether that has
 * happened, and starts anew then.
 *
 * Source  getaddrinfo(3), nsswitch.conf(5), resolv.conf(5), gai.conf(5)
 */
#ifndef COMMON_NAMES_H
#define COMMON_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define NAMES_FILES	5
#define NAMES_PATH_SIZE 4096

/* The path to allow for one of the files, below NAMES_FILES: itself; or, where
 * it is a link out of /etc (to /run/systemd/resolve), the folder it leads to.
 * False: there is none. */
bool names_path(size_t file, char *out, size_t size);

/* Load the modules, and remember which files there are. */
void names_load(void);
/* Other files have taken their places since. */
bool names_are_stale(void);

#endif
