/*
 * Figures as go-metrics shows them: those of the last whole interval, or of
 * the current one if it is the first.
 */
#ifndef HTTPD_METRICS_JSON_H
#define HTTPD_METRICS_JSON_H

#include "metrics_read.h"

void metrics_json(
    const struct metrics_set *, uint32_t current, struct buf *out);

#endif
