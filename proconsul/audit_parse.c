/*
 * The kernel's texts, read; see audit.h. What cannot be read is refused, not
 * guessed.
 *
 * Source  proc(5)
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"

#define TCP_LISTENING 0x0a
#define UNIX_ACCEPTS  0x10000
#define UNIX_DATAGRAM 2

/* What stands behind "Name:" in a text of lines; empty if it is not there. */
static struct slice
field_find(struct slice text, const char *name)
{
	struct slice line, wanted = slice_of_text(name);
	size_t size;

	while (text.size > 0) {
		size = slice_find(text, '\n', 0);
		line = size == SIZE_MAX ? text : slice_head(text, size);
		text =
		    slice_tail(text, size == SIZE_MAX ? text.size : size + 1);
		if (!slice_starts_with(line, wanted) ||
		    line.size <= wanted.size || line.data[wanted.size] != ':')
			continue;
		line = slice_tail(line, wanted.size + 1);
		while (line.size > 0 &&
		       (line.data[0] == '\t' || line.data[0] == ' '))
			line = slice_tail(line, 1);
		return (line);
	}
	return (SLICE(""));
}

/* A field as text with a NUL behind it. */
static bool
field_text(struct slice text, const char *name, char *out, size_t size)
{
	struct slice field = field_find(text, name);

	if (field.size == 0 || field.size >= size)
		return (false);
	memcpy(out, field.data, field.size);
	out[field.size] = '\0';
	return (true);
}

static bool
ids_read(struct slice text, const char *name, uint32_t ids[4])
{
	char field[128];

	return (field_text(text, name, field, sizeof(field)) &&
		sscanf(field, "%u %u %u %u", &ids[0], &ids[1], &ids[2],
		    &ids[3]) == 4);
}

static bool
number_read(struct slice text, const char *name, int base, uint64_t *out)
{
	char field[128], *end;

	if (!field_text(text, name, field, sizeof(field)))
		return (false);
	*out = strtoull(field, &end, base);
	return (end != field && *end == '\0');
}

/* "61406", or "none"; without its own group, which adds nothing. */
static const char *
groups_read(struct slice text, uint32_t own, struct arena *arena)
{
	char *rest = arena_text(arena, field_find(text, "Groups")), *word, *end;
	const char *groups = "";
	unsigned long group;

	while ((word = strsep(&rest, " ")) != NULL) {
		group = strtoul(word, &end, 10);
		if (end == word || group == own)
			continue;
		groups = audit_text(arena, "%s%s%lu", groups,
		    *groups != '\0' ? " " : "", group);
	}
	return (*groups != '\0' ? groups : "none");
}

bool
audit_parse_status(
    struct slice text, struct arena *arena, struct audit_thread *thread)
{
	static const char *const sets[AUDIT_SETS] = {
		[AUDIT_INHERITABLE] = "CapInh",
		[AUDIT_PERMITTED] = "CapPrm",
		[AUDIT_EFFECTIVE] = "CapEff",
		[AUDIT_BOUNDING] = "CapBnd",
		[AUDIT_AMBIENT] = "CapAmb",
	};
	struct audit_thread t = { 0 };
	uint64_t id, parent, no_new_privs, seccomp;
	size_t i;

	for (i = 0; i < AUDIT_SETS; i++)
		if (!number_read(text, sets[i], 16, &t.capabilities[i]))
			return (false);
	if (!ids_read(text, "Uid", t.uids) || !ids_read(text, "Gid", t.gids) ||
	    !number_read(text, "Pid", 10, &id) ||
	    !number_read(text, "PPid", 10, &parent) ||
	    !number_read(text, "NoNewPrivs", 10, &no_new_privs) ||
	    !number_read(text, "Seccomp", 10, &seccomp))
		return (false);
	t.id = (pid_t)id;
	t.parent = (pid_t)parent;
	t.no_new_privs = (int)no_new_privs;
	t.seccomp = (int)seccomp;
	t.groups = groups_read(text, t.gids[1], arena);
	*thread = t;
	return (true);
}

/* --- Limits. --- */

/* The kernel's words, and those of prlimit(1) and powers_record.h. */
static const struct limit_name {
	const char *text;
	const char *name;
} limit_names[] = {
	{ "Max cpu time", "cpu" },
	{ "Max file size", "fsize" },
	{ "Max data size", "data" },
	{ "Max stack size", "stack" },
	{ "Max core file size", "core" },
	{ "Max resident set", "rss" },
	{ "Max processes", "nproc" },
	{ "Max open files", "nofile" },
	{ "Max locked memory", "memlock" },
	{ "Max address space", "as" },
	{ "Max file locks", "locks" },
	{ "Max pending signals", "sigpending" },
	{ "Max msgqueue size", "msgqueue" },
	{ "Max nice priority", "nice" },
	{ "Max realtime priority", "rtprio" },
	{ "Max realtime timeout", "rttime" },
};

