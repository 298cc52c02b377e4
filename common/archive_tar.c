/* Headers of tar. See archive_tar.h. */
#include "archive_tar.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where the fields stand: POSIX.1-1988, "ustar Interchange Format". */
#define NAME_AT	   0
#define NAME_SIZE  100
#define MODE_AT	   100
#define SIZE_AT	   124
#define SIZE_SIZE  12
#define MTIME_AT   136
#define SUM_AT	   148
#define SUM_SIZE   8
#define TYPE_AT	   156
#define MAGIC_AT   257
#define PREFIX_AT  345
#define SIZE_OCTAL 077777777777ULL /* more is written in base 256, as GNU's */

size_t
tar_padding(uint64_t size)
{
	return ((size_t)(-size % TAR_BLOCK_BYTES));
}

/* The sum of all bytes, where its own field counts as blanks. */
static unsigned
sum_of(const uint8_t block[TAR_BLOCK_BYTES])
{
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_SIZE ? ' ' : block[i];
	return (sum);
}

static void
put_octal(uint8_t *at, int digits, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*" PRIo64, digits, number);
	memcpy(at, text, (size_t)digits);
}

static void
put_size(uint8_t *at, uint64_t size)
{
	if (size <= SIZE_OCTAL) {
		put_octal(at, SIZE_SIZE - 1, size);
		return;
	}
	at[0] = 0x80;
	for (size_t i = SIZE_SIZE - 1; i > SIZE_SIZE - 1 - sizeof(size); i--) {
		at[i] = (uint8_t)size;
		size >>= 8;
	}
}

void
tar_put_header(
    struct buf *out, const char *name, uint64_t size, int64_t seconds)
{
	uint8_t *block = buf_extend(out, TAR_BLOCK_BYTES);

	assert(strlen(name) < NAME_SIZE);
	memset(block, 0, TAR_BLOCK_BYTES);
	memcpy(block + NAME_AT, name, strlen(name));
	memcpy(block + MODE_AT, "0000600\0000000000\0000000000\000", 24);
	put_size(block + SIZE_AT, size);
	put_octal(block + MTIME_AT, 11, (uint64_t)seconds);
	block[TYPE_AT] = '0';
	memcpy(block + MAGIC_AT, "ustar\00000", 8);
	put_octal(block + SUM_AT, 6, sum_of(block));
	block[SUM_AT + 7] = ' ';
}

/* Blanks in front, octal digits, then a blank, a NUL or the field's end. */
static bool
get_octal(const uint8_t *at, size_t size, uint64_t *out)
{
	uint64_t number = 0;
	size_t i = 0, from;

	while (i < size && at[i] == ' ')
		i++;
	for (from = i; i < size && at[i] >= '0' && at[i] <= '7'; i++)
		number = number * 8 + (uint64_t)(at[i] - '0');
	if (i == from || (i < size && at[i] != ' ' && at[i] != '\0'))
		return (false);
	*out = number; /* twelve digits at most */
	return (true);
}

static bool
get_size(const uint8_t *at, uint64_t *out)
{
	uint64_t number = 0;

	if (at[0] != 0x80)
		return (get_octal(at, SIZE_SIZE, out));
	for (size_t i = 1; i < SIZE_SIZE - sizeof(number); i++)
		if (at[i] != 0)
			return (false);
	for (size_t i = SIZE_SIZE - sizeof(number); i < SIZE_SIZE; i++)
		number = number << 8 | at[i];
	*out = number;
	return (true);
}

bool
tar_get_header(const uint8_t block[TAR_BLOCK_BYTES], struct tar_header *out)
{
	uint64_t sum;

	if (!get_octal(block + SUM_AT, SUM_SIZE, &sum) ||
	    sum != sum_of(block) || !get_size(block + SIZE_AT, &out->size) ||
	    (memcmp(block + MAGIC_AT, "ustar", 5) == 0 &&
		block[PREFIX_AT] != '\0'))
		return (false);
	memcpy(out->name, block + NAME_AT, NAME_SIZE);
	out->name[NAME_SIZE] = '\0';
	out->type = block[TYPE_AT] == '\0' ? '0' : (char)block[TYPE_AT];
	return (true);
}
