/*
 * What a check is, apart from whose it is: its kind, whether its definition
 * holds together, how many results it takes to change, and how its output is
 * cut. Nothing here keeps state but the counters.
 *
 * Source  api/config.md 5, api/http.md 7.2; Consul agent/checks
 */
#ifndef HEALTHD_CHECK_H
#define HEALTHD_CHECK_H

#include "clock.h"
#include "rpc_types.h"

#define CHECK_INTERVAL_MIN   SECONDS(1)
#define CHECK_DEREGISTER_MIN SECONDS(60)
#define CHECK_REAP_INTERVAL  SECONDS(30)
#define CHECK_ALIAS_REFRESH  SECONDS(60)
#define CHECK_TIMEOUT	     SECONDS(10) /* http, tcp, grpc */
#define CHECK_SCRIPT_TIMEOUT SECONDS(30)

/* Of an output, whatever is configured: a message must carry it. */
#define OUTPUT_BYTES_MAX ((size_t)128 * 1024)

/* In the order in which Consul looks for them; the text is a check's Type. */
/* clang-format off */
#define CHECK_KINDS(X)                                                         \
	X(MAINTENANCE, "maintenance") /* has no definition */                  \
	X(TTL,         "ttl")                                                  \
	X(HTTP,        "http")                                                 \
	X(TCP,         "tcp")                                                  \
	X(GRPC,        "grpc")                                                 \
	X(DOCKER,      "docker")                                               \
	X(SCRIPT,      "script")                                               \
	X(ALIAS,       "alias")
/* clang-format on */

enum check_kind {
#define X(kind, text) CHECK_##kind,
	CHECK_KINDS(X)
#undef X
};

enum check_status {
	CHECK_PASSING,
	CHECK_WARNING,
	CHECK_CRITICAL,
};

enum check_kind check_kind_of(const struct check_type *);
const char *check_kind_text(enum check_kind);
/* Runs again and again, by a helper process. */
bool check_is_probe(enum check_kind);
const char *check_status_text(enum check_status);
bool check_status_parse(struct slice, enum check_status *);

/* All fields zero: to be taken for no check at all. */
bool check_is_empty(const struct check_type *);
/* NULL, or what is wrong with it: the text behind "Invalid check: ". */
const char *check_validate(const struct check_type *);
/* Time between the end of a run and the next. */
struct duration check_interval(const struct check_type *);
struct duration check_timeout(const struct check_type *);
/* 0: never. */
struct duration check_deregister_after(const struct check_type *);
/* The smaller of the agent's limit and the check's own. */
size_t check_output_max(const struct check_type *, size_t agent_max);

/*
 * success_before_passing and failures_before_critical. The counters start at
 * their thresholds, so that a first result counts at once.
 */
struct check_counts {
	int64_t success_threshold, failure_threshold;
	int64_t successes, failures;
};

void check_counts_init(struct check_counts *, const struct check_type *);
/* Count one result; true if it is to be shown. A warning is a success. */
bool check_counts_add(struct check_counts *, enum check_status);

/* Of a TTL check: the first `max` bytes, with a note if that is not all. */
void check_cut_note(struct slice note, size_t max, struct buf *out);
/* What a TTL check that ran out says. */
void check_expired_text(struct slice last_output, struct buf *out);

#endif
