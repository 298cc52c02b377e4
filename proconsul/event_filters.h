/* The filters of an event: who is meant by it. `event` and `exec` take them. */
#ifndef PROCONSUL_EVENT_FILTERS_H
#define PROCONSUL_EVENT_FILTERS_H

#include "command.h"

/* Regular expressions, each "" where it is not given. False, and said, where
 * one is broken or a tag stands without a service. */
bool event_filters_are_good(
    struct run *, const char *node, const char *service, const char *tag);

#endif
