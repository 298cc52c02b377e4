/* What `consul agent` prints before its log, and at its end; others read it. */
#ifndef PROCONSUL_AGENT_BANNER_H
#define PROCONSUL_AGENT_BANNER_H

#include "config.h"

void agent_banner_print(const struct config *);
/* The fields of "Stopping server", one line each, for the end. */
void agent_listeners_put(const struct config *, struct buf *);

#endif
