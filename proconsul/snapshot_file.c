/* Archives, verified. See snapshot_file.h. */
#include "snapshot_file.h"

#include <errno.h>

#include "digest.h"
#include "files.h"

#define READ_BYTES (64 * 1024)

enum err
snapshot_verify(FILE *file, const char *name, struct archive_reader **reader,
    struct archive_meta *meta, struct buf *why)
{
	static uint8_t bytes[READ_BYTES];
	enum err err;
	size_t size;

	*reader = NULL;
	if ((err = digest_load(why)) != ERR_OK)
		return (err);
	*reader = archive_reader_new(NULL, NULL);
	while (
	    err == ERR_OK && (size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		err = archive_reader_put(*reader, slice(bytes, size), why);
	if (err == ERR_OK && ferror(file)) {
		buf_printf(
		    why, "failed to decompress snapshot: read %s: ", name);
		errno_put(why, errno);
		err = ERR_IO;
	}
	if (err == ERR_OK)
		err = archive_reader_end(*reader, meta, why);
	return (err);
}
