/* Snapshots as files. See snapshot.h. */
#include "snapshot.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES  1024
#define CHECK_BYTES (256 * 1024)

/* CRC-64 of ECMA-182, reflected: four bits at a time. */
#define POLYNOMIAL 0xc96c5795d7870f42ULL
#define ONE(c)	   (((c) >> 1) ^ (((c)&1) != 0 ? POLYNOMIAL : 0))
#define FOUR(c)	   ONE(ONE(ONE(ONE(c))))

static const uint64_t crc_of_nibble[16] = { FOUR(0ULL), FOUR(1ULL), FOUR(2ULL),
	FOUR(3ULL), FOUR(4ULL), FOUR(5ULL), FOUR(6ULL), FOUR(7ULL), FOUR(8ULL),
	FOUR(9ULL), FOUR(10ULL), FOUR(11ULL), FOUR(12ULL), FOUR(13ULL),
	FOUR(14ULL), FOUR(15ULL) };

uint64_t
crc64(uint64_t crc, struct slice bytes)
{
	crc = ~crc;
	for (size_t i = 0; i < bytes.size; i++) {
		crc ^= bytes.data[i];
		crc = crc_of_nibble[crc & 15] ^ (crc >> 4);
		crc = crc_of_nibble[crc & 15] ^ (crc >> 4);
	}
	return (~crc);
}

static enum err
fail_errno(struct buf *why, const char *what, const char *path)
{
	buf_printf(why, "failed to %s %s: %s", what, path, strerror(errno));
	return (ERR_IO);
}

bool
snapshots_are_in_memory(const struct snapshots *all)
{
	return (all->folder[0] == '\0');
}

/* --- The folder. --- */

static enum err
open_memory(struct snapshots *all, struct buf *why)
{
	for (size_t i = 0; i < SNAPSHOTS_KEPT; i++) {
		all->memory[i] = memfd_create("state.bin", MFD_CLOEXEC);
		if (all->memory[i] < 0)
			return (fail_errno(why, "make", "state.bin"));
	}
	return (ERR_OK);
}

static void
remove_one(const char *folder, const char *name)
{
	char path[PATH_BYTES];

	/* What cannot be removed is in nobody's way. */
	snprintf(path, sizeof(path), "%s/%s/state.bin", folder, name);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)rmdir(path);
}

static void
remove_unfinished(const char *folder)
{
	struct dirent *one;
	DIR *dir = opendir(folder);

	while (dir != NULL && (one = readdir(dir)) != NULL)
		if (slice_ends_with(slice_of_text(one->d_name), SLICE(".tmp")))
			remove_one(folder, one->d_name);
	if (dir != NULL)
		closedir(dir);
}

enum err
snapshots_open(struct snapshots *all, const char *folder, struct buf *why)
{
	*all = (struct snapshots){ .memory = { -1, -1 } };
	if (folder[0] == '\0')
		return (open_memory(all, why));
	snprintf(all->folder, sizeof(all->folder), "%s/snapshots", folder);
	if (mkdir(all->folder, 0700) != 0 && errno != EEXIST)
		return (fail_errno(why, "make", all->folder));
	remove_unfinished(all->folder);
	return (ERR_OK);
}

void
snapshots_close(struct snapshots *all)
{
	for (size_t i = 0; i < SNAPSHOTS_KEPT; i++)
		if (all->memory[i] >= 0)
			close(all->memory[i]);
}

/* --- Writing. --- */

void
snapshot_file_init(struct snapshot_file *file)
{
	*file = (struct snapshot_file){ .fd = -1 };
}

void
snapshot_close(struct snapshot_file *file)
{
	if (file->fd >= 0 && !file->is_shared)
		close(file->fd);
	file->fd = -1;
}

