/* Files, directories and defaults; see config_sources.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_defaults.h"
#include "config_definitions.h"
#include "config_keys.h"
#include "config_sources.h"
#include "config_tree.h"
#include "hcl.h"
#include "limits.h"
#include "xmalloc.h"

enum format {
	FORMAT_NONE,
	FORMAT_HCL,
	FORMAT_JSON,
};

void
config_sources_init(struct config_sources *s)
{
	*s = (struct config_sources){ 0 };
	arena_init(&s->arena);
}

void
config_sources_deinit(struct config_sources *s)
{
	arena_deinit(&s->arena);
}

void
config_sources_warn(struct config_sources *s, const char *format, ...)
{
	size_t count = s->warnings.count;
	struct slice *items;
	struct buf text = { 0 };
	char line[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	buf_put_text(&text, line);
	items = arena_array(&s->arena, count + 1, sizeof(*items));
	if (count > 0)
		memcpy(items, s->warnings.items, count * sizeof(*items));
	items[count] = arena_copy(&s->arena, buf_slice(&text));
	s->warnings = (struct slice_list){ items, count + 1 };
	buf_deinit(&text);
}

/* What json.Unmarshal says of a text that must be one value and no more. */
static enum err
text_parse(
    struct slice text, struct arena *arena, struct json **out, struct buf *why)
{
	char reason[JSON_WHY_MAX];
	struct slice rest;
	enum err err;
	size_t i = 0;

	err = json_parse(text, arena, out, &rest, reason);
	if (err != ERR_OK) {
		buf_put_text(why, strcmp(reason, "EOF") == 0 ||
					  strcmp(reason, "unexpected EOF") == 0
				      ? "unexpected end of JSON input"
				      : reason);
		return (err);
	}
	while (i < rest.size && strchr(" \t\r\n", rest.data[i]) != NULL &&
	       rest.data[i] != '\0')
		i++;
	if (i == rest.size)
		return (ERR_OK);
	buf_printf(
	    why, "invalid character '%c' after top-level value", rest.data[i]);
	return (ERR_INVALID);
}

static enum err
hcl_read(
    struct slice text, struct arena *arena, struct json **out, struct buf *why)
{
	char reason[JSON_WHY_MAX];
	enum err err = hcl_parse(text, arena, out, reason);

	if (err != ERR_OK)
		buf_put_text(why, reason);
	return (err);
}

/* One source as a tree; *out is NULL if it holds nothing at all. */
static enum err
source_read(struct config_sources *s, const char *name, enum format format,
    struct slice text, struct json **out, struct buf *why)
{
	struct json *raw = NULL;
	struct buf reason = { 0 };
	enum err err;

	*out = NULL;
	if (text.size == 0)
		return (ERR_OK);
	err = format == FORMAT_HCL ? hcl_read(text, &s->arena, &raw, &reason)
				   : text_parse(text, &s->arena, &raw, &reason);
	if (err == ERR_OK)
		err = config_tree_read(
		    raw, &config_keys_type, &s->arena, out, &reason);
	if (err != ERR_OK)
		buf_printf(
		    why, "failed to parse %s: %s", name, buf_text(&reason));
	else
		config_definitions_gather(*out, &s->arena);
	buf_deinit(&reason);
	return (err);
}

static struct json *
merge(
    struct config_sources *s, const struct json *base, const struct json *over)
{
	return (config_tree_merge(base, over, &config_keys_type, &s->arena));
}

/* Go's text for a failed open: a path and what errno means, in lower case. */
static void
put_errno(struct buf *why, const char *path)
{
	int error = errno;
	const char *text = strerror(error);

	buf_printf(why, "open %s: %c%s", path,
	    text[0] >= 'A' && text[0] <= 'Z' ? text[0] + 32 : text[0],
	    text + 1);
}

static enum err
file_load(int file, const char *path, struct buf *out, struct buf *why)
{
	ssize_t n;

	do {
		buf_reserve(out, 4096);
		n = read(
		    file, out->data + out->size, out->capacity - out->size);
		if (n > 0)
			out->size += (size_t)n;
	} while (n > 0 && out->size <= CONFIG_FILE_BYTES_MAX);
	if (n < 0) {
		buf_printf(why, "config: Read failed on %s: %s", path,
		    strerror(errno));
		return (ERR_IO);
	}
	if (out->size > CONFIG_FILE_BYTES_MAX) {
		buf_printf(why, "config: %s has more than %d bytes", path,
		    CONFIG_FILE_BYTES_MAX);
		return (ERR_TOO_BIG);
	}
	return (ERR_OK);
}

static enum format
format_of(const char *path, const char *format)
{
	struct slice name = slice_of_text(path);

	if (*format != '\0')
		return (strcmp(format, "hcl") == 0 ? FORMAT_HCL : FORMAT_JSON);
	if (slice_ends_with(name, SLICE(".hcl")))
		return (FORMAT_HCL);
	return (
	    slice_ends_with(name, SLICE(".json")) ? FORMAT_JSON : FORMAT_NONE);
}

