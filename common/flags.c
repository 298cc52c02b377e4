/*
 * Command line flags in Go's manner: one walk over argv, one way to store what
 * was found, and the two forms of usage.
 *
 * Source  Go's flag package (parseOne, PrintDefaults), api/cli.md 1
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flags.h"

#define HELP_INDENT  5
#define HELP_COLUMNS 72

void
flag_put_quoted(struct buf *out, const char *text)
{
	const char *p;

	buf_put_u8(out, '"');
	for (p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if (*p == '\n')
			buf_put_text(out, "\\n");
		else if (*p == '\t')
			buf_put_text(out, "\\t");
		else if ((unsigned char)*p < ' ' || *p == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned char)*p);
		else
			buf_put_u8(out, (uint8_t)*p);
	}
	buf_put_u8(out, '"');
}

static bool
flag_is_bool(const struct flag *flag)
{
	return (flag->kind == FLAG_BOOL || flag->kind == FLAG_BOOL_VAR);
}

enum err
flag_parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE",
		"True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE",
		"False" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*out = strcmp(text, yes[i]) == 0;
			return (ERR_OK);
		}
	}
	return (ERR_INVALID);
}

enum err
flag_parse_int(const char *text, int64_t *out, struct buf *why)
{
	const char *digits = text + (*text == '-' || *text == '+');
	const char *reason = NULL;
	long long value = 0;

	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
		reason = "invalid syntax";
	} else {
		errno = 0;
		value = strtoll(text, NULL, 10);
		if (errno == ERANGE)
			reason = "value out of range";
	}
	if (reason != NULL) {
		buf_put_text(why, "strconv.Atoi: parsing ");
		flag_put_quoted(why, text);
		buf_printf(why, ": %s", reason);
		return (ERR_INVALID);
	}
	*out = value;
	return (ERR_OK);
}

void
flag_mistake(const struct flag *flag, const char *value, const char *reason,
    struct buf *why)
{
	bool is_bool = flag_is_bool(flag);

	buf_put_text(
	    why, is_bool ? "invalid boolean value " : "invalid value ");
	flag_put_quoted(why, value);
	buf_printf(why, is_bool ? " for -%s: %s" : " for flag -%s: %s",
	    flag->name, reason);
}

static const struct flag *
flag_find(const struct flag *table, const char *name, size_t size)
{
	for (; table->name != NULL; table++) {
		if (strncmp(table->name, name, size) == 0 &&
		    table->name[size] == '\0')
			return (table);
	}
	return (NULL);
}

bool
flags_next(const struct flag *table, int *argc, char ***argv,
    const struct flag **out, const char **value, enum err *err, struct buf *why)
{
	const char *arg, *name, *equals;
	const struct flag *flag;
	size_t size;

	*err = ERR_OK;
	if (*argc == 0 || (*argv)[0][0] != '-' || (*argv)[0][1] == '\0')
		return (false);
	arg = (*argv)[0];
	name = arg + (arg[1] == '-' ? 2 : 1);
	(*argc)--, (*argv)++;
	if (strcmp(arg, "--") == 0)
		return (false);
	*err = ERR_INVALID;
	if (*name == '\0' || *name == '-' || *name == '=') {
		buf_printf(why, "bad flag syntax: %s", arg);
		return (false);
	}
	equals = strchr(name, '=');
	size = equals != NULL ? (size_t)(equals - name) : strlen(name);
	flag = flag_find(table, name, size);
	if (flag == NULL) {
		buf_printf(why, "flag provided but not defined: -%.*s",
		    (int)size, name);
		return (false);
	}
	if (equals == NULL && !flag_is_bool(flag) && *argc == 0) {
		buf_printf(why, "flag needs an argument: -%s", flag->name);
		return (false);
	}
	*err = ERR_OK;
	*out = flag;
	*value = equals != NULL ? equals + 1 : "true";
	if (equals == NULL && !flag_is_bool(flag)) {
		*value = (*argv)[0];
		(*argc)--, (*argv)++;
	}
	return (true);
}

void
flag_list_add(struct flag_list *list, const char *text, struct arena *arena)
{
	const char **items;

	/* A command line is short: growing by one each time is fine. */
	items = arena_array(arena, list->count + 1, sizeof(*items));
	if (list->count > 0)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count++] = text;
	list->items = items;
}

