/* Places of a daemon, and what mends them; see places.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mntent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_flags.h"
#include "log.h"
#include "metrics_read.h"
#include "own.h"
#include "places.h"
#include "powers_record.h"
#include "privsep.h"

#define TREE_DEPTH_MAX 4 /* raft/snapshots/NAME/file */
#define PATH_BYTES_MAX 4096
#define KEYRING_SUFFIX ".keyring"

/* Whose they are to be. */
struct owner {
	uid_t uid;
	gid_t gid;
};

/* --- Words. --- */

/* The files themselves, as privsep does it: no name service in daemons. */
static void
user_put(struct buf *out, uid_t uid)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *user = NULL;

	while (file != NULL && (user = fgetpwent(file)) != NULL &&
	       user->pw_uid != uid)
		continue;
	if (user != NULL)
		buf_put_text(out, user->pw_name);
	else
		buf_printf(out, "%u", (unsigned)uid);
	if (file != NULL)
		fclose(file);
}

static void
group_put(struct buf *out, gid_t gid)
{
	FILE *file = fopen("/etc/group", "re");
	const struct group *group = NULL;

	while (file != NULL && (group = fgetgrent(file)) != NULL &&
	       group->gr_gid != gid)
		continue;
	if (group != NULL)
		buf_put_text(out, group->gr_name);
	else
		buf_printf(out, "%u", (unsigned)gid);
	if (file != NULL)
		fclose(file);
}

/* As a shell reads it. */
static void
word_put(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-=:,@%+";

	if (*word != '\0' && strspn(word, plain) == strlen(word)) {
		buf_put_text(out, word);
		return;
	}
	buf_put_u8(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_put_text(out, "'\\''");
		else
			buf_put_u8(out, (uint8_t)*word);
	}
	buf_put_u8(out, '\'');
}

/* PATH WHAT: run `COMMAND PATH` */
static enum err
refuse(struct buf *why, const char *path, const char *what, const char *command,
    const char *on)
{
	buf_printf(why, "%s %s: run `%s ", path, what, command);
	word_put(why, on);
	buf_put_text(why, "`");
	return (ERR_REFUSED);
}

static enum err
refuse_mode(struct buf *why, const char *path, const char *what, mode_t mode,
    const char *command)
{
	char text[128];

	snprintf(
	    text, sizeof(text), "%s (mode %04o)", what, (unsigned)mode & 07777);
	return (refuse(why, path, text, command, path));
}

static enum err
refuse_owner(struct buf *why, const char *path, uid_t is, struct owner to_be,
    const char *tree)
{
	buf_printf(why, "%s is owned by ", path);
	user_put(why, is);
	buf_put_text(why, ", not by ");
	user_put(why, to_be.uid);
	buf_put_text(why, ": run `chown -R ");
	user_put(why, to_be.uid);
	buf_put_u8(why, ':');
	group_put(why, to_be.gid);
	buf_put_u8(why, ' ');
	word_put(why, tree);
	buf_put_u8(why, '`');
	return (ERR_REFUSED);
}

/* What `setup` makes, and makes right again. */
static enum err
refuse_setup(
    const struct places *p, struct buf *why, const char *path, const char *what)
{
	buf_printf(why, "%s %s: run `proconsul setup -run-dir ", path, what);
	word_put(why, p->run_dir);
	for (int i = 0; i < p->argc; i++) {
		buf_put_u8(why, ' ');
		word_put(why, p->argv[i]);
	}
	buf_put_u8(why, '`');
	return (ERR_REFUSED);
}

/* --- The data directory. --- */

/* Where what `path` lies on is mounted: the longest name that leads there, and
 * of those the last. */
