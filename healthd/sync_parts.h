/* Between sync.c and sync_push.c; for nobody else. */
#ifndef HEALTHD_SYNC_PARTS_H
#define HEALTHD_SYNC_PARTS_H

#include "sync.h"

/* A push has failed: say so, and bring the next comparison nearer. */
void sync_retry(
    struct sync *, struct local *, struct slice text, struct instant now);

#endif
