/*
 * The six daemons as the launcher knows them: started, watched, and started
 * again when they die.
 *
 * A daemon that dies is back at once; one that keeps dying soon after it came
 * waits longer each time, RESTART_DELAY_MAX at most. Time is the caller's.
 *
 * A daemon that hangs is noticed as systemd notices it: each is told by
 * WATCHDOG_USEC to say "WATCHDOG=1" twice in that time, and one that has done
 * so and then is silent for so long is killed. The time is shorter than httpd
 * waits for an answer: what was asked of the hanging one is asked of the next.
 *
 * All say so to one socket, whose queue is short (11 datagrams where the system
 * has Linux's default). One that says more than SAID_MAX in a quarter of that
 * time keeps the others from being heard: it is killed, and they are not.
 *
 * Source  sd_watchdog_enabled(3)
 */
#ifndef PROCONSUL_CHILDREN_H
#define PROCONSUL_CHILDREN_H

#include <sys/types.h>

#include "clock.h"
#include "wiring.h"

#define RESTART_DELAY_STEP                                \
	MILLISECONDS(50) /* doubles with each quick death \
			  */
#define RESTART_DELAY_MAX MILLISECONDS(400)
#define WATCHDOG_TIME	  SECONDS(20)
#define WATCHDOG_LATE	  SECONDS(2) /* then we hung, not they */
/* A daemon says one thing in two quarters of the watchdog's time, and one more
 * at its start; with one from each of the others these fill no queue. */
#define SAID_MAX  5
#define LONG_LIFE SECONDS(5) /* after which the count starts again */

struct child {
	enum daemon_id id;
	pid_t pid;	       /* 0: not running */
	bool has_been_ready;   /* in any of its lives */
	bool is_ready;	       /* in this one */
	unsigned quick_deaths; /* in a row */
	unsigned said;	       /* datagrams, since it was looked at last */
	struct instant started;
	struct instant alive_at;   /* said last; INSTANT_NEVER: not yet */
	struct instant restart_at; /* INSTANT_NEVER while it runs */
};

struct children {
	struct child items[DAEMON_COUNT];
	/* For exec; lent. */
	const char *folder;
	const char *run_dir;
	const char *node_id;
	int log;		     /* their standard output; lent, -1: ours */
	struct duration watchdog;    /* 0: nobody is watched */
	struct instant watched_next; /* when to look again */
	int argc;
	char **argv; /* the user's flags */
};

void children_init(struct children *);
/* Fork and exec; in the child nothing but the log's file and its own life. */
void child_start(struct children *, struct child *, struct instant now);
struct child *children_find(struct children *, pid_t);
/* It died: when to start it again. */
void child_died(struct child *, struct instant now);
/* Start those whose time has come; the next time, or INSTANT_NEVER. */
struct instant children_restart(struct children *, struct instant now);
/* It has said that it is alive. */
void child_is_alive(struct child *, struct instant now);
/* Kill those that hang, or say too much, where it is time to look; the next
 * time, or INSTANT_NEVER. */
struct instant children_watch(struct children *, struct instant now);
void children_signal(struct children *, int signal);
size_t children_count_running(const struct children *);
bool children_are_ready(const struct children *); /* or have been */
bool children_are_up(const struct children *);	  /* in these lives */

#endif
