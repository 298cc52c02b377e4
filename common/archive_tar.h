/* One header of a tar file; inside of archive.c and archive_read.c. */
#ifndef COMMON_ARCHIVE_TAR_H
#define COMMON_ARCHIVE_TAR_H

#include "bytes.h"

#define TAR_BLOCK_BYTES 512

#define FILE_NAME_META	"meta.json"
#define FILE_NAME_STATE "state.bin"
#define FILE_NAME_SUMS	"SHA256SUMS"

struct tar_header {
	char name[101];
	uint64_t size;
	char type; /* '0': a file */
};

void tar_put_header(
    struct buf *out, const char *name, uint64_t size, int64_t seconds);
/* False if it is none: its sum is wrong, or a number is no number. */
MUST_CHECK bool tar_get_header(
    const uint8_t block[TAR_BLOCK_BYTES], struct tar_header *out);
/* Zeros from the end of a file to the next block. */
size_t tar_padding(uint64_t size);

#endif
