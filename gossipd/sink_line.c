/* See sink_line.h. */
#include "sink_line.h"

static const char *
letters(enum metric_kind kind)
{
	switch (kind) {
	case METRIC_COUNTER:
		return ("c");
	case METRIC_SAMPLE:
		return ("ms");
	default:
		return ("g");
	}
}

/* What would end the name, or the line, is no part of it. */
static void
put_clean(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		buf_put_u8(out, c == ':' || c == ' ' || c == '\n' ? '_' : c);
	}
}

void
sink_line_statsd(struct buf *out, struct slice name, struct slice labels,
    enum metric_kind kind, double value)
{
	struct slice label, text;

	put_clean(out, name);
	while (metric_label_next(&labels, &label, &text)) {
		buf_put_u8(out, '.');
		put_clean(out, text);
	}
	buf_printf(out, ":%f|%s\n", value, letters(kind));
}

void
sink_line_dogstatsd(struct buf *out, struct slice name, struct slice labels,
    const struct slice_list *tags, enum metric_kind kind, double value)
{
	struct slice label, text;
	const char *before = "|#";

	put_clean(out, name);
	if (kind == METRIC_COUNTER)
		buf_printf(out, ":%lld|c", (long long)value);
	else
		buf_printf(out, ":%f|%s", value, letters(kind));
	for (size_t i = 0; i < tags->count; i++) {
		buf_put_text(out, before);
		buf_put_slice(out, tags->items[i]);
		before = ",";
	}
	while (metric_label_next(&labels, &label, &text)) {
		buf_put_text(out, before);
		put_clean(out, label);
		if (text.size > 0)
			buf_put_u8(out, ':');
		put_clean(out, text);
		before = ",";
	}
}
