/* Lines of the log, seen through a tap and on standard output. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/lib/tap.h"

static char tapped[4096];
static enum log_level tapped_level;

static void
on_line(void *arg, enum log_level level, struct slice line)
{
	(void)arg;
	tapped_level = level;
	snprintf(tapped, sizeof(tapped), "%.*s", SLICE_ARGS(line));
}

/* What stands behind the time, which is 24 bytes in UTC. */
static const char *
tapped_rest(void)
{
	return (strlen(tapped) > 25 ? tapped + 25 : tapped);
}

#define CHECK_TEXT(got, expected)                                  \
	do {                                                       \
		if (strcmp(got, expected) != 0) {                  \
			tap_is_ok = false;                         \
			printf("# %s\n# not %s\n", got, expected); \
		}                                                  \
	} while (0)

static void
test_text(void)
{
	log_info("agent", "Synced service", "service=%s", "web");
	CHECK_TEXT(tapped_rest(), "[INFO]  agent: Synced service: service=web");
	CHECK_EQ(tapped_level, LOG_LEVEL_INFO);
	CHECK_EQ(tapped[10], 'T');
	CHECK_EQ(tapped[23], 'Z');
	log_warn("agent.server", "heartbeat timeout", "");
	CHECK_TEXT(tapped_rest(), "[WARN]  agent.server: heartbeat timeout");
	log_debug("a", "b", "x=%d y=%d", 1, 2);
	CHECK_TEXT(tapped_rest(), "[DEBUG] a: b: x=1 y=2");
	log_error("a", "b", "");
	CHECK_TEXT(tapped_rest(), "[ERROR] a: b");
}

static void
test_values_with_blanks(void)
{
	log_info("a", "m", "error=%s n=%d", "no such file", 3);
	CHECK_TEXT(tapped_rest(), "[INFO]  a: m: error=\"no such file\" n=3");
	log_info("a", "m", "s=\"%s\" t=", "x y=z");
	CHECK_TEXT(tapped_rest(), "[INFO]  a: m: s=\"x y=z\" t=");
}

static void
test_no_forged_lines(void)
{
	log_info("a", "m\n2026", "x=%s", "1\n2026 [INFO] root");
	CHECK(strchr(tapped, '\n') == NULL);
}

static void
test_json(void)
{
	static const char start[] = "{\"@level\":\"info\",\"@message\":\"m\","
				    "\"@module\":\"agent\",\"@timestamp\":\"";

	log_set_json(true);
	log_info("agent", "m", "index=%d name=%s", 12, "a \"b\"");
	log_set_json(false);
	CHECK(strncmp(tapped, start, sizeof(start) - 1) == 0);
	CHECK_TEXT(tapped + sizeof(start) - 1 + 27,
	    "\",\"index\":12,\"name\":\"a \\\"b\\\"\"}");
}

static void
test_levels(void)
{
	enum log_level level = LOG_LEVEL_NONE;

	CHECK(log_level_parse(SLICE("err"), &level));
	CHECK_EQ(level, LOG_LEVEL_ERROR);
	CHECK(log_level_parse(SLICE("Trace"), &level));
	CHECK_EQ(level, LOG_LEVEL_TRACE);
	CHECK(!log_level_parse(SLICE("zz"), &level));
	tapped[0] = '\0';
	log_set_tap(LOG_LEVEL_WARN, on_line, NULL);
	log_info("a", "b", "");
	CHECK_TEXT(tapped, "");
	log_set_tap(LOG_LEVEL_TRACE, on_line, NULL);
	log_trace("a", "b", "");
	CHECK_TEXT(tapped_rest(), "[TRACE] a: b");
}

/* Standard output: four blanks in front, a newline behind, by level. */
static void
test_output(void)
{
	char line[256] = "";
	int ends[2], kept = dup(STDOUT_FILENO);
	ssize_t size;

	fflush(stdout);
	CHECK_EQ(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	log_set_level(LOG_LEVEL_WARN);
	log_info("a", "unheard", "");
	log_warn("a", "heard", "");
	log_set_level(LOG_LEVEL_NONE);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(ends[1]);
	size = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	CHECK_EQ(size, 4 + 24 + (ssize_t)strlen(" [WARN]  a: heard\n"));
	CHECK(strncmp(line, "    20", 6) == 0);
	CHECK_TEXT(line + 28, " [WARN]  a: heard\n");
}

int
main(void)
{
	setenv("TZ", "UTC", 1);
	log_set_level(LOG_LEVEL_NONE);
	log_set_tap(LOG_LEVEL_TRACE, on_line, NULL);
	RUN(test_text);
	RUN(test_values_with_blanks);
	RUN(test_no_forged_lines);
	RUN(test_json);
	RUN(test_levels);
	RUN(test_output);
	return (tap_done());
}
