/* Figures as JSON; see metrics_json.h. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "metrics_json.h"

/* Gauges are single floats in Go, and print as few digits as tell one. */
static void
put_single(struct buf *out, float value)
{
	char text[32];
	int digits = 1;

	do
		snprintf(text, sizeof(text), "%.*g", digits, (double)value);
	while (strtof(text, NULL) != value && digits++ < 9);
	json_put_float(out, strtod(text, NULL));
}

static void
put_labels(struct buf *out, struct slice labels)
{
	struct slice name, value;
	const char *before = "{";

	while (metric_label_next(&labels, &name, &value)) {
		buf_put_text(out, before);
		json_put_text(out, name);
		buf_put_u8(out, ':');
		json_put_text(out, value);
		before = ",";
	}
	buf_put_text(out, *before == '{' ? "{}}" : "}}");
}

static void
put_number(struct buf *out, const char *name, double value)
{
	buf_printf(out, ",\"%s\":", name);
	json_put_float(out, value);
}

static void
put_sampled(struct buf *out, const struct metric_slot *slot)
{
	buf_printf(out, ",\"Count\":%u", slot->count);
	put_number(out, "Rate", slot->sum / METRICS_INTERVAL_S);
	put_number(out, "Sum", slot->sum);
	put_number(out, "Min", slot->min);
	put_number(out, "Max", slot->max);
	put_number(out, "Mean", metric_mean(slot));
	put_number(out, "Stddev", metric_deviation(slot));
}

/* All of one kind that the interval has. */
static void
put_kind(struct buf *out, const struct metrics_set *set, bool is_gauge,
    enum metric_kind kind, uint32_t interval)
{
	const char *before = "";

	buf_put_u8(out, '[');
	for (size_t i = 0; i < set->count; i++) {
		const struct metric_shown *item = &set->items[i];
		const struct metric_slot *slot =
		    metric_slot_of(item->row, interval);

		if (is_gauge ? item->row->kind > METRIC_LEVEL
			     : item->row->kind != kind)
			continue;
		if (slot == NULL && !metric_is_level(item->row))
			continue;
		buf_put_text(out, before);
		buf_put_text(out, "{\"Name\":");
		json_put_text(out, item->name);
		if (is_gauge) {
			buf_put_text(out, ",\"Value\":");
			put_single(
			    out, slot != NULL && !metric_is_level(item->row)
				     ? (float)slot->sum
				     : item->row->last);
		} else if (slot != NULL)
			put_sampled(out, slot);
		buf_put_text(out, ",\"Labels\":");
		put_labels(out, item->labels);
		before = ",";
	}
	buf_put_u8(out, ']');
}

void
metrics_json(const struct metrics_set *set, uint32_t current, struct buf *out)
{
	uint32_t interval = current > set->first ? current - 1 : current;
	time_t when = (time_t)interval * METRICS_INTERVAL_S;
	char text[32];
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_printf(out, "{\"Timestamp\":\"%s +0000 UTC\",\"Gauges\":", text);
	put_kind(out, set, true, METRIC_GAUGE, interval);
	buf_put_text(out, ",\"Points\":[],\"Counters\":");
	put_kind(out, set, false, METRIC_COUNTER, interval);
	buf_put_text(out, ",\"Samples\":");
	put_kind(out, set, false, METRIC_SAMPLE, interval);
	buf_put_u8(out, '}');
}
