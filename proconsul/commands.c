/*
 * The table of commands, made from commands.h, and what is asked of it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

#define NAME_WORDS_MAX 3 /* "operator raft list-peers" */

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

const char *
command_name_below(const char *name, const char *parent)
{
	size_t size = strlen(parent);

	if (size > 0) {
		if (strncmp(name, parent, size) != 0 || name[size] != ' ')
			return (NULL);
		name += size + 1;
	}
	return (strchr(name, ' ') == NULL ? name : NULL);
}

const struct command *
command_after(const char *parent, const char *previous)
{
	const struct command *c, *best = NULL;

	for (c = commands; c->name != NULL; c++) {
		if (command_name_below(c->name, parent) == NULL)
			continue;
		if (previous != NULL && strcmp(c->name, previous) <= 0)
			continue;
		if (best == NULL || strcmp(c->name, best->name) < 0)
			best = c;
	}
	return (best);
}

void
print_commands_below(FILE *to, const char *parent)
{
	const struct command *c = NULL;
	int width = 0, size;

	while ((c = command_after(parent, c ? c->name : NULL)) != NULL) {
		size = (int)strlen(command_name_below(c->name, parent));
		width = size > width ? size : width;
	}
	while ((c = command_after(parent, c ? c->name : NULL)) != NULL)
		fprintf(to, "    %-*s    %s\n", width,
		    command_name_below(c->name, parent), c->synopsis);
}

void
print_group_usage(FILE *to, const struct command *group)
{
	/* None of these has any, and Consul says so. */
	bool is_operator = strncmp(group->name, "operator", 8) == 0;

	fprintf(to,
	    "Usage: consul %s <subcommand> [options]%s\n\n"
	    "%s\n\nSubcommands:\n",
	    group->name, is_operator ? "" : " [args]", group->about);
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

const struct command *
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
