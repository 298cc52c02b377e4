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
#include "own.h"
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

static enum err
file_own(int fd, const struct stat *st, struct heir *heir)
{
	enum err err;

	if (st->st_uid == heir->uid && st->st_gid == heir->gid)
		return (ERR_OK);
	err = own_give(fd, st, heir->uid, heir->gid);
	heir->count++;
	heir->from = st->st_uid;
	return (err);
}

static enum err tree_own(
    int parent, const char *name, struct heir *heir, int depth);

/* What is in the folder that is open. */
static enum err
inside_own(int fd, struct heir *heir, int depth)
{
	int list = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	enum err err = ERR_OK;
	DIR *folder;

	if (list < 0 || (folder = fdopendir(list)) == NULL) {
		if (list >= 0)
			close(list);
		return (ERR_IO);
	}
	while (err == ERR_OK && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			err = tree_own(list, entry->d_name, heir, depth);
	}
	closedir(folder);
	return (err);
}

/* Hand over a folder and what is in it: it may come from a run as root, or
 * from Consul. Links are handed over, not followed; what its daemon removes
 * meanwhile is passed over. */
static enum err
tree_own(int parent, const char *name, struct heir *heir, int depth)
{
	struct stat st;
	int fd = own_open(parent, name, &st);
	enum err err;

	if (fd < 0)
		return (errno == ENOENT ? ERR_OK : ERR_IO);
	err = file_own(fd, &st, heir);
	if (err == ERR_OK && S_ISDIR(st.st_mode) && depth > 0)
		err = inside_own(fd, heir, depth - 1);
	close(fd);
	return (err);
}

/* A link is not followed: nobody knows yet whose the folder behind it is, and
 * all in it would change its owner. */
static enum err
link_refuse(const char *path, struct buf *why)
{
	buf_printf(why,
	    "%s is a symbolic link, which is not followed: remove it and mount "
	    "the folder in its place (`mount --bind FOLDER %s`), or move the "
	    "whole data directory and name its real path with data_dir",
	    path, path);
	return (ERR_REFUSED);
}

static enum err
part_open(const char *path, const struct heir *heir, int *fd, struct buf *why)
{
	struct stat st;
	enum err err = ERR_OK;

	*fd = -1;
	if (lstat(path, &st) != 0)
		return (place_error(why, "stat", path));
	if (S_ISLNK(st.st_mode))
		return (link_refuse(path, why));
	if (geteuid() == 0 || st.st_uid == geteuid())
		*fd =
		    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd >= 0)
		return (ERR_OK);
	/* It knows what mends it. */
	if (geteuid() != 0)
		err = places_check_part(path, heir->uid, heir->gid, why);
	return (err != ERR_OK ? err : place_error(why, "open", path));
}

/* What root finds it takes over, and says so. */
static enum err
part_take(int fd, const char *path, struct heir *heir, struct buf *why)
{
	struct stat st;
	enum err err = fstat(fd, &st) == 0 ? file_own(fd, &st, heir) : ERR_IO;

	if (err == ERR_OK)
		err = inside_own(fd, heir, TREE_DEPTH_MAX - 1);
	return (err == ERR_OK ? ERR_OK : place_error(why, "chown", path));
}

/* Anyone but root can only refuse what is not theirs. */
static enum err
part_own(const char *path, enum daemon_id id, bool is_new, FILE *told,
    struct buf *why)
{
	struct heir heir = { .uid = privsep_uid(id), .gid = privsep_gid(id) };
	bool is_root = geteuid() == 0;
	enum err err;
	int fd;

	err = part_open(path, &heir, &fd, why);
	if (err != ERR_OK)
		return (err);
	if (is_root)
		err = part_take(fd, path, &heir, why);
	if (err == ERR_OK && heir.count > 0 && !is_new)
		place_tell(told,
		    PLACE_TOOK_OVER "%s for %s: %u files and folders of user "
				    "%u",
		    path, daemon_name(id), heir.count, (unsigned)heir.from);
	if (err == ERR_OK && fchmod(fd, 0700) != 0)
		err = place_error(why, "chmod", path);
	close(fd);
	return (err != ERR_OK || is_root
		    ? err
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
			/* Each becomes another user, who must reach its part:
			 * told here, where it can still be mended. */
			err = places_check_way(data_dir, id, why);
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