static void
mount_point(const char *path, char out[PATH_BYTES_MAX])
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char line[PATH_BYTES_MAX * 2], real[PATH_BYTES_MAX];
	struct mntent mount;
	size_t longest = 0;

	snprintf(out, PATH_BYTES_MAX, "/");
	if (mounts == NULL || realpath(path, real) == NULL)
		real[0] = '\0';
	while (mounts != NULL &&
	       getmntent_r(mounts, &mount, line, sizeof(line)) != NULL) {
		size_t size = strlen(mount.mnt_dir);

		if (size < longest || size >= PATH_BYTES_MAX ||
		    strncmp(real, mount.mnt_dir, size) != 0 ||
		    (real[size] != '/' && real[size] != '\0'))
			continue;
		longest = size;
		memcpy(out, mount.mnt_dir, size + 1);
	}
	if (mounts != NULL)
		endmntent(mounts);
}

static bool
is_keyring(const char *path)
{
	size_t size = strlen(path), suffix = strlen(KEYRING_SUFFIX);

	return (
	    size > suffix && strcmp(path + size - suffix, KEYRING_SUFFIX) == 0);
}

/* Files that are written where they are. All others are only read, and new
 * ones take their places: somebody else's copy in the folder does no harm. */
static bool
is_written(const char *path)
{
	static const char *const names[] = { "raft.db", "raft.db-wal",
		"raft.db-shm", "local.snapshot", "remote.snapshot" };
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return (true);
	return (is_keyring(path));
}

/* Of owner, group and others the first that fits decides; who can't become
 * somebody else just asks. */
static bool
may(const char *path, const struct stat *st, struct owner who, mode_t others)
{
	if (!privsep_may_change_users())
		return (access(path, (int)others) == 0);
	if (st->st_uid == who.uid)
		return ((st->st_mode & others << 6) != 0);
	if (st->st_gid == who.gid || st->st_gid == privsep_page_gid())
		return ((st->st_mode & others << 3) != 0);
	return ((st->st_mode & others) != 0);
}

/* One file or folder inside of `tree`. */
static enum err
entry_check(const char *path, const struct stat *st, struct owner owner,
    const char *tree, struct buf *why)
{
	mode_t wanted = S_ISDIR(st->st_mode) ? 0700 : 0600;

	if (S_ISLNK(st->st_mode))
		return (ERR_OK);
	if (st->st_uid != owner.uid &&
	    (S_ISDIR(st->st_mode) || is_written(path) ||
		!may(path, st, owner, R_OK)))
		return (refuse_owner(why, path, st->st_uid, owner, tree));
	if (st->st_uid != owner.uid)
		return (ERR_OK);
	if ((st->st_mode & wanted) != wanted)
		return (refuse_mode(why, path, "is closed to its own user",
		    st->st_mode,
		    S_ISDIR(st->st_mode) ? "chmod u+rwx" : "chmod u+rw"));
	if (is_keyring(path) && (st->st_mode & 077) != 0)
		return (
		    refuse_mode(why, path, "holds keys that others may read",
			st->st_mode, "chmod 0600"));
	return (ERR_OK);
}

static enum err
tree_check(const char *path, struct owner owner, const char *tree, int depth,
    struct buf *why)
{
	char inside[PATH_BYTES_MAX];
	enum err err = ERR_OK;
	struct dirent *entry;
	struct stat st;
	DIR *folder = opendir(path);

	/* Its mode was looked at: only a race can have closed it. */
	while (folder != NULL && err == ERR_OK &&
	       (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    snprintf(inside, sizeof(inside), "%s/%s", path,
			entry->d_name) >= (int)sizeof(inside) ||
		    lstat(inside, &st) != 0)
			continue;
		err = entry_check(inside, &st, owner, tree, why);
		if (err == ERR_OK && S_ISDIR(st.st_mode) && depth > 0)
			err = tree_check(inside, owner, tree, depth - 1, why);
	}
	if (folder != NULL)
		closedir(folder);
	return (err);
}

