/* See sinks.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"
#include "common/metrics_page.h"
#include "common/xmalloc.h"
#include "sink.h"
#include "sink_line.h"
#include "sinks.h"

#define FLUSH_S	    0.1
#define LEVEL_TURNS 10 /* of these, between two reports of levels */

/* What was sent of one row, to know what is left if values were lost. */
struct sent {
	uint32_t hash;
	uint64_t count;
	double sum;
};

struct source {
	const struct metrics_page *page; /* owned; NULL: not there yet */
	uint64_t at;			 /* the next value */
	struct sent sent[METRICS_ROWS_MAX];
};

struct sinks {
	struct daemon *daemon; /* lent */
	struct metrics_naming naming;
	struct slice_list tags; /* lent by the configuration */
	struct sink items[SINK_COUNT];
	struct source sources[DAEMON_COUNT];
	ev_timer tick;
	unsigned turns;
	struct buf name, line;
};

/* --- One value to all. --- */

/* dogstatsd has the host from whoever sends, and not in the name. */
static void
bare_name_put(struct sinks *s, const struct metric_row *row, struct buf *out)
{
	struct metrics_naming bare = s->naming;

	bare.host[0] = '\0';
	metrics_name_put(&bare, row, out);
}

static void
value_send(struct sinks *s, const struct metric_row *row, double value)
{
	struct slice labels = slice(row->labels, row->labels_size);
	enum metric_kind kind = (enum metric_kind)row->kind;

	buf_reset(&s->name);
	metrics_name_put(&s->naming, row, &s->name);
	if (!metrics_lets(&s->naming, buf_slice(&s->name)))
		return;
	buf_reset(&s->line);
	sink_line_statsd(&s->line, buf_slice(&s->name), labels, kind, value);
	sink_put(&s->items[SINK_STATSITE], buf_slice(&s->line));
	sink_put(&s->items[SINK_STATSD], buf_slice(&s->line));
	if (!sink_is_open(&s->items[SINK_DOGSTATSD]))
		return;
	buf_reset(&s->name);
	bare_name_put(s, row, &s->name);
	buf_reset(&s->line);
	sink_line_dogstatsd(
	    &s->line, buf_slice(&s->name), labels, &s->tags, kind, value);
	sink_put(&s->items[SINK_DOGSTATSD], buf_slice(&s->line));
}

/* --- One page. --- */

static struct sent *
sent_of(struct source *source, size_t index, const struct metric_row *row)
{
	struct sent *sent = &source->sent[index];

	/* The row is another figure's by now. */
	if (sent->hash != row->hash || sent->count > row->count)
		*sent = (struct sent){ .hash = row->hash };
	return (sent);
}

/* Too many values at once: what they come to, a line a row. */
static void
page_fold(struct sinks *s, struct source *source)
{
	size_t count = metrics_page_count(source->page);
	uint64_t folded = 0;
	struct metric_row row;

	source->at = metrics_page_values(source->page);
	for (size_t i = 0; i < count; i++) {
		struct sent *sent;
		uint64_t more;

		if (!metrics_page_row(source->page, i, &row))
			continue;
		sent = sent_of(source, i, &row);
		more = row.count - sent->count;
		if (more > 0 && row.kind != METRIC_LEVEL) {
			value_send(s, &row,
			    row.kind == METRIC_GAUGE ? (double)row.last
			    : row.kind == METRIC_COUNTER
				? row.sum - sent->sum
				: (row.sum - sent->sum) / (double)more);
			folded += more - 1;
		}
		sent->count = row.count;
		sent->sum = row.sum;
	}
	metrics_add(METRIC_folded, (double)folded);
}

static void
page_drain(struct sinks *s, struct source *source)
{
	uint64_t end = metrics_page_values(source->page);
	struct metric_row row;
	struct sent *sent;
	double value;
	size_t index;

	for (; source->at < end; source->at++) {
		if (!metrics_page_value(
			source->page, source->at, &index, &value)) {
			page_fold(s, source);
			return;
		}
		if (!metrics_page_row(source->page, index, &row))
			continue;
		sent = sent_of(source, index, &row);
		sent->count++;
		sent->sum += value;
		if (row.kind != METRIC_LEVEL)
			value_send(s, &row, value);
	}
}

static void
page_find(struct sinks *s, enum daemon_id id)
{
	struct source *source = &s->sources[id];
	char path[256];

	if (source->page != NULL && metrics_page_is_over(source->page)) {
		page_drain(s, source);
		metrics_page_unmap(source->page);
		source->page = NULL;
	}
	if (source->page != NULL)
		return;
	snprintf(path, sizeof(path), "%s/" METRICS_FOLDER "/%s",
	    s->daemon->run_dir, daemon_name(id));
	source->page = metrics_page_map(path);
	source->at = 0;
	memset(source->sent, 0, sizeof(source->sent));
}

/* --- Levels: those of several daemons are one. --- */

static void
levels_send(struct sinks *s)
{
	struct metrics_naming plain = { .lets_by_default = true };
	struct metrics_set set = { 0 };

	for (size_t id = 0; id < DAEMON_COUNT; id++)
		if (s->sources[id].page != NULL)
			metrics_gather_page(&set, s->sources[id].page, &plain);
	metrics_set_finish(&set);
	for (size_t i = 0; i < set.count; i++)
		if (metric_is_level(set.items[i].row))
			value_send(s, set.items[i].row,
			    (double)set.items[i].row->last);
	metrics_set_deinit(&set);
}

/* --- All of it. --- */

static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct sinks *s = w->data;
	struct instant now = instant_now();
	bool is_waiting = false;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < SINK_COUNT; i++) {
		sink_open(&s->items[i], now);
		is_waiting |= s->items[i].is_resolving;
	}
	/* The pages remember while a name is looked up. */
	if (is_waiting)
		return;
	for (size_t id = 0; id < DAEMON_COUNT; id++) {
		page_find(s, (enum daemon_id)id);
		if (s->sources[id].page != NULL)
			page_drain(s, &s->sources[id]);
	}
	if (s->turns++ % LEVEL_TURNS == 0)
		levels_send(s);
	for (size_t i = 0; i < SINK_COUNT; i++)
		sink_flush(&s->items[i]);
}

struct sinks *
sinks_start(struct daemon *d)
{
	const struct telemetry_keys *t = &d->config->keys.telemetry;
	const struct slice targets[SINK_COUNT] = {
		[SINK_STATSD] = t->statsd_address,
		[SINK_STATSITE] = t->statsite_address,
		[SINK_DOGSTATSD] = t->dogstatsd_addr,
	};
	struct sinks *s;

	if (!metrics_has_sinks(d->config))
		return (NULL);
	s = xcalloc(1, sizeof(*s));
	s->daemon = d;
	sinks_reload(s);
	for (size_t i = 0; i < SINK_COUNT; i++)
		sink_init(&s->items[i], (enum sink_kind)i, d->loop, targets[i]);
	ev_timer_init(&s->tick, on_tick, FLUSH_S, FLUSH_S);
	s->tick.data = s;
	ev_timer_start(d->loop, &s->tick);
	return (s);
}

void
sinks_reload(struct sinks *s)
{
	if (s == NULL)
		return;
	metrics_naming_init(&s->naming, s->daemon->config);
	s->tags = s->daemon->config->keys.telemetry.dogstatsd_tags;
}
