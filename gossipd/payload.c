/* Payloads of Serf's own queries; see payload.h. */
#include <string.h>

#include "common/msgpack.h"
#include "meta.h"
#include "payload.h"

#define SERF_CONFLICT_RESPONSE 6
#define SERF_KEY_REQUEST       7
#define SERF_KEY_RESPONSE      8

void
key_request_put(struct slice key, struct buf *out)
{
	buf_put_u8(out, SERF_KEY_REQUEST);
	pack_map(out, 1);
	pack_text(out, "Key");
	if (key.size == 0)
		pack_nil(out);
	else
		pack_raw(out, key);
}

enum err
key_request_get(struct slice in, struct slice *key)
{
	struct reader rd = reader(in);
	struct slice found = { 0 };
	size_t count;

	if (read_u8(&rd) != SERF_KEY_REQUEST)
		reader_fail(&rd);
	count = unpack_map(&rd);
	for (size_t i = 0; i < count && !rd.has_failed; i++) {
		if (slice_is(unpack_raw(&rd), "Key"))
			found = unpack_raw(&rd);
		else
			unpack_object(&rd);
	}
	if (rd.has_failed)
		return (ERR_INVALID);
	*key = found;
	return (ERR_OK);
}

void
key_response_put(const struct key_response *r, struct buf *out)
{
	buf_put_u8(out, SERF_KEY_RESPONSE);
	pack_map(out, 4);
	pack_text(out, "Keys");
	if (r->key_count == 0)
		pack_nil(out);
	else
		pack_array(out, r->key_count);
	for (size_t i = 0; i < r->key_count; i++)
		pack_raw(out, r->keys[i]);
	pack_text(out, "Message");
	pack_raw(out, r->message);
	pack_text(out, "PrimaryKey");
	pack_raw(out, r->primary);
	pack_text(out, "Result");
	pack_bool(out, r->is_ok);
}

static void
keys_get(struct reader *rd, struct arena *arena, struct key_response *out)
{
	size_t count = unpack_array(rd);

	if (count > PAYLOAD_KEYS_MAX)
		reader_fail(rd);
	if (rd->has_failed)
		return;
	out->keys = arena_array(arena, count, sizeof(*out->keys));
	out->key_count = count;
	for (size_t i = 0; i < count; i++)
		out->keys[i] = unpack_raw(rd);
}

enum err
key_response_get(struct slice in, struct arena *arena, struct key_response *out)
{
	struct reader rd = reader(in);
	size_t count;

	memset(out, 0, sizeof(*out));
	if (read_u8(&rd) != SERF_KEY_RESPONSE)
		reader_fail(&rd);
	count = unpack_map(&rd);
	for (size_t i = 0; i < count && !rd.has_failed; i++) {
		struct slice key = unpack_raw(&rd);

		if (slice_is(key, "Keys"))
			keys_get(&rd, arena, out);
		else if (slice_is(key, "Message"))
			out->message = unpack_raw(&rd);
		else if (slice_is(key, "PrimaryKey"))
			out->primary = unpack_raw(&rd);
		else if (slice_is(key, "Result"))
			out->is_ok = unpack_bool(&rd);
		else
			unpack_object(&rd);
	}
	return (rd.has_failed ? ERR_INVALID : ERR_OK);
}

/* --- A member. --- */

static void
tags_put(struct slice meta, struct buf *out)
{
	struct meta_tags tags = meta_tags(meta);
	struct slice key, value;
	struct buf pairs = { 0 };
	size_t count = 0;

	while (meta.size > 0 && meta_next(&tags, &key, &value)) {
		pack_raw(&pairs, key);
		pack_raw(&pairs, value);
		count++;
	}
	pack_map(out, count);
	buf_put_slice(out, buf_slice(&pairs));
	buf_deinit(&pairs);
}

static void
number_put(struct buf *out, const char *name, uint64_t value)
{
	pack_text(out, name);
	pack_uint(out, value);
}

void
conflict_response_put(const struct gossip_member *m, struct buf *out)
{
	buf_put_u8(out, SERF_CONFLICT_RESPONSE);
	if (m == NULL) {
		pack_nil(out);
		return;
	}
	pack_map(out, 11);
	pack_text(out, "Addr");
	pack_raw(out, slice(m->address.ip, m->address.ip_size));
	number_put(out, "DelegateCur", m->versions.of[5]);
	number_put(out, "DelegateMax", m->versions.of[4]);
	number_put(out, "DelegateMin", m->versions.of[3]);
	pack_text(out, "Name");
	pack_raw(out, m->name);
	number_put(out, "Port", m->address.port);
	number_put(out, "ProtocolCur", m->versions.of[2]);
	number_put(out, "ProtocolMax", m->versions.of[1]);
	number_put(out, "ProtocolMin", m->versions.of[0]);
	number_put(out, "Status", m->status);
	pack_text(out, "Tags");
	tags_put(m->meta, out);
}