static enum err
create_memory(
    struct snapshots *all, struct snapshot_file *file, struct buf *why)
{
	file->fd = all->memory[(all->newest + 1) % SNAPSHOTS_KEPT];
	file->is_shared = true;
	if (ftruncate(file->fd, 0) != 0)
		return (fail_errno(why, "empty", "state.bin"));
	return (ERR_OK);
}

enum err
snapshot_create(struct snapshots *all, const char *name,
    struct snapshot_file *file, struct buf *why)
{
	char path[PATH_BYTES];

	assert(file->fd < 0);
	snapshot_file_init(file);
	snprintf(file->name, sizeof(file->name), "%s", name);
	if (snapshots_are_in_memory(all))
		return (create_memory(all, file, why));
	snprintf(path, sizeof(path), "%s/%s.tmp", all->folder, name);
	if (mkdir(path, 0700) != 0)
		return (fail_errno(why, "make", path));
	snprintf(path, sizeof(path), "%s/%s.tmp/state.bin", all->folder, name);
	file->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return (fail_errno(why, "make", path));
	return (ERR_OK);
}

enum err
snapshot_put(struct snapshot_file *file, struct slice bytes, struct buf *why)
{
	file->crc = crc64(file->crc, bytes);
	while (bytes.size > 0) {
		ssize_t size =
		    pwrite(file->fd, bytes.data, bytes.size, (off_t)file->size);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return (fail_errno(why, "write", file->name));
		file->size += (uint64_t)size;
		bytes = slice_tail(bytes, (size_t)size);
	}
	return (ERR_OK);
}

enum err
snapshot_look(const struct snapshot_file *file, uint64_t from, size_t bytes,
    struct buf *out, struct buf *why)
{
	uint8_t *to;
	ssize_t size;

	if (bytes > file->size - from)
		bytes = (size_t)(file->size - from);
	to = buf_extend(out, bytes);
	size = pread(file->fd, to, bytes, (off_t)from);
	if (size == (ssize_t)bytes)
		return (ERR_OK);
	return (fail_errno(why, "read", file->name));
}

void
snapshot_rename(
    struct snapshots *all, struct snapshot_file *file, const char *name)
{
	char from[PATH_BYTES], to[PATH_BYTES];

	snprintf(from, sizeof(from), "%s/%s.tmp", all->folder, file->name);
	snprintf(to, sizeof(to), "%s/%s.tmp", all->folder, name);
	if (!snapshots_are_in_memory(all))
		(void)rename(from, to);
	snprintf(file->name, sizeof(file->name), "%s", name);
}

void
snapshot_discard(struct snapshots *all, const char *name)
{
	char unfinished[SNAPSHOT_NAME_MAX + 8];

	if (snapshots_are_in_memory(all))
		return;
	snprintf(unfinished, sizeof(unfinished), "%s.tmp", name);
	remove_one(all->folder, unfinished);
	remove_one(all->folder, name);
}

void
snapshot_abandon(struct snapshots *all, struct snapshot_file *file)
{
	if (file->fd >= 0)
		snapshot_discard(all, file->name);
	snapshot_close(file);
}

void
snapshots_promote(struct snapshots *all)
{
	all->newest = (all->newest + 1) % SNAPSHOTS_KEPT;
}

/* --- Publishing. --- */

static bool
sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return (is_synced);
}

static bool
parse_index(const char *name, uint64_t *index)
{
	uint64_t term, ms;
	int end = 0;

	return (sscanf(name, "%" SCNu64 "-%" SCNu64 "-%" SCNu64 "%n", &term,
		    index, &ms, &end) == 3 &&
		name[end] == '\0');
}

/* The second highest index, or 0. */
static uint64_t
oldest_kept(const char *folder)
{
	uint64_t first = 0, second = 0, index;
	struct dirent *one;
	DIR *dir = opendir(folder);

	while (dir != NULL && (one = readdir(dir)) != NULL) {
		if (!parse_index(one->d_name, &index))
			continue;
		if (index > first) {
			second = first;
			first = index;
		} else if (index > second)
			second = index;
	}
	if (dir != NULL)
		closedir(dir);
	return (second);
}

