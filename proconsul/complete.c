/*
 * Completion for shells. A shell runs us with the line so far in COMP_LINE and
 * takes the words we print; complete_install.c tells it to.
 *
 * Names of commands are completed, and the flags that stand before them; as in
 * Consul, the flags of commands are not.
 *
 * Source  bash(1), Programmable Completion; posener/complete, as observed
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

#define LINE_BYTES_MAX 4096
#define NAME_BYTES_MAX 64

/* The words of the line behind the program's name, but the last one, which
 * may be empty: it is what is to be completed. */
struct line {
	char text[LINE_BYTES_MAX];
	char *words[LINE_BYTES_MAX / 2];
	int count;
	const char *last;
};

static const char *const first_flags[] = { "-autocomplete-install",
	"-autocomplete-uninstall", "-help", "-version" };

/* The part of COMP_LINE before the cursor; false where there is none. */
static bool
line_text(struct line *line)
{
	const char *text = getenv("COMP_LINE"), *point = getenv("COMP_POINT");
	size_t size;
	long at;

	if (text == NULL || *text == '\0')
		return (false);
	size = strlen(text);
	if (point != NULL && *point != '\0') {
		at = strtol(point, NULL, 10);
		if (at >= 0 && (size_t)at < size)
			size = (size_t)at;
	}
	if (size >= sizeof(line->text))
		size = sizeof(line->text) - 1;
	memcpy(line->text, text, size);
	line->text[size] = '\0';
	return (true);
}

static void
line_split(struct line *line)
{
	size_t size = strlen(line->text);
	bool is_open =
	    size > 0 && !isspace((unsigned char)line->text[size - 1]);
	char *rest = line->text, *word;

	while ((word = strsep(&rest, " \t\n")) != NULL) {
		if (*word != '\0')
			line->words[line->count++] = word;
	}
	line->last = is_open ? line->words[--line->count] : "";
	/* What stands behind "-flag=" is a word of its own. */
	if (strrchr(line->last, '=') != NULL)
		line->last = strrchr(line->last, '=') + 1;
}

/* The command or group below `parent` that `word` names. */
static const struct command *
command_below(const char *parent, const char *word)
{
	const struct command *c = NULL;

	while ((c = command_after(parent, c != NULL ? c->name : NULL)) != NULL)
		if (strcmp(command_name_below(c->name, parent), word) == 0)
			return (c);
	return (NULL);
}

static void
print_if_fits(FILE *to, const char *word, const char *start)
{
	if (strncmp(word, start, strlen(start)) == 0)
		fprintf(to, "%s\n", word);
}

bool
complete_line(FILE *to)
{
	static struct line line; /* large, and only once */
	const struct command *c = NULL, *below;
	const char *parent = "";
	size_t n;
	int i;

	if (!line_text(&line))
		return (false);
	line_split(&line);
	/* Words that name nothing are passed over, as there might be flags
	 * between names. The first is our own name. */
	for (i = 1; i < line.count; i++) {
		if ((below = command_below(parent, line.words[i])) != NULL)
			parent = below->name;
	}
	if (line.count == 0)
		return (true); /* our own name is not for us to complete */
	while ((c = command_after(parent, c != NULL ? c->name : NULL)) != NULL)
		print_if_fits(
		    to, command_name_below(c->name, parent), line.last);
	for (n = 0; *parent == '\0' && *line.last == '-' &&
		    n < sizeof(first_flags) / sizeof(first_flags[0]);
	     n++)
		print_if_fits(to, first_flags[n], line.last);
	return (true);
}