static enum err
store_bool(
    const struct flag *flag, const char *value, bool *member, struct buf *why)
{
	enum err err = flag_parse_bool(value, member);

	if (err == ERR_OK)
		return (ERR_OK);
	if (flag->kind == FLAG_BOOL) {
		buf_put_text(why, "parse error");
	} else {
		buf_put_text(why, "strconv.ParseBool: parsing ");
		flag_put_quoted(why, value);
		buf_put_text(why, ": invalid syntax");
	}
	return (err);
}

/* The digits that a number in Go's syntax may have, and where they begin:
 * 0x1f, 0b101, 0o17 and 017 too. */
static const char *
number_digits(const char *value, int *base)
{
	static const char all[] = "0123456789abcdefABCDEF";
	const char *digits = value;
	char mark;

	*base = 10;
	if (value[0] == '0' && value[1] != '\0') {
		mark = (char)(value[1] | 0x20);
		*base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		digits += mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1;
	}
	if (*digits == '\0')
		return (NULL);
	if (*base == 16)
		return (digits[strspn(digits, all)] == '\0' ? digits : NULL);
	for (value = digits; *value != '\0'; value++) {
		if (*value < '0' || *value >= '0' + *base)
			return (NULL);
	}
	return (digits);
}

/* Go's strconv.ParseUint(value, 0, 64), but for its underscores. */
static enum err
uint_parse(const char *value, uint64_t *member)
{
	unsigned long long number;
	const char *digits;
	int base;

	if ((digits = number_digits(value, &base)) == NULL)
		return (ERR_INVALID);
	errno = 0;
	number = strtoull(digits, NULL, base);
	if (errno == ERANGE)
		return (ERR_TOO_BIG);
	*member = number;
	return (ERR_OK);
}

static enum err
store_int(const char *value, int64_t *member, struct buf *why)
{
	bool is_negative = *value == '-';
	uint64_t size, limit = (uint64_t)INT64_MAX + is_negative;
	enum err err;

	err = uint_parse(value + (is_negative || *value == '+'), &size);
	if (err == ERR_OK && size > limit)
		err = ERR_TOO_BIG;
	if (err == ERR_TOO_BIG)
		buf_put_text(why, "value out of range");
	if (err == ERR_OK)
		*member = is_negative ? (int64_t)(0 - size) : (int64_t)size;
	return (err);
}

static enum err
store_uint(const struct flag *flag, const char *value, uint64_t *member,
    struct buf *why)
{
	enum err err = uint_parse(value, member);

	if (err == ERR_TOO_BIG && flag->kind == FLAG_UINT)
		buf_put_text(why, "value out of range");
	if (err == ERR_OK || flag->kind == FLAG_UINT)
		return (err);
	buf_put_text(why, "strconv.ParseUint: parsing ");
	flag_put_quoted(why, value);
	buf_put_text(why,
	    err == ERR_TOO_BIG ? ": value out of range" : ": invalid syntax");
	return (err);
}

static enum err
store_duration(const struct flag *flag, const char *value,
    struct duration *member, struct buf *why)
{
	char text[128];
	enum err err;

	err = duration_parse(slice_of_text(value), member, text, sizeof(text));
	if (err != ERR_OK && flag->kind == FLAG_DURATION_VAR)
		buf_put_text(why, text);
	return (err);
}

