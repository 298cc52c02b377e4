/*
 * Resource limits: what of the kernel a program may use up.
 *
 * A column a program, as in privsep_calls.h. A limit is a most: where we were
 * started with less, that stays. Those that forbid threads are set when all
 * threads are there.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "privsep_parts.h"

#define AS_IS UINT64_MAX

/* clang-format off */
static const struct limit {
	const char *name; /* as prlimit(1) has it */
	int resource;
	bool is_late; /* set when no more threads are to come */
	bool spares_log; /* not set where the log is a file */
	uint64_t most[PRIVSEP_PROGRAM_COUNT];
} limits[] = {
	/*                                            gossipd raftd catalogd healthd httpd dnsd  prober */
	{ "core",     RLIMIT_CORE,     false, false, { 0,     0,     0,      0,      0,    0,    0 } },
	/* Files: httpd's own limits are for its connections. */
	{ "fsize",    RLIMIT_FSIZE,    false, true,  { AS_IS, AS_IS, 0,      AS_IS,  0,    0,    0 } },
	{ "memlock",  RLIMIT_MEMLOCK,  false, false, { 0,     0,     0,      0,      0,    0,    0 } },
	{ "msgqueue", RLIMIT_MSGQUEUE, false, false, { 0,     0,     0,      0,      0,    0,    0 } },
	/* As many as connections are let in (limits.h), and some files. */
	{ "nofile",   RLIMIT_NOFILE,   false, false, { 4096,  16384, 256,    256,    AS_IS, 2048, 8192 } },
	/* The others start threads, for names, and for the log. */
	{ "nproc",    RLIMIT_NPROC,    true,  false, { AS_IS, AS_IS, 0,      0,      0,    0,    AS_IS } },
};
/* clang-format on */

#define LIMIT_COUNT (sizeof(limits) / sizeof(limits[0]))

static bool
is_file(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

/* What will be, from what is. */
static bool
limit_find(const struct limit *limit, size_t program, struct rlimit *out)
{
	rlim_t most = limit->most[program];

	if (most == AS_IS ||
	    (limit->spares_log &&
		(is_file(STDOUT_FILENO) || is_file(STDERR_FILENO))) ||
	    getrlimit((__rlimit_resource_t)limit->resource, out) != 0)
		return (false);
	if (out->rlim_max > most)
		out->rlim_max = most;
	out->rlim_cur = out->rlim_max;
	return (true);
}

void
privsep_limits_set(size_t program, bool is_late)
{
	struct rlimit value;

	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		if (limits[i].is_late == is_late &&
		    limit_find(&limits[i], program, &value) &&
		    setrlimit(
			(__rlimit_resource_t)limits[i].resource, &value) != 0)
			fatal("cannot limit %s: %s", limits[i].name,
			    strerror(errno));
	}
}

void
privsep_limits_put(size_t program, struct buf *record)
{
	struct rlimit value;

	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		if (limit_find(&limits[i], program, &value))
			buf_printf(record, "rlimit %s %llu %llu\n",
			    limits[i].name, (unsigned long long)value.rlim_cur,
			    (unsigned long long)value.rlim_max);
	}
}

void
privsep_limits_declare(size_t program, struct buf *record)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		unsigned long long most = limits[i].most[program];

		if (most != AS_IS)
			buf_printf(record, "rlimit %s %llu %llu\n",
			    limits[i].name, most, most);
	}
}