enum err
places_check_part(const char *path, uid_t uid, gid_t gid, struct buf *why)
{
	struct owner owner = { uid, gid };
	char mount[PATH_BYTES_MAX];
	struct stat st;
	enum err err;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		buf_printf(why, "%s is no folder that can be looked into: %s",
		    path, strerror(errno));
		return (ERR_REFUSED);
	}
	err = entry_check(path, &st, owner, path, why);
	if (err != ERR_OK)
		return (err);
	if ((st.st_mode & 077) != 0)
		return (refuse_mode(
		    why, path, "is open to others", st.st_mode, "chmod 0700"));
	if (access(path, W_OK) != 0 && errno == EROFS) {
		mount_point(path, mount);
		return (refuse(why, path,
		    "is on a file system that is mounted read-only",
		    "mount -o remount,rw", mount));
	}
	return (tree_check(path, owner, path, TREE_DEPTH_MAX, why));
}

enum err
places_check_way(const char *to, enum daemon_id id, struct buf *why)
{
	struct owner who = { privsep_uid(id), privsep_gid(id) };
	char *path = realpath(to, NULL), *slash;
	enum err err = ERR_OK;
	char what[96];
	struct stat st;

	snprintf(what, sizeof(what), "is closed to %s, which has to pass it",
	    daemon_name(id));
	for (slash = path; err == ERR_OK && slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		if (slash != path)
			*slash = '\0';
		if (stat(slash == path ? "/" : path, &st) == 0 &&
		    !may(slash == path ? "/" : path, &st, who, X_OK))
			err = refuse_mode(why, slash == path ? "/" : path, what,
			    st.st_mode, "chmod o+x");
		if (slash != path)
			*slash = '/';
	}
	if (err == ERR_OK && path != NULL && stat(path, &st) == 0 &&
	    !may(path, &st, who, X_OK))
		err = refuse_mode(why, path, what, st.st_mode, "chmod o+x");
	free(path);
	return (err);
}