/* Put the value where the row says; `why` stays empty for a parse error. */
static enum err
flag_store(const struct flag *flag, const char *value, struct arena *arena,
    void *options, struct buf *why)
{
	void *member = (char *)options + flag->offset;

	switch (flag->kind) {
	case FLAG_BOOL:
	case FLAG_BOOL_VAR:
		return (store_bool(flag, value, member, why));
	case FLAG_INT:
		return (store_int(value, member, why));
	case FLAG_UINT:
	case FLAG_UINT_VAR:
		return (store_uint(flag, value, member, why));
	case FLAG_TEXT:
		*(const char **)member = value;
		return (ERR_OK);
	case FLAG_DURATION:
	case FLAG_DURATION_VAR:
		return (store_duration(flag, value, member, why));
	case FLAG_PAIRS:
		if (strchr(value, '=') == NULL) {
			buf_printf(
			    why, "Missing \"=\" value in argument: %s", value);
			return (ERR_INVALID);
		}
		flag_list_add(member, value, arena);
		return (ERR_OK);
	case FLAG_LIST:
		flag_list_add(member, value, arena);
		return (ERR_OK);
	}
	assert(!"a flag of no kind");
	return (ERR_INVALID);
}

enum err
flags_parse(const struct flag *table, int *argc, char ***argv,
    struct arena *arena, void *options, struct buf *why)
{
	struct buf reason = { 0 };
	const struct flag *flag;
	const char *value;
	enum err err;

	while (flags_next(table, argc, argv, &flag, &value, &err, why)) {
		err = flag_store(flag, value, arena, options, &reason);
		if (err != ERR_OK) {
			if (reason.size == 0)
				buf_put_text(&reason, "parse error");
			flag_mistake(flag, value, buf_text(&reason), why);
			break;
		}
		if (flag->given != 0)
			*(bool *)((char *)options + flag->given) = true;
	}
	buf_deinit(&reason);
	return (err);
}

/* The flag with the alphabetically next name, so that rows that several
 * tables share may stand together. */
static const struct flag *
flag_after(const struct flag *table, const struct flag *previous)
{
	const struct flag *f, *best = NULL;

	for (f = table; f->name != NULL; f++) {
		if (previous != NULL && strcmp(f->name, previous->name) <= 0)
			continue;
		if (best == NULL || strcmp(f->name, best->name) < 0)
			best = f;
	}
	return (best);
}

void
flags_usage(FILE *to, const struct flag *table)
{
	const struct flag *f = NULL;

	fputs("Usage:\n", to);
	while ((f = flag_after(table, f)) != NULL) {
		fprintf(to, "  -%s", f->name);
		if (f->value != NULL && *f->value != '\0')
			fprintf(to, " %s", f->value);
		/* Go puts the help of a bool of one letter on its line. */
		fputs(flag_is_bool(f) && f->name[1] == '\0' ? "\t" : "\n    \t",
		    to);
		fputs(f->help, to);
		if (f->initial != NULL)
			fprintf(to, " (default %s)", f->initial);
		fputc('\n', to);
	}
}

void
print_wrapped(FILE *to, const char *text, size_t indent, size_t columns)
{
	size_t size, last, i, width = columns - indent;

	while (*text != '\0') {
		size = strlen(text);
		last = size;
		for (i = 0; size > width && i <= width; i++) {
			if (text[i] == ' ')
				last = i;
		}
		fprintf(to, "%*s%.*s\n", (int)indent, "", (int)last, text);
		text += last + (text[last] == ' ');
	}
}

static void
print_section(
    FILE *to, const struct flag *table, bool is_common, const char *title)
{
	const struct flag *f = NULL;
	bool has_title = false;

	while ((f = flag_after(table, f)) != NULL) {
		if (f->is_common != is_common)
			continue;
		if (!has_title)
			fprintf(to, "\n%s\n", title);
		has_title = true;
		fprintf(to, "\n  -%s", f->name);
		if (f->value != NULL && *f->value != '\0')
			fprintf(to, "=<%s>", f->value);
		fputc('\n', to);
		print_wrapped(to, f->help, HELP_INDENT, HELP_COLUMNS);
	}
}

void
flags_help(FILE *to, const struct flag *table)
{
	print_section(to, table, true, "HTTP API Options");
	print_section(to, table, false, "Command Options");
}
