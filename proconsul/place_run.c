/* The run directory's folders; see place.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics_read.h"
#include "own.h"
#include "place.h"
#include "place_parts.h"
#include "places.h"
#include "powers_record.h"
#include "privsep.h"
#include "wiring.h"

struct run_folder {
	const char *name;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

enum {
#define X(peer) FOLDER_##peer,
	EDGES(X)
#undef X
	    FOLDER_genpage,
	FOLDER_metrics,
	FOLDER_powers,
	FOLDER_COUNT,
};

static void
folders_fill(struct run_folder folders[FOLDER_COUNT])
{
	uid_t catalogd = privsep_uid(DAEMON_catalogd), own = geteuid();
	gid_t page = privsep_page_gid();

#define X(peer)                                                        \
	folders[FOLDER_##peer] = (struct run_folder){ #peer, catalogd, \
		privsep_gid(DAEMON_##peer), 02710 };
	EDGES(X)
#undef X
	folders[FOLDER_genpage] =
	    (struct run_folder){ "genpage", catalogd, page, 02750 };
	/* Each daemon makes its file there before it gives up anything; the
	 * sticky bit keeps those that started as their own users from each
	 * other's. */
	folders[FOLDER_metrics] =
	    (struct run_folder){ METRICS_FOLDER, own, page, 03770 };
	folders[FOLDER_powers] =
	    (struct run_folder){ POWERS_FOLDER, own, page, 03770 };
}

/* Owner and mode of what is open, where they are others. */
static enum err
own(int fd, const char *path, uid_t uid, gid_t gid, mode_t mode, FILE *told,
    struct buf *why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return (place_error(why, "stat", path));
	if (st.st_uid == uid && st.st_gid == gid &&
	    (st.st_mode & 07777) == mode)
		return (ERR_OK);
	if ((st.st_uid != uid || st.st_gid != gid) && fchown(fd, uid, gid) != 0)
		return (place_error(why, "chown", path));
	if (fchmod(fd, mode) != 0) /* after chown, which clears setgid */
		return (place_error(why, "chmod", path));
	place_tell(told, "%s: mode %04o, owner %u:%u", path, (unsigned)mode,
	    (unsigned)uid, (unsigned)gid);
	return (ERR_OK);
}

/* What a daemon has left that was started as another user becomes its own
 * one's, who could not take it away. What can't be given is removed. */
static enum err
file_give(int folder, const char *folder_path, const char *name,
    enum daemon_id id, FILE *told, struct buf *why)
{
	char path[PLACE_PATH_MAX];
	enum err err = ERR_OK;
	struct stat st;
	int fd = own_open(folder, name, &st);

	place_path(path, folder_path, name);
	if (fd < 0)
		return (
		    errno == ENOENT ? ERR_OK : place_error(why, "open", path));
	if (st.st_uid != privsep_uid(id)) {
		if (!S_ISREG(st.st_mode) ||
		    own_give(fd, &st, privsep_uid(id), st.st_gid) != ERR_OK)
			err = unlinkat(folder, name, 0) == 0
				  ? ERR_OK
				  : place_error(why, "unlink", path);
		place_tell(
		    told, "%s: was user %u's", path, (unsigned)st.st_uid);
	}
	close(fd);
	return (err);
}

static enum err
files_give(int folder, const char *path, FILE *told, struct buf *why)
{
	char name[PLACES_NAME_MAX];
	enum err err = ERR_OK;
	enum daemon_id id;
	size_t i;

	for (id = 0; id < DAEMON_COUNT; id++) {
		for (i = 0; err == ERR_OK && places_file_name(id, i, name); i++)
			err = file_give(folder, path, name, id, told, why);
	}
	return (err);
}

static enum err
folder_make(const char *run_dir, const struct run_folder *f, FILE *told,
    struct buf *why)
{
	char path[PLACE_PATH_MAX];
	enum err err;
	int fd;

	place_path(path, run_dir, f->name);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return (place_error(why, "mkdir", path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return (place_error(why, "open", path));
	err = own(fd, path, f->uid, f->gid, f->mode, told, why);
	if (err == ERR_OK && (f->mode & S_ISVTX) != 0 && geteuid() == 0)
		err = files_give(fd, path, told, why);
	close(fd);
	return (err);
}

enum err
place_run_fill(const char *run_dir, FILE *told, struct buf *why)
{
	struct run_folder folders[FOLDER_COUNT];
	enum err err = ERR_OK;
	size_t i;

	folders_fill(folders);
	for (i = 0; err == ERR_OK && i < FOLDER_COUNT; i++)
		err = folder_make(run_dir, &folders[i], told, why);
	return (err);
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
		unlink(place_path(inside, path, entry->d_name));
	}
	closedir(folder);
}

void
place_run_empty(const char *run_dir)
{
	struct run_folder folders[FOLDER_COUNT];
	char path[PLACE_PATH_MAX];
	size_t i;

	folders_fill(folders);
	for (i = 0; i < FOLDER_COUNT; i++) {
		folder_empty(place_path(path, run_dir, folders[i].name));
		rmdir(path);
	}
	folder_empty(run_dir);
}
