/* Files of ui_dir; see ui_dir.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd.h"
#include "limits.h"
#include "request.h"
#include "ui_dir.h"

#define INDEX	   "index.html"
#define SNIFF_SIZE 512 /* bytes by which a type is guessed */

struct file {
	struct buf text;
	char date[DATE_BYTES + 1];
};

enum found {
	FOUND_NONE,
	FOUND_FILE,
	FOUND_FOLDER,
};

/* --- Reading. --- */

static bool
text_read(int fd, size_t size, struct buf *out)
{
	while (out->size < size) {
		size_t left = size - out->size;
		uint8_t *to = buf_extend(out, left);
		ssize_t got = read(fd, to, left);

		out->size -= left - (got > 0 ? (size_t)got : 0);
		if (got <= 0)
			return (false);
	}
	return (true);
}

/* `name` is below the folder: a clean path without a slash in front. */
static enum found
file_read(const struct request *r, struct slice name, struct file *out)
{
	struct slice folder = r->httpd->policy.ui_dir;
	enum found found = FOUND_NONE;
	struct stat st;
	char *path;
	int fd;

	*out = (struct file){ 0 };
	if (memchr(name.data, '\0', name.size) != NULL)
		return (FOUND_NONE);
	path = arena_text(r->arena, arena_printf(r->arena, "%.*s/%.*s",
					SLICE_ARGS(folder), SLICE_ARGS(name)));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return (FOUND_NONE);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		found = FOUND_FOLDER;
	else if (S_ISREG(st.st_mode) && st.st_size <= UI_FILE_BYTES_MAX &&
		 text_read(fd, (size_t)st.st_size, &out->text)) {
		found = FOUND_FILE;
		http_date((int64_t)st.st_mtime, out->date);
	}
	close(fd);
	if (found != FOUND_FILE)
		buf_deinit(&out->text);
	return (found);
}

/* --- Types. --- */

static const struct {
	const char *ending;
	const char *type;
} types[] = {
	{ ".css", "text/css; charset=utf-8" },
	{ ".gif", "image/gif" },
	{ ".htm", "text/html; charset=utf-8" },
	{ ".html", "text/html; charset=utf-8" },
	{ ".ico", "image/vnd.microsoft.icon" },
	{ ".jpeg", "image/jpeg" },
	{ ".jpg", "image/jpeg" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".json", "application/json" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".pdf", "application/pdf" },
	{ ".png", "image/png" },
	{ ".svg", "image/svg+xml" },
	{ ".wasm", "application/wasm" },
	{ ".webp", "image/webp" },
	{ ".woff", "font/woff" },
	{ ".woff2", "font/woff2" },
	{ ".xml", "text/xml; charset=utf-8" },
};

static struct slice
type_of(struct slice name, struct slice text)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_ends_with(name, slice_of_text(types[i].ending)))
			return (slice_of_text(types[i].type));
	for (size_t i = 0; i < text.size && i < SNIFF_SIZE; i++)
		if (text.data[i] < ' ' &&
		    strchr("\t\n\f\r\033", text.data[i]) == NULL)
			return (SLICE("application/octet-stream"));
	return (SLICE("text/plain; charset=utf-8"));
}

/* --- Answers. --- */

static void
send_to(struct request *r, struct slice location)
{
	struct response out = { .status = 301,
		.location = location,
		.extra_headers = r->httpd->policy.ui_headers };

	request_answer(r, &out);
}

/* Takes the file apart. */
static void
file_send(struct request *r, struct slice name, struct file *file)
{
	struct response out = { .status = 200,
		.last_modified = slice_of_text(file->date),
		.extra_headers = r->httpd->policy.ui_headers };

	if (slice_equal(r->head->if_modified_since, out.last_modified)) {
		out.status = 304;
		buf_deinit(&file->text);
	} else {
		out.content_type = type_of(name, buf_slice(&file->text));
		out.body = file->text;
	}
	request_answer(r, &out);
}

/* Replace each `mark` of *text. */
static void
fill_in(struct buf *text, const char *mark, struct slice with)
{
	struct slice rest = buf_slice(text);
	struct buf filled = { 0 };
	const uint8_t *at;

	while (
	    (at = memmem(rest.data, rest.size, mark, strlen(mark))) != NULL) {
		size_t before = (size_t)(at - rest.data);

		buf_put_slice(&filled, slice_head(rest, before));
		buf_put_slice(&filled, with);
		rest = slice_tail(rest, before + strlen(mark));
	}
	buf_put_slice(&filled, rest);
	buf_deinit(text);
	*text = filled;
}

static void
index_send(struct request *r)
{
	struct response out = { .status = 404, .content = CONTENT_TEXT };
	struct file file;

	if (file_read(r, SLICE(INDEX), &file) == FOUND_FILE) {
		fill_in(
		    &file.text, "{{.ContentPath}}", r->httpd->policy.ui_path);
		fill_in(&file.text, "{{.ACLsEnabled}}", SLICE("false"));
		file_send(r, SLICE(INDEX), &file);
		return;
	}
	out.content_type = SLICE("text/plain; charset=utf-8");
	response_text(&out, 404, "404 page not found\n");
	request_answer(r, &out);
}

/* A folder's own page, or else the page. */
static void
folder_send(struct request *r, struct slice name)
{
	struct slice index =
	    arena_printf(r->arena, "%.*s/" INDEX, SLICE_ARGS(name));
	struct file file;

	if (file_read(r, index, &file) == FOUND_FILE)
		file_send(r, index, &file);
	else
		index_send(r);
}

static struct slice
last_part(struct slice path)
{
	size_t at = path.size;

	while (at > 0 && path.data[at - 1] != '/')
		at--;
	return (slice_tail(path, at));
}

/* A file's name has no slash at its end, and a folder's has one. */
static void
name_serve(struct request *r, struct slice name, bool has_slash)
{
	struct slice last = last_part(name);
	struct file file;
	enum found found = file_read(r, name, &file);

	if (found == FOUND_NONE)
		index_send(r);
	else if (found == FOUND_FOLDER && has_slash)
		folder_send(r, name);
	else if (found == FOUND_FOLDER)
		send_to(r, arena_printf(r->arena, "%.*s/", SLICE_ARGS(last)));
	else if (!has_slash)
		file_send(r, name, &file);
	else {
		buf_deinit(&file.text);
		send_to(r, arena_printf(r->arena, "../%.*s", SLICE_ARGS(last)));
	}
}

bool
ui_dir_serve(struct request *r)
{
	struct slice root = r->httpd->policy.ui_path, name = r->path;
	bool has_slash;

	if (slice_is(name, "/robots.txt"))
		name = slice_tail(name, 1);
	else if (slice_starts_with(name, root))
		name = slice_tail(name, root.size);
	else
		return (false);
	has_slash = name.size > 0 && name.data[name.size - 1] == '/';
	if (has_slash)
		name.size--;
	if (name.size == 0)
		index_send(r);
	else if (slice_is(last_part(name), INDEX) && !has_slash)
		send_to(r, SLICE("./"));
	else
		name_serve(r, name, has_slash);
	return (true);
}
