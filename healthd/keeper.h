/*
 * The keeper: a process between the runner and a script, to which all that
 * the script leaves behind belongs, also what made a session of its own
 * (PR_SET_CHILD_SUBREAPER). So a script that is to end does so whole.
 *
 * It tells the runner the script's process id, then how it ended, and waits
 * there for a word: KEEPER_LEAVE lets live what is left, as Consul does after
 * a script that has ended by itself (it may have started a daemon); anything
 * else, and the end of the runner, kills all of it: stopped first, so that
 * nothing multiplies faster than it dies.
 *
 * Threads  the runner is one process without any
 */
#ifndef HEALTHD_KEEPER_H
#define HEALTHD_KEEPER_H

#include <sys/types.h>

#define KEEPER_LEAVE 'L'
#define KEEPER_KILL  'K'

/* From the keeper: first one with the script's id, or none if it could not
 * be started; then one with its status. */
struct keeper_word {
	pid_t pid;
	int status; /* of waitpid() */
};

/* In a child of the runner, which it is for good. `line` is its end of a
 * socket pair; `run` becomes the script, in a child. */
void __attribute__((noreturn))
keeper_main(int line, void (*run)(const void *), const void *arg);

#endif
