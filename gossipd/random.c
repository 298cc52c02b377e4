/* Chance from a seed, and keyed hashes; see random.h. */
#include "random.h"

#include <assert.h>
#include <string.h>

uint64_t
random_next(uint64_t *state)
{
	uint64_t mixed = *state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
	return (mixed ^ (mixed >> 31));
}

uint64_t
random_below(uint64_t *state, uint64_t bound)
{
	assert(bound > 0);
	/* Few members and many numbers: the bias is nothing. */
	return (random_next(state) % bound);
}

double
random_real(uint64_t *state)
{
	return ((double)(random_next(state) >> 11) * 0x1p-53);
}

/* --- SipHash-2-4 (Aumasson and Bernstein). --- */

static uint64_t
rotate(uint64_t x, unsigned by)
{
	return ((x << by) | (x >> (64 - by)));
}

static void
mix(uint64_t v[4], unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static uint64_t
little_endian(struct slice text, size_t at, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)text.data[at + i] << (8 * i);
	return (word);
}

static void
absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v, 2);
	v[0] ^= word;
}

uint64_t
keyed_hash(const uint64_t key[2], struct slice text)
{
	uint64_t v[4] = {
		key[0] ^ 0x736f6d6570736575,
		key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261,
		key[1] ^ 0x7465646279746573,
	};
	size_t at = 0;

	for (; at + 8 <= text.size; at += 8)
		absorb(v, little_endian(text, at, 8));
	absorb(v, (uint64_t)text.size << 56 |
		      little_endian(text, at, text.size - at));
	v[2] ^= 0xff;
	mix(v, 4);
	return (v[0] ^ v[1] ^ v[2] ^ v[3]);
}
