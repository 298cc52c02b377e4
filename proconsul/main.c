/*
 * proconsul: finds the command named on the command line and runs it.
 *
 * -h (or --help) anywhere before a "--" asks for the usage of the command, -v
 * as the only flag for the version, as in Consul's command line library.
 *
 * Source  api/cli.md 1
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

#define EXIT_NO_COMMAND 127

static void
print_usage(FILE *to)
{
	fputs("Usage: consul [--version] [--help] <command> [<args>]\n\n"
	      "Available commands are:\n",
	    to);
	print_commands_below(to, "");
	fputc('\n', to);
}

static bool
is_help_flag(const char *arg)
{
	return (strcmp(arg, "-h") == 0 || strcmp(arg, "-help") == 0 ||
		strcmp(arg, "--help") == 0);
}

static bool
is_version_flag(const char *arg)
{
	return (strcmp(arg, "-v") == 0 || strcmp(arg, "-version") == 0 ||
		strcmp(arg, "--version") == 0);
}

/* A command of Consul that we do not have yet. */
static int
later_run(const struct command *c, bool wants_help)
{
	if (wants_help) {
		printf("Usage: consul %s\n\n  %s. Not available in this "
		       "version of proconsul.\n",
		    c->name, c->synopsis);
		return (0);
	}
	fprintf(stderr,
	    "consul %s is not available in this version of proconsul\n",
	    c->name);
	return (1);
}

static int
command_run(const struct command *c, int argc, char **argv, bool wants_help)
{
	char help[] = "-h", *only_help[] = { help, NULL };

	if (c->run == NULL && c->about == NULL)
		return (later_run(c, wants_help));
	if (c->run == NULL) {
		print_group_usage(wants_help ? stdout : stderr, c);
		return (wants_help ? 0 : 1);
	}
	if (wants_help)
		return (c->run(1, only_help));
	return (c->run(argc, argv));
}

/* What stands before the name of the command, and where that is. */
struct words {
	int first; /* of the name in argv; 0: there is none */
	bool wants_help, wants_version;
	bool installs, uninstalls; /* completion for shells */
	bool is_early;		   /* a flag that belongs behind the name */
};

static bool
is_flag(const char *arg, const char *name)
{
	if (arg[0] != '-')
		return (false);
	return (strcmp(arg + 1 + (arg[1] == '-'), name) == 0);
}

static void
words_read(int argc, char **argv, struct words *w)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (is_help_flag(argv[i]))
			w->wants_help = true;
		else if (w->first != 0)
			continue;
		else if (is_version_flag(argv[i]))
			w->wants_version = true;
		else if (is_flag(argv[i], "autocomplete-install"))
			w->installs = true;
		else if (is_flag(argv[i], "autocomplete-uninstall"))
			w->uninstalls = true;
		else if (argv[i][0] != '-')
			w->first = i;
		else
			w->is_early = true;
	}
}

static int
early_flags_refuse(const struct command *c, char **no_arguments)
{
	fputs("Invalid flags before the subcommand. If these flags are for\n"
	      "the subcommand, please put them after the subcommand.\n\n",
	    stderr);
	fflush(stderr);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) != -1) /* where help goes */
		command_run(c, 0, no_arguments, true);
	return (1);
}

int
main(int argc, char **argv)
{
	char version[] = "version", *only_version[] = { version, NULL };
	const struct command *c = NULL;
	struct words w = { 0 };
	int used = 0, behind;

	signal(SIGPIPE, SIG_IGN);
	if (complete_line(stdout))
		return (0);
	words_read(argc, argv, &w);
	if (w.wants_version &&
	    (c = command_find(1, only_version, &used)) != NULL)
		return (command_run(c, 0, argv + argc, false));
	if (w.first == 0 && w.wants_help) {
		print_usage(stdout);
		return (0);
	}
	if (w.installs || w.uninstalls)
		return (complete_install(w.installs, w.uninstalls, argv[0]));
	if (w.first != 0)
		c = command_find(argc - w.first, argv + w.first, &used);
	if (c == NULL) {
		print_usage(stderr);
		return (EXIT_NO_COMMAND);
	}
	if (w.is_early)
		return (early_flags_refuse(c, argv + argc));
	behind = w.first + used;
	return (command_run(c, argc - behind, argv + behind, w.wants_help));
}
