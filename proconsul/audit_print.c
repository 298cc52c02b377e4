/* The result, for people and as JSON; see audit.h and proconsul-audit(8). */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "json.h"
#include "utf8.h"

#define WHAT_COLUMNS	 18
#define DECLARED_COLUMNS 24
#define INDENT		 5

static const char *const marks[] = {
	[AUDIT_SAME] = " ",
	[AUDIT_DIFFERENT] = "!",
	[AUDIT_NOTE] = "i",
	[AUDIT_UNSEEN] = "?",
};

static const char *const words[] = {
	[AUDIT_SAME] = "same",
	[AUDIT_DIFFERENT] = "different",
	[AUDIT_NOTE] = "note",
	[AUDIT_UNSEEN] = "unseen",
};

/* --- For people. --- */

/* Paths and arguments are others' texts: nothing in them gets at the terminal.
 * The width is that of what is printed. */
static int
text_print(const char *text)
{
	struct slice all = slice_of_text(text);
	size_t bad = utf8_find_unsafe(all, 0);
	int width = 0;

	for (size_t i = 0; i < all.size; i++) {
		if (i == bad) {
			width += printf("\\x%02x", all.data[i]);
			bad = utf8_find_unsafe(all, i + 1);
			continue;
		}
		putchar(all.data[i]);
		/* All bytes of a character but the first are 10xxxxxx. */
		width += (all.data[i] & 0xc0) != 0x80;
	}
	return (width);
}

static void
column_print(const char *text, int columns)
{
	int width = text_print(text);

	printf("%*s", width < columns ? columns - width + 1 : 1, "");
}

/* A line stays one, however long: it may be looked for. */
static void
line_print(const struct audit_line *line)
{
	printf("  %s  ", marks[line->verdict]);
	column_print(line->what, WHAT_COLUMNS);
	column_print(line->declared, DECLARED_COLUMNS);
	text_print(line->found);
	if (line->count > 1)
		printf(" (%u times)", line->count);
	putchar('\n');
	if (*line->hint == '\0')
		return;
	printf("%*s(", INDENT + WHAT_COLUMNS + 1, "");
	text_print(line->hint);
	puts(")");
}

static bool
is_shown(const struct audit_line *line, bool is_brief)
{
	return (!is_brief || line->verdict != AUDIT_SAME);
}

static void
block_print(const struct audit_block *block, bool is_brief)
{
	size_t shown = 0;

	for (size_t i = 0; i < block->count; i++)
		shown += is_shown(&block->lines[i], is_brief);
	if (shown == 0)
		return;
	printf("\n%s ", block->kind);
	text_print(block->name);
	if (block->pid != 0)
		printf(", process %d", (int)block->pid);
	printf("\n%*s%-*s %-*s found\n", INDENT, "", WHAT_COLUMNS, "",
	    DECLARED_COLUMNS, "declared");
	for (size_t i = 0; i < block->count; i++)
		if (is_shown(&block->lines[i], is_brief))
			line_print(&block->lines[i]);
}

void
audit_print(const struct audit_report *r, bool is_brief)
{
	fputs("Suite of ", stdout);
	text_print(r->run_dir);
	fputs(*r->data_dir != '\0' ? ", data in " : "", stdout);
	text_print(r->data_dir);
	putchar('\n');
	for (size_t i = 0; i < r->count; i++)
		block_print(&r->blocks[i], is_brief);
	printf("\n%zu as declared, %zu different, %zu to know, %zu unseen\n",
	    audit_count(r, AUDIT_SAME), audit_count(r, AUDIT_DIFFERENT),
	    audit_count(r, AUDIT_NOTE), audit_count(r, AUDIT_UNSEEN));
}

/* --- JSON. --- */

static void
text_put(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, "\"%s\":", key);
	json_put_text(out, slice_of_text(text));
}

static void
line_put(struct buf *out, const struct audit_line *line)
{
	buf_put_u8(out, '{');
	text_put(out, "Verdict", words[line->verdict]);
	buf_put_u8(out, ',');
	text_put(out, "What", line->what);
	buf_put_u8(out, ',');
	text_put(out, "Declared", line->declared);
	buf_put_u8(out, ',');
	text_put(out, "Found", line->found);
	buf_put_u8(out, ',');
	text_put(out, "Hint", line->hint);
	buf_printf(out, ",\"Count\":%u}", line->count);
}

static void
block_put(struct buf *out, const struct audit_block *block)
{
	buf_put_u8(out, '{');
	text_put(out, "Kind", block->kind);
	buf_put_u8(out, ',');
	text_put(out, "Name", block->name);
	buf_printf(out, ",\"PID\":%d,\"Lines\":[", (int)block->pid);
	for (size_t i = 0; i < block->count; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		line_put(out, &block->lines[i]);
	}
	buf_put_text(out, "]}");
}

static void
report_put(struct buf *out, const struct audit_report *r)
{
	buf_put_u8(out, '{');
	text_put(out, "RunDir", r->run_dir);
	buf_put_u8(out, ',');
	text_put(out, "DataDir", r->data_dir);
	buf_printf(out,
	    ",\"Same\":%zu,\"Different\":%zu,\"Notes\":%zu,\"Unseen\":%zu,"
	    "\"Blocks\":[",
	    audit_count(r, AUDIT_SAME), audit_count(r, AUDIT_DIFFERENT),
	    audit_count(r, AUDIT_NOTE), audit_count(r, AUDIT_UNSEEN));
	for (size_t i = 0; i < r->count; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		block_put(out, &r->blocks[i]);
	}
	buf_put_text(out, "]}");
}

void
audit_print_json(
    const struct audit_report *reports, size_t count, struct buf *out)
{
	struct buf compact = { 0 };

	buf_put_text(&compact, "{\"Suites\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_u8(&compact, ',');
		report_put(&compact, &reports[i]);
	}
	buf_put_text(&compact, "]}");
	json_pretty(buf_slice(&compact), 3, out);
	buf_put_u8(out, '\n');
	buf_deinit(&compact);
}