#define LIMIT_NAMES (sizeof(limit_names) / sizeof(limit_names[0]))

static bool
limit_value(const char *text, uint64_t *out)
{
	char *end;

	*out = POWERS_UNLIMITED;
	if (strcmp(text, "unlimited") == 0)
		return (true);
	*out = strtoull(text, &end, 10);
	return (end != text && *end == '\0');
}

static void
limit_read(const char *line, struct audit_process *process)
{
	struct audit_limit *limit = &process->limits[process->limit_count];
	char soft[32], hard[32];
	size_t i, size;

	for (i = 0; i < LIMIT_NAMES; i++) {
		size = strlen(limit_names[i].text);
		if (strncmp(line, limit_names[i].text, size) != 0 ||
		    sscanf(line + size, "%31s %31s", soft, hard) != 2 ||
		    !limit_value(soft, &limit->soft) ||
		    !limit_value(hard, &limit->hard))
			continue;
		limit->name = limit_names[i].name;
		process->limit_count++;
		return;
	}
}

void
audit_parse_limits(
    struct slice text, struct arena *arena, struct audit_process *process)
{
	char *lines = arena_text(arena, text), *line;

	process->limits =
	    arena_array(arena, LIMIT_NAMES, sizeof(*process->limits));
	process->limit_count = 0;
	while ((line = strsep(&lines, "\n")) != NULL) {
		if (process->limit_count < LIMIT_NAMES)
			limit_read(line, process);
	}
}

void
audit_parse_flags(struct slice text, struct audit_handle *handle)
{
	uint64_t flags;

	/* What cannot be told may do everything. */
	if (!number_read(text, "flags", 8, &flags))
		flags = O_RDWR;
	handle->reads =
	    (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_WRONLY;
	handle->writes =
	    (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/* --- Sockets. --- */

/* The kernel prints the words of an address as numbers of this machine. */
static bool
address_read(
    const char *text, bool is_v6, struct arena *arena, const char **out)
{
	char shown[INET6_ADDRSTRLEN];
	uint32_t words[4] = { 0 };
	size_t count = is_v6 ? 4 : 1, i;

	if (strlen(text) != count * 8)
		return (false);
	for (i = 0; i < count; i++)
		if (sscanf(text + i * 8, "%8x", &words[i]) != 1)
			return (false);
	if (inet_ntop(is_v6 ? AF_INET6 : AF_INET, words, shown,
		sizeof(shown)) == NULL)
		return (false);
	*out = arena_text(arena, slice_of_text(shown));
	return (true);
}

bool
audit_parse_net(struct slice line, bool is_v6, struct arena *arena,
    struct audit_socket *socket)
{
	struct audit_socket s = { 0 };
	char local[33], remote[33], text[512];
	unsigned port, remote_port, state;
	unsigned long long inode;

	if (line.size >= sizeof(text))
		return (false);
	memcpy(text, line.data, line.size);
	text[line.size] = '\0';
	if (sscanf(text,
		"%*s %32[0-9A-F]:%x %32[0-9A-F]:%x %x %*s %*s %*s %*s %*s "
		"%llu",
		local, &port, remote, &remote_port, &state, &inode) != 6 ||
	    !address_read(local, is_v6, arena, &s.address) ||
	    !address_read(remote, is_v6, arena, &s.remote))
		return (false);
	s.inode = inode;
	s.port = (int)port;
	s.remote_port = (int)remote_port;
	/* Of UDP, which does not listen: nobody is on the other end. */
	s.is_listening = state == TCP_LISTENING;
	*socket = s;
	return (true);
}

bool
audit_parse_unix(
    struct slice line, struct arena *arena, struct audit_socket *socket)
{
	struct audit_socket s = { .family = AUDIT_UNIX, .address = "" };
	unsigned flags, type, state;
	unsigned long long inode;
	char text[512];
	int used = 0;

	if (line.size >= sizeof(text))
		return (false);
	memcpy(text, line.data, line.size);
	text[line.size] = '\0';
	if (sscanf(text, "%*s %*s %*s %x %x %x %llu%n", &flags, &type, &state,
		&inode, &used) != 4)
		return (false);
	s.inode = inode;
	s.is_listening = (flags & UNIX_ACCEPTS) != 0;
	s.is_datagram = type == UNIX_DATAGRAM;
	if (text[used] == ' ' && text[used + 1] != '\0')
		s.address = arena_text(arena, slice_of_text(text + used + 1));
	*socket = s;
	return (true);
}