static enum err
file_read(struct config_sources *s, int file, const char *path,
    const char *format, struct buf *why)
{
	enum format is_in = format_of(path, format);
	struct buf text = { 0 };
	struct json *tree;
	enum err err;

	if (is_in == FORMAT_NONE) {
		config_sources_warn(s,
		    "skipping file %s, extension must be .hcl or .json, or "
		    "config format must be set",
		    path);
		return (ERR_OK);
	}
	err = file_load(file, path, &text, why);
	if (err == ERR_OK)
		err = source_read(s, path, is_in,
		    arena_copy(&s->arena, buf_slice(&text)), &tree, why);
	if (err == ERR_OK && tree != NULL)
		s->set = merge(s, s->set, tree);
	buf_deinit(&text);
	return (err);
}

static int
is_no_dot(const struct dirent *entry)
{
	return (strcmp(entry->d_name, ".") != 0 &&
		strcmp(entry->d_name, "..") != 0);
}

static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return (strcmp((*a)->d_name, (*b)->d_name));
}

static enum err path_read(struct config_sources *, const char *,
    const char *format, bool is_inside, struct buf *why);

/* Its files sorted by name, bytewise; not what is below it. */
static enum err
directory_read(struct config_sources *s, const char *path, const char *format,
    struct buf *why)
{
	struct dirent **entries;
	int count, i;
	enum err err = ERR_OK;
	struct buf name = { 0 };

	count = scandir(path, &entries, is_no_dot, compare_names);
	if (count < 0) {
		buf_printf(why, "config: Readdir failed on %s. ", path);
		put_errno(why, path);
		return (ERR_IO);
	}
	for (i = 0; i < count; i++) {
		buf_reset(&name);
		buf_printf(&name, "%s%s%s", path,
		    slice_ends_with(slice_of_text(path), SLICE("/")) ? "" : "/",
		    entries[i]->d_name);
		if (err == ERR_OK)
			err = path_read(s, buf_text(&name), format, true, why);
		free(entries[i]);
	}
	free(entries);
	buf_deinit(&name);
	return (err);
}

static enum err
path_read(struct config_sources *s, const char *path, const char *format,
    bool is_inside, struct buf *why)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	enum err err = ERR_OK;

	if (file < 0 || fstat(file, &st) != 0) {
		buf_printf(why, "config: Open failed on %s. ", path);
		put_errno(why, path);
		if (file >= 0)
			close(file);
		return (ERR_IO);
	}
	if (!S_ISDIR(st.st_mode))
		err = file_read(s, file, path, format, why);
	else if (!is_inside)
		err = directory_read(s, path, format, why);
	close(file);
	return (err);
}

static enum err
defaults_read(struct config_sources *s, bool is_dev, struct buf *why)
{
	struct json *dev;
	enum err err;

	err = source_read(s, "defaults", FORMAT_JSON,
	    slice_of_text(config_defaults), &s->merged, why);
	if (err != ERR_OK || !is_dev)
		return (err);
	err = source_read(s, "-dev", FORMAT_JSON,
	    slice_of_text(config_dev_defaults), &dev, why);
	if (err == ERR_OK)
		s->merged = merge(s, s->merged, dev);
	return (err);
}

/* Those of -hcl. */
static enum err
texts_read(
    struct config_sources *s, const struct flag_list *texts, struct buf *why)
{
	struct json *tree;
	char name[32];
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; err == ERR_OK && i < texts->count; i++) {
		snprintf(name, sizeof(name), "flags-%zu.hcl", i);
		err = source_read(s, name, FORMAT_HCL,
		    slice_of_text(texts->items[i]), &tree, why);
		if (err == ERR_OK && tree != NULL)
			s->set = merge(s, s->set, tree);
	}
	return (err);
}

enum err
config_sources_read(
    struct config_sources *s, const struct config_flags *flags, struct buf *why)
{
	enum err err;
	size_t i;

	if (*flags->format != '\0' && strcmp(flags->format, "hcl") != 0 &&
	    strcmp(flags->format, "json") != 0) {
		buf_put_text(why,
		    "config: -config-format must be either 'hcl' or 'json'");
		return (ERR_INVALID);
	}
	err = defaults_read(s, flags->is_dev, why);
	s->set = flags->lists;
	for (i = 0; err == ERR_OK && i < flags->paths.count; i++)
		err = path_read(
		    s, flags->paths.items[i], flags->format, false, why);
	if (err != ERR_OK)
		return (err);
	s->set = merge(s, s->set, flags->values);
	err = texts_read(s, &flags->texts, why);
	if (err != ERR_OK)
		return (err);
	s->merged = merge(s, s->merged, s->set);
	return (ERR_OK);
}
