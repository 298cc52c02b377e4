/*
 * Templates in addresses: a pipeline of commands between {{ and }}, each a
 * function of go-sockaddr with its arguments, of which the last comes from the
 * command before. See config_template.h.
 *
 * Source  Go's text/template; hashicorp/go-sockaddr, template/
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_interfaces.h"
#include "config_template.h"
#include "flags.h"
#include "xmalloc.h"

#define ARGUMENTS_MAX 4
#define ARGUMENT_SIZE 128

/* What flows through a pipeline: interfaces, until something makes a text. */
struct pipeline {
	struct interface_list list;
	struct buf text; /* owned */
	bool is_text;
};

struct command {
	char name[ARGUMENT_SIZE];
	char arguments[ARGUMENTS_MAX][ARGUMENT_SIZE];
	size_t count;
	bool is_literal; /* a text by itself: its first argument */
	size_t column;	 /* in the template, from 0 */
	struct slice source;
};

/* --- Functions. --- */

typedef enum err function_fn(
    struct pipeline *, const struct command *, struct buf *why);

static enum err
get_all(struct pipeline *p, const struct command *c, struct buf *why)
{
	(void)c;
	(void)why;
	interfaces_read(&p->list);
	return (ERR_OK);
}

static enum err
get_default(struct pipeline *p, const struct command *c, struct buf *why)
{
	size_t i, kept = 0;

	(void)c;
	(void)why;
	interfaces_read(&p->list);
	for (i = 0; i < p->list.count; i++) {
		if (p->list.items[i].is_default)
			p->list.items[kept++] = p->list.items[i];
	}
	p->list.count = kept;
	return (ERR_OK);
}

/* Those that can be reached from elsewhere; the one with the default route,
 * IPv4 and large networks first. */
static enum err
reachable(struct pipeline *p, bool is_public, struct buf *why)
{
	enum err err;

	interfaces_read(&p->list);
	err = interfaces_filter(&p->list, "flags", "forwardable", false, why);
	if (err == ERR_OK)
		err = interfaces_filter(&p->list, "flags", "up", false, why);
	if (err == ERR_OK)
		err = interfaces_sort(&p->list, "default,type,size", why);
	if (err == ERR_OK)
		err =
		    interfaces_filter(&p->list, "rfc", "6890", is_public, why);
	return (err);
}

static enum err
get_private(struct pipeline *p, const struct command *c, struct buf *why)
{
	(void)c;
	return (reachable(p, false, why));
}

static enum err
get_public(struct pipeline *p, const struct command *c, struct buf *why)
{
	(void)c;
	return (reachable(p, true, why));
}

/* All addresses, or the first one alone. */
static enum err
addresses_put(struct pipeline *p, size_t count, struct buf *why)
{
	enum err err = ERR_OK;
	size_t i;

	p->is_text = true;
	for (i = 0; err == ERR_OK && i < count && i < p->list.count; i++) {
		if (i > 0)
			buf_put_u8(&p->text, ' ');
		err = interface_attribute(
		    &p->list.items[i], "address", &p->text, why);
	}
	return (err);
}

static enum err
get_private_ip(struct pipeline *p, const struct command *c, struct buf *why)
{
	enum err err = get_private(p, c, why);

	return (err != ERR_OK ? err : addresses_put(p, 1, why));
}

static enum err
get_public_ip(struct pipeline *p, const struct command *c, struct buf *why)
{
	enum err err = get_public(p, c, why);

	return (err != ERR_OK ? err : addresses_put(p, 1, why));
}

static enum err
get_private_ips(struct pipeline *p, const struct command *c, struct buf *why)
{
	enum err err = get_private(p, c, why);

	return (err != ERR_OK ? err : addresses_put(p, SIZE_MAX, why));
}

static enum err
get_public_ips(struct pipeline *p, const struct command *c, struct buf *why)
{
	enum err err = get_public(p, c, why);

	return (err != ERR_OK ? err : addresses_put(p, SIZE_MAX, why));
}

static enum err
interface_ips(
    struct pipeline *p, const struct command *c, bool is_one, struct buf *why)
{
	enum err err;

	interfaces_read(&p->list);
	err = interfaces_filter(&p->list, "name", c->arguments[0], false, why);
	if (err == ERR_OK && is_one)
		err = interfaces_filter(
		    &p->list, "flags", "forwardable", false, why);
	if (err == ERR_OK)
		err = interfaces_sort(&p->list, "type,size", why);
	return (
	    err != ERR_OK ? err : addresses_put(p, is_one ? 1 : SIZE_MAX, why));
}

static enum err
get_interface_ip(struct pipeline *p, const struct command *c, struct buf *why)
{
	return (interface_ips(p, c, true, why));
}

static enum err
get_interface_ips(struct pipeline *p, const struct command *c, struct buf *why)
{
	return (interface_ips(p, c, false, why));
}

static enum err
include(struct pipeline *p, const struct command *c, struct buf *why)
{
	return (interfaces_filter(
	    &p->list, c->arguments[0], c->arguments[1], false, why));
}

