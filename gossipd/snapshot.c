/* The rejoin file; see snapshot.h. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/xmalloc.h"
#include "snapshot.h"

#define FILE_BYTES_MAX	  (64U << 20)
#define COMPACT_BYTES_MIN (128U << 10)
#define BYTES_PER_NODE	  256
#define PAST_NODES_MAX	  GOSSIP_NODES_MAX

struct snapshot {
	char *path;	      /* owned */
	const char *log_name; /* lent */
	int fd;		      /* owned; -1: cannot be written */
	bool keeps_after_leave;
	bool has_left;
	size_t size;
	size_t alive; /* roughly: how many are in it */
	struct snapshot_clocks clocks;
	struct buf lines; /* to be written */
};

/* --- Reading. --- */

struct reading {
	struct arena *arena;
	struct snapshot_past *past;
	bool keeps_after_leave;
	size_t capacity;
};

static struct snapshot_node *
past_find(struct snapshot_past *past, struct slice name)
{
	for (size_t i = past->count; i > 0; i--)
		if (slice_equal(past->nodes[i - 1].name, name))
			return (&past->nodes[i - 1]);
	return (NULL);
}

/* The name may hold blanks; the address stands behind the last one. */
static void
read_alive(struct reading *r, struct slice rest)
{
	struct snapshot_past *past = r->past;
	struct snapshot_node node = { 0 }, *known;
	size_t space = rest.size;

	while (space > 0 && rest.data[space - 1] != ' ')
		space--;
	if (space < 2 ||
	    !endpoint_parse(slice_tail(rest, space), &node.address))
		return;
	node.name = slice_head(rest, space - 1);
	if ((known = past_find(past, node.name)) != NULL) {
		known->address = node.address;
		return;
	}
	if (past->count == PAST_NODES_MAX)
		return;
	if (past->count == r->capacity) {
		struct snapshot_node *more;

		r->capacity = r->capacity == 0 ? 64 : r->capacity * 2;
		more = arena_array(r->arena, r->capacity, sizeof(*more));
		if (past->count > 0)
			memcpy(more, past->nodes, past->count * sizeof(*more));
		past->nodes = more;
	}
	node.name = arena_copy(r->arena, node.name);
	past->nodes[past->count++] = node;
}

static void
read_not_alive(struct reading *r, struct slice name)
{
	struct snapshot_node *node = past_find(r->past, name);

	if (node != NULL)
		*node = r->past->nodes[--r->past->count];
}

static void
read_clock(uint64_t *clock, struct slice rest)
{
	char text[32] = "";

	if (rest.size < sizeof(text))
		memcpy(text, rest.data, rest.size);
	*clock = strtoull(text, NULL, 10);
}

static void
read_line(struct reading *r, struct slice line)
{
	static const struct {
		const char *prefix;
		size_t offset;
	} clocks[] = {
		{ "clock: ", offsetof(struct snapshot_clocks, member) },
		{ "event-clock: ", offsetof(struct snapshot_clocks, event) },
		{ "query-clock: ", offsetof(struct snapshot_clocks, query) },
	};

	if (slice_starts_with(line, SLICE("alive: ")))
		read_alive(r, slice_tail(line, 7));
	else if (slice_starts_with(line, SLICE("not-alive: ")))
		read_not_alive(r, slice_tail(line, 11));
	else if (slice_is(line, "leave") && !r->keeps_after_leave) {
		r->past->count = 0;
		r->past->clocks = (struct snapshot_clocks){ 0 };
	}
	for (size_t i = 0; i < 3; i++) {
		struct slice prefix = slice_of_text(clocks[i].prefix);

		if (slice_starts_with(line, prefix))
			read_clock((uint64_t *)((char *)&r->past->clocks +
						clocks[i].offset),
			    slice_tail(line, prefix.size));
	}
}

/* The last line may be cut: the process died while it was written. */
static void
read_lines(struct reading *r, struct slice rest)
{
	size_t end;

	while ((end = slice_find(rest, '\n', 0)) != SIZE_MAX) {
		read_line(r, slice_head(rest, end));
		rest = slice_tail(rest, end + 1);
	}
}

static void
file_read(struct snapshot *s, struct reading *r)
{
	struct buf text = { 0 };
	struct stat st;
	ssize_t size = 0;

	if (fstat(s->fd, &st) != 0 || st.st_size <= 0 ||
	    st.st_size > FILE_BYTES_MAX)
		return;
	buf_reserve(&text, (size_t)st.st_size);
	while (text.size < (size_t)st.st_size &&
	       (size = pread(s->fd, text.data + text.size,
		    (size_t)st.st_size - text.size, (off_t)text.size)) > 0)
		text.size += (size_t)size;
	read_lines(r, buf_slice(&text));
	s->size = text.size;
	buf_deinit(&text);
}

