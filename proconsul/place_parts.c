/* What both places are made with; see place_parts.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place_parts.h"

enum err
place_error(struct buf *why, const char *doing, const char *path)
{
	const char *text = strerror(errno);

	/* As Go prints it, in lower case. */
	buf_printf(why, "%s %s: %c%s", doing, path,
	    tolower((unsigned char)text[0]), text + 1);
	return (ERR_IO);
}

/* Both parts and a slash between them; too long is an error of ours. */
const char *
place_path(char out[PLACE_PATH_MAX], const char *folder, const char *name)
{
	int size = snprintf(out, PLACE_PATH_MAX, "%s/%s", folder, name);

	if (size < 0 || size >= PLACE_PATH_MAX)
		out[0] = '\0'; /* then the call on it fails with ENOENT */
	return (out);
}

void
place_tell(FILE *told, const char *format, ...)
{
	va_list args;

	if (told == NULL)
		return;
	va_start(args, format);
	vfprintf(told, format, args);
	va_end(args);
	fputc('\n', told);
}

/* Write a small file as a whole: beside it first, then in its place. Its folder
 * may be another user's, who may have put a link there. */
enum err
place_file_put(const char *path, const char *text, struct buf *why)
{
	char beside[PLACE_PATH_MAX];
	size_t size = strlen(text);
	int fd;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >=
	    (int)sizeof(beside)) {
		errno = ENAMETOOLONG;
		return (place_error(why, "open", path));
	}
	(void)unlink(beside);
	fd = open(
	    beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return (place_error(why, "open", beside));
	if (fchmod(fd, 0644) != 0 || write(fd, text, size) != (ssize_t)size ||
	    fsync(fd) != 0 || close(fd) != 0 || rename(beside, path) != 0) {
		unlink(beside);
		return (place_error(why, "write", path));
	}
	return (ERR_OK);
}
