/* Folded 64x64-bit products, eight bytes a step; see hash.h. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "hash.h"
#include "log.h"

#define ODD_1 0x9e3779b97f4a7c15U
#define ODD_2 0xd6e8feb86659fd93U

static uint64_t
fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return ((uint64_t)product ^ (uint64_t)(product >> 64));
}

uint64_t
hash_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		fatal("no randomness: %s", strerror(errno));
	return (seed);
}

uint64_t
hash_bytes(uint64_t seed, struct slice s)
{
	uint64_t hash = seed ^ ODD_1, word;

	while (s.size >= sizeof(word)) {
		memcpy(&word, s.data, sizeof(word));
		hash = fold(hash ^ word, ODD_2 ^ seed);
		s = slice_tail(s, sizeof(word));
	}
	word = s.size;
	for (size_t i = 0; i < s.size; i++)
		word = word << 8 | s.data[i];
	return (fold(hash ^ word, ODD_1 ^ seed));
}