struct snapshot *
snapshot_open(const char *path, bool keeps_after_leave, const char *log_name,
    struct arena *arena, struct snapshot_past *past)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	struct reading r = { arena, past, keeps_after_leave, 0 };

	*past = (struct snapshot_past){ 0 };
	s->path = xstrdup(path);
	s->log_name = log_name;
	s->keeps_after_leave = keeps_after_leave;
	s->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (s->fd < 0)
		fatal("failed to open snapshot: open %s: %s", path,
		    strerror(errno));
	file_read(s, &r);
	s->alive = past->count;
	s->clocks = past->clocks;
	return (s);
}

/* --- Writing. --- */

static void
put_alive(struct buf *out, struct slice name, const struct endpoint *address)
{
	char text[ENDPOINT_TEXT_MAX];

	buf_printf(out, "alive: %.*s %s\n", SLICE_ARGS(name),
	    endpoint_print(address, text));
}

static void
put_clocks(struct buf *out, const struct snapshot_clocks *c)
{
	buf_printf(out,
	    "clock: %" PRIu64 "\nevent-clock: %" PRIu64
	    "\nquery-clock: %" PRIu64 "\n",
	    c->member, c->event, c->query);
}

void
snapshot_change(struct snapshot *s, const struct member_change *c)
{
	if (s == NULL || s->has_left)
		return;
	switch (c->kind) {
	case CHANGE_JOIN:
		put_alive(&s->lines, c->member.name, &c->member.address);
		s->alive++;
		break;
	case CHANGE_LEAVE:
	case CHANGE_FAILED:
		buf_printf(
		    &s->lines, "not-alive: %.*s\n", SLICE_ARGS(c->member.name));
		s->alive -= s->alive > 0;
		break;
	default:
		break;
	}
}

void
snapshot_tick(struct snapshot *s, const struct snapshot_clocks *c)
{
	if (s == NULL || s->has_left || memcmp(c, &s->clocks, sizeof(*c)) == 0)
		return;
	s->clocks = *c;
	put_clocks(&s->lines, c);
}

void
snapshot_leave(struct snapshot *s)
{
	if (s == NULL || s->has_left)
		return;
	buf_put_text(&s->lines, "leave\n");
	s->has_left = true;
}

bool
snapshot_is_dirty(const struct snapshot *s)
{
	return (s != NULL && s->fd >= 0 && s->lines.size > 0);
}

static void
give_up(struct snapshot *s)
{
	log_error(s->log_name, "serf: Failed to update snapshot",
	    "error=\"%s\"", strerror(errno));
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	buf_deinit(&s->lines);
}

static bool
write_all(int fd, struct slice text)
{
	while (text.size > 0) {
		ssize_t size = write(fd, text.data, text.size);

		if (size < 0 && errno != EINTR)
			return (false);
		text = slice_tail(text, size < 0 ? 0 : (size_t)size);
	}
	return (true);
}

static void
whole_put(const struct snapshot *s, const struct gossip *g, struct buf *out)
{
	struct gossip_member *members;
	struct arena arena = { 0 };
	size_t count;

	gossip_members(g, &arena, &members, &count);
	for (size_t i = 0; i < count; i++)
		if (members[i].status == MEMBER_ALIVE)
			put_alive(out, members[i].name, &members[i].address);
	put_clocks(out, &s->clocks);
	arena_deinit(&arena);
}

/* Beside it first, then in its place. */
static bool
compact(struct snapshot *s, const struct gossip *g)
{
	struct buf whole = { 0 };
	char beside[4096];
	int fd = -1;
	bool is_done = false;

	whole_put(s, g, &whole);
	if (snprintf(beside, sizeof(beside), "%s.compact", s->path) <
	    (int)sizeof(beside))
		fd = open(beside,
		    O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (fd >= 0 && write_all(fd, buf_slice(&whole)) &&
	    rename(beside, s->path) == 0) {
		close(s->fd);
		s->fd = fd;
		s->size = whole.size;
		is_done = true;
	} else if (fd >= 0)
		close(fd);
	buf_deinit(&whole);
	return (is_done);
}

void
snapshot_flush(struct snapshot *s, const struct gossip *g)
{
	struct instant begun = instant_now();
	size_t limit;

	if (!snapshot_is_dirty(s))
		return;
	limit = s->alive * BYTES_PER_NODE;
	if (limit < COMPACT_BYTES_MIN)
		limit = COMPACT_BYTES_MIN;
	if (!write_all(s->fd, buf_slice(&s->lines))) {
		give_up(s);
		return;
	}
	s->size += s->lines.size;
	buf_deinit(&s->lines);
	metrics_add_since(METRIC_serf_append, begun);
	if (s->size <= limit || s->has_left)
		return;
	begun = instant_now();
	if (compact(s, g))
		metrics_add_since(METRIC_serf_compact, begun);
	else
		give_up(s);
}
