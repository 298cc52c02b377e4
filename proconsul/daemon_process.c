/* Daemons of this machine; see daemon_process.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon_process.h"

bool
daemon_find(const char *name, enum daemon_id *out)
{
	enum daemon_id id;

	for (id = 0; id < DAEMON_COUNT; id++) {
		if (strcmp(name, daemon_name(id)) != 0)
			continue;
		*out = id;
		return (true);
	}
	return (false);
}

/* The page is written by a daemon that parses strangers' bytes: root must not
 * send signals to just any process that it names. The process has to be of
 * the page's owner, or of any if it was made by root, and to be called so. The
 * kernel lets others signal their own alone; and they may not even see it
 * (ProtectProc= of a unit). */
static bool
is_the_daemon(const struct daemon_process *p, uid_t page_owner)
{
	char path[64], name[32] = "";
	struct stat st;
	FILE *file;

	if (geteuid() != 0)
		return (p->pid > 1);
	snprintf(path, sizeof(path), "/proc/%ld", (long)p->pid);
	if (p->pid <= 1 || stat(path, &st) != 0)
		return (false);
	if (st.st_uid != page_owner && page_owner != 0)
		return (false);
	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)p->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return (false);
	if (fgets(name, sizeof(name), file) == NULL)
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return (strcmp(name, daemon_name(p->id)) == 0);
}

enum err
daemon_process_open(struct daemon_process *p, const char *run_dir,
    enum daemon_id id, struct buf *why)
{
	char path[256];
	uint32_t owner;

	*p = (struct daemon_process){ .id = id, .pidfd = -1 };
	snprintf(path, sizeof(path), "%s/" METRICS_FOLDER "/%s", run_dir,
	    daemon_name(id));
	/* Whose the page is that we read, and not what has its name by now. */
	p->page = metrics_page_map_owned(path, &owner);
	if (p->page == NULL) {
		buf_printf(why, "%s: %s is not there, or may not be read",
		    daemon_name(id), path);
		daemon_process_close(p);
		return (ERR_NOT_FOUND);
	}
	p->pid = metrics_page_reloads(p->page).pid;
	/* First the handle, then the look: the number may be another's soon. */
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd < 0 || !is_the_daemon(p, owner)) {
		buf_printf(why, "%s: does not run", daemon_name(id));
		daemon_process_close(p);
		return (ERR_NOT_FOUND);
	}
	return (ERR_OK);
}

void
daemon_process_close(struct daemon_process *p)
{
	metrics_page_unmap(p->page);
	p->page = NULL;
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->pidfd = -1;
}

enum err
daemon_process_signal(
    const struct daemon_process *p, int signal, struct buf *why)
{
	if (syscall(SYS_pidfd_send_signal, p->pidfd, signal, NULL, 0) == 0)
		return (ERR_OK);
	buf_printf(why, "%s: cannot send it a signal: %s", daemon_name(p->id),
	    strerror(errno));
	return (ERR_REFUSED);
}

bool
daemon_process_wait(const struct daemon_process *p, int ms)
{
	struct pollfd fd = { .fd = p->pidfd, .events = POLLIN };

	return (poll(&fd, 1, ms) > 0);
}
