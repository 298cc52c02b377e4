/*
 * Autopilot at work: asks all servers how they are, and does what autopilot.h
 * decides. Only on a leader, and by itself only where there are others.
 */
#ifndef CATALOGD_AUTOPILOT_RUN_H
#define CATALOGD_AUTOPILOT_RUN_H

#include <ev.h>

#include "autopilot.h"

struct catalogd;
struct call;
struct autopilot_round;

#define AUTOPILOT_WAITING_MAX 64

struct autopilot {
	struct arena arena; /* of `servers` */
	struct autopilot_servers servers;
	struct instant judged_at;
	struct instant bury_at;			     /* burials are due */
	struct autopilot_round *round;		     /* owned; being asked */
	struct call *waiting[AUTOPILOT_WAITING_MAX]; /* for its end */
	size_t waiting_count;
	ev_timer timer;
};

void autopilot_init(struct catalogd *);
/* Leadership gained: the configuration, if there is none; and the timer. */
void autopilot_start(struct catalogd *);
void autopilot_stop(struct catalogd *);
/* A server has come: look at once, and for those whom it replaces. */
void autopilot_joined(struct catalogd *);
/* There may be others now. */
void autopilot_wake(struct catalogd *);
/* Answer with the health of all, measured anew where it is old. */
void autopilot_answer(struct catalogd *, struct call *);

/* --- Between its files. --- */

/* autopilot_ask.c: a new round, unless one runs; then autopilot_act(). */
void autopilot_ask(struct catalogd *);
void autopilot_answer_waiting(struct catalogd *);
/* autopilot_run.c */
struct autopilot_config autopilot_config_now(const struct catalogd *);
void autopilot_act(struct catalogd *);

#endif
