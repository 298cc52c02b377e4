/* Data and run directories; see agent_place.h. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent_place.h"
#include "host_id.h"
#include "metrics_read.h"
#include "powers_record.h"
#include "privsep.h"
#include "wiring.h"
#include "xmalloc.h"

#define RUN_PREFIX	 "proconsul-"
#define RUN_PREFIX_EARLY "proconsul."
#define TREE_DEPTH_MAX	 4 /* raft/snapshots/NAME/file */

static enum err
io_error(struct buf *why, const char *doing, const char *path)
{
	const char *text = strerror(errno);

	/* As Go prints it, in lower case. */
	buf_printf(why, "%s %s: %c%s", doing, path,
	    tolower((unsigned char)text[0]), text + 1);
	return (ERR_IO);
}

/* Both parts and a slash between them; too long is an error of ours. */
static const char *
path_join(char out[PLACE_PATH_MAX], const char *folder, const char *name)
{
	int size = snprintf(out, PLACE_PATH_MAX, "%s/%s", folder, name);

	if (size < 0 || size >= PLACE_PATH_MAX)
		out[0] = '\0'; /* then the call on it fails with ENOENT */
	return (out);
}

/* --- The data directory. --- */

/* The folder and all above it that are missing. */
static enum err
folders_make(const char *path, mode_t mode, struct buf *why)
{
	char *copy = xstrdup(path), *slash;
	enum err err = ERR_OK;

	for (slash = strchr(copy + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			break;
		*slash = '/';
	}
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		err = io_error(why, "failed to setup node ID: mkdir", path);
	free(copy);
	return (err);
}

/* Hand over a folder and what is in it: it may come from a run as root, or
 * from Consul. Links are handed over, not followed. */
static enum err
tree_own(int parent, const char *name, uid_t uid, gid_t gid, int depth)
{
	struct dirent *entry;
	struct stat st;
	enum err err = ERR_OK;
	DIR *folder;
	int fd;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return (ERR_IO);
	if ((st.st_uid != uid || st.st_gid != gid) &&
	    fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
		return (ERR_IO);
	if (!S_ISDIR(st.st_mode) || depth == 0)
		return (ERR_OK);
	fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (folder = fdopendir(fd)) == NULL) {
		if (fd >= 0)
			close(fd);
		return (ERR_IO);
	}
	while (err == ERR_OK && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			err = tree_own(fd, entry->d_name, uid, gid, depth - 1);
	}
	closedir(folder);
	return (err);
}

static enum err
part_make(
    const char *data_dir, const char *name, enum daemon_id id, struct buf *why)
{
	char path[PLACE_PATH_MAX];

	path_join(path, data_dir, name);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return (io_error(why, "mkdir", path));
	if (geteuid() == 0 && tree_own(AT_FDCWD, path, privsep_uid(id),
				  privsep_gid(id), TREE_DEPTH_MAX) != ERR_OK)
		return (io_error(why, "chown", path));
	if (chmod(path, 0700) != 0)
		return (io_error(why, "chmod", path));
	return (ERR_OK);
}

static bool
may_pass(const struct stat *st, uid_t uid, gid_t gid)
{
	if (st->st_uid == uid)
		return ((st->st_mode & S_IXUSR) != 0);
	if (st->st_gid == gid)
		return ((st->st_mode & S_IXGRP) != 0);
	return ((st->st_mode & S_IXOTH) != 0);
}

/* As root each daemon becomes another user, who must reach its part: told
 * here, where it can still be said which folder is closed. */
static enum err
way_check(const char *data_dir, enum daemon_id id, struct buf *why)
{
	char *path = realpath(data_dir, NULL), *slash;
	struct stat st;
	enum err err = ERR_OK;

	if (path == NULL)
		return (io_error(why, "realpath", data_dir));
	do {
		if (stat(*path == '\0' ? "/" : path, &st) == 0 &&
		    !may_pass(&st, privsep_uid(id), privsep_gid(id))) {
			buf_printf(why,
			    "%s is closed to %s, which has to pass it as "
			    "user %s (%u): its mode is %04o",
			    path, daemon_name(id), daemon_user(id),
			    (unsigned)privsep_uid(id), st.st_mode & 07777);
			err = ERR_REFUSED;
		}
		slash = strrchr(path, '/');
		if (slash != NULL)
			*slash = '\0';
	} while (err == ERR_OK && slash != NULL);
	free(path);
	return (err);
}

static enum err
parts_make(const char *data_dir, struct buf *why)
{
	char names[128], *name, *rest;
	enum err err = ERR_OK;
	enum daemon_id id;

	for (id = 0; id < DAEMON_COUNT; id++) {
		snprintf(names, sizeof(names), "%s", daemon_rows[id].writes);
		for (name = strtok_r(names, " ", &rest);
		     err == ERR_OK && name != NULL;
		     name = strtok_r(NULL, " ", &rest))
			err = part_make(data_dir, name, id, why);
		if (err == ERR_OK && geteuid() == 0 &&
		    daemon_rows[id].writes[0] != '\0')
			err = way_check(data_dir, id, why);
	}
	return (err);
}

/* A random UUID of version 4. Source: RFC 4122 4.4. */
static void
uuid_make(char out[64])
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		fatal("no random bytes: %s", strerror(errno));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, 64,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

/* Write a small file as a whole: beside it first, then in its place. */
static enum err
file_put(const char *path, const char *text, struct buf *why)
{
	char beside[PLACE_PATH_MAX];
	size_t size = strlen(text);
	int fd;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >=
	    (int)sizeof(beside)) {
		errno = ENAMETOOLONG;
		return (io_error(why, "open", path));
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return (io_error(why, "open", beside));
	if (fchmod(fd, 0644) != 0 || write(fd, text, size) != (ssize_t)size ||
	    fsync(fd) != 0 || close(fd) != 0 || rename(beside, path) != 0) {
		unlink(beside);
		return (io_error(why, "write", path));
	}
	return (ERR_OK);
}

/* config_load has read the file if there is one; else this is the first
 * start. -dev has a new node each time. */
static enum err
node_id_make(struct place *p, const struct config *config, struct buf *why)
{
	char path[PLACE_PATH_MAX];

	if (*config->node_id != '\0')
		snprintf(p->node_id, sizeof(p->node_id), "%s", config->node_id);
	else if (config->keys.disable_host_node_id ||
		 !host_id_make("", p->node_id))
		uuid_make(p->node_id);
	if (config->is_dev)
		return (ERR_OK);
	path_join(path, config->data_dir, "node-id");
	return (file_put(path, p->node_id, why));
}

static enum err
data_make(struct place *p, const struct config *config, struct buf *why)
{
	enum err err = ERR_OK;

	if (!config->is_dev) {
		err = folders_make(config->data_dir, 0755, why);
		if (err == ERR_OK)
			err = parts_make(config->data_dir, why);
	}
	if (err == ERR_OK)
		err = node_id_make(p, config, why);
	return (err);
}

/* --- The run directory. --- */

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
run_folder_make(struct place *p, const char *name, uid_t uid, gid_t gid,
    mode_t mode, struct buf *why)
{
	char path[PLACE_PATH_MAX];

	path_join(path, p->run_dir, name);
	if (mkdir(path, 0700) != 0)
		return (io_error(why, "mkdir", path));
	if (geteuid() == 0 && chown(path, uid, gid) != 0)
		return (io_error(why, "chown", path));
	if (chmod(path, mode) != 0) /* after chown, which clears setgid */
		return (io_error(why, "chmod", path));
	return (ERR_OK);
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
		return (io_error(why, "socket", at.sun_path));
	return (ERR_OK);
}

static void
folder_empty(const char *path)
{
	char inside[PLACE_PATH_MAX];
	struct dirent *entry;
	DIR *folder = opendir(path);

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		unlink(path_join(inside, path, entry->d_name));
	}
	closedir(folder);
}

