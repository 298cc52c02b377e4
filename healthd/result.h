/* What a helper says to healthd. */
#ifndef HEALTHD_RESULT_H
#define HEALTHD_RESULT_H

#include "health_types.h"

/* Waits until it is sent: healthd reads at once. */
void result_send(int healthd, const struct probe_result *);

#endif
