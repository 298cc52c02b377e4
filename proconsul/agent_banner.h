/* What `consul agent` prints before its log; others read it. */
#ifndef PROCONSUL_AGENT_BANNER_H
#define PROCONSUL_AGENT_BANNER_H

#include "config.h"

void agent_banner_print(const struct config *);

#endif
