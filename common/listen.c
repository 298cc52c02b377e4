/* Listening sockets, and who holds a port that is in use; see listen.h. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "listen.h"
#include "listen_given.h"
#include "log.h"

#define BACKLOG		 1024
#define UDP_BUFFER_BYTES (1024 * 1024)

struct endpoint {
	struct sockaddr_storage address;
	socklen_t size;
};

static bool
endpoint_parse(const char *address, int port, struct endpoint *out)
{
	struct sockaddr_in *v4 = (void *)&out->address;
	struct sockaddr_in6 *v6 = (void *)&out->address;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		out->size = sizeof(*v4);
		return (true);
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		out->size = sizeof(*v6);
		return (true);
	}
	return (false);
}

/* The inode of the socket that has this port, from /proc/net; 0 if none. */
static uint64_t
inode_of_port(const char *table, int port)
{
	FILE *file = fopen(table, "re");
	char line[512];
	uint64_t found = 0;

	if (file == NULL)
		return (0);
	while (found == 0 && fgets(line, sizeof(line), file) != NULL) {
		unsigned local_port, state;
		uint64_t inode;

		if (sscanf(line,
			" %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s "
			"%*s "
			"%*d %*d %" SCNu64,
			&local_port, &state, &inode) == 3 &&
		    (int)local_port == port && (state == 0x0A || state == 0x07))
			found = inode;
	}
	fclose(file);
	return (found);
}

static bool
process_has(const char *pid, uint64_t inode)
{
	char path[300], target[64], wanted[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return (false);
	while (!found && (entry = readdir(dir)) != NULL) {
		ssize_t size = readlinkat(
		    dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (size > 0) {
			target[size] = '\0';
			found = strcmp(target, wanted) == 0;
		}
	}
	closedir(dir);
	return (found);
}

/* " (held by nginx, pid 812)", or nothing where it cannot be known. */
static void
holder_print(uint64_t inode, struct buf *out)
{
	struct dirent *entry;
	DIR *proc = inode == 0 ? NULL : opendir("/proc");

	if (proc == NULL)
		return;
	while ((entry = readdir(proc)) != NULL) {
		char path[300], name[64] = "?";
		FILE *comm;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
		    !process_has(entry->d_name, inode))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		comm = fopen(path, "re");
		if (comm != NULL) {
			if (fscanf(comm, "%63[^\n]", name) != 1)
				name[0] = '?';
			fclose(comm);
		}
		buf_printf(out, " (held by %s, pid %s)", name, entry->d_name);
		break;
	}
	closedir(proc);
}

static void
refuse(const char *address, int port, const char *what, bool is_udp)
{
	int why = errno;
	struct buf holder = { 0 };
	bool is_v6 = strchr(address, ':') != NULL;

	if (why == EADDRINUSE) {
		uint64_t inode = inode_of_port(
		    is_udp ? "/proc/net/udp" : "/proc/net/tcp", port);

		if (inode == 0)
			inode = inode_of_port(
			    is_udp ? "/proc/net/udp6" : "/proc/net/tcp6", port);
		holder_print(inode, &holder);
	}
	fatal("Error starting agent: %s: listen %s %s%s%s:%d: bind: %s%s", what,
	    is_udp ? "udp" : "tcp", is_v6 ? "[" : "", address, is_v6 ? "]" : "",
	    port, why == EADDRINUSE ? "address already in use" : strerror(why),
	    buf_text(&holder));
}

static int
open_socket(const char *address, int port, const char *what, bool is_udp)
{
	int type = is_udp ? SOCK_DGRAM : SOCK_STREAM;
	struct endpoint endpoint;
	int on = 1;
	int fd;

	if (!endpoint_parse(address, port, &endpoint))
		fatal("%s: \"%s\" is no IP address", what, address);
	fd = listen_given_take(
	    (struct sockaddr *)&endpoint.address, endpoint.size, type);
	if (fd >= 0)
		return (fd);
	fd = socket(
	    endpoint.address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		refuse(address, port, what, is_udp);
	if (!is_udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (endpoint.address.ss_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&endpoint.address, endpoint.size) != 0)
		refuse(address, port, what, is_udp);
	return (fd);
}

int
listen_tcp(const char *address, int port, const char *what)
{
	int fd = open_socket(address, port, what, false);

	if (listen(fd, BACKLOG) != 0)
		refuse(address, port, what, false);
	return (fd);
}

int
listen_udp(const char *address, int port, const char *what)
{
	int fd = open_socket(address, port, what, true);
	int size = UDP_BUFFER_BYTES;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return (fd);
}
