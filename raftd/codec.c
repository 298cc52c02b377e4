/* Configuration entries. See codec.h. */
#include "codec.h"

#include <string.h>

#include "common/rpc_types.h"

static struct slice
slice_of(const struct raft_name *name)
{
	return (slice_of_text(name->text));
}

void
codec_put_membership(struct buf *out, const struct membership *from)
{
	struct raft_server_entry rows[RAFT_SERVERS_MAX] = { 0 };
	struct raft_configuration wire = { 0 };

	for (size_t i = 0; i < from->count; i++) {
		rows[i].address = slice_of(&from->members[i].address);
		rows[i].id = slice_of(&from->members[i].id);
		rows[i].suffrage = from->members[i].suffrage;
	}
	wire.servers.items = rows;
	wire.servers.count = from->count;
	type_encode(&raft_configuration_type, &wire, out);
}

/* A name is text without a NUL inside, and must fit. */
static enum err
get_name(struct slice from, struct raft_name *to)
{
	if (from.size > RAFT_NAME_BYTES_MAX)
		return (ERR_TOO_BIG);
	if (slice_find(from, 0, 0) != SIZE_MAX)
		return (ERR_INVALID);
	memset(to, 0, sizeof(*to));
	if (from.size > 0)
		memcpy(to->text, from.data, from.size);
	return (ERR_OK);
}

static enum err
get_member(const struct raft_server_entry *from, struct member *to)
{
	enum err err = get_name(from->id, &to->id);

	if (err == ERR_OK)
		err = get_name(from->address, &to->address);
	if (err == ERR_OK && (from->suffrage < SUFFRAGE_VOTER ||
				 from->suffrage > SUFFRAGE_STAGING))
		err = ERR_INVALID;
	to->suffrage = (enum suffrage)from->suffrage;
	return (err);
}

static enum err
get_members(const struct raft_configuration *from, struct membership *out)
{
	struct membership all = { .count = from->servers.count };

	if (all.count > RAFT_SERVERS_MAX)
		return (ERR_TOO_BIG);
	for (size_t i = 0; i < all.count; i++) {
		enum err err =
		    get_member(&from->servers.items[i], &all.members[i]);

		if (err != ERR_OK)
			return (err);
	}
	if (!membership_is_sound(&all))
		return (ERR_INVALID);
	*out = all;
	return (ERR_OK);
}

enum err
codec_get_membership(struct slice from, struct membership *out)
{
	struct raft_configuration wire;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = type_decode_all(&raft_configuration_type, from, &arena, &wire);
	if (err == ERR_OK)
		err = get_members(&wire, out);
	arena_deinit(&arena);
	return (err);
}
