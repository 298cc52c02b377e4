/*
 * The sockets that processes hold, and who holds the other ends; see audit.h.
 *
 * /proc/PID/net tells what each is and where it listens; who is on the other
 * end of one of AF_UNIX only sock_diag tells, and only inside its network
 * namespace (a unit may have one of its own), which takes CAP_SYS_ADMIN.
 * Where it doesn't, the peers stay unknown.
 *
 * Source  proc(5), sock_diag(7), unix_diag.h
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "audit.h"
#include "xmalloc.h"

#define DIAG_BYTES	32768
#define DIAG_MAX	(1024 * 1024) /* sockets of AF_UNIX of a machine */
#define DIAG_TIMEOUT_S	5
#define NAMESPACE_BYTES 64

/* A descriptor that is a socket. */
struct wanted {
	uint64_t inode;
	pid_t pid;
	struct audit_handle *handle; /* NULL: a peer that is looked for */
};

/* One of AF_UNIX, as sock_diag tells it. */
struct diag {
	uint64_t inode;
	uint64_t peer; /* 0: none */
	const char *path;
};

struct sockets {
	struct audit_suite *suite;
	struct wanted *wanted; /* owned; by inode, then pid */
	size_t wanted_count, wanted_capacity;
	struct diag *diags; /* owned; by inode */
	size_t diag_count, diag_capacity;
	char namespaces[AUDIT_PROCESSES_MAX][NAMESPACE_BYTES]; /* done */
	size_t namespace_count;
};

static int
wanted_compare(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->inode != y->inode)
		return (x->inode < y->inode ? -1 : 1);
	return (x->pid < y->pid ? -1 : x->pid > y->pid);
}

static int
diag_compare(const void *a, const void *b)
{
	const struct diag *x = a, *y = b;

	return (x->inode < y->inode ? -1 : x->inode > y->inode);
}

/* The first with this inode, or NULL. */
static struct wanted *
wanted_find(const struct sockets *s, uint64_t inode)
{
	size_t low = 0, high = s->wanted_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->wanted[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return (low < s->wanted_count && s->wanted[low].inode == inode
		    ? &s->wanted[low]
		    : NULL);
}

static const struct diag *
diag_find(const struct sockets *s, uint64_t inode)
{
	struct diag key = { .inode = inode };

	if (inode == 0 || s->diag_count == 0)
		return (NULL);
	return (
	    bsearch(&key, s->diags, s->diag_count, sizeof(key), diag_compare));
}

static pid_t
holder_of(const struct sockets *s, uint64_t inode)
{
	const struct wanted *wanted = wanted_find(s, inode);

	return (wanted != NULL ? wanted->pid : 0);
}

static void
wanted_add(struct sockets *s, struct wanted wanted)
{
	if (s->wanted_count == s->wanted_capacity) {
		s->wanted_capacity = s->wanted_capacity * 2 + 64;
		s->wanted = xreallocarray(
		    s->wanted, s->wanted_capacity, sizeof(*s->wanted));
	}
	s->wanted[s->wanted_count++] = wanted;
}

/* "socket:[123]" */
static bool
inode_read(const char *target, uint64_t *inode)
{
	unsigned long long number;

	if (sscanf(target, "socket:[%llu]", &number) != 1)
		return (false);
	*inode = number;
	return (true);
}

static void
wanted_gather(struct sockets *s)
{
	for (size_t i = 0; i < s->suite->count; i++) {
		struct audit_process *p = &s->suite->processes[i];

		for (size_t k = 0; k < p->handle_count; k++) {
			struct wanted w = { .pid = p->pid,
				.handle = &p->handles[k] };

			if (inode_read(w.handle->target, &w.inode))
				wanted_add(s, w);
		}
	}
	if (s->wanted_count > 0)
		qsort(s->wanted, s->wanted_count, sizeof(*s->wanted),
		    wanted_compare);
}

/* --- The kernel's tables. --- */

/* Everyone who holds it gets it. */
static void
socket_give(struct sockets *s, const struct audit_socket *socket)
{
	struct wanted *w = wanted_find(s, socket->inode);
	struct audit_socket *copy;

	if (w == NULL)
		return;
	copy = arena_alloc(s->suite->arena, sizeof(*copy));
	*copy = *socket;
	copy->holder = w->pid;
	for (; w < s->wanted + s->wanted_count && w->inode == socket->inode;
	     w++)
		w->handle->socket = copy;
}

/* Those at a path of the run directory, whoever holds them. */
static void
socket_keep(struct sockets *s, const struct audit_socket *socket)
{
	struct audit_suite *suite = s->suite;
	size_t size = strlen(suite->run_dir);
	struct audit_socket *more;

	if (strncmp(socket->address, suite->run_dir, size) != 0 ||
	    socket->address[size] != '/')
		return;
	if ((suite->socket_count & (suite->socket_count - 1)) == 0) {
		more = arena_array(
		    suite->arena, suite->socket_count * 2 + 1, sizeof(*more));
		if (suite->socket_count > 0)
			memcpy(more, suite->sockets,
			    suite->socket_count * sizeof(*more));
		suite->sockets = more;
	}
	suite->sockets[suite->socket_count++] = *socket;
}

static void
table_read(struct sockets *s, pid_t pid, const char *name,
    enum audit_family family, bool is_v6)
{
	struct audit_socket socket;
	struct slice line;
	char path[64], *text = NULL;
	size_t capacity = 0;
	ssize_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, name);
	file = fopen(path, "re");
	while (file != NULL && (size = getline(&text, &capacity, file)) > 0) {
		line = slice(text, (size_t)size - (text[size - 1] == '\n'));
		if (family == AUDIT_UNIX
			? !audit_parse_unix(line, s->suite->arena, &socket)
			: !audit_parse_net(
			      line, is_v6, s->suite->arena, &socket))
			continue;
		socket.family = family;
		socket_give(s, &socket);
		if (family == AUDIT_UNIX)
			socket_keep(s, &socket);
	}
	free(text);
	if (file != NULL)
		fclose(file);
}

