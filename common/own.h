/*
 * Giving files away in folders that somebody else may write to: what stood
 * there when it was looked at may be a link to /etc/shadow a moment later. So
 * all is done on one descriptor.
 */
#ifndef COMMON_OWN_H
#define COMMON_OWN_H

#include <sys/stat.h>

#include "bytes.h"
#include "err.h"

/* What has this name in `folder`, be it a link: for fstat and own_give alone;
 * the caller's to close. -1 and errno. */
int own_open(int folder, const char *name, struct stat *);
/* ERR_REFUSED, with EMLINK: a file with a second name may be someone else's
 * that was linked in here. ERR_IO and errno. */
MUST_CHECK enum err own_give(int fd, const struct stat *, uid_t, gid_t);

#endif
