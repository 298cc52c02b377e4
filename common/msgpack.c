/* msgpack in Consul's dialect; see msgpack.h. */
#include <string.h>

#include "limits.h"
#include "msgpack.h"

#define FIX_MAP	  0x80
#define FIX_ARRAY 0x90
#define FIX_RAW	  0xa0
#define NIL	  0xc0
#define FALSE_	  0xc2
#define TRUE_	  0xc3
#define BIN8	  0xc4
#define FLOAT32	  0xca
#define FLOAT64	  0xcb
#define UINT8	  0xcc
#define INT8	  0xd0
#define STR8	  0xd9
#define RAW16	  0xda
#define ARRAY16	  0xdc
#define MAP16	  0xde
#define FIX_MINUS 0xe0

void
pack_nil(struct buf *b)
{
	buf_put_u8(b, NIL);
}

void
pack_bool(struct buf *b, bool value)
{
	buf_put_u8(b, value ? TRUE_ : FALSE_);
}

/* `lead`, then the lowest 1 << power bytes of value, big endian. */
static void
put_wide(struct buf *b, uint8_t lead, unsigned power, uint64_t value)
{
	size_t size = (size_t)1 << power;
	uint8_t *out = buf_extend(b, size + 1);

	out[0] = lead;
	for (size_t i = size; i > 0; i--) {
		out[i] = value & 0xff;
		value >>= 8;
	}
}

void
pack_uint(struct buf *b, uint64_t value)
{
	if (value < 0x80)
		buf_put_u8(b, (uint8_t)value);
	else if (value <= UINT8_MAX)
		put_wide(b, UINT8, 0, value);
	else if (value <= UINT16_MAX)
		put_wide(b, UINT8 + 1, 1, value);
	else if (value <= UINT32_MAX)
		put_wide(b, UINT8 + 2, 2, value);
	else
		put_wide(b, UINT8 + 3, 3, value);
}

void
pack_int(struct buf *b, int64_t value)
{
	if (value >= 0)
		pack_uint(b, (uint64_t)value);
	else if (value >= -32)
		buf_put_u8(b, (uint8_t)value);
	else if (value >= INT8_MIN)
		put_wide(b, INT8, 0, (uint64_t)value);
	else if (value >= INT16_MIN)
		put_wide(b, INT8 + 1, 1, (uint64_t)value);
	else if (value >= INT32_MIN)
		put_wide(b, INT8 + 2, 2, (uint64_t)value);
	else
		put_wide(b, INT8 + 3, 3, (uint64_t)value);
}

void
pack_float(struct buf *b, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put_wide(b, FLOAT64, 3, bits);
}

/* A length: in the lead byte if below `fix_max`, else `lead` with 16 bits
 * or the next lead with 32. */
static void
put_length(
    struct buf *b, uint8_t fix, size_t fix_max, uint8_t lead, size_t length)
{
	if (length < fix_max)
		buf_put_u8(b, fix | (uint8_t)length);
	else if (length <= UINT16_MAX)
		put_wide(b, lead, 1, length);
	else
		put_wide(b, lead + 1, 2, length);
}

void
pack_raw(struct buf *b, struct slice raw)
{
	put_length(b, FIX_RAW, 32, RAW16, raw.size);
	buf_put_slice(b, raw);
}

void
pack_text(struct buf *b, const char *text)
{
	pack_raw(b, slice_of_text(text));
}

void
pack_array(struct buf *b, size_t count)
{
	put_length(b, FIX_ARRAY, 16, ARRAY16, count);
}

void
pack_map(struct buf *b, size_t count)
{
	put_length(b, FIX_MAP, 16, MAP16, count);
}

/* 1 << power bytes, big endian. */
static uint64_t
read_wide(struct reader *rd, unsigned power)
{
	struct slice s = read_bytes(rd, (size_t)1 << power);
	uint64_t value = 0;

	for (size_t i = 0; i < s.size; i++)
		value = value << 8 | s.data[i];
	return (value);
}

