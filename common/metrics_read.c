/* Pages of figures, read by others; see metrics_read.h. */
#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics_page.h"
#include "utf8.h"
#include "xmalloc.h"

#define READ_TRIES 64 /* of a row that changes while it is copied */

/* --- One page. --- */

const struct metrics_page *
metrics_page_map_owned(const char *path, uint32_t *owner)
{
	/* Nor does a FIFO in its place make us wait for a writer. */
	int fd = open(
	    path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const struct metrics_page *page = MAP_FAILED;
	struct stat st;

	if (fd < 0)
		return (NULL);
	/* A shorter file would kill us at the first look (SIGBUS). */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == (off_t)sizeof(*page))
		page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return (NULL);
	*owner = st.st_uid;
	if (atomic_load(&page->magic) == METRICS_MAGIC)
		return (page);
	metrics_page_unmap(page);
	return (NULL);
}

const struct metrics_page *
metrics_page_map(const char *path)
{
	uint32_t owner;

	return (metrics_page_map_owned(path, &owner));
}

void
metrics_page_unmap(const struct metrics_page *page)
{
	/* munmap takes no pointer to const, and changes nothing. */
	if (page != NULL)
		munmap((void *)(uintptr_t)page, sizeof(*page));
}

bool
metrics_page_is_over(const struct metrics_page *page)
{
	return (atomic_load_explicit(&page->is_over, memory_order_relaxed));
}

struct metrics_reloads
metrics_page_reloads(const struct metrics_page *page)
{
	struct metrics_reloads r = { 0 };

	r.pid = (pid_t)atomic_load(&page->pid);
	r.done = atomic_load(&page->reloads);
	r.refused = atomic_load(&page->refusals);
	/* Another process has written it: to be shown, and not trusted. */
	memcpy(r.why, page->refused_why, sizeof(r.why) - 1);
	utf8_hide_unsafe(r.why, strlen(r.why), ' ');
	return (r);
}

size_t
metrics_page_count(const struct metrics_page *page)
{
	uint32_t count =
	    atomic_load_explicit(&page->count, memory_order_acquire);

	return (count < METRICS_ROWS_MAX ? count : METRICS_ROWS_MAX);
}

/* "name\0value\0" throughout? */
static bool
labels_are_sound(const struct metric_row *row)
{
	struct slice rest = slice(row->labels, row->labels_size);
	struct slice name, value;

	while (metric_label_next(&rest, &name, &value))
		continue;
	return (rest.size == 0);
}

bool
metrics_page_row(
    const struct metrics_page *page, size_t index, struct metric_row *out)
{
	const struct metric *m = &page->metrics[index];
	uint32_t before, after;

	assert(index < METRICS_ROWS_MAX);
	for (int i = 0; i < READ_TRIES; i++) {
		before =
		    atomic_load_explicit(&m->sequence, memory_order_acquire);
		memcpy(out, &m->row, sizeof(*out));
		atomic_thread_fence(memory_order_acquire);
		after =
		    atomic_load_explicit(&m->sequence, memory_order_relaxed);
		if (before == after && before % 2 == 0)
			return (out->kind <= METRIC_SAMPLE &&
				out->name_size > 0 &&
				out->name_size <= METRIC_NAME_MAX &&
				out->labels_size <= METRIC_LABELS_MAX &&
				labels_are_sound(out));
	}
	return (false);
}

uint64_t
metrics_page_values(const struct metrics_page *page)
{
	return (atomic_load_explicit(&page->values_at, memory_order_acquire));
}

bool
metrics_page_value(
    const struct metrics_page *page, uint64_t at, size_t *row, double *value)
{
	uint64_t packed =
	    atomic_load_explicit(&page->values[at % METRICS_VALUES_MAX].packed,
		memory_order_acquire);
	uint64_t end = metrics_page_values(page);
	uint32_t bits = (uint32_t)packed;
	float number;

	/* The oldest may be being written over at this moment. */
	if (at >= end || end - at >= METRICS_VALUES_MAX)
		return (false);
	memcpy(&number, &bits, sizeof(number));
	*row = (size_t)(packed >> 32);
	*value = number;
	return (*row < METRICS_ROWS_MAX);
}

/* --- Names. --- */

bool
metrics_has_sinks(const struct config *config)
{
	const struct telemetry_keys *t = &config->keys.telemetry;

	return (t->statsd_address.size > 0 || t->statsite_address.size > 0 ||
		t->dogstatsd_addr.size > 0);
}

