/* The launcher's places; see agent_place.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent_place.h"
#include "place_parts.h"
#include "xmalloc.h"

#define RUN_PREFIX	 "proconsul-"
#define RUN_PREFIX_EARLY "proconsul."

/* Where directories for one run are made. */
static const char *
run_parent(void)
{
	const char *path = getenv("PROCONSUL_RUN_DIR");

	if (path != NULL && *path == '/')
		return (path);
	if (geteuid() == 0)
		return (access("/run", W_OK) == 0 ? "/run" : "/tmp");
	path = getenv("XDG_RUNTIME_DIR");
	if (path != NULL && *path == '/' && access(path, W_OK) == 0)
		return (path);
	return ("/tmp");
}

static enum err
notify_make(struct place *p, struct buf *why)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int on = 1;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", p->run_dir);
	p->notify =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->notify < 0 ||
	    setsockopt(p->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) !=
		0 ||
	    bind(p->notify, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    chmod(at.sun_path, 0600) != 0)
		return (place_error(why, "socket", at.sun_path));
	return (ERR_OK);
}

static void
run_dir_remove(const char *run_dir)
{
	place_run_empty(run_dir);
	rmdir(run_dir);
}

/* Those of launchers that were killed: nobody holds their lock. */
static void
dead_runs_remove(const char *parent)
{
	char path[PLACE_PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *folder = opendir(parent);
	int fd;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) != 0)
			continue;
		place_path(path, parent, entry->d_name);
		fd =
		    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		    flock(fd, LOCK_EX | LOCK_NB) == 0)
			run_dir_remove(path);
		close(fd);
	}
	if (folder != NULL)
		closedir(folder);
}

/* Made, locked, and only then given the name by which others find it. */
static enum err
run_dir_make(struct place *p, const char *parent, struct buf *why)
{
	char early[sizeof(p->run_dir)];
	int size;

	size = snprintf(
	    early, sizeof(early), "%s/" RUN_PREFIX_EARLY "XXXXXX", parent);
	if (size < 0 || (size_t)size >= sizeof(early)) {
		buf_printf(
		    why, "run directory in %s: its name is too long", parent);
		return (ERR_TOO_BIG);
	}
	if (mkdtemp(early) == NULL)
		return (place_error(why, "mkdir", early));
	p->run_lock = open(early, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(p->run_dir, sizeof(p->run_dir), "%s/" RUN_PREFIX "%s", parent,
	    early + strlen(early) - 6);
	if (p->run_lock < 0 || flock(p->run_lock, LOCK_EX | LOCK_NB) != 0 ||
	    rename(early, p->run_dir) != 0) {
		p->run_dir[0] = '\0';
		rmdir(early);
		return (place_error(why, "lock", early));
	}
	/* As root all daemons have to pass through it; they can't list it. */
	if (geteuid() == 0 && chmod(p->run_dir, 0711) != 0)
		return (place_error(why, "chmod", p->run_dir));
	return (ERR_OK);
}

static enum err
run_make(struct place *p, struct buf *why)
{
	const char *parent = run_parent();
	enum err err;

	dead_runs_remove(parent);
	err = run_dir_make(p, parent, why);
	if (err == ERR_OK)
		err = place_run_fill(p->run_dir, NULL, why);
	if (err == ERR_OK)
		err = notify_make(p, why);
	return (err);
}

/* --- All of it. --- */

static enum err
pid_file_make(struct place *p, const struct config *config, struct buf *why)
{
	char text[32];
	enum err err;

	if (config->keys.pid_file.size == 0)
		return (ERR_OK);
	p->pid_file = xmalloc(config->keys.pid_file.size + 1);
	snprintf(p->pid_file, config->keys.pid_file.size + 1, "%.*s",
	    SLICE_ARGS(config->keys.pid_file));
	snprintf(text, sizeof(text), "%ld", (long)getpid());
	err = place_file_put(p->pid_file, text, why);
	if (err != ERR_OK) {
		free(p->pid_file);
		p->pid_file = NULL;
	}
	return (err);
}

enum err
place_make(
    struct place *p, const struct config *config, FILE *told, struct buf *why)
{
	enum err err;

	*p = (struct place){ .notify = -1, .run_lock = -1 };
	err = place_data_make(config, p->node_id, told, why);
	if (err == ERR_OK)
		err = run_make(p, why);
	if (err == ERR_OK)
		err = pid_file_make(p, config, why);
	if (err != ERR_OK)
		place_remove(p);
	return (err);
}

void
place_remove(struct place *p)
{
	if (p->notify >= 0)
		close(p->notify);
	p->notify = -1;
	if (p->run_dir[0] != '\0')
		run_dir_remove(p->run_dir);
	p->run_dir[0] = '\0';
	if (p->run_lock >= 0)
		close(p->run_lock);
	p->run_lock = -1;
	if (p->pid_file != NULL)
		unlink(p->pid_file);
	free(p->pid_file);
	p->pid_file = NULL;
}
