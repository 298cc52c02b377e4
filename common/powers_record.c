/* Writing and reading what a daemon was left with; see powers_record.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "powers_record.h"

#define PATH_SIZE 256

/* --- Words. --- */

static const char *const access_names[] = { "read", "write", "socket" };

#define ACCESS_COUNT (sizeof(access_names) / sizeof(access_names[0]))

const char *
powers_access_text(unsigned access)
{
	static const char *const texts[] = { "", "read", "write", "read,write",
		"socket", "read,socket", "write,socket", "read,write,socket" };

	return (texts[access & 7U]);
}

static bool
access_parse(struct slice text, unsigned *access)
{
	unsigned i;

	for (i = 1; i < 1U << ACCESS_COUNT; i++) {
		if (slice_is(text, powers_access_text(i))) {
			*access = i;
			return (true);
		}
	}
	return (false);
}

/* Up to the next space, or to the end; the space goes, too. */
static struct slice
word_take(struct slice *rest)
{
	size_t size = slice_find(*rest, ' ', 0);
	struct slice word;

	if (size == SIZE_MAX) {
		word = *rest;
		*rest = slice_tail(*rest, rest->size);
		return (word);
	}
	word = slice_head(*rest, size);
	*rest = slice_tail(*rest, size + 1);
	return (word);
}

static bool
number_parse(struct slice text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (text.size == 0 || text.size > 19)
		return (false);
	for (i = 0; i < text.size; i++) {
		if (!isdigit(text.data[i]))
			return (false);
		value = value * 10 + (uint64_t)(text.data[i] - '0');
	}
	*out = value;
	return (value <= max);
}

static bool
number_take(struct slice *rest, uint64_t max, uint64_t *out)
{
	return (number_parse(word_take(rest), max, out));
}

/* --- Lines. --- */

struct parse {
	struct powers_record record;
	struct arena *arena; /* lent */
};

static bool
user_parse(struct parse *p, struct slice rest)
{
	uint64_t uid, gid;

	if (!number_take(&rest, UINT32_MAX, &uid) ||
	    !number_take(&rest, UINT32_MAX, &gid))
		return (false);
	p->record.uid = (uint32_t)uid;
	p->record.gid = (uint32_t)gid;
	return (rest.size == 0);
}

static bool
groups_parse(struct parse *p, struct slice rest)
{
	uint64_t gid;

	while (rest.size > 0) {
		if (p->record.group_count == POWERS_LINES_MAX ||
		    !number_take(&rest, UINT32_MAX, &gid))
			return (false);
		p->record.groups[p->record.group_count++] = (uint32_t)gid;
	}
	return (true);
}

static bool
fs_parse(struct parse *p, struct slice rest)
{
	struct powers_path *path = &p->record.paths[p->record.path_count];

	if (!access_parse(word_take(&rest), &path->access) || rest.size == 0)
		return (false);
	path->path = arena_text(p->arena, rest);
	p->record.path_count++;
	return (true);
}

static bool
net_parse(struct parse *p, struct slice rest)
{
	struct slice kind = word_take(&rest);
	uint64_t port = POWERS_PORT_ANY;

	if (!slice_is(rest, "any") && !number_parse(rest, UINT16_MAX, &port))
		return (false);
	if (slice_is(kind, "bind"))
		p->record.binds[p->record.bind_count++] = (uint32_t)port;
	else if (slice_is(kind, "connect"))
		p->record.connects[p->record.connect_count++] = (uint32_t)port;
	else
		return (false);
	return (true);
}

static bool
landlock_parse(struct parse *p, struct slice rest)
{
	struct slice what = word_take(&rest);
	uint64_t abi;

	if (slice_is(what, "fs"))
		return (fs_parse(p, rest));
	if (slice_is(what, "net"))
		return (net_parse(p, rest));
	if (slice_is(what, "missing")) {
		p->record.landlock_missing = arena_text(p->arena, rest);
		return (true);
	}
	if (!slice_is(what, "abi") || !number_parse(rest, UINT16_MAX, &abi))
		return (false);
	p->record.landlock_abi = (uint32_t)abi;
	return (true);
}

static bool
seccomp_parse(struct parse *p, struct slice rest)
{
	struct slice name = word_take(&rest);
	struct powers_call *call = &p->record.calls[p->record.call_count];

	if (slice_is(name, "missing")) {
		p->record.seccomp_missing = arena_text(p->arena, rest);
		return (true);
	}
	call->name = arena_text(p->arena, name);
	call->condition = arena_text(p->arena, rest);
	p->record.call_count++;
	return (name.size > 0);
}

static bool
limit_value_take(struct slice *rest, uint64_t *out)
{
	struct slice word = word_take(rest);

	*out = POWERS_UNLIMITED;
	return (
	    slice_is(word, "unlimited") || number_parse(word, UINT64_MAX, out));
}

static bool
rlimit_parse(struct parse *p, struct slice rest)
{
	struct powers_limit *limit = &p->record.limits[p->record.limit_count];
	struct slice name = word_take(&rest);

	if (!limit_value_take(&rest, &limit->soft) ||
	    !limit_value_take(&rest, &limit->hard))
		return (false);
	limit->name = arena_text(p->arena, name);
	p->record.limit_count++;
	return (name.size > 0 && rest.size == 0);
}

