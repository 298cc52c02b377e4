/* Fields of the wire; see fields.h. */
#include <math.h>
#include <string.h>

#include "common/msgpack.h"
#include "fields.h"
#include "message.h"

#define PING_VERSION 1 /* first byte of an ack's payload: Serf's */

/* --- Parts with a form of their own. --- */

static void
coord_put(const struct coord *c, struct buf *out)
{
	pack_map(out, 4);
	pack_text(out, "Adjustment");
	pack_float(out, c->adjustment);
	pack_text(out, "Error");
	pack_float(out, c->error);
	pack_text(out, "Height");
	pack_float(out, c->height);
	pack_text(out, "Vec");
	pack_array(out, COORD_DIMENSIONS);
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		pack_float(out, c->vec[i]);
}

static void
vector_get(struct reader *rd, struct coord *out)
{
	size_t count = unpack_array(rd);

	if (count != COORD_DIMENSIONS)
		reader_fail(rd);
	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		out->vec[i] = unpack_float(rd);
		if (!isfinite(out->vec[i]))
			reader_fail(rd);
	}
}

static void
coord_get(struct reader *rd, struct coord *out)
{
	size_t count = unpack_map(rd);

	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		struct slice key = unpack_raw(rd);

		if (slice_is(key, "Adjustment"))
			out->adjustment = unpack_float(rd);
		else if (slice_is(key, "Error"))
			out->error = unpack_float(rd);
		else if (slice_is(key, "Height"))
			out->height = unpack_float(rd);
		else if (slice_is(key, "Vec"))
			vector_get(rd, out);
		else
			unpack_object(rd);
	}
	if (!isfinite(out->adjustment) || !isfinite(out->error) ||
	    !isfinite(out->height))
		reader_fail(rd);
}

static void
ack_coord_put(const struct ack *ack, struct buf *out)
{
	struct buf payload = { 0 };

	if (!ack->has_coord) {
		pack_nil(out);
		return;
	}
	buf_put_u8(&payload, PING_VERSION);
	coord_put(&ack->coord, &payload);
	pack_raw(out, buf_slice(&payload));
	buf_deinit(&payload);
}

/* An ack counts, whatever it carries: what is no coordinate is none. */
static void
ack_coord_get(struct slice payload, struct ack *out)
{
	struct reader rd = reader(payload);
	struct coord coord = { 0 };

	if (payload.size == 0 || read_u8(&rd) != PING_VERSION)
		return;
	coord_get(&rd, &coord);
	if (rd.has_failed || rd.rest.size != 0)
		return;
	out->has_coord = true;
	out->coord = coord;
}

static void
bytes_put(struct slice bytes, struct buf *out)
{
	if (bytes.size == 0)
		pack_nil(out);
	else
		pack_raw(out, bytes);
}

static void
filters_put(const struct query *q, struct buf *out)
{
	if (q->filter_count == 0) {
		pack_nil(out);
		return;
	}
	pack_array(out, q->filter_count);
	for (size_t i = 0; i < q->filter_count; i++)
		bytes_put(q->filters[i], out);
}

static void
filters_get(struct reader *rd, struct arena *arena, struct query *out)
{
	size_t count = unpack_array(rd);
	struct slice *filters;

	if (count > GOSSIP_FILTERS_MAX)
		reader_fail(rd);
	if (rd->has_failed)
		return;
	filters = arena_array(arena, count, sizeof(*filters));
	for (size_t i = 0; i < count; i++)
		filters[i] = unpack_raw(rd);
	out->filters = filters;
	out->filter_count = count;
}

/* An IPv4 address may come in IPv6's clothes: then it is still one. */
static void
ip_get(struct reader *rd, struct endpoint *out)
{
	static const uint8_t v4_in_v6[12] = { [10] = 0xff, [11] = 0xff };
	struct slice ip = unpack_raw(rd);

	if (ip.size == 16 && memcmp(ip.data, v4_in_v6, 12) == 0)
		ip = slice_tail(ip, 12);
	if (ip.size != 0 && ip.size != 4 && ip.size != 16)
		reader_fail(rd);
	if (rd->has_failed)
		return;
	memset(out->ip, 0, sizeof(out->ip));
	if (ip.size > 0)
		memcpy(out->ip, ip.data, ip.size);
	out->ip_size = (uint8_t)ip.size;
}

static void
versions_get(struct reader *rd, struct versions *out)
{
	struct slice raw = unpack_raw(rd);

	if (raw.size > GOSSIP_VERSION_BYTES)
		raw = slice_head(raw, GOSSIP_VERSION_BYTES);
	memset(out, 0, sizeof(*out));
	if (raw.size > 0)
		memcpy(out->of, raw.data, raw.size);
	out->count = (uint8_t)raw.size;
}

static uint64_t
uint_get(struct reader *rd, uint64_t max)
{
	uint64_t value = unpack_uint(rd);

	if (value > max)
		reader_fail(rd);
	return (value);
}

static void
address_put(const struct endpoint *e, struct buf *out)
{
	pack_map(out, 3);
	pack_text(out, "IP");
	bytes_put(slice(e->ip, e->ip_size), out);
	pack_text(out, "Port");
	pack_uint(out, e->port);
	pack_text(out, "Zone");
	pack_text(out, "");
}

