/*
 * What the daemons have measured: their pages, read from another process.
 *
 * Source  go-metrics: metrics.go, inmem_endpoint.go
 */
#ifndef COMMON_METRICS_READ_H
#define COMMON_METRICS_READ_H

#include <sys/types.h>

#include "bytes.h"
#include "config.h"
#include "metrics_table.h"
#include "wiring.h"

#define METRICS_FOLDER	     "metrics" /* below the run folder */
#define METRICS_INTERVAL_S   10
#define METRICS_INTERVALS    6 /* that are remembered, with the current one */
#define METRIC_NAME_MAX	     112
#define METRIC_LABELS_MAX    144
#define METRIC_RECENT	     32
#define METRICS_QUANTILES_S  10 /* values that are older do not count */
#define METRICS_WHY_MAX	     256
#define METRICS_GATHERED_MAX (DAEMON_COUNT * 512)

/* What came in one interval. */
struct metric_slot {
	uint32_t interval; /* since 1970, as time / METRICS_INTERVAL_S */
	uint32_t count;
	double sum; /* of a gauge: its value */
	double sum_squares;
	double min;
	double max;
	double updated; /* seconds of the wall clock */
};

struct metric_recent {
	float value;
	uint32_t at_ms; /* of the wall clock, modulo 2^32 */
};

/* One figure. */
struct metric_row {
	uint8_t kind;	  /* enum metric_kind */
	uint8_t is_fixed; /* never makes room for another */
	uint16_t name_size;
	uint16_t labels_size;
	uint32_t hash;
	float last;
	uint64_t count; /* since the daemon's start */
	double sum;
	double updated;
	char name[METRIC_NAME_MAX];	/* "raft.apply" */
	char labels[METRIC_LABELS_MAX]; /* "name\0value\0name\0value\0" */
	struct metric_slot slots[METRICS_INTERVALS]; /* by interval % count */
	struct metric_recent recent[METRIC_RECENT];  /* of a sample, by count */
};

/* --- One page. --- */

struct metrics_page;

/* Map it; NULL if there is none, or none that we understand. */
const struct metrics_page *metrics_page_map(const char *path);
/* And whose it is: of the very file that was mapped. */
const struct metrics_page *metrics_page_map_owned(
    const char *path, uint32_t *owner);
void metrics_page_unmap(const struct metrics_page *); /* NULL is fine */
bool metrics_page_is_over(const struct metrics_page *);
/* Who writes it, and what became of reloads; read by who asks it for one. */
struct metrics_reloads {
	pid_t pid;
	uint32_t done;
	uint32_t refused;
	char why[METRICS_WHY_MAX]; /* of the last that was refused; or "" */
};
struct metrics_reloads metrics_page_reloads(const struct metrics_page *);
size_t metrics_page_count(const struct metrics_page *);
/* A whole row; false if it changes all the time, or is no good. */
MUST_CHECK bool metrics_page_row(
    const struct metrics_page *, size_t index, struct metric_row *);
/* Single values: how many were written ever; and one of the latest. */
uint64_t metrics_page_values(const struct metrics_page *);
/* False: it is gone already, or was not written yet. */
MUST_CHECK bool metrics_page_value(
    const struct metrics_page *, uint64_t at, size_t *row, double *value);

/* --- Names, as the configuration wants them. --- */

/* The texts are lent by the configuration. */
struct metrics_naming {
	struct slice prefix; /* "consul", or empty */
	char host[256];	     /* put before gauges; "" is none */
	/* Where dogstatsd is sent to as well, gauges that are shown lose the
	 * host and double their last part: what it does to them is seen by
	 * whoever comes after it, in go-metrics. */
	bool is_doubled;
	bool lets_by_default;
	struct slice_list rules; /* "+a", "-b" */
};

/* Is anything sent away? */
bool metrics_has_sinks(const struct config *);
void metrics_naming_init(struct metrics_naming *, const struct config *);
/* The name as it is shown and sent: parts and dots. */
void metrics_name_put(
    const struct metrics_naming *, const struct metric_row *, struct buf *out);
/* Do the filters let it through? `name` with the host in it. */
bool metrics_lets(const struct metrics_naming *, struct slice name);

/* --- All pages. --- */

struct metric_shown {
	struct slice name;   /* whole, in the set's arena; likewise below */
	struct slice labels; /* "name\0value\0" */
	struct slice key;    /* "name;label=value", by which they are sorted */
	struct metric_row *row; /* the sum over all daemons */
};

struct metrics_set {
	struct arena arena;
	struct metric_shown *items; /* owned; by kind, name and labels */
	size_t count;
	size_t capacity;
	uint32_t first; /* the interval in which the oldest daemon began */
};

/* Take in what all daemons of a run folder have. */
void metrics_gather(
    struct metrics_set *, const char *run_dir, const struct metrics_naming *);
void metrics_gather_page(struct metrics_set *, const struct metrics_page *,
    const struct metrics_naming *);
void metrics_set_finish(struct metrics_set *); /* add up and sort */
void metrics_set_deinit(struct metrics_set *);

/* The figures of an interval; NULL if there are none. A gauge that stands for
 * a state is there in every interval. */
const struct metric_slot *metric_slot_of(
    const struct metric_row *, uint32_t interval);
bool metric_is_level(const struct metric_row *);
double metric_mean(const struct metric_slot *);
double metric_deviation(const struct metric_slot *);
/* Of the values of the last seconds; NAN if there were none. */
double metric_quantile(
    const struct metric_row *, double quantile, uint32_t now_ms);
/* The first of the labels left; false at their end. */
bool metric_label_next(
    struct slice *labels, struct slice *name, struct slice *value);

/* --- As text. --- */

/* go-metrics' answer to SIGUSR1: all whole intervals. */
void metrics_dump(const struct metrics_set *, uint32_t current, struct buf *);
/* The same of a run folder, written to standard error. */
void metrics_dump_all(const char *run_dir, const struct config *);
/* The same of this daemon's own page. */
void metrics_dump_own(const struct config *);

#endif
