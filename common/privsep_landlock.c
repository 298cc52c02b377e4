/*
 * Landlock: which files a daemon may still reach, and that it opens no TCP.
 *
 * The kernel's header here may be older than the kernel, so the parts of the
 * ABI that it lacks are written out. What the running kernel lacks is left
 * out, and the log says so.
 *
 * Source  Documentation/userspace-api/landlock.rst; FIGURES.md 5
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config_recursors.h"
#include "log.h"
#include "metrics_read.h"
#include "names.h"
#include "powers_record.h"
#include "privsep_parts.h"

#define READ_ACCESS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_ACCESS                                                         \
	(READ_ACCESS | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE |     \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR)
#define SOCKET_ACCESS \
	(LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define FILE_ACCESS                                                     \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    ACCESS_TRUNCATE)

/* All that the first ABI knows, and what later ones added. */
#define ACCESS_ABI_1	0x1fffULL
#define ACCESS_REFER	(1ULL << 13) /* ABI 2 */
#define ACCESS_TRUNCATE (1ULL << 14) /* ABI 3 */
#define ACCESS_IOCTL	(1ULL << 15) /* ABI 5; of devices */
#define NET_BIND_TCP	(1ULL << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT	(1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL	(1ULL << 1)

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct ruleset {
	int fd; /* -1: only its record is wanted */
	uint64_t handled;
	struct buf *record; /* lent */
};

static uint64_t
access_bits(unsigned access)
{
	return (((access & POWERS_READ) ? READ_ACCESS : 0) |
		((access & POWERS_WRITE) ? WRITE_ACCESS : 0) |
		((access & POWERS_SOCKET) ? SOCKET_ACCESS : 0));
}

/* As the kernel sees it, whatever links led there. */
static void
record_path(struct buf *record, const char *path, unsigned access)
{
	char *real = realpath(path, NULL);

	buf_printf(record, "landlock fs %s %s\n", powers_access_text(access),
	    real != NULL ? real : path);
	free(real);
}

static long
abi_version(void)
{
	return (syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION));
}

static struct ruleset_attr
attr_for(long abi, enum daemon_network network)
{
	struct ruleset_attr attr = { .handled_access_fs = ACCESS_ABI_1 };

	if (abi >= 2)
		attr.handled_access_fs |= ACCESS_REFER;
	if (abi >= 3)
		attr.handled_access_fs |= ACCESS_TRUNCATE;
	if (abi >= 4)
		attr.handled_access_net = network == NET_CONNECT
					      ? NET_BIND_TCP
					      : NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 5)
		attr.handled_access_fs |= ACCESS_IOCTL;
	if (abi >= 6)
		attr.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return (attr);
}

/* How much of the attributes this kernel takes. */
static size_t
attr_size(long abi)
{
	if (abi >= 6)
		return (sizeof(struct ruleset_attr));
	return (abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t));
}

static void
path_allow(
    const struct ruleset *ruleset, int fd, const char *path, unsigned access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access_bits(access) & ruleset->handled,
		.parent_fd = fd,
	};
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_ACCESS;
	if (syscall(SYS_landlock_add_rule, ruleset->fd,
		LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		fatal("Landlock refuses a rule for %s: %s", path,
		    strerror(errno));
}

/* Allow this below `path`; a path that is not there needs no rule. */
static void
allow(const struct ruleset *ruleset, const char *path, unsigned access)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	record_path(ruleset->record, path, access);
	if (ruleset->fd >= 0)
		path_allow(ruleset, fd, path, access);
	close(fd);
}

static void
allow_below(const struct ruleset *ruleset, const char *folder, const char *name,
    unsigned access)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) <
	    (int)sizeof(path))
		allow(ruleset, path, access);
}

/* A file of the configuration is allowed by its folder: an editor puts a new
 * file in the place of the old one, and a rule on a file stays with the old. */
static void
allow_config(const struct ruleset *ruleset, const char *path)
{
	char folder[4096];
	struct stat st;
	char *slash;

	if (stat(path, &st) != 0 || S_ISDIR(st.st_mode) ||
	    snprintf(folder, sizeof(folder), "%s", path) >=
		(int)sizeof(folder)) {
		allow(ruleset, path, POWERS_READ);
		return;
	}
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	allow(ruleset, folder, POWERS_READ);
}

static void
allow_ui(const struct ruleset *ruleset, struct slice path)
{
	char folder[4096];

	if (path.size > 0 && snprintf(folder, sizeof(folder), "%.*s",
				 SLICE_ARGS(path)) < (int)sizeof(folder))
		allow(ruleset, folder, POWERS_READ);
}

/* More than one may lead to the same folder. */
static void
allow_names(const struct ruleset *ruleset)
{
	char path[NAMES_PATH_SIZE], before[NAMES_PATH_SIZE] = "";

	for (size_t i = 0; i < NAMES_FILES; i++) {
		if (!names_path(i, path, sizeof(path)) ||
		    strcmp(path, before) == 0)
			continue;
		allow(ruleset, path, POWERS_READ);
		memcpy(before, path, sizeof(before));
	}
}

