/*
 * Figures that an operator watches: counters, samples and gauges, under the
 * names that Consul gives them (metrics_table.h).
 *
 * Each daemon keeps its own in a page of shared memory in the run folder. It
 * adds to them where it works: a few stores, no message, no system call, no
 * memory, no wake-up. Whoever shows or sends them (httpd, gossipd, the
 * launcher) maps the pages read only: metrics_read.h.
 *
 * Time     the turn's: figures fall into intervals of METRICS_INTERVAL_S, as
 *	    those of go-metrics' memory do, by the wall clock
 * Memory   METRICS_ROWS_MAX figures a daemon. One with a label that has not
 *	    been used for a minute makes room for another; else what is new is
 *	    left out, and proconsul.metrics.dropped counts it
 * Threads  the event loop's only
 * Source   api/config.md 7; go-metrics, inmem.go
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include <sys/types.h>

#include "bytes.h"
#include "clock.h"
#include "metrics_table.h"

struct metric; /* a figure of this daemon's page */
struct metrics_page;

/* Begin a page of our own, `path`; what was there is marked as over. Read by
 * `group`. fatal() if it can't be made. Until then nothing is kept. */
void metrics_open(const char *path, gid_t group);
/* The configuration was read again; NULL: and is followed, else why not. */
void metrics_reloaded(const char *why);
/* Whether each single value is kept for a while, too, for a sink. */
void metrics_keep_values(bool);
/* A turn begins; `now` in seconds of the wall clock. */
void metrics_turn(double now);

/* A figure that has no label, of metrics_table.h. */
void metrics_add(enum metric_id, double value);
/* It says nothing any more: a level that is another's now. */
void metrics_end(enum metric_id);
void metrics_add_since(enum metric_id, struct instant begun); /* in ms */
/* The same with a label or two, in the table's order. */
void metrics_add_for(enum metric_id, struct slice label);
void metrics_add_labelled(
    enum metric_id, const struct slice *labels, double value);

/* The same, to be added to often: it is kept for good. */
struct metric *metrics_fixed(enum metric_id, const struct slice *labels);

/* A figure by a name that is made at run time, perhaps with a label: kept for
 * good, so there must be few of them. NULL if there is no room. */
struct metric *metrics_named(enum metric_kind, struct slice name);
struct metric *metrics_named_for(
    enum metric_kind, struct slice name, const char *label, struct slice value);
/* The same, to be used at once; it may be gone after a minute. */
struct metric *metrics_passing(enum metric_kind, struct slice name);
void metric_add(struct metric *, double value); /* NULL: nothing is done */

/* What others map; NULL if nothing is kept. */
const struct metrics_page *metrics_own_page(void);
double milliseconds_since(struct instant begun); /* reads the clock */

#endif
