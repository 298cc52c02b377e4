/* The data directory; see place.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host_id.h"
#include "place.h"
#include "place_parts.h"
#include "places.h"
#include "privsep.h"
#include "wiring.h"
#include "xmalloc.h"

#define TREE_DEPTH_MAX 4 /* raft/snapshots/NAME/file */

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
		err = place_error(why, "failed to setup node ID: mkdir", path);
	free(copy);
	return (err);
}

/* Whom all of a part is handed over to. */
struct heir {
	uid_t uid;
	gid_t gid;
	unsigned count; /* of what was somebody else's */
	uid_t from;	/* whose the last of that was */
};

/* A file with a second name may be someone else's that was linked in here. */
static enum err
file_own(int fd, const struct stat *st, struct heir *heir)
{
	if (st->st_uid == heir->uid && st->st_gid == heir->gid)
		return (ERR_OK);
	if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
		errno = EMLINK;
		return (ERR_REFUSED);
	}
	heir->count++;
	heir->from = st->st_uid;
	return (fchownat(fd, "", heir->uid, heir->gid, AT_EMPTY_PATH) == 0
		    ? ERR_OK
		    : ERR_IO);
}

/* Hand over a folder and what is in it: it may come from a run as root, or
 * from Consul. Links are handed over, not followed; what its daemon removes
 * meanwhile is passed over. */
static enum err
tree_own(int parent, const char *name, struct heir *heir, int depth)
{
	int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), list;
	struct dirent *entry;
	struct stat st;
	enum err err;
	DIR *folder;

	if (fd < 0)
		return (errno == ENOENT ? ERR_OK : ERR_IO);
	err = fstat(fd, &st) == 0 ? file_own(fd, &st, heir) : ERR_IO;
	if (err != ERR_OK || !S_ISDIR(st.st_mode) || depth == 0) {
		close(fd);
		return (err);
	}
	list = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(fd);
	if (list < 0 || (folder = fdopendir(list)) == NULL) {
		if (list >= 0)
			close(list);
		return (ERR_IO);
	}
	while (err == ERR_OK && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			err = tree_own(list, entry->d_name, heir, depth - 1);
	}
	closedir(folder);
	return (err);
}

/* Root takes over what it finds, and says so; anyone else can only refuse what
 * is not theirs. */
static enum err
part_own(const char *path, enum daemon_id id, bool is_new, FILE *told,
    struct buf *why)
{
	struct heir heir = { .uid = privsep_uid(id), .gid = privsep_gid(id) };
	struct stat st;

	if (geteuid() == 0) {
		if (tree_own(AT_FDCWD, path, &heir, TREE_DEPTH_MAX) != ERR_OK)
			return (place_error(why, "chown", path));
		if (heir.count > 0 && !is_new)
			place_tell(told,
			    PLACE_TOOK_OVER "%s for %s: %u files and folders "
					    "of user %u",
			    path, daemon_name(id), heir.count,
			    (unsigned)heir.from);
	} else if (stat(path, &st) == 0 && st.st_uid != geteuid())
		return (places_check_part(path, heir.uid, heir.gid, why));
	if (chmod(path, 0700) != 0)
		return (place_error(why, "chmod", path));
	return (geteuid() == 0
		    ? ERR_OK
		    : places_check_part(path, heir.uid, heir.gid, why));
}

static enum err
part_make(const char *data_dir, const char *name, enum daemon_id id, FILE *told,
    struct buf *why)
{
	char path[PLACE_PATH_MAX];
	bool is_new;

	place_path(path, data_dir, name);
	is_new = mkdir(path, 0700) == 0;
	if (is_new)
		place_tell(told, "made %s for %s", path, daemon_name(id));
	else if (errno != EEXIST)
		return (place_error(why, "mkdir", path));
	return (part_own(path, id, is_new, told, why));
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
		return (place_error(why, "realpath", data_dir));
	do {
		if (stat(*path == '\0' ? "/" : path, &st) == 0 &&
		    !may_pass(&st, privsep_uid(id), privsep_gid(id))) {
			buf_printf(why,
			    "%s is closed to %s, which has to pass it as "
			    "user %s (%u): its mode is %04o: run `chmod o+x "
			    "%s`",
			    path, daemon_name(id), daemon_user(id),
			    (unsigned)privsep_uid(id), st.st_mode & 07777,
			    path);
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
parts_make(const char *data_dir, FILE *told, struct buf *why)
{
	char names[128], *name, *rest;
	enum err err = ERR_OK;
	enum daemon_id id;

	for (id = 0; id < DAEMON_COUNT; id++) {
		snprintf(names, sizeof(names), "%s", daemon_rows[id].writes);
		for (name = strtok_r(names, " ", &rest);
		     err == ERR_OK && name != NULL;
		     name = strtok_r(NULL, " ", &rest))
			err = part_make(data_dir, name, id, told, why);
		if (err == ERR_OK && geteuid() == 0 &&
		    daemon_rows[id].writes[0] != '\0')
			err = way_check(data_dir, id, why);
	}
	return (err);
}

/* A random UUID of version 4. Source: RFC 4122 4.4. */
static void
uuid_make(char out[PLACE_NODE_ID_BYTES])
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		fatal("no random bytes: %s", strerror(errno));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, PLACE_NODE_ID_BYTES,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

/* config_load has read the file if there is one; else this is the first
 * start. What stands there already stays: daemons that run know it by its
 * inode. -dev has a new node each time. */
static enum err
node_id_make(const struct config *config, char node_id[PLACE_NODE_ID_BYTES],
    FILE *told, struct buf *why)
{
	char path[PLACE_PATH_MAX], kept[PLACE_NODE_ID_BYTES] = "";
	enum err err;
	FILE *file;

	if (*config->node_id != '\0')
		snprintf(node_id, PLACE_NODE_ID_BYTES, "%s", config->node_id);
	else if (config->keys.disable_host_node_id ||
		 !host_id_make("", node_id))
		uuid_make(node_id);
	if (config->is_dev)
		return (ERR_OK);
	place_path(path, config->data_dir, "node-id");
	file = fopen(path, "re");
	if (file != NULL) {
		if (fgets(kept, sizeof(kept), file) == NULL)
			kept[0] = '\0';
		fclose(file);
	}
	if (strcmp(kept, node_id) == 0)
		return (ERR_OK);
	err = place_file_put(path, node_id, why);
	if (err == ERR_OK)
		place_tell(told, "wrote %s: %s", path, node_id);
	return (err);
}

enum err
place_data_make(const struct config *config, char node_id[PLACE_NODE_ID_BYTES],
    FILE *told, struct buf *why)
{
	enum err err = ERR_OK;

	if (!config->is_dev) {
		err = folders_make(config->data_dir, 0755, why);
		if (err == ERR_OK)
			err = parts_make(config->data_dir, told, why);
	}
	if (err == ERR_OK)
		err = node_id_make(config, node_id, told, why);
	return (err);
}
