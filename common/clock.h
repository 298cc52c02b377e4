/*
 * Time, in types that do not mix.
 *
 * instant   a moment of the monotonic clock (deadlines, timers)
 * duration  a span; Consul's int64 nanoseconds, so it also is a wire kind
 * wall      a moment of the wall clock, only for what people or files read
 *
 * Cores are handed `now` and never ask; only edges call *_now().
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "bytes.h"
#include "err.h"

struct instant {
	int64_t ns; /* since an unknown start; INSTANT_NEVER is after all */
};

struct duration {
	int64_t ns;
};

struct wall {
	int64_t seconds; /* since 1970-01-01 UTC */
	int32_t ns;
};

#define INSTANT_NEVER	((struct instant){ INT64_MAX })
#define NANOSECONDS(n)	((struct duration){ (n) })
#define MILLISECONDS(n) ((struct duration){ (int64_t)(n)*1000000 })
#define SECONDS(n)	((struct duration){ (int64_t)(n)*1000000000 })

struct instant instant_now(void);
struct instant instant_add(struct instant, struct duration); /* saturates */
struct duration instant_since(struct instant later, struct instant earlier);
bool instant_before(struct instant, struct instant);
double duration_seconds(struct duration); /* for libev's timers */
struct wall wall_now(void);

/* Go's time.ParseDuration: "1h30m", "-1.5s", "0"; api/http.md 1.4.
 * On failure *why is Go's text, e.g. `time: invalid duration "x"`; lent by
 * `text_out`, which must have at least 128 bytes. */
MUST_CHECK enum err duration_parse(
    struct slice, struct duration *, char *why, size_t why_size);
/* Go's Duration.String(): "10s", "1h30m0s", "1.5ms", "0s". */
void duration_print(struct duration, struct buf *);
/* RFC 3339 in UTC with `digits` (0, 3, 6, 9) of fraction and a Z. */
void wall_print(struct wall, unsigned digits, struct buf *);

#endif