void
metrics_naming_init(struct metrics_naming *n, const struct config *config)
{
	const struct telemetry_keys *t = &config->keys.telemetry;
	bool has_sink =
	    metrics_has_sinks(config) || t->prometheus_retention_time.ns > 0;

	*n = (struct metrics_naming){
		.prefix = t->metrics_prefix,
		.lets_by_default = t->filter_default,
		.rules = t->prefix_filter,
	};
	if (has_sink && !t->disable_hostname &&
	    gethostname(n->host, sizeof(n->host) - 1) != 0)
		n->host[0] = '\0';
	n->is_doubled = n->host[0] != '\0' && t->dogstatsd_addr.size > 0;
}

static void
name_put(const struct metrics_naming *n, const struct metric_row *row,
    bool has_host, struct buf *out)
{
	if (n->prefix.size > 0) {
		buf_put_slice(out, n->prefix);
		buf_put_u8(out, '.');
	}
	if (has_host && row->kind <= METRIC_LEVEL && n->host[0] != '\0') {
		buf_put_text(out, n->host);
		buf_put_u8(out, '.');
	}
	buf_put(out, row->name, row->name_size);
}

void
metrics_name_put(const struct metrics_naming *n, const struct metric_row *row,
    struct buf *out)
{
	name_put(n, row, true, out);
}

bool
metrics_lets(const struct metrics_naming *n, struct slice name)
{
	bool lets = n->lets_by_default;
	size_t longest = 0;

	for (size_t i = 0; i < n->rules.count; i++) {
		struct slice rule = n->rules.items[i], prefix;
		bool allows;

		if (rule.size == 0 ||
		    (rule.data[0] != '+' && rule.data[0] != '-'))
			continue;
		allows = rule.data[0] == '+';
		prefix = slice_tail(rule, 1);
		/* Of two that say the same, the one that forbids counts. */
		if (!slice_starts_with(name, prefix) ||
		    prefix.size + 1 < longest + (allows ? 1 : 0))
			continue;
		longest = prefix.size + 1;
		lets = allows;
	}
	return (lets);
}

/* --- All pages. --- */

bool
metric_label_next(struct slice *labels, struct slice *name, struct slice *value)
{
	size_t middle, end;

	if (labels->size == 0)
		return (false);
	middle = slice_find(*labels, '\0', 0);
	end = middle < labels->size ? slice_find(*labels, '\0', middle + 1)
				    : SIZE_MAX;
	if (end >= labels->size)
		return (false);
	*name = slice_head(*labels, middle);
	*value = slice_head(slice_tail(*labels, middle + 1), end - middle - 1);
	*labels = slice_tail(*labels, end + 1);
	return (true);
}

static void
put_without_blanks(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		buf_put_u8(out, text.data[i] == ' ' ? '_' : text.data[i]);
}

/* What go-metrics finds and sorts them by. */
static struct slice
key_make(struct arena *arena, struct slice name, struct slice labels)
{
	struct buf key = { 0 };
	struct slice label, value, copy;

	buf_put_slice(&key, name);
	while (metric_label_next(&labels, &label, &value)) {
		buf_put_u8(&key, ';');
		put_without_blanks(&key, label);
		buf_put_u8(&key, '=');
		put_without_blanks(&key, value);
	}
	copy = arena_copy(arena, buf_slice(&key));
	buf_deinit(&key);
	return (copy);
}

static void
last_part_double(struct buf *name)
{
	struct slice whole = buf_slice(name);
	size_t at = whole.size;

	while (at > 0 && whole.data[at - 1] != '.')
		at--;
	buf_reserve(name, whole.size - at + 1); /* its bytes may move now */
	whole = buf_slice(name);
	buf_put_u8(name, '.');
	buf_put_slice(name, slice_tail(whole, at));
}

/* The name under which it is shown; false if a filter is against it. */
static bool
shown_name(struct metrics_set *set, const struct metrics_naming *n,
    const struct metric_row *row, struct slice *name)
{
	bool is_doubled = n->is_doubled && row->kind <= METRIC_LEVEL;
	struct buf text = { 0 }, shown = { 0 };
	bool lets;

	name_put(n, row, true, &text);
	lets = metrics_lets(n, buf_slice(&text));
	if (is_doubled) {
		buf_reset(&text);
		name_put(n, row, false, &text);
		last_part_double(&text);
	}
	put_without_blanks(&shown, buf_slice(&text));
	*name = arena_copy(&set->arena, buf_slice(&shown));
	buf_deinit(&text);
	buf_deinit(&shown);
	return (lets);
}

static struct metric_shown *
item_add(struct metrics_set *set)
{
	if (set->count == set->capacity) {
		set->capacity = set->capacity == 0 ? 64 : 2 * set->capacity;
		set->items = xreallocarray(
		    set->items, set->capacity, sizeof(*set->items));
	}
	return (&set->items[set->count++]);
}