static struct unpacked
unpack_real(struct reader *rd, unsigned power)
{
	struct unpacked u = { .token = TOKEN_FLOAT };
	uint64_t bits = read_wide(rd, power);

	if (power == 2) {
		uint32_t half = (uint32_t)bits;
		float value;

		memcpy(&value, &half, sizeof(value));
		u.as.real = value;
	} else
		memcpy(&u.as.real, &bits, sizeof(bits));
	return (u);
}

static struct unpacked
unpack_signed(struct reader *rd, unsigned power)
{
	unsigned unused_bits = 64 - (8U << power);
	uint64_t bits = read_wide(rd, power) << unused_bits;
	int64_t value = (int64_t)bits >> unused_bits;

	/* Positive ones are all of one kind, whatever their form. */
	if (value >= 0)
		return ((struct unpacked){
		    .token = TOKEN_UINT, .as.natural = (uint64_t)value });
	return ((struct unpacked){ .token = TOKEN_INT, .as.integer = value });
}

static struct unpacked
unpack_sized_raw(struct reader *rd, size_t size)
{
	return ((struct unpacked){
	    .token = TOKEN_RAW, .as.raw = read_bytes(rd, size) });
}

/* An element takes a byte at least: a count beyond that is a lie. */
static struct unpacked
unpack_counted(struct reader *rd, enum token token, size_t count)
{
	size_t bytes_each = token == TOKEN_MAP ? 2 : 1;

	if (count > rd->rest.size / bytes_each)
		reader_fail(rd);
	return ((struct unpacked){ .token = token, .as.count = count });
}

static struct unpacked
unpack_fix(struct reader *rd, uint8_t lead)
{
	if (lead < FIX_MAP)
		return ((struct unpacked){
		    .token = TOKEN_UINT, .as.natural = lead });
	if (lead < FIX_ARRAY)
		return (unpack_counted(rd, TOKEN_MAP, lead & 0x0f));
	if (lead < FIX_RAW)
		return (unpack_counted(rd, TOKEN_ARRAY, lead & 0x0f));
	if (lead < NIL)
		return (unpack_sized_raw(rd, lead & 0x1f));
	return ((struct unpacked){
	    .token = TOKEN_INT, .as.integer = (int8_t)lead });
}

static struct unpacked
unpack_led(struct reader *rd, uint8_t lead)
{
	switch (lead) {
	case NIL:
		return ((struct unpacked){ .token = TOKEN_NIL });
	case FALSE_:
	case TRUE_:
		return ((struct unpacked){
		    .token = TOKEN_BOOL, .as.boolean = lead == TRUE_ });
	case BIN8:
	case BIN8 + 1:
	case BIN8 + 2:
		return (unpack_sized_raw(rd, read_wide(rd, lead - BIN8)));
	case FLOAT32:
	case FLOAT64:
		return (unpack_real(rd, lead == FLOAT32 ? 2 : 3));
	case UINT8:
	case UINT8 + 1:
	case UINT8 + 2:
	case UINT8 + 3:
		return ((struct unpacked){ .token = TOKEN_UINT,
		    .as.natural = read_wide(rd, lead - UINT8) });
	case INT8:
	case INT8 + 1:
	case INT8 + 2:
	case INT8 + 3:
		return (unpack_signed(rd, lead - INT8));
	case STR8:
	case RAW16:
	case RAW16 + 1:
		return (unpack_sized_raw(rd, read_wide(rd, lead - STR8)));
	case ARRAY16:
	case ARRAY16 + 1:
		return (unpack_counted(
		    rd, TOKEN_ARRAY, read_wide(rd, lead - ARRAY16 + 1)));
	case MAP16:
	case MAP16 + 1:
		return (unpack_counted(
		    rd, TOKEN_MAP, read_wide(rd, lead - MAP16 + 1)));
	default:
		reader_fail(rd);
		return ((struct unpacked){ .token = TOKEN_END });
	}
}

