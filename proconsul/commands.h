/*
 * The commands of `proconsul`, a row each: a new one is a row here and a file
 * with its function.
 *
 * Each gets the arguments behind its name and returns the exit status. The
 * argument "-h" alone asks for its usage on standard output (flags_help) and
 * status 0. Command line mistakes go to standard error and are status 1.
 *
 * Source  api/cli.md 1 and 3
 */
#ifndef PROCONSUL_COMMANDS_H
#define PROCONSUL_COMMANDS_H

/* clang-format off */
/*	name              function         synopsis */
#define COMMANDS(X) \
	X("agent",         agent_run,       "Runs an agent of the cluster")

/* Names that only stand before those of others: `kv` of `kv get`. */
/*	name              what it is about, then text of its own usage */
#define COMMAND_GROUPS(X)
/* clang-format on */

struct command {
	const char *name; /* words separated by one blank */
	const char *synopsis;
	int (*run)(int argc, char **argv); /* NULL for a group */
	const char *about;		   /* of a group */
};

#define X(name, run, synopsis) int run(int argc, char **argv);
COMMANDS(X)
#undef X

#endif
