/*
 * A line to one of the helpers: requests go out, results come in.
 *
 * A message of the socket pair is one encoded struct (health_types.h). What
 * the pair does not take at once waits in a queue.
 *
 * Bounds  a message HELPER_MESSAGE_MAX bytes, the queue HELPER_QUEUE_MAX
 *         messages: more is ERR_FULL, and the run counts as failed
 * Trust   none: scripts share its user. What is no message is told and left
 *         out, and after HELPER_NONSENSE_MAX of them it counts as gone
 */
#ifndef HEALTHD_HELPER_H
#define HEALTHD_HELPER_H

#include <ev.h>

#include "err.h"
#include "health_types.h"

#define HELPER_MESSAGE_MAX  (160 * 1024)
#define HELPER_QUEUE_MAX    4096
#define HELPER_NONSENSE_MAX 8

struct helper;

typedef void helper_result_fn(void *arg, const struct probe_result *);

struct helper *helper_new(struct ev_loop *, int fd, helper_result_fn *done,
    void (*on_gone)(void *arg), void *arg);
MUST_CHECK enum err helper_send(struct helper *, const struct probe_request *);

#endif