static enum err
exclude(struct pipeline *p, const struct command *c, struct buf *why)
{
	return (interfaces_filter(
	    &p->list, c->arguments[0], c->arguments[1], true, why));
}

static enum err
sort(struct pipeline *p, const struct command *c, struct buf *why)
{
	return (interfaces_sort(&p->list, c->arguments[0], why));
}

static enum err
math(struct pipeline *p, const struct command *c, struct buf *why)
{
	return (
	    interfaces_math(&p->list, c->arguments[0], c->arguments[1], why));
}

static enum err
unique(struct pipeline *p, const struct command *c, struct buf *why)
{
	return (interfaces_unique(&p->list, c->arguments[0], why));
}

static enum err
limit(struct pipeline *p, const struct command *c, struct buf *why)
{
	(void)why;
	interfaces_limit(&p->list, 0, atoll(c->arguments[0]));
	return (ERR_OK);
}

static enum err
offset(struct pipeline *p, const struct command *c, struct buf *why)
{
	(void)why;
	interfaces_limit(&p->list, atoll(c->arguments[0]), -1);
	return (ERR_OK);
}

static enum err
attr(struct pipeline *p, const struct command *c, struct buf *why)
{
	p->is_text = true;
	if (p->list.count == 0)
		return (ERR_OK);
	return (interface_attribute(
	    &p->list.items[0], c->arguments[0], &p->text, why));
}

static enum err
join(struct pipeline *p, const struct command *c, struct buf *why)
{
	enum err err = ERR_OK;
	size_t i;

	p->is_text = true;
	for (i = 0; err == ERR_OK && i < p->list.count; i++) {
		if (i > 0)
			buf_put_text(&p->text, c->arguments[1]);
		err = interface_attribute(
		    &p->list.items[i], c->arguments[0], &p->text, why);
	}
	return (err);
}

static const struct function {
	const char *name;
	function_fn *call;
	size_t arguments; /* without what comes from the command before */
	bool takes_list;
} functions[] = {
	{ "GetAllInterfaces", get_all, 0, false },
	{ "GetDefaultInterfaces", get_default, 0, false },
	{ "GetInterfaceIP", get_interface_ip, 1, false },
	{ "GetInterfaceIPs", get_interface_ips, 1, false },
	{ "GetPrivateIP", get_private_ip, 0, false },
	{ "GetPrivateIPs", get_private_ips, 0, false },
	{ "GetPrivateInterfaces", get_private, 0, false },
	{ "GetPublicIP", get_public_ip, 0, false },
	{ "GetPublicIPs", get_public_ips, 0, false },
	{ "GetPublicInterfaces", get_public, 0, false },
	{ "attr", attr, 1, true },
	{ "exclude", exclude, 2, true },
	{ "include", include, 2, true },
	{ "join", join, 2, true },
	{ "limit", limit, 1, true },
	{ "math", math, 2, true },
	{ "offset", offset, 1, true },
	{ "sort", sort, 1, true },
	{ "unique", unique, 1, true },
};

static const struct function *
function_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (strcmp(functions[i].name, name) == 0)
			return (&functions[i]);
	}
	return (NULL);
}

/* --- Words of a command. --- */

struct words {
	const char *at;	   /* in the template, which ends with a NUL */
	const char *end;   /* of the pipeline */
	const char *start; /* of the template */
};

static void
blanks_skip(struct words *w)
{
	while (w->at < w->end && isspace((unsigned char)*w->at))
		w->at++;
}

/* A text in quotes or backquotes, or a bare word. False at a "|", the end, or
 * what is no word. */
static bool
word_next(struct words *w, char out[ARGUMENT_SIZE], bool *is_quoted)
{
	char quote = '\0';
	size_t size = 0;

	blanks_skip(w);
	if (w->at < w->end && (*w->at == '"' || *w->at == '`'))
		quote = *w->at++;
	*is_quoted = quote != '\0';
	while (w->at < w->end && size + 1 < ARGUMENT_SIZE) {
		if (quote != '\0' ? *w->at == quote
				  : !isalnum((unsigned char)*w->at) &&
					strchr("_.+-", *w->at) == NULL)
			break;
		if (quote == '"' && *w->at == '\\' && w->at + 1 < w->end)
			w->at++;
		out[size++] = *w->at++;
	}
	out[size] = '\0';
	if (quote != '\0' && w->at < w->end && *w->at == quote) {
		w->at++;
		return (true);
	}
	return (quote == '\0' && size > 0);
}

static enum err
command_read(struct words *w, struct command *c, struct buf *why)
{
	bool is_quoted;
	const char *from;

	*c = (struct command){ 0 };
	blanks_skip(w);
	from = w->at;
	c->column = (size_t)(from - w->start);
	if (!word_next(w, c->name, &is_quoted)) {
		buf_put_text(why, "missing value for command");
		return (ERR_INVALID);
	}
	c->is_literal = is_quoted;
	while (c->count < ARGUMENTS_MAX &&
	       word_next(w, c->arguments[c->count], &is_quoted))
		c->count++;
	c->source = slice(from, (size_t)(w->at - from));
	while (
	    c->source.size > 0 && isspace(c->source.data[c->source.size - 1]))
		c->source.size--;
	blanks_skip(w);
	if (w->at == w->end || *w->at == '|')
		return (ERR_OK);
	buf_printf(why, "unexpected \"%c\" in operand", *w->at);
	return (ERR_INVALID);
}

