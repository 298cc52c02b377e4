/* Files of the log; see log_file.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "log_file.h"
#include "xmalloc.h"

#define DEFAULT_NAME   "consul"
#define DEFAULT_ENDING ".log"
#define DEFAULT_AGE    SECONDS(24 * 60 * 60)
#define FILE_MODE      0640
#define PATH_SIZE      4096

static char *
text_copy(struct slice text)
{
	char *copy = xcalloc(1, text.size + 1);

	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	return (copy);
}

/* Go's filepath.Ext: from the last dot on. */
static size_t
ending_at(struct slice name)
{
	for (size_t i = name.size; i-- > 0;)
		if (name.data[i] == '.')
			return (i);
	return (name.size);
}

void
log_file_init(struct log_file *f, struct slice path)
{
	struct slice name = path;
	struct buf stem = { 0 };
	size_t slash, dot;

	while ((slash = slice_find(name, '/', 0)) != SIZE_MAX)
		name = slice_tail(name, slash + 1);
	dot = ending_at(name);
	buf_put_slice(&stem,
	    name.size == 0 ? SLICE(DEFAULT_NAME) : slice_head(name, dot));
	buf_put_u8(&stem, '-');
	*f = (struct log_file){
		.folder = text_copy(slice_head(path, path.size - name.size)),
		.stem = text_copy(buf_slice(&stem)),
		.ending = text_copy(dot == name.size ? SLICE(DEFAULT_ENDING)
						     : slice_tail(name, dot)),
		.age_max = DEFAULT_AGE,
		.fd = -1,
	};
	buf_deinit(&stem);
}

void
log_file_deinit(struct log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->folder);
	free(f->stem);
	free(f->ending);
	*f = (struct log_file){ .fd = -1 };
}

enum err
log_file_open(struct log_file *f, struct buf *why)
{
	struct wall now = wall_now();
	char path[PATH_SIZE];
	int fd, used;

	used = snprintf(path, sizeof(path), "%s%s%" PRId64 "%s", f->folder,
	    f->stem, now.seconds * 1000000000 + now.ns, f->ending);
	if (used < 0 || used >= PATH_SIZE) {
		buf_printf(why, "open %s: file name too long", path);
		return (ERR_TOO_BIG);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
	if (fd < 0) {
		buf_printf(why, "open %s: ", path);
		errno_put(why, errno);
		return (ERR_IO);
	}
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	f->opened = instant_now();
	f->written = 0;
	return (ERR_OK);
}

/* --- Old files. --- */

static int
is_ours(const struct log_file *f, const char *name)
{
	struct slice text = slice_of_text(name);

	return (text.size >= strlen(f->stem) + strlen(f->ending) &&
		slice_starts_with(text, slice_of_text(f->stem)) &&
		slice_ends_with(text, slice_of_text(f->ending)));
}

static int
names_compare(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return (strcmp(*left, *right));
}

static size_t
names_read(const struct log_file *f, DIR *folder, char ***out)
{
	struct dirent *entry;
	char **names = NULL;
	size_t count = 0;

	while ((entry = readdir(folder)) != NULL) {
		if (!is_ours(f, entry->d_name))
			continue;
		names = xreallocarray(names, count + 1, sizeof(*names));
		names[count++] = xstrdup(entry->d_name);
	}
	*out = names;
	return (count);
}

/* Before a new one is opened: the oldest, by the time in their names. */
static void
old_remove(const struct log_file *f)
{
	DIR *folder = opendir(*f->folder == '\0' ? "." : f->folder);
	size_t count, kept = f->files_max < 0 ? 0 : (size_t)f->files_max;
	char **names;

	if (folder == NULL)
		return;
	count = names_read(f, folder, &names);
	if (count > 0)
		qsort(names, count, sizeof(*names), names_compare);
	for (size_t i = 0; i < count; i++) {
		if (i + kept < count)
			(void)unlinkat(dirfd(folder), names[i], 0);
		free(names[i]);
	}
	free(names);
	closedir(folder);
}

/* --- Writing. --- */

static bool
is_finished(const struct log_file *f)
{
	struct duration age = instant_since(instant_now(), f->opened);

	return ((f->bytes_max > 0 && f->written >= f->bytes_max) ||
		age.ns >= f->age_max.ns);
}

enum err
log_file_write(struct log_file *f, struct slice lines, struct buf *why)
{
	enum err err = ERR_OK;
	ssize_t size;

	if (is_finished(f)) {
		if (f->files_max != 0)
			old_remove(f);
		err = log_file_open(f, why);
	}
	/* A line that can't go into a new file goes into the old one. */
	while (lines.size > 0) {
		size = write(f->fd, lines.data, lines.size);
		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0) {
			buf_reset(why);
			buf_printf(why, "write %s%s: ", f->folder, f->stem);
			errno_put(why, size < 0 ? errno : ENOSPC);
			return (ERR_IO);
		}
		f->written += size;
		lines = slice_tail(lines, (size_t)size);
	}
	return (err);
}
