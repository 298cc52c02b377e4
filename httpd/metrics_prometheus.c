/* Figures for Prometheus; see metrics_prometheus.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_prometheus.h"
#include "xmalloc.h"

/* From which power of ten on Go's 'g' writes exponents. */
#define EXPONENT_FROM 6

/* One figure with the name that it has here. */
struct line {
	struct slice name;
	const struct metric_shown *item; /* lent */
};

void
prometheus_put_number(struct buf *out, double value)
{
	char text[40];
	int digits = 1, exponent;

	if (isnan(value) || isinf(value)) {
		buf_put_text(out, isnan(value) ? "NaN"
				  : value > 0  ? "+Inf"
					       : "-Inf");
		return;
	}
	do
		snprintf(text, sizeof(text), "%.*e", digits - 1, value);
	while (strtod(text, NULL) != value && digits++ < 17);
	exponent = atoi(strchr(text, 'e') + 1);
	if (exponent >= -4 && exponent < EXPONENT_FROM)
		snprintf(text, sizeof(text), "%.*f",
		    digits - 1 > exponent ? digits - 1 - exponent : 0, value);
	buf_put_text(out, text);
}

/* What go-metrics makes "_", and whatever else no name may have. */
static uint8_t
name_byte(uint8_t c, bool is_first)
{
	bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			 c == '_' || c == ':';

	return (is_letter || (!is_first && c >= '0' && c <= '9') ? c : '_');
}

static struct slice
name_make(struct arena *arena, struct slice name)
{
	uint8_t *out = arena_alloc(arena, name.size);

	for (size_t i = 0; i < name.size; i++)
		out[i] = name_byte(name.data[i], i == 0);
	return (slice(out, name.size));
}

static void
put_value(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] == '\n') {
			buf_put_text(out, "\\n");
			continue;
		}
		if (value.data[i] == '"' || value.data[i] == '\\')
			buf_put_u8(out, '\\');
		buf_put_u8(out, value.data[i]);
	}
}

static void
put_labels(struct buf *out, struct slice labels, const char *quantile)
{
	struct slice name, value;
	char before = '{';

	while (metric_label_next(&labels, &name, &value)) {
		buf_put_u8(out, (uint8_t)before);
		buf_put_slice(out, name);
		buf_put_text(out, "=\"");
		put_value(out, value);
		buf_put_u8(out, '"');
		before = ',';
	}
	if (quantile != NULL) {
		buf_printf(out, "%cquantile=\"%s\"", before, quantile);
		before = ',';
	}
	if (before == ',')
		buf_put_u8(out, '}');
}

static void
put_line(struct buf *out, const struct line *line, const char *suffix,
    const char *quantile, double value)
{
	buf_put_slice(out, line->name);
	buf_put_text(out, suffix);
	put_labels(out, line->item->labels, quantile);
	buf_put_u8(out, ' ');
	prometheus_put_number(out, value);
	buf_put_u8(out, '\n');
}

static void
put_figure(struct buf *out, const struct line *line, double now)
{
	static const char *const quantiles[] = { "0.5", "0.9", "0.99" };
	const struct metric_row *row = line->item->row;
	uint32_t now_ms = (uint32_t)(uint64_t)(now * 1000);

	if (row->kind != METRIC_SAMPLE) {
		put_line(out, line, "", NULL,
		    row->kind == METRIC_COUNTER ? row->sum : (double)row->last);
		return;
	}
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		put_line(out, line, "", quantiles[i],
		    metric_quantile(row, strtod(quantiles[i], NULL), now_ms));
	put_line(out, line, "_sum", NULL, row->sum);
	put_line(out, line, "_count", NULL, (double)row->count);
}

static void
put_head(struct buf *out, const struct line *line)
{
	static const char *const types[] = {
		[METRIC_GAUGE] = "gauge",
		[METRIC_LEVEL] = "gauge",
		[METRIC_COUNTER] = "counter",
		[METRIC_SAMPLE] = "summary",
	};

	buf_printf(out, "# HELP %.*s %.*s\n# TYPE %.*s %s\n",
	    SLICE_ARGS(line->name), SLICE_ARGS(line->name),
	    SLICE_ARGS(line->name), types[line->item->row->kind]);
}

static int
line_compare(const void *va, const void *vb)
{
	const struct line *a = va, *b = vb;
	int order = slice_compare(a->name, b->name);

	if (order == 0)
		order = slice_compare(a->item->labels, b->item->labels);
	return (order);
}

static bool
is_kept(const struct metric_row *row, double now, double kept)
{
	return (metric_is_level(row) || now - row->updated <= kept);
}

void
metrics_prometheus(
    const struct metrics_set *set, double now, double kept, struct buf *out)
{
	struct line *lines = xcalloc(set->count + 1, sizeof(*lines));
	struct arena arena = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (!is_kept(set->items[i].row, now, kept))
			continue;
		lines[count].name = name_make(&arena, set->items[i].name);
		lines[count++].item = &set->items[i];
	}
	qsort(lines, count, sizeof(*lines), line_compare);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || !slice_equal(lines[i].name, lines[i - 1].name))
			put_head(out, &lines[i]);
		put_figure(out, &lines[i], now);
	}
	arena_deinit(&arena);
	free(lines);
}