static bool
version_parse(struct parse *p, struct slice rest)
{
	(void)p;
	return (slice_is(rest, "1"));
}

static const struct line {
	const char *word;
	bool (*parse)(struct parse *, struct slice rest);
} lines[] = {
	{ "powers", version_parse },
	{ "user", user_parse },
	{ "groups", groups_parse },
	{ "landlock", landlock_parse },
	{ "seccomp", seccomp_parse },
	{ "rlimit", rlimit_parse },
};

static bool
line_parse(struct parse *p, struct slice line)
{
	struct slice word = word_take(&line);
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (slice_is(word, lines[i].word))
			return (lines[i].parse(p, line));
	}
	return (false);
}

static size_t
lines_count(struct slice text)
{
	size_t i, count = 0;

	for (i = 0; i < text.size; i++)
		count += text.data[i] == '\n';
	return (count);
}

/* No list is longer than there are lines; groups share one. */
static void
record_init(struct parse *p, size_t count)
{
	struct powers_record *r = &p->record;

	r->groups = arena_array(p->arena, POWERS_LINES_MAX, sizeof(*r->groups));
	r->paths = arena_array(p->arena, count, sizeof(*r->paths));
	r->binds = arena_array(p->arena, count, sizeof(*r->binds));
	r->connects = arena_array(p->arena, count, sizeof(*r->connects));
	r->calls = arena_array(p->arena, count, sizeof(*r->calls));
	r->limits = arena_array(p->arena, count, sizeof(*r->limits));
}

enum err
powers_record_parse(struct slice text, struct arena *arena,
    struct powers_record *out, struct buf *why)
{
	struct parse p = { .arena = arena };
	size_t count = lines_count(text), at, size;
	struct slice line;

	if (text.size > POWERS_BYTES_MAX || count > POWERS_LINES_MAX) {
		buf_put_text(why, "it is too long");
		return (ERR_TOO_BIG);
	}
	record_init(&p, count + 1);
	for (at = 1; (size = slice_find(text, '\n', 0)) != SIZE_MAX; at++) {
		line = slice_head(text, size);
		text = slice_tail(text, size + 1);
		if (slice_is(line, "end") && text.size == 0) {
			*out = p.record;
			return (ERR_OK);
		}
		if (!line_parse(&p, line)) {
			buf_printf(why, "line %zu is not as it should be", at);
			return (ERR_CORRUPT);
		}
	}
	buf_put_text(why, "its end is missing");
	return (ERR_CORRUPT);
}

/* --- Files. --- */

static enum err
file_read(int fd, struct buf *text, struct buf *why)
{
	ssize_t size = 1;

	while (size > 0 && text->size <= POWERS_BYTES_MAX) {
		buf_reserve(text, 4096);
		size = read(fd, text->data + text->size, 4096);
		if (size > 0)
			text->size += (size_t)size;
	}
	if (size < 0) {
		buf_put_text(why, strerror(errno));
		return (ERR_IO);
	}
	return (ERR_OK);
}

enum err
powers_record_read(const char *run_dir, const char *name, struct arena *arena,
    struct powers_record *out, struct buf *why)
{
	struct buf text = { 0 };
	char path[4096];
	enum err err;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s/%s", run_dir, POWERS_FOLDER,
		name) >= (int)sizeof(path)) {
		buf_put_text(why, "its path is too long");
		return (ERR_TOO_BIG);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		buf_put_text(why, strerror(errno));
		return (errno == ENOENT ? ERR_NOT_FOUND : ERR_IO);
	}
	err = file_read(fd, &text, why);
	close(fd);
	if (err == ERR_OK)
		err = powers_record_parse(buf_slice(&text), arena, out, why);
	buf_deinit(&text);
	return (err);
}

void
powers_record_write(const char *run_dir, const char *name, struct slice text)
{
	char path[PATH_SIZE], beside[PATH_SIZE + sizeof(".new")];
	int fd, size;

	size = snprintf(path, sizeof(path), "%s/" POWERS_FOLDER, run_dir);
	if (size < 0 || (size_t)size + strlen(name) + 2 > sizeof(path))
		fatal("path too long: %s/" POWERS_FOLDER, run_dir);
	/* The launcher has made it; who starts one daemon alone may have made
	 * none. */
	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		fatal("cannot make %s: %s", path, strerror(errno));
	snprintf(path + size, sizeof(path) - (size_t)size, "/%s", name);
	snprintf(beside, sizeof(beside), "%s.new", path);
	(void)unlink(beside);
	/* Its group is that of the folder, which is setgid. */
	fd = open(
	    beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || fchmod(fd, 0640) != 0)
		fatal("cannot make %s: %s", beside, strerror(errno));
	if (write(fd, text.data, text.size) != (ssize_t)text.size ||
	    close(fd) != 0 || rename(beside, path) != 0)
		fatal("cannot write %s: %s", path, strerror(errno));
}
