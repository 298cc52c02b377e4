/*
 * Metrics to statsd, statsite and dogstatsd: what all daemons have measured,
 * read from their pages ten times a second and sent on, each value a line.
 *
 * Nothing of this is there where no sink is configured. Levels are told once a
 * second. Where more was measured than a page remembers until the next look, a
 * counter goes as one sum and a sample as its mean, and
 * proconsul.metrics.folded counts what that has swallowed.
 *
 * Source  api/config.md 3, telemetry
 */
#ifndef GOSSIPD_SINKS_H
#define GOSSIPD_SINKS_H

#include "common/daemon.h"

struct sinks;

/* NULL where there are none. */
struct sinks *sinks_start(struct daemon *);
/* The filters may have changed; NULL is fine. */
void sinks_reload(struct sinks *);

#endif