/* --- Running. --- */

static enum err
command_run(
    struct pipeline *p, const struct command *c, bool is_first, struct buf *why)
{
	const struct function *f;
	struct buf reason = { 0 };
	enum err err;

	if (c->is_literal) {
		p->is_text = true;
		buf_put_text(&p->text, c->name);
		return (ERR_OK);
	}
	f = function_find(c->name);
	if (c->count != f->arguments || f->takes_list == is_first ||
	    p->is_text) {
		buf_printf(why,
		    "template: sockaddr.Parse:1:%zu: executing "
		    "\"sockaddr.Parse\" at <%s>: wrong number of args for "
		    "%s: want %zu got %zu",
		    c->column, c->name, c->name,
		    f->arguments + (f->takes_list ? 1 : 0),
		    c->count + (is_first ? 0 : 1));
		return (ERR_INVALID);
	}
	err = f->call(p, c, &reason);
	if (err != ERR_OK)
		buf_printf(why,
		    "template: sockaddr.Parse:1:%zu: executing "
		    "\"sockaddr.Parse\" at <%.*s>: error calling %s: %s",
		    c->column, SLICE_ARGS(c->source), c->name,
		    buf_text(&reason));
	buf_deinit(&reason);
	return (err);
}

/* Every function must be known before any is called. */
static enum err
pipeline_parse(struct words w, struct buf *why)
{
	struct buf reason = { 0 };
	struct command c;
	enum err err;

	for (;;) {
		err = command_read(&w, &c, &reason);
		if (err == ERR_OK && !c.is_literal &&
		    function_find(c.name) == NULL) {
			buf_put_text(&reason, "function ");
			flag_put_quoted(&reason, c.name);
			buf_put_text(&reason, " not defined");
			err = ERR_INVALID;
		}
		if (err != ERR_OK || w.at == w.end)
			break;
		w.at++; /* the "|" */
	}
	if (err != ERR_OK)
		buf_printf(
		    why, "template: sockaddr.Parse:1: %s", buf_text(&reason));
	buf_deinit(&reason);
	return (err);
}

static enum err
pipeline_run(struct words w, struct buf *out, struct buf *why)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));
	struct command c;
	enum err err;
	bool is_first = true;

	for (;;) {
		err = command_read(&w, &c, why);
		if (err == ERR_OK)
			err = command_run(p, &c, is_first, why);
		if (err != ERR_OK || w.at == w.end)
			break;
		is_first = false;
		w.at++;
	}
	/* A list as such, as Go prints one, is no address. */
	if (err == ERR_OK && !p->is_text)
		buf_put_text(out, "[interfaces]");
	buf_put_slice(out, buf_slice(&p->text));
	buf_deinit(&p->text);
	free(p);
	return (err);
}

static enum err
fail(struct buf *why, const char *text, const char *doing, const char *reason)
{
	buf_put_text(why, "error parsing ");
	flag_put_quoted(why, text);
	buf_printf(why, ": unable to %s ", doing);
	flag_put_quoted(why, text);
	buf_printf(why, ": %s", reason);
	return (ERR_INVALID);
}

/* One round over all pipelines; without `out` they are only parsed. */
static enum err
template_walk(const char *text, struct buf *out, struct buf *why)
{
	const char *at = text, *open, *close;
	struct buf reason = { 0 };
	struct words w;
	enum err err = ERR_OK;

	while (err == ERR_OK && (open = strstr(at, "{{")) != NULL) {
		if (out != NULL)
			buf_put(out, at, (size_t)(open - at));
		close = strstr(open, "}}");
		if (close == NULL) {
			err = fail(why, text, "parse template",
			    "template: sockaddr.Parse:1: unclosed action");
			break;
		}
		w = (struct words){ open + 2, close, text };
		w.at += *w.at == '-';
		w.end -= w.end > w.at && w.end[-1] == '-';
		err = out == NULL ? pipeline_parse(w, &reason)
				  : pipeline_run(w, out, &reason);
		if (err != ERR_OK)
			err = fail(why, text,
			    out == NULL ? "parse template"
					: "execute sockaddr input",
			    buf_text(&reason));
		at = close + 2;
	}
	if (err == ERR_OK && out != NULL)
		buf_put_text(out, at);
	buf_deinit(&reason);
	return (err);
}

enum err
config_template_expand(struct slice text, struct buf *out, struct buf *why)
{
	struct buf copy = { 0 };
	enum err err;

	if (text.size == 0 || memmem(text.data, text.size, "{{", 2) == NULL) {
		buf_put_slice(out, text);
		return (ERR_OK);
	}
	buf_put_slice(&copy, text);
	err = template_walk(buf_text(&copy), NULL, why);
	if (err == ERR_OK)
		err = template_walk(buf_text(&copy), out, why);
	buf_deinit(&copy);
	return (err);
}
