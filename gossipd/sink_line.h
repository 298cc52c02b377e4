/*
 * Lines of statsd and its relatives, as go-metrics and DataDog's library write
 * them. Pure.
 *
 * statsd     name.label:1.000000|c       statsite has the same, over TCP
 * dogstatsd  name:1|c|#tag,label:value   a line a packet, without a newline
 */
#ifndef GOSSIPD_SINK_LINE_H
#define GOSSIPD_SINK_LINE_H

#include "common/metrics_read.h"

/* `name` whole; the values of the labels become parts of it. */
void sink_line_statsd(struct buf *out, struct slice name, struct slice labels,
    enum metric_kind, double value);
/* `name` without a host; the labels become tags behind those of the
 * configuration. */
void sink_line_dogstatsd(struct buf *out, struct slice name,
    struct slice labels, const struct slice_list *tags, enum metric_kind,
    double value);

#endif
