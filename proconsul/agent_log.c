/* The agent's log, handed on; see agent_log.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent_log.h"
#include "log.h"
#include "utf8.h"

#define LOG_NAME       "agent"
#define INDENT	       "    " /* of standard output alone */
#define LINE_BYTES_MAX (64 * 1024)
#define READ_SIZE      16384
#define READS_MAX      16 /* at a time; more than a pipe holds */
#define SYSLOG_TRIES   12
#define SYSLOG_WAIT_S  5

/* --- Handing on. --- */

static void
output_write(struct slice line)
{
	while (line.size > 0) {
		ssize_t size = write(STDOUT_FILENO, line.data, line.size);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return; /* nobody is left to be told */
		line = slice_tail(line, (size_t)size);
	}
}

/* On standard output alone: through the tap it would come back here. */
static void
trouble_tell(struct agent_log *l, const char *what, const char *why)
{
	enum log_level level = l->level;

	agent_log_tap(l, LOG_LEVEL_NONE);
	log_error(LOG_NAME, what, "error=\"%s\"", why);
	agent_log_tap(l, level);
}

static void
file_put(struct agent_log *l, struct slice line)
{
	struct buf why = { 0 };
	enum err err = log_file_write(&l->file, line, &why);

	if (err != ERR_OK && !l->has_file_failed)
		trouble_tell(l, "Could not write the log file", buf_text(&why));
	l->has_file_failed = err != ERR_OK;
	buf_deinit(&why);
}

static void
syslog_put(struct agent_log *l, struct slice line)
{
	enum err err = log_syslog_write(&l->syslog, line);

	if (err != ERR_OK && !l->has_syslog_failed)
		trouble_tell(l, "Could not write to syslog", err_text(err));
	l->has_syslog_failed = err != ERR_OK;
}

/* With its newline, without the indentation. */
static void
line_put(struct agent_log *l, struct slice line)
{
	if (l->has_syslog)
		syslog_put(l, slice_head(line, line.size - 1));
	if (l->has_file)
		file_put(l, line);
}

/* Daemons write none of these; who has taken one over may, and they are not for
 * the terminals and files of operators. */
static void
controls_hide(uint8_t *line, size_t size)
{
	size_t at = 0;

	while ((at = utf8_find_unsafe(slice(line, size), at)) != SIZE_MAX) {
		if (line[at] != '\t')
			line[at] = '?';
		at++;
	}
}

static void
lines_take(struct agent_log *l)
{
	struct slice all = buf_slice(&l->rest), line;
	size_t end, used = 0;

	while ((end = slice_find(all, '\n', used)) != SIZE_MAX) {
		controls_hide(l->rest.data + used, end - used);
		line = slice(all.data + used, end + 1 - used);
		output_write(line);
		if (slice_starts_with(line, SLICE(INDENT)))
			line = slice_tail(line, strlen(INDENT));
		line_put(l, line);
		used = end + 1;
	}
	buf_drop_front(&l->rest, used);
	/* No daemon writes such a line. */
	if (l->rest.size > LINE_BYTES_MAX)
		buf_reset(&l->rest);
}

void
agent_log_read(struct agent_log *l)
{
	char bytes[READ_SIZE];
	ssize_t size;

	if (l->input < 0)
		return;
	/* Who never ends must not keep the launcher from all else. */
	for (int i = 0; i < READS_MAX; i++) {
		size = read(l->input, bytes, sizeof(bytes));
		if (size <= 0)
			break;
		buf_put(&l->rest, bytes, (size_t)size);
		lines_take(l);
		if (size < READ_SIZE)
			break;
	}
}

/* --- Our own lines. --- */

static void
on_own_line(void *arg, enum log_level level, struct slice text)
{
	struct agent_log *l = arg;
	struct buf line = { 0 };

	(void)level;
	buf_put_slice(&line, text);
	buf_put_u8(&line, '\n');
	line_put(l, buf_slice(&line));
	buf_deinit(&line);
}

void
agent_log_tap(struct agent_log *l, enum log_level level)
{
	l->level = level;
	if (l->input >= 0)
		log_set_tap(
		    level, level < LOG_LEVEL_NONE ? on_own_line : NULL, l);
}

/* --- Opening. --- */

static enum err
file_open(struct agent_log *l, const struct config_keys *keys, struct buf *why)
{
	struct buf reason = { 0 };
	enum err err;

	log_file_init(&l->file, keys->log_file);
	if (keys->log_rotate_duration.ns != 0)
		l->file.age_max = keys->log_rotate_duration;
	l->file.bytes_max = keys->log_rotate_bytes;
	l->file.files_max = keys->log_rotate_max_files;
	err = log_file_open(&l->file, &reason);
	if (err != ERR_OK)
		buf_printf(
		    why, "Failed to setup logging: %s", buf_text(&reason));
	l->has_file = err == ERR_OK;
	buf_deinit(&reason);
	return (err);
}

/* The machine may be starting, and its syslog, too. */
static enum err
syslog_open(
    struct agent_log *l, const struct config_keys *keys, struct buf *why)
{
	unsigned facility;

	if (!log_syslog_facility(keys->syslog_facility, &facility)) {
		buf_printf(why, "invalid syslog facility: %.*s",
		    SLICE_ARGS(keys->syslog_facility));
		return (ERR_INVALID);
	}
	for (int i = 0; i <= SYSLOG_TRIES; i++) {
		if (i > 0)
			sleep(SYSLOG_WAIT_S);
		if (log_syslog_open(&l->syslog, facility) == ERR_OK) {
			l->has_syslog = true;
			return (ERR_OK);
		}
	}
	buf_printf(why, "Syslog setup did not succeed within timeout (%dm0s).",
	    SYSLOG_TRIES * SYSLOG_WAIT_S / 60);
	return (ERR_TIMEOUT);
}

static enum err
pipe_open(struct agent_log *l, struct buf *why)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
		buf_printf(why, "Failed to setup logging: %s", strerror(errno));
		return (ERR_IO);
	}
	l->input = ends[0];
	l->output = ends[1];
	return (ERR_OK);
}

enum err
agent_log_open(
    struct agent_log *l, const struct config *config, struct buf *why)
{
	const struct config_keys *keys = &config->keys;
	enum err err = ERR_OK;

	*l = (struct agent_log){ .input = -1, .output = -1 };
	l->file.fd = l->syslog.fd = -1;
	if (keys->enable_syslog)
		err = syslog_open(l, keys, why);
	if (err == ERR_OK && keys->log_file.size > 0)
		err = file_open(l, keys, why);
	if (err == ERR_OK && (l->has_file || l->has_syslog))
		err = pipe_open(l, why);
	if (err != ERR_OK)
		agent_log_close(l);
	return (err);
}

void
agent_log_close(struct agent_log *l)
{
	agent_log_tap(l, LOG_LEVEL_NONE);
	if (l->input >= 0)
		close(l->input);
	if (l->output >= 0)
		close(l->output);
	if (l->syslog.fd >= 0)
		close(l->syslog.fd);
	log_file_deinit(&l->file);
	buf_deinit(&l->rest);
	l->input = l->output = l->syslog.fd = -1;
	l->has_file = l->has_syslog = false;
}
