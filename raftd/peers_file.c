/* peers.json. See peers_file.h. */
#include "peers_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/local_types.h"
#include "common/log.h"

#define LOG_NAME   "agent.server"
#define PATH_BYTES 600
#define BYTES_MAX  (1024 * 1024)

static const char info[] =
    "A server whose cluster has lost its quorum for ever can be told by hand\n"
    "who the servers are from now on. Stop all that are left, write the file\n"
    "peers.json beside this one on each of them, the same everywhere, and\n"
    "start them again:\n"
    "\n"
    "[\n"
    "  {\n"
    "    \"id\": \"adf4238a-882b-9ddc-4a9d-5b6758e4159e\",\n"
    "    \"address\": \"10.1.0.1:8300\",\n"
    "    \"non_voter\": false\n"
    "  }\n"
    "]\n"
    "\n"
    "The id is what the file node-id in the data directory says, the address\n"
    "is that of the server's RPC port. What had not reached these servers is\n"
    "lost. The file is deleted once it has been used. Without this note it is\n"
    "deleted unread, so leave the note here.\n";

static enum err
fail_errno(struct buf *why, const char *what)
{
	buf_printf(why, "%s: %s", what, strerror(errno));
	return (ERR_IO);
}

/* --- What it says. --- */

static enum err
invalid(struct buf *why, const char *what, const struct member *about)
{
	buf_printf(why, "%s", what);
	if (about != NULL)
		buf_printf(why, ": {Suffrage:%s ID:%s Address:%s}",
		    about->suffrage == SUFFRAGE_VOTER ? "Voter" : "Nonvoter",
		    about->id.text, about->address.text);
	return (ERR_INVALID);
}

static bool
is_among(const struct membership *all, size_t count, const struct raft_name *id,
    const struct raft_name *address)
{
	for (size_t i = 0; i < count; i++)
		if ((id != NULL && raft_name_is(&all->members[i].id, id)) ||
		    (address != NULL &&
			raft_name_is(&all->members[i].address, address)))
			return (true);
	return (false);
}

/* hashicorp/raft, checkConfiguration, in its order. */
static enum err
check(const struct membership *all, struct buf *why)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct member *one = &all->members[i];

		if (!raft_name_is_set(&one->id))
			return (invalid(why, "Empty ID in configuration", one));
		if (!raft_name_is_set(&one->address))
			return (invalid(
			    why, "Empty address in configuration", one));
		if (is_among(all, i, &one->id, NULL))
			return (invalid(
			    why, "Found duplicate ID in configuration", one));
		if (is_among(all, i, NULL, &one->address))
			return (invalid(why,
			    "Found duplicate address in configuration", one));
	}
	if (membership_voter_count(all) == 0)
		return (invalid(
		    why, "Need at least one voter in configuration", NULL));
	return (ERR_OK);
}

static struct raft_name
name_of(struct slice text)
{
	struct raft_name name = { "" };

	if (text.size > 0)
		memcpy(name.text, text.data, text.size); /* the row's limit */
	return (name);
}

static enum err
parse_rows(const struct json *root, struct arena *arena, struct membership *out,
    char why[JSON_WHY_MAX])
{
	for (const struct json *row = root->first; row != NULL;
	     row = row->next) {
		struct raft_peer peer = { 0 };
		struct member *member = &out->members[out->count++];

		if (json_to_type(row, JSON_API_LAX, &raft_peer_type, arena,
			&peer, why) != ERR_OK)
			return (ERR_INVALID);
		member->id = name_of(peer.id);
		member->address = name_of(peer.address);
		member->suffrage =
		    peer.non_voter ? SUFFRAGE_NONVOTER : SUFFRAGE_VOTER;
	}
	return (ERR_OK);
}

