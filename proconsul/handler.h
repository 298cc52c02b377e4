/*
 * The program that watch and lock run, directly or through a shell.
 *
 * Errors  in the words of Go's os/exec, which Consul prints
 */
#ifndef PROCONSUL_HANDLER_H
#define PROCONSUL_HANDLER_H

#include <sys/types.h>

#include "bytes.h"
#include "err.h"

struct handler_plan {
	int argc; /* the program and its arguments, or a shell's words */
	char **argv;
	bool uses_shell;      /* $SHELL, or /bin/sh */
	const char *variable; /* "NAME=value", added to the environment */
	int input;	      /* descriptor of its standard input; lent */
};

/* *why: "fork/exec /x: no such file or directory". */
MUST_CHECK enum err handler_start(
    const struct handler_plan *, pid_t *, struct buf *why);
/* Whether it has ended; then *why is "exit status 3", "signal: killed", or
 * empty for a good end. Does not wait. */
bool handler_has_ended(pid_t, struct buf *why);

#endif
