/*
 * Figures in Prometheus' text format 0.0.4, as go-metrics' sink and
 * client_golang make it: whatever has been measured since the start, unless
 * that was longer ago than figures are kept.
 *
 * Quantiles  of the values of the last ten seconds, and NaN without any. They
 *	      are exact up to METRIC_RECENT values, then of the latest ones
 * Source     prometheus.io/docs/instrumenting/exposition_formats
 */
#ifndef HTTPD_METRICS_PROMETHEUS_H
#define HTTPD_METRICS_PROMETHEUS_H

#include "metrics_read.h"

/* Times in seconds of the wall clock. */
void metrics_prometheus(
    const struct metrics_set *, double now, double kept, struct buf *out);
/* A number as Go's strconv prints it with 'g' and as few digits as tell it. */
void prometheus_put_number(struct buf *, double);

#endif
