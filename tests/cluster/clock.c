/*
 * A wall clock that a test can set: preloaded into an agent, it adds to the
 * real time the seconds that stand (as an int64_t) in the file named by
 * TEST_CLOCK. The monotonic clock is left alone, as it is when an operator or
 * NTP steps the clock. The file is mapped before a daemon closes itself off.
 */
#include <sys/mman.h>
#include <sys/time.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void
clock_map(void)
{
	const char *path = getenv("TEST_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *page;

	*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	if (fd == -1)
		return;
	page = mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED)
		offset = page;
}

int
clock_gettime(clockid_t id, struct timespec *now)
{
	int failed = real_clock(id, now);

	if (failed == 0 && offset != NULL &&
	    (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		now->tv_sec += *offset;
	return (failed);
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec exact;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
		return (-1);
	now->tv_sec = exact.tv_sec;
	now->tv_usec = exact.tv_nsec / 1000;
	return (0);
}

time_t
time(time_t *out)
{
	struct timespec exact;

	if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
		return (-1);
	if (out != NULL)
		*out = exact.tv_sec;
	return (exact.tv_sec);
}
