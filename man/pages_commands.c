/*
 * What manual pages say of commands, from commands.h and the flag tables.
 *
 *	pages commands <man/proconsul-kv.1 >build/man/proconsul-kv.1
 *
 * In the place of these lines stand
 *
 *	.\" @synopsis NAME	how the command is called
 *	.\" @command NAME	a section: what it does, and its own flags
 *	.\" @common NAME	the flags that it shares with others
 *	.\" @list		all commands
 *	.\" @later		those that are not built yet
 *
 * Each command's function is called as the command line would call it; but the
 * command_main of this program takes the table, and does not run the work.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_flags.h"
#include "pages.h"
#include "proconsul/command.h"

#define WORDS_MAX      4
#define LINE_BYTES_MAX 4096
#define SPEC_BYTES_MAX 512

static const struct command_spec *spec_taken;

int
command_main(
    const struct command_spec *spec, int argc, char **argv, void *options)
{
	(void)argc;
	(void)argv;
	(void)options;
	spec_taken = spec;
	return (0);
}

static void __attribute__((noreturn))
mistake(const char *what, const char *name)
{
	fprintf(stderr, "pages: %s: %s\n", what, name);
	exit(1);
}

/* The launcher reads its flags by itself. */
static const struct command_spec agent_spec = {
	.usage = "agent [options]",
	.about = "Runs an agent, the part of Consul that every node has, "
		 "until it is interrupted.",
	.flags = config_flag_table,
};

static const struct command_spec *
spec_of(const char *name)
{
	char text[SPEC_BYTES_MAX], *words[WORDS_MAX], *rest = text;
	const struct command *c;
	int count = 0, used = 0;

	if (strcmp(name, "agent") == 0)
		return (&agent_spec);
	snprintf(text, sizeof(text), "%s", name);
	while (count < WORDS_MAX && rest != NULL)
		words[count++] = strsep(&rest, " ");
	c = command_find(count, words, &used);
	if (c == NULL || c->run == NULL || used != count)
		mistake("no such command", name);
	spec_taken = NULL;
	c->run(0, words + count);
	if (spec_taken == NULL)
		mistake("has no table", name);
	return (spec_taken);
}

/* The flag with the alphabetically next name. */
static const struct flag *
flag_next(const struct flag *table, const struct flag *previous)
{
	const struct flag *f, *best = NULL;

	for (f = table; f != NULL && f->name != NULL; f++) {
		if (previous != NULL && strcmp(f->name, previous->name) <= 0)
			continue;
		if (best == NULL || strcmp(f->name, best->name) < 0)
			best = f;
	}
	return (best);
}

static void
flag_print(const struct flag *f)
{
	printf("Fl %s", f->name);
	if (f->value != NULL && *f->value != '\0')
		printf(" Ns = Ns Ar %s", f->value);
}

/* "[KEY]" and "name...", of a usage, as arguments. */
static void
argument_print(const char *word)
{
	bool is_optional = *word == '[';
	size_t size;

	word += is_optional;
	size = strcspn(word, ".]");
	printf(".%sAr ", is_optional ? "Op " : "");
	for (size_t i = 0; i < size; i++) {
		if (word[i] == '|')
			fputs(" | ", stdout);
		else
			putchar(tolower((unsigned char)word[i]));
	}
	puts(strstr(word, "...") != NULL ? " ..." : "");
}

static void
synopsis_print(const char *name)
{
	const struct command_spec *spec = spec_of(name);
	char text[SPEC_BYTES_MAX], *rest = text, *word;
	const struct flag *f = NULL;

	printf(".Nm proconsul %s\n", name);
	while ((f = flag_next(spec->flags, f)) != NULL) {
		if (f->is_common)
			continue;
		fputs(".Op ", stdout);
		flag_print(f);
		putchar('\n');
	}
	snprintf(text, sizeof(text), "%s", spec->usage + strlen(name));
	while ((word = strsep(&rest, " ")) != NULL) {
		if (strcmp(word, "...") == 0)
			puts(".Ar ...");
		else if (*word != '\0' && strcmp(word, "[options]") != 0)
			argument_print(word);
	}
}

static void
initial_print(const char *text)
{
	if (text == NULL || strcmp(text, "\"\"") == 0)
		return;
	fputs(" Pq default ", stdout);
	for (; *text != '\0'; text++) {
		if (*text != '"')
			putchar(*text);
	}
}

static void
flags_print(const struct flag *table, bool is_common)
{
	const struct flag *f = NULL;
	bool has_begun = false;

	while ((f = flag_next(table, f)) != NULL) {
		if (f->is_common != is_common)
			continue;
		if (!has_begun)
			puts(".Bl -tag -width Ds");
		has_begun = true;
		fputs(".It ", stdout);
		flag_print(f);
		initial_print(f->initial);
		putchar('\n');
		text_print(f->help);
	}
	if (has_begun)
		puts(".El");
}

static void
command_print(const char *name)
{
	const struct command_spec *spec = spec_of(name);

	printf(".Ss %s\n", name);
	text_print(spec->about);
	flags_print(spec->flags, false);
}

static void
list_print(void)
{
	puts(".Bl -tag -width Ds");
#define X(name, run, synopsis)       \
	printf(".It Ic %s\n", name); \
	text_print(synopsis ".");
	COMMANDS(X)
#undef X
	puts(".El");
}

static void
later_print(void)
{
	static const char *const names[] = {
#define X(name, synopsis) name,
		COMMANDS_LATER(X)
#undef X
	};
	size_t i, count = sizeof(names) / sizeof(names[0]);

	for (i = 0; i < count; i++)
		printf(".Ic %s%s\n", names[i],
		    i + 2 == count   ? "\nand"
		    : i + 1 == count ? ""
				     : " ,");
}

static void
mark_print(char *mark)
{
	char *name = strchr(mark, ' ');

	mark[strcspn(mark, "\n")] = '\0';
	if (name != NULL)
		*name++ = '\0';
	if (strcmp(mark, "list") == 0)
		list_print();
	else if (strcmp(mark, "later") == 0)
		later_print();
	else if (name != NULL && strcmp(mark, "synopsis") == 0)
		synopsis_print(name);
	else if (name != NULL && strcmp(mark, "command") == 0)
		command_print(name);
	else if (name != NULL && strcmp(mark, "common") == 0)
		flags_print(spec_of(name)->flags, true);
	else if (name != NULL && strcmp(mark, "flags") == 0)
		flags_print(spec_of(name)->flags, false);
	else
		mistake("no such mark", mark);
}

int
commands_main(void)
{
	static const char mark[] = ".\\\" @";
	char line[LINE_BYTES_MAX];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, mark, strlen(mark)) == 0)
			mark_print(line + strlen(mark));
		else
			fputs(line, stdout);
	}
	return (ferror(stdin) != 0 || fflush(stdout) != 0);
}
