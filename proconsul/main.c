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

#include "commands.h"

#define EXIT_NO_COMMAND 127
#define NAME_WORDS_MAX	3 /* "operator raft list-peers" */

static const struct command commands[] = {
#define X(name, run, synopsis) { name, synopsis, run, NULL },
	COMMANDS(X)
#undef X
#define X(name, synopsis, about) { name, synopsis, NULL, about },
	    COMMAND_GROUPS(X)
#undef X
#define X(name, synopsis) { name, synopsis, NULL, NULL },
		COMMANDS_LATER(X)
#undef X
		    { NULL, NULL, NULL, NULL },
};

/* The part of `name` below `parent` ("" is above all) if it is one word. */
static const char *
name_below(const char *name, const char *parent)
{
	size_t size = strlen(parent);

	if (size > 0) {
		if (strncmp(name, parent, size) != 0 || name[size] != ' ')
			return (NULL);
		name += size + 1;
	}
	return (strchr(name, ' ') == NULL ? name : NULL);
}

/* The command with the alphabetically next name below `parent`. */
static const struct command *
command_after(const char *parent, const char *previous)
{
	const struct command *c, *best = NULL;

	for (c = commands; c->name != NULL; c++) {
		if (name_below(c->name, parent) == NULL)
			continue;
		if (previous != NULL && strcmp(c->name, previous) <= 0)
			continue;
		if (best == NULL || strcmp(c->name, best->name) < 0)
			best = c;
	}
	return (best);
}

static void
print_commands_below(FILE *to, const char *parent)
{
	const struct command *c = NULL;
	int width = 0, size;

	while ((c = command_after(parent, c ? c->name : NULL)) != NULL) {
		size = (int)strlen(name_below(c->name, parent));
		width = size > width ? size : width;
	}
	while ((c = command_after(parent, c ? c->name : NULL)) != NULL)
		fprintf(to, "    %-*s    %s\n", width,
		    name_below(c->name, parent), c->synopsis);
}

static void
print_usage(FILE *to)
{
	fputs("Usage: consul [--version] [--help] <command> [<args>]\n\n"
	      "Available commands are:\n",
	    to);
	print_commands_below(to, "");
	fputc('\n', to);
}

static void
print_group_usage(FILE *to, const struct command *group)
{
	fprintf(to,
	    "Usage: consul %s <subcommand> [options] [args]\n\n"
	    "%s\n\nSubcommands:\n",
	    group->name, group->about);
	print_commands_below(to, group->name);
}

/* The first words with one blank between; false if they are too long. */
static bool
words_join(char **argv, int words, char *out, size_t size)
{
	size_t used = 0;
	int i, n;

	for (i = 0; i < words; i++) {
		n = snprintf(
		    out + used, size - used, "%s%s", i > 0 ? " " : "", argv[i]);
		if (n < 0 || (size_t)n >= size - used)
			return (false);
		used += (size_t)n;
	}
	return (true);
}

/* The command with the longest name that starts `argv`; *used is its words. */
static const struct command *
command_find(int argc, char **argv, int *used)
{
	const struct command *c;
	char name[128];
	int words;

	for (words = NAME_WORDS_MAX; words > 0; words--) {
		if (words > argc ||
		    !words_join(argv, words, name, sizeof(name)))
			continue;
		for (c = commands; c->name != NULL; c++) {
			if (strcmp(c->name, name) == 0) {
				*used = words;
				return (c);
			}
		}
	}
	return (NULL);
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

int
main(int argc, char **argv)
{
	const struct command *c;
	char version[] = "version", *only_version[] = { version, NULL };
	bool wants_help = false, wants_version = false, is_early = false;
	int first = 0, used = 0, i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (is_help_flag(argv[i]))
			wants_help = true;
		else if (first == 0 && is_version_flag(argv[i]))
			wants_version = true;
		else if (first == 0 && argv[i][0] != '-')
			first = i;
		else if (first == 0)
			is_early = true;
	}
	if (wants_version && (c = command_find(1, only_version, &used)) != NULL)
		return (command_run(c, 0, argv + argc, false));
	c = first == 0 ? NULL : command_find(argc - first, argv + first, &used);
	if (c == NULL) {
		print_usage(wants_help && first == 0 ? stdout : stderr);
		return (wants_help && first == 0 ? 0 : EXIT_NO_COMMAND);
	}
	if (is_early) {
		fputs("Invalid flags before the subcommand. If these flags "
		      "are for\nthe subcommand, please put them after the "
		      "subcommand.\n\n",
		    stderr);
		command_run(c, 0, argv + argc, true);
		return (1);
	}
	i = first + used;
	return (command_run(c, argc - i, argv + i, wants_help));
}
