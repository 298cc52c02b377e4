/* What SIGUSR1 asks for; see metrics_read.h. Source: go-metrics,
 * inmem_signal.go. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "metrics.h"
#include "metrics_read.h"

static void
time_put(struct buf *out, double when, bool has_fraction)
{
	time_t seconds = (time_t)when;
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_put_text(out, text);
	if (has_fraction)
		buf_printf(
		    out, ".%06u", (unsigned)((when - (double)seconds) * 1e6));
	buf_put_text(out, " +0000 UTC");
}

/* The values of the labels are parts of the name. */
static void
name_put(struct buf *out, const struct metric_shown *item)
{
	struct slice rest = item->labels, label, value;

	buf_put_slice(out, item->name);
	while (metric_label_next(&rest, &label, &value)) {
		buf_put_u8(out, '.');
		for (size_t i = 0; i < value.size; i++)
			buf_put_u8(out, strchr(" :", value.data[i]) != NULL
					    ? '_'
					    : value.data[i]);
	}
}

static void
slot_put(struct buf *out, const struct metric_slot *slot)
{
	double deviation = metric_deviation(slot);

	buf_printf(out, "Count: %u ", slot->count);
	if (deviation == 0)
		buf_printf(out, "Sum: %.3f", slot->sum);
	else
		buf_printf(out,
		    "Min: %.3f Mean: %.3f Max: %.3f Stddev: %.3f Sum: %.3f",
		    slot->min, metric_mean(slot), slot->max, deviation,
		    slot->sum);
	buf_put_text(out, " LastUpdated: ");
	time_put(out, slot->updated, true);
}

static void
item_put(struct buf *out, const struct metric_shown *item, uint32_t interval)
{
	const struct metric_slot *slot = metric_slot_of(item->row, interval);
	bool is_gauge = item->row->kind <= METRIC_LEVEL;

	if (slot == NULL && !metric_is_level(item->row))
		return;
	buf_put_u8(out, '[');
	time_put(out, (double)interval * METRICS_INTERVAL_S, false);
	buf_printf(out, "][%c] '",
	    is_gauge				? 'G'
	    : item->row->kind == METRIC_COUNTER ? 'C'
						: 'S');
	name_put(out, item);
	buf_put_text(out, "': ");
	if (is_gauge)
		buf_printf(
		    out, "%.3f", slot != NULL ? slot->sum : item->row->last);
	else if (slot != NULL)
		slot_put(out, slot);
	buf_put_u8(out, '\n');
}

void
metrics_dump(const struct metrics_set *set, uint32_t current, struct buf *out)
{
	uint32_t interval = current - (METRICS_INTERVALS - 1);

	if (interval < set->first)
		interval = set->first;
	for (; interval < current; interval++)
		for (size_t i = 0; i < set->count; i++)
			item_put(out, &set->items[i], interval);
}

/* What does not fit into a pipe that nobody reads is lost, and no loss. */
static void
set_write(struct metrics_set *set)
{
	uint32_t current = (uint32_t)(wall_now().seconds / METRICS_INTERVAL_S);
	struct buf text = { 0 };
	struct slice rest;
	ssize_t size;

	metrics_dump(set, current, &text);
	rest = buf_slice(&text);
	while (rest.size > 0 &&
	       (size = write(STDERR_FILENO, rest.data, rest.size)) > 0)
		rest = slice_tail(rest, (size_t)size);
	buf_deinit(&text);
	metrics_set_deinit(set);
}

void
metrics_dump_all(const char *run_dir, const struct config *config)
{
	struct metrics_naming naming;
	struct metrics_set set = { 0 };

	metrics_naming_init(&naming, config);
	metrics_gather(&set, run_dir, &naming);
	set_write(&set);
}

void
metrics_dump_own(const struct config *config)
{
	const struct metrics_page *page = metrics_own_page();
	struct metrics_naming naming;
	struct metrics_set set = { 0 };

	if (page == NULL)
		return;
	metrics_naming_init(&naming, config);
	metrics_gather_page(&set, page, &naming);
	metrics_set_finish(&set);
	set_write(&set);
}
