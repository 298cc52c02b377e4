/* Giving files away; see own.h. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "own.h"

int
own_open(int folder, const char *name, struct stat *st)
{
	int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, st) != 0) {
		close(fd);
		fd = -1;
	}
	return (fd);
}

enum err
own_give(int fd, const struct stat *st, uid_t uid, gid_t gid)
{
	if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
		errno = EMLINK;
		return (ERR_REFUSED);
	}
	return (
	    fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0 ? ERR_OK : ERR_IO);
}