/* --- sock_diag. --- */

static void
diag_keep(struct sockets *s, const struct nlmsghdr *message)
{
	const struct unix_diag_msg *m = NLMSG_DATA(message);
	int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof(*m)));
	const struct rtattr *a = (const struct rtattr *)(m + 1);
	struct diag diag = { .inode = m->udiag_ino, .path = "" };
	uint32_t peer;

	for (; left > 0 && RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == UNIX_DIAG_PEER &&
		    RTA_PAYLOAD(a) == sizeof(peer)) {
			memcpy(&peer, RTA_DATA(a), sizeof(peer));
			diag.peer = peer;
		} else if (a->rta_type == UNIX_DIAG_NAME &&
			   *(const char *)RTA_DATA(a) != '\0') {
			diag.path = arena_text(s->suite->arena,
			    slice(RTA_DATA(a),
				strnlen(RTA_DATA(a), RTA_PAYLOAD(a))));
		}
	}
	if (s->diag_count == s->diag_capacity) {
		s->diag_capacity = s->diag_capacity * 2 + 256;
		s->diags = xreallocarray(
		    s->diags, s->diag_capacity, sizeof(*s->diags));
	}
	s->diags[s->diag_count++] = diag;
}

static bool
diag_ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} ask = {
		.header = {
			.nlmsg_len = sizeof(ask),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.request = {
			.sdiag_family = AF_UNIX,
			.udiag_states = ~0U,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
		},
	};

	return (send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask));
}

/* False when it broke off; true at the end of all. */
static bool
diag_answers(struct sockets *s, int fd)
{
	char *bytes = xmalloc(DIAG_BYTES);
	bool is_done = false;
	ssize_t size;

	while (!is_done && s->diag_count < DIAG_MAX &&
	       (size = recv(fd, bytes, DIAG_BYTES, 0)) > 0) {
		size_t left = (size_t)size;

		for (const struct nlmsghdr *m = (const void *)bytes;
		     !is_done && NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_type == NLMSG_ERROR) {
				free(bytes);
				return (false);
			}
			if (m->nlmsg_type == NLMSG_DONE)
				is_done = true;
			else if (m->nlmsg_len >=
				 NLMSG_LENGTH(sizeof(struct unix_diag_msg)))
				diag_keep(s, m);
		}
	}
	free(bytes);
	return (is_done);
}

/* A netlink socket lives where it was made, so that we can come back at once.
 */
