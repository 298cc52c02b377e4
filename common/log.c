/* The log: lines as Consul's hclog writes them; see log.h. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "log.h"
#include "utf8.h"

#define FIELDS_SIZE 2048 /* longer fields are cut */

/* clang-format off */
static const struct level_row {
	const char *tag;  /* padded as in the text form */
	const char *name; /* in the JSON form */
	int priority;	  /* syslog's, for the journal */
} level_rows[] = {
	[LOG_LEVEL_TRACE] = { "[TRACE]", "trace", 7 },
	[LOG_LEVEL_DEBUG] = { "[DEBUG]", "debug", 7 },
	[LOG_LEVEL_INFO]  = { "[INFO] ", "info",  6 },
	[LOG_LEVEL_WARN]  = { "[WARN] ", "warn",  4 },
	[LOG_LEVEL_ERROR] = { "[ERROR]", "error", 3 },
};
/* clang-format on */

static struct {
	enum log_level level;
	bool is_json;
	bool is_journal; /* standard output is */
	enum log_level tap_level;
	log_tap_fn *tap;
	void *tap_arg;
	/* What is being written, while the tap is called; else NULL. */
	enum log_level line_level;
	const char *line_name;
	const char *line_message;
	const char *line_fields;
} state = { .level = LOG_LEVEL_INFO };

void
log_set_level(enum log_level level)
{
	state.level = level;
}

void
log_set_json(bool is_json)
{
	state.is_json = is_json;
}

void
log_set_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return;
	if (fstat(STDOUT_FILENO, &st) == 0 && st.st_dev == device &&
	    st.st_ino == inode)
		state.is_journal = true;
}

void
log_set_tap(enum log_level level, log_tap_fn *tap, void *arg)
{
	state.tap_level = level;
	state.tap = tap;
	state.tap_arg = arg;
}

bool
log_level_parse(struct slice text, enum log_level *level)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{ "TRACE", LOG_LEVEL_TRACE },
		{ "DEBUG", LOG_LEVEL_DEBUG },
		{ "INFO", LOG_LEVEL_INFO },
		{ "WARN", LOG_LEVEL_WARN },
		{ "ERR", LOG_LEVEL_ERROR },
		{ "ERROR", LOG_LEVEL_ERROR },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_fold(text, slice_of_text(names[i].name))) {
			*level = names[i].level;
			return (true);
		}
	return (false);
}

/* RFC 3339 in local time: Z, or the offset as `zone_format` has it. */
static void
put_time(struct buf *b, unsigned digits, const char *zone_format)
{
	struct wall now = wall_now();
	time_t seconds = now.seconds;
	int32_t fraction = now.ns;
	long zone;
	struct tm tm;

	localtime_r(&seconds, &tm);
	for (unsigned i = digits; i < 9; i++)
		fraction /= 10;
	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%0*d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)digits, (int)fraction);
	zone = labs(tm.tm_gmtoff) / 60;
	if (zone == 0)
		buf_put_u8(b, 'Z');
	else
		buf_printf(b, zone_format, tm.tm_gmtoff < 0 ? '-' : '+',
		    (int)(zone / 60), (int)(zone % 60));
}

/* Bytes from outside must not forge a line of their own. */
static void
put_visible(struct buf *b, struct slice s)
{
	size_t bad = utf8_find_unsafe(s, 0);

	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		if (i != bad) {
			buf_put_u8(b, c);
			continue;
		}
		if (c == '\n')
			buf_put_text(b, "\\n");
		else if (c == '\t')
			buf_put_text(b, "\\t");
		else
			buf_printf(b, "\\x%02x", c);
		bad = utf8_find_unsafe(s, i + 1);
	}
}

/* Size of `key=` in front, or 0. */
static size_t
key_size(struct slice s)
{
	size_t i = 0;

	while (i < s.size &&
	       (isalnum(s.data[i]) || s.data[i] == '_' || s.data[i] == '-'))
		i++;
	return (i > 0 && i < s.size && s.data[i] == '=' ? i + 1 : 0);
}

/* A value ends where its quotes end, or where the next key begins. */
static size_t
value_size(struct slice s)
{
	size_t i = 0;

	if (s.size > 0 && s.data[0] == '"')
		for (i = 1; i < s.size && s.data[i] != '"'; i++)
			i += s.data[i] == '\\';
	for (; i < s.size; i++)
		if (s.data[i] == ' ' && key_size(slice_tail(s, i + 1)) > 0)
			break;
	return (i < s.size ? i : s.size);
}

/* Take `key=value` from the front of *rest. */
static bool
field_next(struct slice *rest, struct slice *key, struct slice *value)
{
	size_t size;

	while (rest->size > 0 && rest->data[0] == ' ')
		*rest = slice_tail(*rest, 1);
	size = key_size(*rest);
	if (rest->size == 0)
		return (false);
	*key = slice_head(*rest, size == 0 ? 0 : size - 1);
	*rest = slice_tail(*rest, size);
	size = value_size(*rest);
	*value = slice_head(*rest, size);
	*rest = slice_tail(*rest, size);
	return (true);
}

