/* MD5 as RFC 1321 describes it; see md5.h. */
#include <stdio.h>
#include <string.h>

#include "md5.h"

#define BLOCK_SIZE 64

/* clang-format off */
/* 3.4: the integer part of 2^32 times abs(sin(i)), i in radians. */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee,
	0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
	0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
	0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
	0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
	0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039,
	0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
	0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* 3.4: how far each operation of a round rotates. */
static const uint8_t rotations[4][4] = {
	{ 7, 12, 17, 22 },
	{ 5,  9, 14, 20 },
	{ 4, 11, 16, 23 },
	{ 6, 10, 15, 21 },
};
/* clang-format on */

static uint32_t
rotate(uint32_t value, unsigned by)
{
	return (value << by | value >> (32 - by));
}

static uint32_t
word_at(const uint8_t *block, size_t index)
{
	const uint8_t *p = block + 4 * index;

	return ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		(uint32_t)p[3] << 24);
}

/* 3.4: the functions F, G, H and I, and which word each operation takes. */
static uint32_t
mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *word)
{
	switch (i / 16) {
	case 0:
		*word = i;
		return ((b & c) | (~b & d));
	case 1:
		*word = (5 * i + 1) % 16;
		return ((b & d) | (c & ~d));
	case 2:
		*word = (3 * i + 5) % 16;
		return (b ^ c ^ d);
	default:
		*word = 7 * i % 16;
		return (c ^ (b | ~d));
	}
}

static void
block_add(uint32_t state[4], const uint8_t *block)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (unsigned i = 0; i < 64; i++) {
		unsigned word;
		uint32_t f = mix(i, b, c, d, &word);
		uint32_t sum = a + f + word_at(block, word) + sines[i];

		a = d;
		d = c;
		c = b;
		b += rotate(sum, rotations[i / 16][i % 4]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

/* 3.1 and 3.2: a one bit, zeros, and the length in bits behind the rest. */
static void
tail_add(uint32_t state[4], struct slice rest, uint64_t bits)
{
	uint8_t tail[2 * BLOCK_SIZE] = { 0 };
	size_t size = rest.size + 9 <= BLOCK_SIZE ? BLOCK_SIZE : 2 * BLOCK_SIZE;

	if (rest.size > 0)
		memcpy(tail, rest.data, rest.size);
	tail[rest.size] = 0x80;
	for (size_t i = 0; i < 8; i++)
		tail[size - 8 + i] = (uint8_t)(bits >> (8 * i));
	for (size_t i = 0; i < size; i += BLOCK_SIZE)
		block_add(state, tail + i);
}

void
md5_hex(struct slice in, char out[MD5_HEX_SIZE])
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint64_t bits = (uint64_t)in.size * 8;

	for (; in.size >= BLOCK_SIZE; in = slice_tail(in, BLOCK_SIZE))
		block_add(state, in.data);
	tail_add(state, in, bits);
	for (size_t i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x",
		    (unsigned)(state[i / 4] >> (8 * (i % 4)) & 0xff));
}