void
places_put_closed(const char *path, struct buf *why)
{
	char folder[PATH_BYTES_MAX], what[64];
	struct buf user = { 0 };
	struct stat st;
	char *slash;

	if (*path != '/' ||
	    snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return;
	for (slash = strchr(folder + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (access(folder, X_OK) != 0)
			break;
		*slash = '/';
	}
	if (slash == NULL || stat(folder, &st) != 0)
		return;
	user_put(&user, geteuid());
	snprintf(what, sizeof(what), "is closed to %s", buf_text(&user));
	buf_deinit(&user);
	buf_put_text(why, "; ");
	(void)refuse_mode(why, folder, what, st.st_mode, "chmod o+x");
}

static enum err
data_check(const struct places *p, const struct config *config,
    struct owner own, struct buf *why)
{
	char names[128], path[PATH_BYTES_MAX], *name, *rest;
	enum err err;

	if (config->is_dev || daemon_rows[p->id].writes[0] == '\0')
		return (ERR_OK);
	if (access(config->data_dir, F_OK) != 0 && errno == ENOENT)
		return (refuse_setup(p, why, config->data_dir, "is missing"));
	err = places_check_way(config->data_dir, p->id, why);
	snprintf(names, sizeof(names), "%s", daemon_rows[p->id].writes);
	for (name = strtok_r(names, " ", &rest); err == ERR_OK && name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		snprintf(path, sizeof(path), "%s/%s", config->data_dir, name);
		if (access(path, F_OK) != 0 && errno == ENOENT)
			return (refuse_setup(p, why, path, "is missing"));
		err = places_check_part(path, own.uid, own.gid, why);
	}
	return (err);
}

/* Only what root made here, just now. */
static void
file_hand_over(int folder, const char *path, const char *name, struct owner own)
{
	struct stat st;
	int fd = own_open(folder, name, &st);

	if (fd < 0)
		return;
	if (S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid() &&
	    own_give(fd, &st, own.uid, own.gid) != ERR_OK)
		fatal(
		    "cannot hand over %s/%s: %s", path, name, strerror(errno));
	close(fd);
}

static void
files_hand_over(const char *path, struct owner own)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		file_hand_over(dirfd(folder), path, entry->d_name, own);
	if (folder != NULL)
		closedir(folder);
}

void
places_hand_over(const struct places *p, const struct config *config)
{
	struct owner own = { privsep_uid(p->id), privsep_gid(p->id) };
	char names[128], path[PATH_BYTES_MAX], *name, *rest;

	if (config->is_dev || own.uid == geteuid())
		return;
	snprintf(names, sizeof(names), "%s", daemon_rows[p->id].writes);
	for (name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		snprintf(path, sizeof(path), "%s/%s", config->data_dir, name);
		files_hand_over(path, own);
	}
}

/* --- The run directory. --- */

/* Of one folder: a uid of -1 is anybody's. */
static enum err
folder_check(const struct places *p, const char *name, struct owner owner,
    mode_t mode, struct buf *why)
{
	char path[PATH_BYTES_MAX], what[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", p->run_dir, name);
	if (stat(path, &st) != 0)
		return (refuse_setup(p, why, path,
		    errno == ENOENT ? "is missing" : "can't be reached"));
	if ((owner.uid == (uid_t)-1 || st.st_uid == owner.uid) &&
	    (owner.gid == (gid_t)-1 || st.st_gid == owner.gid) &&
	    (st.st_mode & 07777) == mode)
		return (ERR_OK);
	snprintf(what, sizeof(what),
	    "belongs to %u:%u with mode %04o, which is not as it was made",
	    (unsigned)st.st_uid, (unsigned)st.st_gid,
	    (unsigned)st.st_mode & 07777);
	return (refuse_setup(p, why, path, what));
}

bool
places_file_name(enum daemon_id id, size_t i, char out[PLACES_NAME_MAX])
{
	size_t count = daemon_rows[id].runs == RUNS_HELPERS ? HELPER_COUNT : 0;
	const char *name;

	if (i / 2 > count)
		return (false);
	name = i / 2 == 0 ? daemon_name(id) : helper_rows[i / 2 - 1].name;
	snprintf(out, PLACES_NAME_MAX, "%s%s", name, i % 2 == 0 ? "" : ".new");
	return (true);
}

/* In a sticky folder none but root, its owner and a file's own user may put
 * another in that file's place. */
static enum err
left_check(const char *folder, const struct places *p, struct buf *why)
{
	char path[PATH_BYTES_MAX], name[PLACES_NAME_MAX];
	struct stat st;

	if (stat(folder, &st) != 0 || (st.st_mode & S_ISVTX) == 0 ||
	    st.st_uid == geteuid() || geteuid() == 0)
		return (ERR_OK);
	for (size_t i = 0; places_file_name(p->id, i, name); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
			(int)sizeof(path) ||
		    lstat(path, &st) != 0 || st.st_uid == geteuid())
			continue;
		return (refuse(
		    why, path, "was left by another user", "rm -f", path));
	}
	return (ERR_OK);
}

/* A folder where each daemon makes files anew at its start. */
static enum err
files_check(const struct places *p, const char *folder, struct buf *why)
{
	char path[PATH_BYTES_MAX];

	snprintf(path, sizeof(path), "%s/%s", p->run_dir, folder);
	if (access(path, F_OK) != 0)
		return (refuse_setup(p, why, path, "is missing"));
	if (access(path, W_OK) != 0 && errno != EROFS)
		return (refuse_setup(p, why, path,
		    "is closed to this user, who has to be in its group"));
	return (left_check(path, p, why));
}

/* What is there of an earlier run is catalogd's to take away. */
static enum err
socket_check(
    const struct places *p, const char *name, struct owner own, struct buf *why)
{
	char path[PATH_BYTES_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/s", p->run_dir, name);
	if (lstat(path, &st) != 0 || st.st_uid == own.uid)
		return (ERR_OK);
	return (refuse(why, path, "was left by another user", "rm -f", path));
}

static enum err
edges_check(const struct places *p, struct owner own, struct buf *why)
{
	struct owner any = { own.uid, (gid_t)-1 };
	struct owner group = { (uid_t)-1, own.gid };
	enum err err = ERR_OK;

	if (p->id != DAEMON_catalogd)
		return (folder_check(p, daemon_name(p->id), group, 02710, why));
#define X(peer)                                                \
	if (err == ERR_OK)                                     \
		err = folder_check(p, #peer, any, 02710, why); \
	if (err == ERR_OK)                                     \
		err = socket_check(p, #peer, own, why);
	EDGES(X)
#undef X
	return (err);
}

static enum err
run_check(const struct places *p, struct owner own, struct buf *why)
{
	struct owner page = { (uid_t)-1, privsep_page_gid() };
	enum err err;

	if (access(p->run_dir, F_OK) != 0 && errno == ENOENT)
		return (refuse_setup(p, why, p->run_dir, "is missing"));
	err = places_check_way(p->run_dir, p->id, why);
	if (err == ERR_OK)
		err = edges_check(p, own, why);
	if (p->id == DAEMON_catalogd)
		page.uid = own.uid;
	if (err == ERR_OK && (p->id == DAEMON_catalogd ||
				 (daemon_rows[p->id].reads & READ_PAGE) != 0))
		err = folder_check(p, "genpage", page, 02750, why);
	if (err == ERR_OK)
		err = files_check(p, METRICS_FOLDER, why);
	if (err == ERR_OK)
		err = files_check(p, POWERS_FOLDER, why);
	return (err);
}

enum err
places_check(
    const struct places *p, const struct config *config, struct buf *why)
{
	struct owner own = { privsep_uid(p->id), privsep_gid(p->id) };
	enum err err = data_check(p, config, own, why);

	return (err != ERR_OK ? err : run_check(p, own, why));
}

/* --- The configuration. --- */

/* By the group of all daemons where the system has it, else by anyone. */
static enum err
refuse_unreadable(const char *path, const struct stat *st, struct buf *why)
{
	const char *bits = S_ISDIR(st->st_mode) ? "rx" : "r";
	gid_t gid = privsep_page_gid();
	struct buf command = { 0 };
	enum err err;

	if (gid != getegid() && gid != PRIVSEP_UID_BASE + DAEMON_COUNT) {
		buf_put_text(&command, "chgrp ");
		group_put(&command, gid);
		buf_put_u8(&command, ' ');
		word_put(&command, path);
		buf_printf(&command, " && chmod g+%s", bits);
	} else
		buf_printf(&command, "chmod o+%s", bits);
	err = refuse(why, path, "can't be read by the daemons",
	    buf_text(&command), path);
	buf_deinit(&command);
	return (err);
}

static enum err
readable_check(const char *path, struct owner who, struct buf *why)
{
	struct stat st;

	/* What is not there is config_load's to say. */
	if (stat(path, &st) != 0 ||
	    (may(path, &st, who, R_OK) &&
		(!S_ISDIR(st.st_mode) || may(path, &st, who, X_OK))))
		return (ERR_OK);
	return (refuse_unreadable(path, &st, why));
}

static enum err
folder_readable_check(const char *path, struct owner who, struct buf *why)
{
	char inside[PATH_BYTES_MAX];
	enum err err = readable_check(path, who, why);
	DIR *folder = err == ERR_OK ? opendir(path) : NULL;
	struct dirent *entry;

	while (folder != NULL && err == ERR_OK &&
	       (entry = readdir(folder)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot == NULL ||
		    (strcmp(dot, ".json") != 0 && strcmp(dot, ".hcl") != 0))
			continue;
		if (snprintf(inside, sizeof(inside), "%s/%s", path,
			entry->d_name) < (int)sizeof(inside))
			err = readable_check(inside, who, why);
	}
	if (folder != NULL)
		closedir(folder);
	return (err);
}

enum err
places_check_configuration(const struct places *p, struct buf *why)
{
	struct owner own = { privsep_uid(p->id), privsep_gid(p->id) };
	struct config_flags flags;
	struct buf ignored = { 0 };
	enum err err = ERR_OK;
	struct arena arena;

	arena_init(&arena);
	if (config_flags_read(p->argc, p->argv, &arena, &flags, &ignored) ==
	    ERR_OK)
		for (size_t i = 0; err == ERR_OK && i < flags.paths.count; i++)
			err = folder_readable_check(
			    flags.paths.items[i], own, why);
	arena_deinit(&arena);
	buf_deinit(&ignored);
	return (err);
}