static bool
is_quoted(struct slice value)
{
	return (value.size >= 2 && value.data[0] == '"' &&
		value.data[value.size - 1] == '"');
}

static void
put_field_text(struct buf *b, struct slice key, struct slice value)
{
	bool quotes =
	    !is_quoted(value) && slice_find(value, ' ', 0) != SIZE_MAX;

	buf_put_u8(b, ' ');
	put_visible(b, key);
	if (key.size > 0)
		buf_put_u8(b, '=');
	if (quotes)
		buf_put_u8(b, '"');
	put_visible(b, value);
	if (quotes)
		buf_put_u8(b, '"');
}

/* Behind the time. */
static void
line_as_text(struct buf *b, enum log_level level, const char *name,
    const char *message, struct slice fields)
{
	struct slice key, value;

	buf_printf(b, "%s %s: ", level_rows[level].tag, name);
	put_visible(b, slice_of_text(message));
	if (fields.size > 0)
		buf_put_u8(b, ':');
	while (field_next(&fields, &key, &value))
		put_field_text(b, key, value);
}

static bool
is_number(struct slice value)
{
	if (value.size == 0 || value.size > 18)
		return (false);
	for (size_t i = 0; i < value.size; i++)
		if (!isdigit(value.data[i]))
			return (false);
	return (value.size == 1 || value.data[0] != '0');
}

static void
put_field_json(struct buf *b, struct slice key, struct slice value)
{
	buf_put_u8(b, ',');
	json_put_text(b, key.size == 0 ? SLICE("EXTRA_VALUE_AT_END") : key);
	buf_put_u8(b, ':');
	if (is_number(value))
		buf_put_slice(b, value);
	else if (is_quoted(value))
		json_put_text(b, slice(value.data + 1, value.size - 2));
	else
		json_put_text(b, value);
}

static void
line_as_json(struct buf *b, enum log_level level, const char *name,
    const char *message, struct slice fields)
{
	struct slice key, value;

	buf_printf(
	    b, "{\"@level\":\"%s\",\"@message\":", level_rows[level].name);
	json_put_text(b, slice_of_text(message));
	buf_put_text(b, ",\"@module\":");
	json_put_text(b, slice_of_text(name));
	buf_put_text(b, ",\"@timestamp\":\"");
	put_time(b, 6, "%c%02d:%02d");
	buf_put_u8(b, '"');
	while (field_next(&fields, &key, &value))
		put_field_json(b, key, value);
	buf_put_u8(b, '}');
}

/* One write, so that lines of several processes do not mix. */
static void
line_write(struct slice line)
{
	while (line.size > 0) {
		ssize_t n = write(STDOUT_FILENO, line.data, line.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody is left to be told */
		line = slice_tail(line, (size_t)n);
	}
}

bool
log_is_wanted(enum log_level level)
{
	return (level >= state.level ||
		(state.tap != NULL && level >= state.tap_level));
}

static void
line_put(struct buf *b, bool is_json, bool has_time, enum log_level level,
    const char *name, const char *message, struct slice fields)
{
	if (is_json) {
		line_as_json(b, level, name, message, fields);
		return;
	}
	if (has_time) {
		put_time(b, 3, "%c%02d%02d");
		buf_put_u8(b, ' ');
	}
	line_as_text(b, level, name, message, fields);
}

void
log_tap_line(bool is_json, struct buf *out)
{
	assert(state.line_name != NULL);
	line_put(out, is_json, true, state.line_level, state.line_name,
	    state.line_message, slice_of_text(state.line_fields));
}

static void
tap_call(enum log_level level, const char *name, const char *message,
    const char *fields, struct slice line)
{
	state.line_level = level;
	state.line_name = name;
	state.line_message = message;
	state.line_fields = fields;
	state.tap(state.tap_arg, level, line);
	state.line_name = NULL;
}

void
log_write(enum log_level level, const char *name, const char *message,
    const char *fields, ...)
{
	bool is_tapped = state.tap != NULL && level >= state.tap_level;
	char text[FIELDS_SIZE];
	struct buf line;
	size_t indent;
	va_list args;

	if (!log_is_wanted(level))
		return;
	va_start(args, fields);
	vsnprintf(text, sizeof(text), fields, args);
	va_end(args);
	buf_init(&line);
	if (state.is_journal)
		buf_printf(&line, "<%d>", level_rows[level].priority);
	else
		buf_put_text(&line, "    ");
	indent = line.size;
	line_put(&line, state.is_json, !state.is_journal, level, name, message,
	    slice_of_text(text));
	if (is_tapped)
		tap_call(level, name, message, text,
		    slice_tail(buf_slice(&line), indent));
	buf_put_u8(&line, '\n');
	if (level >= state.level)
		line_write(buf_slice(&line));
	buf_deinit(&line);
}

void
fatal(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs(state.is_journal ? "<3>==> " : "==> ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}
