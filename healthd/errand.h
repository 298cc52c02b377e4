/*
 * Runs that are no checks: jobs of remote execution, handlers of watches. The
 * helpers carry them out like checks; here is kept who waits for which.
 */
#ifndef HEALTHD_ERRAND_H
#define HEALTHD_ERRAND_H

#include "err.h"
#include "health_types.h"

/* Runs of checks are numbered from 1; these have this bit, too. */
#define ERRAND_BIT	 (UINT64_C(1) << 63)
#define ERRANDS_MAX	 1024
#define ERRAND_INPUT_MAX (64 * 1024 * 1024)

struct healthd;
struct errand;

/* Called for each piece of a job's output (RUN_OUTPUT), then once with how it
 * ended. Lent for the call. */
typedef void errand_fn(void *arg, const struct probe_result *);

/* Begin it: `run` is filled in here, all else stands in the request. By the
 * prober where the check has a URL, else by the runner. */
MUST_CHECK enum err errand_start(struct healthd *h,
    const struct probe_request *request, errand_fn *done, void *arg,
    uint64_t *run);
/* Nobody waits for it any more: a handler is ended, a job goes on unheard. */
void errand_cancel(struct healthd *, uint64_t run);
/* The last piece of its output has been dealt with. */
void errand_more(struct healthd *, uint64_t run);
/* A result whose run has ERRAND_BIT. */
void errand_result(struct healthd *, const struct probe_result *);
/* The prober has died, with all that it had. */
void errands_fail_probes(struct healthd *);

#endif