static void
run_dir_remove(const char *run_dir)
{
	char path[PLACE_PATH_MAX];
	const char *const names[] = {
#define X(peer) #peer,
		EDGES(X)
#undef X
		    "genpage",
		METRICS_FOLDER,
		POWERS_FOLDER,
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		folder_empty(path_join(path, run_dir, names[i]));
		rmdir(path);
	}
	folder_empty(run_dir);
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
		path_join(path, parent, entry->d_name);
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
		return (io_error(why, "mkdir", early));
	p->run_lock = open(early, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(p->run_dir, sizeof(p->run_dir), "%s/" RUN_PREFIX "%s", parent,
	    early + strlen(early) - 6);
	if (p->run_lock < 0 || flock(p->run_lock, LOCK_EX | LOCK_NB) != 0 ||
	    rename(early, p->run_dir) != 0) {
		p->run_dir[0] = '\0';
		rmdir(early);
		return (io_error(why, "lock", early));
	}
	/* As root all daemons have to pass through it; they can't list it. */
	if (geteuid() == 0 && chmod(p->run_dir, 0711) != 0)
		return (io_error(why, "chmod", p->run_dir));
	return (ERR_OK);
}

static enum err
run_make(struct place *p, struct buf *why)
{
	const char *parent = run_parent();
	uid_t catalogd = privsep_uid(DAEMON_catalogd);
	enum err err;

	dead_runs_remove(parent);
	err = run_dir_make(p, parent, why);
#define X(peer)                                           \
	if (err == ERR_OK)                                \
		err = run_folder_make(p, #peer, catalogd, \
		    privsep_gid(DAEMON_##peer), 02710, why);
	EDGES(X)
#undef X
	if (err == ERR_OK)
		err = run_folder_make(
		    p, "genpage", catalogd, privsep_page_gid(), 02750, why);
	/* Each daemon makes its file there before it gives up anything; the
	 * sticky bit keeps those that started as their own users from each
	 * other's. */
	if (err == ERR_OK)
		err = run_folder_make(
		    p, METRICS_FOLDER, 0, privsep_page_gid(), 03770, why);
	if (err == ERR_OK)
		err = run_folder_make(
		    p, POWERS_FOLDER, 0, privsep_page_gid(), 03770, why);
	if (err == ERR_OK)
		err = notify_make(p, why);
	return (err);
}

/* --- Both. --- */

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
	err = file_put(p->pid_file, text, why);
	if (err != ERR_OK) {
		free(p->pid_file);
		p->pid_file = NULL;
	}
	return (err);
}

enum err
place_make(struct place *p, const struct config *config, struct buf *why)
{
	enum err err;

	*p = (struct place){ .notify = -1, .run_lock = -1 };
	err = data_make(p, config, why);
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