static void
address_get(struct reader *rd, struct endpoint *out)
{
	size_t count = unpack_map(rd);

	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		struct slice key = unpack_raw(rd);

		if (slice_is(key, "IP"))
			ip_get(rd, out);
		else if (slice_is(key, "Port"))
			out->port = (uint16_t)uint_get(rd, UINT16_MAX);
		else
			unpack_object(rd);
	}
}

static struct slice
text_get(struct reader *rd, uint64_t limit)
{
	struct slice text = unpack_raw(rd);

	if (text.size > limit)
		reader_fail(rd);
	return (text);
}

static struct duration
duration_get(struct reader *rd)
{
	int64_t ns = unpack_int(rd);

	return (NANOSECONDS(ns < 0 ? 0 : ns));
}

/* --- One field. --- */

static bool
field_is_empty(const struct field *f, const void *at)
{
	switch (f->kind) {
	case FIELD_U16:
		return (*(const uint16_t *)at == 0);
	case FIELD_TEXT:
		return (((const struct slice *)at)->size == 0);
	case FIELD_IP:
		return (((const struct endpoint *)at)->ip_size == 0);
	default:
		return (false);
	}
}

static void
field_put(const struct field *f, const void *at, struct buf *out)
{
	switch (f->kind) {
	case FIELD_BOOL:
		pack_bool(out, *(const bool *)at);
		break;
	case FIELD_U8:
		pack_uint(out, *(const uint8_t *)at);
		break;
	case FIELD_U16:
		pack_uint(out, *(const uint16_t *)at);
		break;
	case FIELD_U32:
		pack_uint(out, *(const uint32_t *)at);
		break;
	case FIELD_U64:
		pack_uint(out, *(const uint64_t *)at);
		break;
	case FIELD_DURATION:
		pack_int(out, ((const struct duration *)at)->ns);
		break;
	case FIELD_STATE:
		pack_uint(out, *(const enum swim_state *)at);
		break;
	case FIELD_TEXT:
		pack_raw(out, *(const struct slice *)at);
		break;
	case FIELD_BYTES:
		bytes_put(*(const struct slice *)at, out);
		break;
	case FIELD_IP:
		bytes_put(slice(((const struct endpoint *)at)->ip,
			      ((const struct endpoint *)at)->ip_size),
		    out);
		break;
	case FIELD_VERSIONS:
		bytes_put(slice(((const struct versions *)at)->of,
			      ((const struct versions *)at)->count),
		    out);
		break;
	case FIELD_COORD:
		ack_coord_put(at, out);
		break;
	case FIELD_FILTERS:
		filters_put(at, out);
		break;
	case FIELD_ADDRESS:
		address_put(at, out);
		break;
	}
}

static void
field_get(
    const struct field *f, struct reader *rd, struct arena *arena, void *at)
{
	switch (f->kind) {
	case FIELD_BOOL:
		*(bool *)at = unpack_bool(rd);
		break;
	case FIELD_U8:
		*(uint8_t *)at = (uint8_t)uint_get(rd, UINT8_MAX);
		break;
	case FIELD_U16:
		*(uint16_t *)at = (uint16_t)uint_get(rd, UINT16_MAX);
		break;
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)uint_get(rd, UINT32_MAX);
		break;
	case FIELD_U64:
		*(uint64_t *)at = unpack_uint(rd);
		break;
	case FIELD_DURATION:
		*(struct duration *)at = duration_get(rd);
		break;
	case FIELD_STATE:
		*(enum swim_state *)at =
		    (enum swim_state)uint_get(rd, SWIM_LEFT);
		break;
	case FIELD_TEXT:
	case FIELD_BYTES:
		*(struct slice *)at = text_get(rd, f->limit);
		break;
	case FIELD_IP:
		ip_get(rd, at);
		break;
	case FIELD_VERSIONS:
		versions_get(rd, at);
		break;
	case FIELD_COORD:
		ack_coord_get(unpack_raw(rd), at);
		break;
	case FIELD_FILTERS:
		filters_get(rd, arena, at);
		break;
	case FIELD_ADDRESS:
		address_get(rd, at);
		break;
	}
}

/* --- All of a map. --- */

void
fields_put(const struct layout *l, const void *object, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		count += !(l->fields[i].is_optional &&
			   field_is_empty(&l->fields[i],
			       (const char *)object + l->fields[i].offset));
	pack_map(out, count);
	for (size_t i = 0; i < l->count; i++) {
		const struct field *f = &l->fields[i];
		const void *at = (const char *)object + f->offset;

		if (f->is_optional && field_is_empty(f, at))
			continue;
		pack_text(out, f->name);
		field_put(f, at, out);
	}
}

/* Fields come in the order of the rows, so the search begins behind the last
 * one found. */
static const struct field *
field_find(const struct layout *l, struct slice name, size_t from)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct field *f = &l->fields[(from + i) % l->count];

		if (slice_is(name, f->name))
			return (f);
	}
	return (NULL);
}

void
fields_get(const struct layout *l, struct reader *rd, struct arena *arena,
    void *object)
{
	size_t count = unpack_map(rd);
	size_t next = 0;

	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		const struct field *f = field_find(l, unpack_raw(rd), next);

		if (f == NULL) {
			unpack_object(rd);
			continue;
		}
		next = (size_t)(f - l->fields) + 1;
		field_get(f, rd, arena, (char *)object + f->offset);
	}
}
