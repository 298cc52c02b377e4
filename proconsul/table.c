/* Columns of text; see table.h. */
#include <assert.h>
#include <string.h>

#include "table.h"

void
table_init(struct table *t, struct arena *arena, size_t column_count)
{
	assert(column_count > 0);
	assert(column_count <= TABLE_COLUMNS_MAX);
	*t = (struct table){ .arena = arena, .column_count = column_count };
}

void
table_add(struct table *t, struct slice cell)
{
	struct slice *cells;

	if (t->cell_count == t->capacity) {
		t->capacity = t->capacity == 0 ? 64 : t->capacity * 2;
		cells = arena_array(t->arena, t->capacity, sizeof(*cells));
		if (t->cell_count > 0)
			memcpy(cells, t->cells, t->cell_count * sizeof(*cells));
		t->cells = cells;
	}
	t->cells[t->cell_count++] = cell;
}

void
table_add_text(struct table *t, const char *cell)
{
	table_add(t, slice_of_text(cell));
}

/* Code points: every byte but the second and later ones of a sequence. */
static size_t
width_of(struct slice text)
{
	size_t i, width = 0;

	for (i = 0; i < text.size; i++)
		width += (text.data[i] & 0xc0) != 0x80;
	return (width);
}

void
table_print(const struct table *t, size_t gap, FILE *to)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };
	size_t i, column, width;

	assert(t->cell_count % t->column_count == 0);
	for (i = 0; i < t->cell_count; i++) {
		column = i % t->column_count;
		width = width_of(t->cells[i]);
		if (width > widths[column])
			widths[column] = width;
	}
	for (i = 0; i < t->cell_count; i++) {
		column = i % t->column_count;
		if (t->cells[i].size > 0)
			fwrite(t->cells[i].data, 1, t->cells[i].size, to);
		if (column + 1 == t->column_count) {
			fputc('\n', to);
			continue;
		}
		if (t->trims_end && i + 2 == t->cell_count &&
		    t->cells[i + 1].size == 0)
			continue;
		width = widths[column] - width_of(t->cells[i]) + gap;
		fprintf(to, "%*s", (int)width, "");
	}
}