struct unpacked
unpack(struct reader *rd)
{
	struct unpacked u = { .token = TOKEN_END };
	uint8_t lead;

	if (rd->rest.size == 0) {
		reader_fail(rd);
		return (u);
	}
	lead = rd->rest.data[0];
	rd->rest = slice_tail(rd->rest, 1);
	if (lead < NIL || lead >= FIX_MINUS)
		u = unpack_fix(rd, lead);
	else
		u = unpack_led(rd, lead);
	if (rd->has_failed)
		u.token = TOKEN_END;
	return (u);
}

enum token
unpack_peek(const struct reader *rd)
{
	struct reader copy = *rd;

	if (rd->has_failed || rd->rest.size == 0)
		return (TOKEN_END);
	return (unpack(&copy).token);
}

struct slice
unpack_object(struct reader *rd)
{
	size_t left[TYPE_DEPTH_MAX]; /* objects still to come, by depth */
	struct slice start = rd->rest;
	unsigned depth = 1;

	left[0] = 1;
	while (depth > 0 && !rd->has_failed) {
		struct unpacked u;

		if (left[depth - 1]-- == 0) {
			depth--;
			continue;
		}
		u = unpack(rd);
		if (u.token != TOKEN_ARRAY && u.token != TOKEN_MAP)
			continue;
		if (depth == TYPE_DEPTH_MAX) {
			reader_fail(rd);
			break;
		}
		left[depth++] =
		    u.token == TOKEN_MAP ? u.as.count * 2 : u.as.count;
	}
	if (rd->has_failed)
		return ((struct slice){ 0 });
	return (slice_head(start, start.size - rd->rest.size));
}

bool
unpack_bool(struct reader *rd)
{
	struct unpacked u = unpack(rd);

	if (u.token == TOKEN_BOOL)
		return (u.as.boolean);
	if (u.token == TOKEN_UINT && u.as.natural <= 1)
		return (u.as.natural == 1);
	if (u.token != TOKEN_NIL)
		reader_fail(rd);
	return (false);
}

uint64_t
unpack_uint(struct reader *rd)
{
	struct unpacked u = unpack(rd);

	if (u.token == TOKEN_UINT)
		return (u.as.natural);
	if (u.token != TOKEN_NIL)
		reader_fail(rd);
	return (0);
}

int64_t
unpack_int(struct reader *rd)
{
	struct unpacked u = unpack(rd);

	if (u.token == TOKEN_INT)
		return (u.as.integer);
	if (u.token == TOKEN_UINT && u.as.natural <= INT64_MAX)
		return ((int64_t)u.as.natural);
	if (u.token != TOKEN_NIL)
		reader_fail(rd);
	return (0);
}

double
unpack_float(struct reader *rd)
{
	struct unpacked u = unpack(rd);

	if (u.token == TOKEN_FLOAT)
		return (u.as.real);
	if (u.token == TOKEN_UINT)
		return ((double)u.as.natural);
	if (u.token == TOKEN_INT)
		return ((double)u.as.integer);
	if (u.token != TOKEN_NIL)
		reader_fail(rd);
	return (0);
}

struct slice
unpack_raw(struct reader *rd)
{
	struct unpacked u = unpack(rd);

	if (u.token == TOKEN_RAW)
		return (u.as.raw);
	if (u.token != TOKEN_NIL)
		reader_fail(rd);
	return ((struct slice){ 0 });
}

static size_t
unpack_count(struct reader *rd, enum token wanted)
{
	struct unpacked u = unpack(rd);

	if (u.token == wanted)
		return (u.as.count);
	if (u.token != TOKEN_NIL)
		reader_fail(rd);
	return (0);
}

size_t
unpack_array(struct reader *rd)
{
	return (unpack_count(rd, TOKEN_ARRAY));
}

size_t
unpack_map(struct reader *rd)
{
	return (unpack_count(rd, TOKEN_MAP));
}