static enum err
parse(struct slice text, struct arena *arena, struct membership *out,
    char why[JSON_WHY_MAX])
{
	static const char *const kinds[] = { "null", "bool", "number", "string",
		"array", "object" };
	struct json *root;
	enum err err = json_parse(text, arena, &root, NULL, why);

	out->count = 0;
	if (err != ERR_OK || root->kind == JSON_NULL)
		return (err);
	if (root->kind != JSON_ARRAY) {
		snprintf(why, JSON_WHY_MAX,
		    "json: cannot unmarshal %s into Go value of type "
		    "[]raft.configEntry",
		    kinds[root->kind]);
		return (ERR_INVALID);
	}
	if (root->count > RAFT_SERVERS_MAX) {
		snprintf(why, JSON_WHY_MAX, "more than %d servers",
		    RAFT_SERVERS_MAX);
		return (ERR_TOO_BIG);
	}
	return (parse_rows(root, arena, out, why));
}

enum err
peers_file_parse(struct slice text, struct membership *out, struct buf *why)
{
	char text_why[JSON_WHY_MAX] = "";
	struct membership all = { .count = 0 };
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = parse(text, &arena, &all, text_why);
	arena_deinit(&arena);
	if (err != ERR_OK)
		buf_put_text(why, text_why);
	else
		err = check(&all, why);
	if (err == ERR_OK)
		*out = all;
	return (err);
}

/* --- The files. --- */

static void
print_path(const char *folder, const char *name, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", folder, name);
}

static bool
is_file(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0);
}

static enum err
write_info(const char *path, struct buf *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	enum err err = ERR_OK;

	if (fd < 0 ||
	    write(fd, info, sizeof(info) - 1) != (ssize_t)sizeof(info) - 1 ||
	    fsync(fd) != 0)
		err = fail_errno(why, "failed to write peers.info file");
	if (fd >= 0)
		close(fd);
	return (err);
}

static enum err
read_all(const char *path, struct buf *out, struct buf *why)
{
	FILE *file = fopen(path, "re");
	size_t size;

	if (file == NULL)
		return (fail_errno(
		    why, "recovery failed to parse peers.json: cannot read"));
	do {
		size = fread(buf_extend(out, 4096), 1, 4096, file);
		out->size -= 4096 - size;
	} while (size > 0 && out->size <= BYTES_MAX);
	fclose(file);
	if (out->size <= BYTES_MAX)
		return (ERR_OK);
	buf_printf(why,
	    "recovery failed to parse peers.json: larger than %d bytes",
	    BYTES_MAX);
	return (ERR_TOO_BIG);
}

/* One that was there before this program knew it says nothing of now. */
static enum err
begin(const char *folder, const char *info_path, const char *path,
    struct buf *why)
{
	enum err err = write_info(info_path, why);

	if (err != ERR_OK || !is_file(path))
		return (err);
	err = peers_file_delete(folder, why);
	if (err == ERR_OK)
		log_info(LOG_NAME,
		    "deleted peers.json file (see peers.info for details)", "");
	return (err);
}

enum err
peers_file_read(
    const char *folder, struct membership *out, bool *is_there, struct buf *why)
{
	char path[PATH_BYTES], info_path[PATH_BYTES];
	struct buf text = { 0 }, parse_why = { 0 };
	enum err err;

	*is_there = false;
	print_path(folder, "peers.json", path);
	print_path(folder, "peers.info", info_path);
	if (!is_file(info_path))
		return (begin(folder, info_path, path, why));
	if (!is_file(path))
		return (ERR_OK);
	log_info(LOG_NAME,
	    "found peers.json file, recovering Raft configuration...", "");
	err = read_all(path, &text, why);
	if (err == ERR_OK) {
		err = peers_file_parse(buf_slice(&text), out, &parse_why);
		if (err != ERR_OK)
			buf_printf(why,
			    "recovery failed to parse peers.json: %.*s",
			    SLICE_ARGS(buf_slice(&parse_why)));
	}
	*is_there = err == ERR_OK;
	buf_deinit(&text);
	buf_deinit(&parse_why);
	return (err);
}

enum err
peers_file_delete(const char *folder, struct buf *why)
{
	char path[PATH_BYTES];

	print_path(folder, "peers.json", path);
	if (unlink(path) != 0)
		return (fail_errno(why,
		    "failed to delete peers.json, please delete manually "
		    "(see peers.info for details)"));
	return (ERR_OK);
}
