/* Readiness, told as sd_notify tells it; see notify.h. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

int
notify_open(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t size;
	int fd;

	if (path == NULL || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof(to.sun_path))
		return (-1);
	size = strlen(path);
	memcpy(to.sun_path, path, size);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return (-1);
	if (connect(fd, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) !=
	    0) {
		close(fd);
		return (-1);
	}
	return (fd);
}

/* A number and nothing else; 0 if it is none. */
static unsigned long long
number_of(const char *text)
{
	unsigned long long number;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return (0);
	errno = 0;
	number = strtoull(text, &end, 10);
	return (errno != 0 || *end != '\0' ? 0 : number);
}

double
notify_watchdog_s(void)
{
	const char *pid = getenv("WATCHDOG_PID");

	if (pid != NULL && number_of(pid) != (unsigned long long)getpid())
		return (0);
	return ((double)number_of(getenv("WATCHDOG_USEC")) / 2e6);
}

void
notify_send(int fd, const char *text)
{
	ssize_t ignored;

	if (fd < 0)
		return;
	/* If it is lost, so is whoever waits for it. It must not wait: a
	 * launcher that is stopped would stop its daemons, too. */
	ignored = write(fd, text, strlen(text));
	(void)ignored;
}
