/* Files of the data directory; see persist.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "health_types.h"
#include "json.h"
#include "log.h"
#include "md5.h"
#include "persist.h"
#include "privsep.h"

#define LOG_NAME  "agent"
#define NAME_SIZE (MD5_HEX_SIZE + sizeof(".tmp"))

/* --- Folders. --- */

/* What an agent left here that ran as somebody else is ours now. */
static void
files_own(int folder)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (dir == NULL)
		fatal("cannot read the data directory: %s", strerror(errno));
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, "..") != 0 &&
		    fchownat(folder, entry->d_name, privsep_uid(DAEMON_healthd),
			privsep_gid(DAEMON_healthd), AT_SYMLINK_NOFOLLOW) != 0)
			fatal("cannot own %s of the data directory: %s",
			    entry->d_name, strerror(errno));
	closedir(dir);
}

static int
folder_open(const char *data_dir, const char *name)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", data_dir, name) >=
	    (int)sizeof(path))
		fatal("path too long: %s/%s", data_dir, name);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		fatal("cannot make %s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fatal("cannot open %s: %s", path, strerror(errno));
	if (geteuid() == 0)
		files_own(fd);
	return (fd);
}

void
persist_open(struct persist *p, const char *data_dir)
{
	*p = (struct persist){ data_dir, -1, -1, -1 };
	if (data_dir[0] == '\0')
		return;
	p->services = folder_open(data_dir, "services");
	p->checks = folder_open(data_dir, "checks");
	p->states = folder_open(data_dir, "checks/state");
}

/* --- One file. --- */

static bool
bytes_write(int fd, struct slice bytes)
{
	while (bytes.size > 0) {
		ssize_t size = write(fd, bytes.data, bytes.size);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return (false);
		bytes = slice_tail(bytes, (size_t)size);
	}
	return (fsync(fd) == 0);
}

static bool
file_write(int folder, const char *name, struct slice bytes)
{
	char beside[NAME_SIZE];
	bool is_written;
	int fd;

	snprintf(beside, sizeof(beside), "%s.tmp", name);
	fd = openat(folder, beside,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return (false);
	is_written = bytes_write(fd, bytes);
	close(fd);
	return (is_written && renameat(folder, beside, folder, name) == 0 &&
		fsync(folder) == 0);
}

static void
save(int folder, struct slice id, const struct type *type, const void *object)
{
	char name[MD5_HEX_SIZE];
	struct buf json = { 0 };

	md5_hex(id, name);
	json_from_type(type, object, &json);
	if (!file_write(folder, name, buf_slice(&json)))
		log_error(LOG_NAME, "Failed to save a definition",
		    "id=%.*s error=\"%s\"", SLICE_ARGS(id), strerror(errno));
	buf_deinit(&json);
}

static void
drop(int folder, struct slice id)
{
	char name[MD5_HEX_SIZE];

	md5_hex(id, name);
	if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
		log_error(LOG_NAME, "Failed to drop a saved definition",
		    "id=%.*s error=\"%s\"", SLICE_ARGS(id), strerror(errno));
}

/* --- Effects. --- */

/* Consul calls what is no user's definition "local". */
static struct slice
source_text(enum source source)
{
	return (source == SOURCE_API ? SLICE("remote") : SLICE("local"));
}

static void
service_save(struct persist *p, struct local *l, struct slice id)
{
	struct local_service *s = local_service_find(l, id);
	struct saved_service saved;

	if (s == NULL)
		return; /* gone again; its own effect follows */
	saved = (struct saved_service){
		.token = s->token,
		.service = &s->service,
		.source = source_text(s->source),
	};
	save(p->services, id, &saved_service_type, &saved);
}

static void
check_save(struct persist *p, struct local *l, struct slice id)
{
	struct local_check *c = local_check_find(l, id);
	struct saved_check saved;

	if (c == NULL)
		return;
	saved = (struct saved_check){
		.check = &c->check,
		.check_type = c->kind == CHECK_MAINTENANCE ? NULL : &c->type,
		.token = c->token,
		.source = source_text(c->source),
	};
	save(p->checks, id, &saved_check_type, &saved);
}

static void
state_save(struct persist *p, struct local *l, struct slice id)
{
	struct local_check *c = local_check_find(l, id);
	struct saved_state saved;

	if (c == NULL)
		return;
	saved = (struct saved_state){
		.check_id = id,
		.output = c->check.output,
		.status = c->check.status,
		.expires = wall_now().seconds + c->type.ttl.ns / SECONDS(1).ns,
	};
	save(p->states, id, &saved_state_type, &saved);
}

void
persist_do(struct persist *p, struct local *l, const struct effect *e)
{
	struct slice id = buf_slice(&e->id);

	if (p->services < 0)
		return;
	switch (e->kind) {
	case EFFECT_SAVE_SERVICE:
		service_save(p, l, id);
		break;
	case EFFECT_DROP_SERVICE:
		drop(p->services, id);
		break;
	case EFFECT_SAVE_CHECK:
		check_save(p, l, id);
		break;
	case EFFECT_DROP_CHECK:
		drop(p->checks, id);
		break;
	case EFFECT_SAVE_STATE:
		state_save(p, l, id);
		break;
	case EFFECT_DROP_STATE:
		drop(p->states, id);
		break;
	case EFFECT_RUN:
	case EFFECT_CANCEL:
	case EFFECT_HANGS:
		break;
	}
}
