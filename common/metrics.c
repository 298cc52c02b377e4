/*
 * The writing side of the figures; see metrics.h.
 *
 * Like the log this is one for the whole process, so that anything may be
 * measured where it happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"
#include "metrics_page.h"

#define INDEX_SLOTS  1024U /* a power of two, over METRICS_ROWS_MAX */
#define REUSE_TRIES  8
#define REUSE_IDLE_S (METRICS_INTERVAL_S * METRICS_INTERVALS)

static struct {
	struct metrics_page *page; /* NULL: nothing is kept */
	uint32_t interval;	   /* of the turn, likewise below */
	uint32_t slot;
	uint32_t now_ms;
	double now;
	double interval_end;
	bool keeps_values;
	uint64_t values_at;
	int stat_fd;	 /* /proc/self/stat */
	size_t reuse_at; /* where to look for room next */
	struct metric *known[METRIC_COUNT];
	uint16_t index[INDEX_SLOTS]; /* row + 1, by hash; 0: empty */
} state = { .stat_fd = -1 };

static const struct {
	enum metric_kind kind;
	const char *name;
	const char *labels;
} table[METRIC_COUNT] = {
#define X(id, kind, name, labels) \
	[METRIC_##id] = { METRIC_##kind, name, labels },
	METRICS(X)
#undef X
};

/* --- Rows. --- */

static void
row_begin(struct metric *m)
{
	uint32_t at = atomic_load_explicit(&m->sequence, memory_order_relaxed);

	atomic_store_explicit(&m->sequence, at + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void
row_end(struct metric *m)
{
	uint32_t at = atomic_load_explicit(&m->sequence, memory_order_relaxed);

	atomic_store_explicit(&m->sequence, at + 1, memory_order_release);
}

static uint32_t
hash_of(enum metric_kind kind, struct slice name, struct slice labels)
{
	uint64_t hash = slice_hash(name) * 31 + slice_hash(labels) + kind;

	return ((uint32_t)(hash ^ hash >> 32));
}

static bool
row_is(const struct metric_row *row, enum metric_kind kind, struct slice name,
    struct slice labels)
{
	return (row->kind == kind &&
		slice_equal(slice(row->name, row->name_size), name) &&
		slice_equal(slice(row->labels, row->labels_size), labels));
}

static struct metric *
row_find(uint32_t hash, enum metric_kind kind, struct slice name,
    struct slice labels)
{
	uint32_t at = hash % INDEX_SLOTS;
	struct metric *m;

	for (; state.index[at] != 0; at = (at + 1) % INDEX_SLOTS) {
		m = &state.page->metrics[state.index[at] - 1];
		if (m->row.hash == hash && row_is(&m->row, kind, name, labels))
			return (m);
	}
	return (NULL);
}

static void
index_put(uint32_t hash, size_t row)
{
	uint32_t at = hash % INDEX_SLOTS;

	while (state.index[at] != 0)
		at = (at + 1) % INDEX_SLOTS;
	state.index[at] = (uint16_t)(row + 1);
}

/* Made anew: rows leave so seldom that a gap is not worth its code. */
static void
index_rebuild(void)
{
	uint32_t count = atomic_load(&state.page->count);

	memset(state.index, 0, sizeof(state.index));
	for (size_t i = 0; i < count; i++)
		index_put(state.page->metrics[i].row.hash, i);
}

/* A row that nobody has used for a while; looks at a few only, since whoever
 * asks may be led by a stranger who makes up names. */
static struct metric *
row_reuse(void)
{
	struct metric *m;

	for (size_t i = 0; i < REUSE_TRIES; i++) {
		m = &state.page->metrics[state.reuse_at];
		state.reuse_at = (state.reuse_at + 1) % METRICS_ROWS_MAX;
		if (!m->row.is_fixed &&
		    state.now - m->row.updated > REUSE_IDLE_S)
			return (m);
	}
	return (NULL);
}

static void
row_fill(struct metric *m, uint32_t hash, enum metric_kind kind,
    struct slice name, struct slice labels)
{
	row_begin(m);
	memset(&m->row, 0, sizeof(m->row));
	m->row.kind = (uint8_t)kind;
	m->row.hash = hash;
	m->row.name_size = (uint16_t)name.size;
	m->row.labels_size = (uint16_t)labels.size;
	memcpy(m->row.name, name.data, name.size);
	if (labels.size > 0)
		memcpy(m->row.labels, labels.data, labels.size);
	m->row.updated = state.now;
	row_end(m);
}

static struct metric *
row_new(uint32_t hash, enum metric_kind kind, struct slice name,
    struct slice labels)
{
	uint32_t count = atomic_load(&state.page->count);
	struct metric *m = NULL;

	if (name.size <= METRIC_NAME_MAX && labels.size <= METRIC_LABELS_MAX)
		m = count < METRICS_ROWS_MAX ? &state.page->metrics[count]
					     : row_reuse();
	if (m == NULL) {
		metrics_add(METRIC_dropped, 1);
		return (NULL);
	}
	row_fill(m, hash, kind, name, labels);
	if (count < METRICS_ROWS_MAX) {
		atomic_store_explicit(
		    &state.page->count, count + 1, memory_order_release);
		index_put(hash, count);
	} else
		index_rebuild();
	return (m);
}

static struct metric *
row_get(enum metric_kind kind, struct slice name, struct slice labels)
{
	uint32_t hash = hash_of(kind, name, labels);
	struct metric *m;

	if (state.page == NULL)
		return (NULL);
	m = row_find(hash, kind, name, labels);
	return (m != NULL ? m : row_new(hash, kind, name, labels));
}

/* --- Adding. --- */

/* For sinks: which row, and what. The reader sees by the count what is gone. */
static void
value_keep(const struct metric *m, float value)
{
	struct metrics_page *page = state.page;
	uint64_t row = (uint64_t)(m - page->metrics);
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	atomic_store_explicit(
	    &page->values[state.values_at % METRICS_VALUES_MAX].packed,
	    row << 32 | bits, memory_order_release);
	state.values_at++;
	atomic_store_explicit(
	    &page->values_at, state.values_at, memory_order_release);
}

static void
slot_add(struct metric_slot *slot, bool is_gauge, double value)
{
	if (slot->interval != state.interval)
		*slot = (struct metric_slot){
			.interval = state.interval,
			.min = value,
			.max = value,
		};
	slot->count++;
	slot->sum = is_gauge ? value : slot->sum + value;
	slot->sum_squares += value * value;
	if (value < slot->min)
		slot->min = value;
	if (value > slot->max)
		slot->max = value;
	slot->updated = state.now;
}

void
metric_add(struct metric *m, double value)
{
	struct metric_row *row;

	if (m == NULL)
		return;
	row = &m->row;
	value = (float)value; /* as go-metrics has it */
	row_begin(m);
	slot_add(&row->slots[state.slot], row->kind <= METRIC_LEVEL, value);
	if (row->kind == METRIC_SAMPLE)
		row->recent[row->count % METRIC_RECENT] =
		    (struct metric_recent){ (float)value, state.now_ms };
	row->count++;
	row->sum += value;
	row->last = (float)value;
	row->updated = state.now;
	row_end(m);
	if (state.keeps_values)
		value_keep(m, (float)value);
}

static struct metric *
known(enum metric_id id)
{
	if (state.known[id] == NULL && state.page != NULL)
		state.known[id] = metrics_named(
		    table[id].kind, slice_of_text(table[id].name));
	return (state.known[id]);
}

void
metrics_add(enum metric_id id, double value)
{
	metric_add(known(id), value);
}

void
metrics_end(enum metric_id id)
{
	struct metric *m = state.known[id];

	if (m == NULL)
		return;
	row_begin(m);
	m->row.count = 0;
	memset(m->row.slots, 0, sizeof(m->row.slots));
	row_end(m);
}

double
milliseconds_since(struct instant begun)
{
	return ((double)instant_since(instant_now(), begun).ns / 1e6);
}

void
metrics_add_since(enum metric_id id, struct instant begun)
{
	if (state.page != NULL)
		metrics_add(id, milliseconds_since(begun));
}

/* "name\0value\0" for each word of the table's labels. */
static bool
labels_join(const char *names, const struct slice *values,
    char out[METRIC_LABELS_MAX], size_t *size)
{
	struct slice rest = slice_of_text(names);
	size_t at = 0, end;

	while (rest.size > 0) {
		end = slice_find(rest, ' ', 0);
		end = end < rest.size ? end : rest.size;
		if (at + end + values->size + 2 > METRIC_LABELS_MAX ||
		    slice_find(*values, '\0', 0) < values->size)
			return (false);
		memcpy(out + at, rest.data, end);
		at += end;
		out[at++] = '\0';
		if (values->size > 0)
			memcpy(out + at, values->data, values->size);
		at += values->size;
		out[at++] = '\0';
		values++;
		rest = slice_tail(rest, end < rest.size ? end + 1 : end);
	}
	*size = at;
	return (true);
}

void
metrics_add_labelled(
    enum metric_id id, const struct slice *labels, double value)
{
	char joined[METRIC_LABELS_MAX];
	size_t size;

	if (state.page == NULL)
		return;
	if (!labels_join(table[id].labels, labels, joined, &size)) {
		metrics_add(METRIC_dropped, 1);
		return;
	}
	metric_add(row_get(table[id].kind, slice_of_text(table[id].name),
		       slice(joined, size)),
	    value);
}

void
metrics_add_for(enum metric_id id, struct slice label)
{
	metrics_add_labelled(id, &label, 1);
}

struct metric *
metrics_fixed(enum metric_id id, const struct slice *labels)
{
	char joined[METRIC_LABELS_MAX];
	struct metric *m;
	size_t size;

	if (!labels_join(table[id].labels, labels, joined, &size))
		return (NULL);
	m = row_get(
	    table[id].kind, slice_of_text(table[id].name), slice(joined, size));
	if (m != NULL)
		m->row.is_fixed = true;
	return (m);
}

struct metric *
metrics_passing(enum metric_kind kind, struct slice name)
{
	return (row_get(kind, name, slice(NULL, 0)));
}

struct metric *
metrics_named(enum metric_kind kind, struct slice name)
{
	struct metric *m = metrics_passing(kind, name);

	if (m != NULL)
		m->row.is_fixed = true;
	return (m);
}

struct metric *
metrics_named_for(enum metric_kind kind, struct slice name, const char *label,
    struct slice value)
{
	char joined[METRIC_LABELS_MAX];
	struct metric *m;
	size_t size;

	if (!labels_join(label, &value, joined, &size))
		return (NULL);
	m = row_get(kind, name, slice(joined, size));
	if (m != NULL)
		m->row.is_fixed = true;
	return (m);
}

/* --- The turn. --- */

/* Fields 20 and 24: threads and pages in memory. Source: proc(5). */
static void
process_measure(void)
{
	char text[512], *at;
	long threads = 0, pages = 0;
	ssize_t size = -1;

	if (state.stat_fd >= 0)
		size = pread(state.stat_fd, text, sizeof(text) - 1, 0);
	if (size <= 0)
		return;
	text[size] = '\0';
	at = strrchr(text, ')'); /* behind the name */
	if (at == NULL ||
	    sscanf(at + 1,
		" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
		"%*d %*d %ld %*d %*u %*u %ld",
		&threads, &pages) != 2)
		return;
	metrics_add(METRIC_runtime_threads, (double)threads);
	metrics_add(
	    METRIC_runtime_sys, (double)pages * (double)sysconf(_SC_PAGESIZE));
}

static void
interval_begin(double now)
{
	struct mallinfo2 info = mallinfo2();

	state.interval = (uint32_t)(now / METRICS_INTERVAL_S);
	state.slot = state.interval % METRICS_INTERVALS;
	state.interval_end = (state.interval + 1.0) * METRICS_INTERVAL_S;
	if (atomic_load(&state.page->first) == 0)
		atomic_store(&state.page->first, state.interval);
	metrics_add(
	    METRIC_runtime_alloc, (double)(info.uordblks + info.hblkhd));
	process_measure();
}

void
metrics_turn(double now)
{
	state.now_ms = (uint32_t)(uint64_t)(now * 1000);
	if (state.page == NULL)
		return;
	if (now >= state.interval_end || now < state.now) {
		state.now = now;
		interval_begin(now);
	}
	state.now = now;
}

const struct metrics_page *
metrics_own_page(void)
{
	return (state.page);
}

void
metrics_keep_values(bool keeps)
{
	state.keeps_values = keeps;
}

/* --- The page. --- */

/* Whoever looks at the page of our life before: look for another one. */
static void
page_retire(const char *path)
{
	struct metrics_page *old = MAP_FAILED;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	if (lseek(fd, 0, SEEK_END) == (off_t)sizeof(*old))
		old = mmap(NULL, sizeof(*old), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	close(fd);
	if (old == MAP_FAILED)
		return;
	atomic_store(&old->is_over, 1);
	munmap(old, sizeof(*old));
}

/* A helper that is forked off has no part in it. */
static void
page_forget(void)
{
	state.page = NULL;
	memset(state.known, 0, sizeof(state.known));
}

static void
page_keep_from_children(void)
{
	static bool is_registered;

	if (!is_registered && pthread_atfork(NULL, NULL, page_forget) != 0)
		fatal("cannot look after forks");
	is_registered = true;
	(void)madvise(state.page, sizeof(*state.page), MADV_DONTFORK);
}

void
metrics_open(const char *path, gid_t group)
{
	char early[256];
	int fd;

	if (snprintf(early, sizeof(early), "%s.new", path) >=
	    (int)sizeof(early))
		fatal("path too long: %s", path);
	page_retire(path);
	(void)unlink(early);
	fd = open(
	    early, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*state.page)) != 0 ||
	    (geteuid() == 0 && fchown(fd, 0, group) != 0) ||
	    fchmod(fd, 0640) != 0)
		fatal("cannot make %s: %s", early, strerror(errno));
	state.page = mmap(NULL, sizeof(*state.page), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (state.page == MAP_FAILED)
		fatal("cannot map %s: %s", early, strerror(errno));
	close(fd);
	page_keep_from_children();
	atomic_store(&state.page->pid, (uint32_t)getpid());
	atomic_store(&state.page->magic, METRICS_MAGIC);
	if (rename(early, path) != 0)
		fatal("cannot rename %s: %s", early, strerror(errno));
	if (state.stat_fd < 0)
		state.stat_fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	memset(state.known, 0, sizeof(state.known));
	memset(state.index, 0, sizeof(state.index));
	state.interval_end = 0;
	state.values_at = 0;
	state.reuse_at = 0;
	/* There must be room for it when there is none for anything else. */
	(void)known(METRIC_dropped);
}

void
metrics_reloaded(const char *why)
{
	if (state.page == NULL)
		return;
	if (why == NULL) {
		atomic_fetch_add(&state.page->reloads, 1);
		return;
	}
	snprintf(state.page->refused_why, sizeof(state.page->refused_why), "%s",
	    why);
	atomic_fetch_add(&state.page->refusals, 1);
}