static void
remove_old(const char *folder)
{
	uint64_t oldest = oldest_kept(folder), index;
	struct dirent *one;
	DIR *dir = opendir(folder);

	while (dir != NULL && (one = readdir(dir)) != NULL)
		if (parse_index(one->d_name, &index) && index < oldest)
			remove_one(folder, one->d_name);
	if (dir != NULL)
		closedir(dir);
}

enum err
snapshot_publish(
    const char *folder, const char *name, char *why, size_t why_size)
{
	char from[PATH_BYTES], to[PATH_BYTES], file[PATH_BYTES + 16];

	if (folder[0] == '\0')
		return (ERR_OK);
	snprintf(from, sizeof(from), "%s/%s.tmp", folder, name);
	snprintf(to, sizeof(to), "%s/%s", folder, name);
	snprintf(file, sizeof(file), "%s/state.bin", from);
	if (!sync_path(file) || !sync_path(from) || rename(from, to) != 0 ||
	    !sync_path(folder)) {
		snprintf(why, why_size, "failed to keep snapshot %s: %s", to,
		    strerror(errno));
		return (ERR_IO);
	}
	remove_old(folder);
	return (ERR_OK);
}

/* --- Reading. --- */

enum err
snapshot_open(struct snapshots *all, const struct snapshot *snapshot,
    struct snapshot_file *file, struct buf *why)
{
	char path[PATH_BYTES];

	assert(file->fd < 0);
	snapshot_file_init(file);
	snprintf(file->name, sizeof(file->name), "%s", snapshot->name);
	if (snapshots_are_in_memory(all)) {
		file->fd = all->memory[all->newest];
		file->is_shared = true;
		return (ERR_OK);
	}
	snprintf(
	    path, sizeof(path), "%s/%s/state.bin", all->folder, snapshot->name);
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return (fail_errno(why, "open", path));
	return (ERR_OK);
}

static enum err
read_some(
    struct snapshot_file *file, size_t bytes, struct buf *out, struct buf *why)
{
	while (bytes > 0) {
		ssize_t size;

		buf_reserve(out, bytes);
		size = pread(
		    file->fd, out->data + out->size, bytes, (off_t)file->size);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return (fail_errno(why, "read", file->name));
		if (size == 0)
			break;
		out->size += (size_t)size;
		file->size += (uint64_t)size;
		bytes -= (size_t)size;
	}
	return (ERR_OK);
}

enum err
snapshot_get(struct snapshot_file *file, const struct snapshot *snapshot,
    size_t bytes, struct buf *out, struct buf *why)
{
	size_t from = out->size;
	uint64_t left = snapshot->size - file->size;
	enum err err;

	if (bytes > left)
		bytes = (size_t)left;
	err = read_some(file, bytes, out, why);
	if (err != ERR_OK)
		return (err);
	file->crc = crc64(file->crc, slice_tail(buf_slice(out), from));
	if (out->size - from < bytes ||
	    (file->size == snapshot->size && file->crc != snapshot->crc)) {
		buf_printf(why, "snapshot %s is cut or damaged", file->name);
		return (ERR_CORRUPT);
	}
	return (ERR_OK);
}

enum err
snapshot_check(
    struct snapshots *all, const struct snapshot *snapshot, struct buf *why)
{
	struct snapshot_file file = { .fd = -1 };
	struct buf piece = { 0 };
	enum err err = snapshot_open(all, snapshot, &file, why);
	bool is_done = false;

	while (err == ERR_OK && !is_done) {
		buf_reset(&piece);
		err = snapshot_get(&file, snapshot, CHECK_BYTES, &piece, why);
		is_done = file.size == snapshot->size;
	}
	snapshot_close(&file);
	buf_deinit(&piece);
	return (err);
}
