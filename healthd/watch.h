/*
 * The agent's own watches: a question that blocks until its answer is another
 * one, and a handler that runs then, with the answer as JSON on its standard
 * input and the index in CONSUL_INDEX (or as body and header of an HTTP
 * request). watch_ask.c knows the questions and the shape of their answers.
 *
 * Who      the runner runs scripts, as its own user; the prober sends requests
 * Time     a handler has no limit; the next question is asked when it has
 *          ended. After a failure 5 s times the square of the failures in a
 *          row pass, three minutes at most
 * Reload   all begin anew, and so all handlers run again: so does Consul
 * Source   common/watch_plan.h; Consul api/watch/plan.go, agent/
 *          watch_handler.go, as observed
 */
#ifndef HEALTHD_WATCH_H
#define HEALTHD_WATCH_H

#include "ipc.h"
#include "watch_plan.h"

struct healthd;

/* End all, and begin those of the configuration. */
void watches_start(struct healthd *);
/* Agent.EventHeard: gossipd has kept another user event. */
void on_event_heard(struct daemon *, struct call *, const void *request);

/* --- watch_ask.c --- */
/* Ask, to wait for something behind `index`; the id of the question. */
uint64_t watch_ask(struct edge *, const struct watch_plan *,
    const struct config *, uint64_t index, answer_fn *, void *arg);
/* The answer as Consul's client library prints it, and its index. `known` is
 * the index of the last one: of events only newer ones are told. *why is for
 * the log. */
MUST_CHECK enum err watch_read(const struct watch_plan *, struct slice body,
    uint64_t known, struct buf *json, uint64_t *index, struct buf *why);

#endif
