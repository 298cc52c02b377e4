/* Syslog; see log_syslog.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log_syslog.h"

#define SEVERITY_NOTICE 5
#define LINE_BYTES_MAX	8192 /* more is cut */
#define TAG		"consul"

/* clang-format off */
static const struct {
	const char *name;
	unsigned number; /* RFC 3164 4.1.1 */
} facilities[] = {
	{ "KERN", 0 }, { "USER", 1 }, { "MAIL", 2 }, { "DAEMON", 3 },
	{ "AUTH", 4 }, { "SYSLOG", 5 }, { "LPR", 6 }, { "NEWS", 7 },
	{ "UUCP", 8 }, { "CRON", 9 }, { "AUTHPRIV", 10 }, { "FTP", 11 },
	{ "LOCAL0", 16 }, { "LOCAL1", 17 }, { "LOCAL2", 18 },
	{ "LOCAL3", 19 }, { "LOCAL4", 20 }, { "LOCAL5", 21 },
	{ "LOCAL6", 22 }, { "LOCAL7", 23 },
};
/* clang-format on */

static const char *const places[] = { "/dev/log", "/var/run/syslog",
	"/var/run/log" };

bool
log_syslog_facility(struct slice name, unsigned *out)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]);
	     i++) {
		if (!slice_equal_fold(name, slice_of_text(facilities[i].name)))
			continue;
		*out = facilities[i].number;
		return (true);
	}
	return (false);
}

static bool
connect_to(struct log_syslog *s, const char *path, int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
	s->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return (false);
	s->is_stream = type == SOCK_STREAM;
	if (connect(s->fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return (true);
	close(s->fd);
	s->fd = -1;
	return (false);
}

static enum err
reconnect(struct log_syslog *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (connect_to(s, places[i], SOCK_DGRAM) ||
		    connect_to(s, places[i], SOCK_STREAM))
			return (ERR_OK);
	}
	return (ERR_IO);
}

enum err
log_syslog_open(struct log_syslog *s, unsigned facility)
{
	*s = (struct log_syslog){
		.priority = facility << 3 | SEVERITY_NOTICE,
		.fd = -1,
	};
	return (reconnect(s));
}

void
log_syslog_print(unsigned priority, int64_t seconds, int pid, struct slice line,
    struct buf *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t time = seconds;
	struct tm tm;

	localtime_r(&time, &tm);
	if (line.size > LINE_BYTES_MAX)
		line = slice_head(line, LINE_BYTES_MAX);
	buf_printf(out, "<%u>%.3s %2d %02d:%02d:%02d " TAG "[%d]: ", priority,
	    months + 3 * (size_t)tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, pid);
	buf_put_slice(out, line);
	buf_put_u8(out, '\n');
}

static enum err
bytes_send(const struct log_syslog *s, struct slice bytes)
{
	ssize_t size;

	do
		size = send(s->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
	while (size < 0 && errno == EINTR);
	if (size == (ssize_t)bytes.size)
		return (ERR_OK);
	return (size < 0 && errno == EAGAIN ? ERR_FULL : ERR_IO);
}

enum err
log_syslog_write(struct log_syslog *s, struct slice line)
{
	struct buf bytes = { 0 };
	enum err err = ERR_IO;

	log_syslog_print(
	    s->priority, wall_now().seconds, (int)getpid(), line, &bytes);
	if (s->fd >= 0)
		err = bytes_send(s, buf_slice(&bytes));
	if (err == ERR_IO && reconnect(s) == ERR_OK)
		err = bytes_send(s, buf_slice(&bytes));
	buf_deinit(&bytes);
	return (err);
}