static int
diag_open(pid_t pid, const char *namespace)
{
	struct timeval limit = { .tv_sec = DIAG_TIMEOUT_S };
	char path[64], own[NAMESPACE_BYTES] = "";
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there = -1, fd = -1;
	bool is_here;

	is_here = readlink("/proc/self/ns/net", own, sizeof(own) - 1) > 0 &&
		  strcmp(own, namespace) == 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (!is_here)
		there = open(path, O_RDONLY | O_CLOEXEC);
	if (is_here ||
	    (home >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0)) {
		fd = socket(
		    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		if (!is_here && setns(home, CLONE_NEWNET) != 0) {
			if (fd >= 0)
				close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (there >= 0)
		close(there);
	if (home >= 0)
		close(home);
	return (fd);
}

static void
diag_read(struct sockets *s, pid_t pid, const char *namespace)
{
	int fd = diag_open(pid, namespace);

	if (fd < 0 || !diag_ask(fd) || !diag_answers(s, fd))
		s->suite->knows_peers = false;
	if (fd >= 0)
		close(fd);
}

/* --- Who holds what. --- */

/* Holders outside of the suite, of peers that nobody inside holds. */
static void
strangers_look(struct sockets *s, pid_t pid, struct wanted *peers, size_t count)
{
	struct wanted key = { 0 }, *found;
	char path[64], target[64];
	struct dirent *entry;
	DIR *folder;
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		size = readlinkat(
		    dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		if (size <= 0)
			continue;
		target[size] = '\0';
		if (!inode_read(target, &key.inode))
			continue;
		found =
		    bsearch(&key, peers, count, sizeof(*peers), wanted_compare);
		if (found != NULL)
			wanted_add(s,
			    (struct wanted){ .inode = key.inode, .pid = pid });
	}
	if (folder != NULL)
		closedir(folder);
}

static void
strangers_find(struct sockets *s, struct wanted *peers, size_t count)
{
	struct dirent *entry;
	DIR *folder = opendir("/proc");

	qsort(peers, count, sizeof(*peers), wanted_compare);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			strangers_look(s, pid, peers, count);
	}
	if (folder != NULL)
		closedir(folder);
	qsort(s->wanted, s->wanted_count, sizeof(*s->wanted), wanted_compare);
}

static void
peer_want(const struct sockets *s, uint64_t inode, struct wanted **peers,
    size_t *count)
{
	if (inode == 0 || holder_of(s, inode) != 0)
		return;
	*peers = xreallocarray(*peers, *count + 1, sizeof(**peers));
	(*peers)[(*count)++] = (struct wanted){ .inode = inode };
}

static void
peer_fill(const struct sockets *s, struct audit_socket *socket)
{
	const struct diag *own = diag_find(s, socket->inode), *peer;

	if (own == NULL)
		return;
	socket->knows_peer = true;
	socket->peer = own->peer;
	peer = diag_find(s, own->peer);
	socket->peer_path = peer != NULL ? peer->path : "";
	socket->peer_pid = holder_of(s, own->peer);
	socket->holder = holder_of(s, socket->inode);
}

/* The sockets as the handles have them, each once. */
static void
peers_fill(struct sockets *s)
{
	struct wanted *peers = NULL;
	size_t count = 0, i, own_count = s->wanted_count;
	const struct diag *own;

	for (i = 0; i < own_count; i++) {
		own = diag_find(s, s->wanted[i].inode);
		peer_want(s, own != NULL ? own->peer : 0, &peers, &count);
	}
	for (i = 0; i < s->suite->socket_count; i++) {
		own = diag_find(s, s->suite->sockets[i].inode);
		peer_want(s, s->suite->sockets[i].inode, &peers, &count);
		peer_want(s, own != NULL ? own->peer : 0, &peers, &count);
	}
	if (count > 0)
		strangers_find(s, peers, count);
	free(peers);
	for (i = 0; i < s->suite->socket_count; i++)
		peer_fill(s, &s->suite->sockets[i]);
	for (i = 0; i < s->suite->count; i++) {
		struct audit_process *p = &s->suite->processes[i];

		for (size_t k = 0; k < p->handle_count; k++) {
			struct audit_handle *h = &p->handles[k];
			struct audit_socket *copy;

			if (h->socket == NULL)
				continue;
			copy = arena_alloc(s->suite->arena, sizeof(*copy));
			*copy = *h->socket;
			peer_fill(s, copy);
			h->socket = copy;
		}
	}
}

static bool
namespace_is_new(struct sockets *s, pid_t pid, const char **name)
{
	char path[64], *out = s->namespaces[s->namespace_count];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	size = readlink(path, out, NAMESPACE_BYTES - 1);
	if (size <= 0)
		return (false);
	out[size] = '\0';
	for (size_t i = 0; i < s->namespace_count; i++)
		if (strcmp(s->namespaces[i], out) == 0)
			return (false);
	s->namespace_count++;
	*name = out;
	return (true);
}

void
audit_sockets_look(struct audit_suite *suite)
{
	struct sockets s = { .suite = suite };
	const char *namespace;

	suite->sockets = NULL;
	suite->socket_count = 0;
	suite->knows_peers = true;
	wanted_gather(&s);
	for (size_t i = 0; i < suite->count; i++) {
		pid_t pid = suite->processes[i].pid;

		if (!namespace_is_new(&s, pid, &namespace))
			continue;
		table_read(&s, pid, "tcp", AUDIT_TCP, false);
		table_read(&s, pid, "tcp6", AUDIT_TCP, true);
		table_read(&s, pid, "udp", AUDIT_UDP, false);
		table_read(&s, pid, "udp6", AUDIT_UDP, true);
		table_read(&s, pid, "unix", AUDIT_UNIX, false);
		diag_read(&s, pid, namespace);
	}
	if (s.diag_count > 0)
		qsort(s.diags, s.diag_count, sizeof(*s.diags), diag_compare);
	peers_fill(&s);
	free(s.wanted);
	free(s.diags);
}
