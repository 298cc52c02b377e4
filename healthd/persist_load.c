/* What was saved comes back; see persist.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "health_types.h"
#include "json.h"
#include "log.h"
#include "md5.h"
#include "persist.h"

#define LOG_NAME       "agent"
#define FILE_BYTES_MAX (4U << 20)

struct loader {
	struct persist *persist; /* lent */
	struct local *local;	 /* lent */
	struct instant now;
	struct arena arena; /* of one file */
};

typedef void load_fn(
    struct loader *, const char *name, const struct json *tree);

/* False where there is no such file, or it can't be one of ours. */
static bool
file_read(int folder, const char *name, struct buf *out)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t size = -1;

	if (fd < 0)
		return (false);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= (off_t)FILE_BYTES_MAX)
		size = read(fd, buf_extend(out, (size_t)st.st_size),
		    (size_t)st.st_size);
	close(fd);
	return (size >= 0 && size == st.st_size);
}

static bool
decode(struct loader *load, const struct json *tree, const struct type *type,
    void *object, const char *name)
{
	char why[JSON_WHY_MAX];

	if (json_to_type(tree, JSON_API_LAX, type, &load->arena, object, why) ==
	    ERR_OK)
		return (true);
	log_error(LOG_NAME, "failed decoding a saved definition",
	    "file=%s error=\"%s\"", name, why);
	return (false);
}

/* A file that can't be read is left for a person to look at. */
static void
file_load(struct loader *load, int folder, const char *name, load_fn *done)
{
	struct buf text = { 0 };
	struct json *tree;
	char why[JSON_WHY_MAX] = "unreadable";

	arena_init(&load->arena);
	if (file_read(folder, name, &text) &&
	    json_parse_all(buf_slice(&text), &load->arena, &tree, why) ==
		ERR_OK)
		done(load, name, tree);
	else
		log_error(LOG_NAME, "failed decoding a saved definition",
		    "file=%s error=\"%s\"", name, why);
	arena_deinit(&load->arena);
	buf_deinit(&text);
}

/* Names are hashes; whatever else is there (a folder, a file that was not
 * renamed any more) is not ours to load. */
static bool
is_hash(const char *name)
{
	return (strlen(name) == MD5_HEX_SIZE - 1 &&
		strspn(name, "0123456789abcdef") == MD5_HEX_SIZE - 1);
}

static void
folder_load(struct loader *load, int folder, load_fn *done)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (dir == NULL) {
		log_error(LOG_NAME, "cannot read saved definitions",
		    "error=\"%s\"", strerror(errno));
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (is_hash(entry->d_name))
			file_load(load, folder, entry->d_name, done);
	closedir(dir);
}

static void
service_load(struct loader *load, const char *name, const struct json *tree)
{
	struct saved_service saved = { 0 };
	const char *data_dir = load->persist->data_dir;

	if (!decode(load, tree, &saved_service_type, &saved, name) ||
	    saved.service == NULL || saved.service->id.size == 0)
		return;
	if (local_service_find(load->local, saved.service->id) != NULL) {
		log_debug(LOG_NAME, "service exists, not restoring from file",
		    "service=%.*s file=%s/services/%s",
		    SLICE_ARGS(saved.service->id), data_dir, name);
		local_effect(
		    load->local, EFFECT_DROP_SERVICE, saved.service->id, 0);
		return;
	}
	log_debug(LOG_NAME, "restored service definition from file",
	    "service=%.*s file=%s/services/%s", SLICE_ARGS(saved.service->id),
	    data_dir, name);
	local_restore_service(load->local, saved.service, saved.token);
}

static void
check_restore(
    struct loader *load, const char *name, const struct saved_check *saved)
{
	struct buf why = { 0 };
	struct check_registration r = {
		.check = *saved->check,
		.type = saved->check_type,
		.token = saved->token,
		.source = slice_is(saved->source, "remote") ? SOURCE_API
							    : SOURCE_AGENT,
		.is_saved = true,
	};

	/* Nothing is known of it yet: healthy it must show itself. */
	r.check.status = SLICE("critical");
	r.check.output = SLICE("");
	if (local_register_check(load->local, &r, load->now, &why) == ERR_OK)
		log_debug(LOG_NAME, "restored health check from file",
		    "check=%.*s file=%s/checks/%s",
		    SLICE_ARGS(r.check.check_id), load->persist->data_dir,
		    name);
	else {
		log_warn(LOG_NAME, "Failed to restore check",
		    "check=%.*s error=\"%s\"", SLICE_ARGS(r.check.check_id),
		    buf_text(&why));
		local_effect(
		    load->local, EFFECT_DROP_CHECK, r.check.check_id, 0);
	}
	buf_deinit(&why);
}

static void
check_load(struct loader *load, const char *name, const struct json *tree)
{
	struct saved_check saved = { 0 };

	if (!decode(load, tree, &saved_check_type, &saved, name) ||
	    saved.check == NULL || saved.check->check_id.size == 0)
		return;
	if (local_check_find(load->local, saved.check->check_id) != NULL) {
		log_debug(LOG_NAME, "check exists, not restoring from file",
		    "check=%.*s file=%s/checks/%s",
		    SLICE_ARGS(saved.check->check_id), load->persist->data_dir,
		    name);
		local_effect(
		    load->local, EFFECT_DROP_CHECK, saved.check->check_id, 0);
		return;
	}
	check_restore(load, name, &saved);
}

static void
state_load(struct loader *load, const char *name, const struct json *tree)
{
	struct saved_state saved = { 0 };
	enum check_status status;
	struct duration left;

	if (!decode(load, tree, &saved_state_type, &saved, name) ||
	    !check_status_parse(saved.status, &status))
		return;
	if (saved.expires < wall_now().seconds) {
		log_debug(LOG_NAME, "check state expired, not restoring",
		    "check=%.*s", SLICE_ARGS(saved.check_id));
		local_effect(load->local, EFFECT_DROP_STATE, saved.check_id, 0);
		return;
	}
	left = SECONDS(saved.expires - wall_now().seconds);
	local_restore_ttl(
	    load->local, saved.check_id, status, saved.output, left, load->now);
}

void
persist_load(struct persist *p, struct local *l, struct instant now)
{
	struct loader load = { .persist = p, .local = l, .now = now };

	if (p->services < 0)
		return;
	folder_load(&load, p->services, service_load);
	folder_load(&load, p->checks, check_load);
	folder_load(&load, p->states, state_load);
}
