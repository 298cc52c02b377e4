/* Files as arguments; see files.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

void
errno_put(struct buf *out, int error)
{
	const char *text = strerror(error);

	/* Go has the same words, all in small letters. */
	buf_put_u8(out, (uint8_t)tolower((unsigned char)text[0]));
	buf_put_text(out, text + 1);
}

struct slice
slice_trim(struct slice text)
{
	while (text.size > 0 && isspace(text.data[0]))
		text = slice_tail(text, 1);
	while (text.size > 0 && isspace(text.data[text.size - 1]))
		text.size--;
	return (text);
}

static enum err
descriptor_read(int fd, const char *name, struct buf *out, struct buf *why)
{
	size_t before = out->size;
	uint8_t chunk[16384];
	ssize_t size;

	while ((size = read(fd, chunk, sizeof(chunk))) != 0) {
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0) {
			buf_printf(why, "read %s: ", name);
			errno_put(why, errno);
			return (ERR_IO);
		}
		if (out->size - before + (size_t)size >
		    ARGUMENT_FILE_BYTES_MAX) {
			buf_printf(why, "read %s: larger than %d bytes", name,
			    ARGUMENT_FILE_BYTES_MAX);
			return (ERR_TOO_BIG);
		}
		buf_put(out, chunk, (size_t)size);
	}
	return (ERR_OK);
}

enum err
file_read(const char *path, struct buf *out, struct buf *why)
{
	enum err err;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		buf_printf(why, "open %s: ", path);
		errno_put(why, errno);
		return (ERR_IO);
	}
	err = descriptor_read(fd, path, out, why);
	close(fd);
	return (err);
}

enum err
argument_read(const char *argument, struct buf *out, struct buf *why)
{
	struct buf reason = { 0 };
	enum err err = ERR_OK;

	if (*argument == '@') {
		err = file_read(argument + 1, out, &reason);
		if (err != ERR_OK)
			buf_printf(
			    why, "Failed to read file: %s", buf_text(&reason));
	} else if (strcmp(argument, "-") == 0) {
		err = descriptor_read(STDIN_FILENO, "/dev/stdin", out, &reason);
		if (err != ERR_OK)
			buf_printf(
			    why, "Failed to read stdin: %s", buf_text(&reason));
	} else {
		buf_put_text(out, argument);
	}
	buf_deinit(&reason);
	return (err);
}