void
metrics_gather_page(struct metrics_set *set, const struct metrics_page *page,
    const struct metrics_naming *naming)
{
	uint32_t first = atomic_load(&page->first);
	size_t count = metrics_page_count(page);
	struct metric_row row;
	struct slice name;

	if (first != 0 && (set->first == 0 || first < set->first))
		set->first = first;
	for (size_t i = 0; i < count; i++) {
		struct metric_shown *item;

		if (!metrics_page_row(page, i, &row) || row.count == 0 ||
		    !shown_name(set, naming, &row, &name))
			continue;
		item = item_add(set);
		item->name = name;
		item->labels =
		    arena_copy(&set->arena, slice(row.labels, row.labels_size));
		item->key = key_make(&set->arena, name, item->labels);
		item->row = arena_alloc(&set->arena, sizeof(row));
		*item->row = row;
	}
}

void
metrics_gather(struct metrics_set *set, const char *run_dir,
    const struct metrics_naming *naming)
{
	const struct metrics_page *page;
	char path[256];

	for (size_t id = 0; id < DAEMON_COUNT; id++) {
		snprintf(path, sizeof(path), "%s/" METRICS_FOLDER "/%s",
		    run_dir, daemon_name((enum daemon_id)id));
		page = metrics_page_map(path);
		if (page != NULL)
			metrics_gather_page(set, page, naming);
		metrics_page_unmap(page);
	}
	metrics_set_finish(set);
}

static int
kind_order(const struct metric_shown *item)
{
	return (item->row->kind <= METRIC_LEVEL ? 0 : item->row->kind);
}

static int
item_compare(const void *va, const void *vb)
{
	const struct metric_shown *a = va, *b = vb;

	if (kind_order(a) != kind_order(b))
		return (kind_order(a) - kind_order(b));
	return (slice_compare(a->key, b->key));
}

static void
slot_merge(struct metric_slot *to, const struct metric_slot *from)
{
	if (from->interval < to->interval || from->count == 0)
		return;
	if (from->interval > to->interval) {
		*to = *from;
		return;
	}
	to->count += from->count;
	to->sum += from->sum;
	to->sum_squares += from->sum_squares;
	to->min = fmin(to->min, from->min);
	to->max = fmax(to->max, from->max);
	to->updated = fmax(to->updated, from->updated);
}

static void
row_merge(struct metric_row *to, const struct metric_row *from)
{
	to->count += from->count;
	to->sum += from->sum;
	to->last += from->last;
	to->updated = fmax(to->updated, from->updated);
	for (size_t i = 0; i < METRICS_INTERVALS; i++)
		slot_merge(&to->slots[i], &from->slots[i]);
}

void
metrics_set_finish(struct metrics_set *set)
{
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->items, set->count, sizeof(*set->items), item_compare);
	for (size_t i = 1; i < set->count; i++) {
		if (item_compare(&set->items[kept], &set->items[i]) == 0)
			row_merge(set->items[kept].row, set->items[i].row);
		else
			set->items[++kept] = set->items[i];
	}
	set->count = kept + 1;
}

void
metrics_set_deinit(struct metrics_set *set)
{
	arena_deinit(&set->arena);
	free(set->items);
	*set = (struct metrics_set){ 0 };
}

/* --- Figures. --- */

bool
metric_is_level(const struct metric_row *row)
{
	return (row->kind == METRIC_LEVEL);
}

const struct metric_slot *
metric_slot_of(const struct metric_row *row, uint32_t interval)
{
	const struct metric_slot *slot =
	    &row->slots[interval % METRICS_INTERVALS];

	return (slot->interval == interval && slot->count > 0 ? slot : NULL);
}

double
metric_mean(const struct metric_slot *slot)
{
	return (slot->count == 0 ? 0 : slot->sum / slot->count);
}

double
metric_deviation(const struct metric_slot *slot)
{
	double count = slot->count;
	double above = count * slot->sum_squares - slot->sum * slot->sum;

	if (slot->count < 2 || above <= 0)
		return (0);
	return (sqrt(above / (count * (count - 1))));
}

static int
float_compare(const void *va, const void *vb)
{
	float a = *(const float *)va, b = *(const float *)vb;

	return (a < b ? -1 : a > b);
}

double
metric_quantile(const struct metric_row *row, double quantile, uint32_t now_ms)
{
	size_t known = row->count < METRIC_RECENT ? row->count : METRIC_RECENT;
	float values[METRIC_RECENT] = { 0 };
	size_t count = 0, at;

	for (size_t i = 0; i < known; i++)
		if ((int32_t)(now_ms - row->recent[i].at_ms) <=
		    METRICS_QUANTILES_S * 1000)
			values[count++] = row->recent[i].value;
	if (count == 0)
		return (NAN);
	qsort(values, count, sizeof(values[0]), float_compare);
	at = (size_t)((double)count * quantile);
	return (values[at > 0 ? at - 1 : 0]);
}