static void
allow_reads(const struct ruleset *ruleset, const struct privsep_scope *scope)
{
	static const char *const system_paths[] = { "/etc",
		"/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates" };
	static const char *const host_paths[] = { "/proc/meminfo",
		"/proc/cpuinfo", "/proc/sys/kernel/random/boot_id",
		"/etc/os-release", "/etc/debian_version", "/etc/machine-id" };
	size_t count = sizeof(system_paths) / sizeof(system_paths[0]);
	size_t host_count = sizeof(host_paths) / sizeof(host_paths[0]);

	for (size_t i = 0;
	     (scope->row->reads & READ_CONFIG) && i < scope->config->path_count;
	     i++)
		allow_config(ruleset, scope->config->paths[i]);
	if ((scope->row->reads & READ_CONFIG) &&
	    scope->config->data_dir[0] != '\0')
		allow_below(
		    ruleset, scope->config->data_dir, "node-id", POWERS_READ);
	if (scope->row->reads & READ_PAGE)
		allow_below(ruleset, scope->run_dir, "genpage", POWERS_READ);
	if (scope->row->reads & READ_METRICS)
		allow_below(
		    ruleset, scope->run_dir, METRICS_FOLDER, POWERS_READ);
	if (scope->row->reads & READ_UI)
		allow_ui(ruleset, scope->config->keys.ui_dir);
	for (size_t i = 0; (scope->row->reads & READ_HOST) && i < host_count;
	     i++)
		allow(ruleset, host_paths[i], POWERS_READ);
	if (scope->row->reads & (READ_NAMES | READ_SYSTEM))
		allow_names(ruleset);
	for (size_t i = 0; (scope->row->reads & READ_SYSTEM) && i < count; i++)
		allow(ruleset, system_paths[i], POWERS_READ);
}

static void
allow_writes(const struct ruleset *ruleset, const struct privsep_scope *scope)
{
	char names[128];
	char *save = NULL;

	if (scope->row->writes[0] == '\0' || scope->config->data_dir[0] == '\0')
		return;
	snprintf(names, sizeof(names), "%s", scope->row->writes);
	for (char *name = strtok_r(names, " ", &save); name != NULL;
	     name = strtok_r(NULL, " ", &save))
		allow_below(ruleset, scope->config->data_dir, name,
		    POWERS_READ | POWERS_WRITE);
}

#define RULE_NET_PORT 2

struct net_port_attr {
	uint64_t allowed_access;
	uint64_t port;
};

static void
allow_port(const struct ruleset *ruleset, uint64_t access, uint16_t port)
{
	struct net_port_attr rule = { access, port };

	buf_printf(ruleset->record, "landlock net %s %u\n",
	    access == NET_BIND_TCP ? "bind" : "connect", (unsigned)port);
	if (ruleset->fd >= 0 && syscall(SYS_landlock_add_rule, ruleset->fd,
				    RULE_NET_PORT, &rule, 0) != 0)
		fatal("Landlock refuses a rule for ports: %s", strerror(errno));
}

static void
allow_recursors(const struct ruleset *ruleset, const struct config *config)
{
	struct config_recursors recursors;
	struct arena arena = { 0 };
	struct buf why = { 0 };

	if (config_recursors_read(config, &arena, &recursors, &why) != ERR_OK)
		fatal("%s", buf_text(&why));
	for (size_t i = 0; i < recursors.count; i++)
		allow_port(ruleset, NET_CONNECT_TCP, recursors.items[i].port);
	arena_deinit(&arena);
}

/* Who reaches out does so from the agent's own address (Consul's -bind): it
 * may bind a socket to that, but to no port of its choice. */
static void
allow_ports(
    const struct ruleset *ruleset, long abi, const struct privsep_scope *scope)
{
	if (abi < 4)
		return;
	if (scope->row->network == NET_CONNECT)
		allow_port(ruleset, NET_BIND_TCP, 0);
	else if (scope->row->network == NET_RECURSE)
		allow_recursors(ruleset, scope->config);
}

/* catalogd binds the edges, each in its folder. */
static void
allow_edges(const struct ruleset *ruleset, const struct privsep_scope *scope)
{
	if (scope->id != DAEMON_catalogd)
		return;
#define X(peer) allow_below(ruleset, scope->run_dir, #peer, POWERS_SOCKET);
	EDGES(X)
#undef X
}

/* What this kernel lacks of it. */
static void
record_abi(long abi, struct buf *record)
{
	buf_printf(record, "landlock abi %ld\n", abi < 0 ? 0 : abi);
	if (abi < 1)
		buf_put_text(record, "landlock missing all of it\n");
	else if (abi < 4)
		buf_put_text(record, "landlock missing TCP ports\n");
	else if (abi < 6)
		buf_put_text(record, "landlock missing signals\n");
}

int
privsep_landlock_prepare(
    const struct privsep_scope *scope, bool is_ours, struct buf *record)
{
	long abi = abi_version();
	struct ruleset_attr attr = attr_for(abi, scope->row->network);
	struct ruleset ruleset = { -1, attr.handled_access_fs, record };

	record_abi(abi, record);
	/* One of the six says it for all; the record has it for each. */
	if (abi < 1 && is_ours && scope->id == DAEMON_catalogd)
		log_warn("agent",
		    "Landlock is not there, going on without it in all daemons",
		    "");
	if (abi < 1)
		return (-1);
	if (is_ours)
		ruleset.fd = (int)syscall(
		    SYS_landlock_create_ruleset, &attr, attr_size(abi), 0);
	if (is_ours && ruleset.fd < 0)
		fatal("Landlock refuses a ruleset: %s", strerror(errno));
	if (abi >= 4 && scope->row->network == NET_CONNECT)
		buf_put_text(record, "landlock net connect any\n");
	allow_reads(&ruleset, scope);
	allow_writes(&ruleset, scope);
	allow_edges(&ruleset, scope);
	allow_ports(&ruleset, abi, scope);
	return (ruleset.fd);
}

void
privsep_landlock_restrict(int ruleset)
{
	if (ruleset < 0)
		return;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		fatal("Landlock refuses to restrict: %s", strerror(errno));
	close(ruleset);
}
