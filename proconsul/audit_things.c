/*
 * Open files and sockets, each beside the word of the tables that explains it;
 * see audit.h. The core: it looks at nothing itself.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"

#define STREAMS 3 /* standard input, output and error: of who started it */

static const char *
mode_text(const struct audit_handle *h)
{
	if (h->writes)
		return (h->reads ? "read,write" : "write");
	return (h->reads ? "read" : "path");
}

static bool
has_prefix(const char *text, const char *prefix)
{
	return (strncmp(text, prefix, strlen(prefix)) == 0);
}

/* --- Files. --- */

static bool
is_event(const char *target)
{
	static const char *const kinds[] = { "anon_inode:[eventpoll]",
		"anon_inode:[eventfd]", "anon_inode:[signalfd]",
		"anon_inode:[timerfd]" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(target, kinds[i]) == 0)
			return (true);
	return (false);
}

/* How much processor time it took, for its figures. In a container its number
 * is another one than here. */
static bool
is_own_stat(const char *target)
{
	int pid, size = 0;

	return (sscanf(target, "/proc/%d/stat%n", &pid, &size) == 1 &&
		size > 0 && target[size] == '\0');
}

static const char *
file_word(const struct audit_declared *d, const struct audit_handle *h)
{
	unsigned needed = h->writes ? POWERS_WRITE : POWERS_READ;
	const struct audit_path *path;
	size_t size;

	if (is_event(h->target))
		return ("events");
	if (!h->writes && is_own_stat(h->target))
		return ("its figures");
	if (strcmp(h->target, "/dev/null") == 0 ||
	    (!h->writes && strcmp(h->target, "/dev/urandom") == 0))
		return ("nothing in it");
	if (d->keeps_in_memory && has_prefix(h->target, "/memfd:"))
		return ("in memory, with -dev");
	for (size_t i = 0; i < d->path_count; i++) {
		path = &d->paths[i];
		size = strlen(path->path);
		/* A rule to write is one to read, too. */
		if (strncmp(h->target, path->path, size) == 0 &&
		    (h->target[size] == '\0' || h->target[size] == '/' ||
			h->target[size] == ' ') &&
		    ((path->access & needed) != 0 ||
			(path->access & POWERS_WRITE) != 0))
			return (path->why);
	}
	return (NULL);
}

static void
file_compare(struct audit_report *r, const struct audit_declared *d,
    const struct audit_handle *h)
{
	const char *what = h->number < 0 ? "shared memory" : "open file";
	const char *word = file_word(d, h);
	const char *found;

	if (is_event(h->target)) {
		audit_add(r, AUDIT_SAME, "open file", word, "for events", "");
		return;
	}
	/* Numbers of pipes and the like are of no interest. */
	found = has_prefix(h->target, "pipe:[")
		    ? audit_text(r->arena, "%s a pipe", mode_text(h))
		    : audit_text(r->arena, "%s %s", mode_text(h), h->target);
	/* What scripts say, and what is put into them. */
	if (d->row->runs == RUNS_ANYTHING &&
	    (has_prefix(h->target, "pipe:[") ||
		has_prefix(h->target, "/memfd:watch")))
		word = "runs anything";
	if (word != NULL)
		audit_add(r, AUDIT_SAME, what, word, found, "");
	else
		audit_add(r, AUDIT_DIFFERENT, what, "not declared", found,
		    has_prefix(h->target, "pipe:[")
			? "left open by whoever started it"
			: "");
}

/* --- Sockets of the internet. --- */

static bool
is_same_address(const char *one, const char *other)
{
	unsigned char a[16], b[16];

	if (inet_pton(AF_INET, one, a) == 1)
		return (
		    inet_pton(AF_INET, other, b) == 1 && memcmp(a, b, 4) == 0);
	if (inet_pton(AF_INET6, one, a) == 1)
		return (inet_pton(AF_INET6, other, b) == 1 &&
			memcmp(a, b, 16) == 0);
	return (strcmp(one, other) == 0);
}

static const struct audit_listener *
listener_find(const struct audit_declared *d, const struct audit_socket *s)
{
	for (size_t i = 0; i < d->listener_count; i++) {
		const struct audit_listener *l = &d->listeners[i];

		if (l->family == s->family && l->port == s->port &&
		    is_same_address(l->address, s->address))
			return (l);
	}
	return (NULL);
}

/* Accepted on one of its ports; the listener may be at a wildcard. */
static const struct audit_listener *
acceptor_find(const struct audit_declared *d, const struct audit_socket *s)
{
	for (size_t i = 0; i < d->listener_count; i++) {
		const struct audit_listener *l = &d->listeners[i];

		if (l->family == s->family && l->family != AUDIT_UNIX &&
		    l->port == s->port)
			return (l);
	}
	return (NULL);
}

static bool
may_reach(const struct audit_declared *d, const struct audit_socket *s)
{
	if (d->row->network == NET_CONNECT)
		return (true);
	if (d->row->network != NET_RECURSE)
		return (false);
	if (s->family == AUDIT_UDP)
		return (d->recursor_count > 0);
	for (size_t i = 0; i < d->recursor_count; i++)
		if (d->recursor_ports[i] == s->remote_port)
			return (true);
	return (false);
}

static void
internet_compare(struct audit_report *r, const struct audit_declared *d,
    const struct audit_socket *s)
{
	const char *protocol = s->family == AUDIT_TCP ? "tcp" : "udp";
	const char *at = audit_text(r->arena,
	    strchr(s->address, ':') != NULL ? "[%s]:%d" : "%s:%d", s->address,
	    s->port);
	const struct audit_listener *l = listener_find(d, s);
	bool is_connected = !s->is_listening && s->remote_port != 0;
	const char *found;

	if (!is_connected && l != NULL) {
		audit_add(r, AUDIT_SAME, "socket", l->why,
		    audit_text(r->arena, "%s on %s", protocol, at), "");
		return;
	}
	if (is_connected && (l = acceptor_find(d, s)) != NULL) {
		audit_add(r, AUDIT_SAME, "socket", l->why,
		    audit_text(r->arena, "%s, a peer of %s", protocol, at), "");
		return;
	}
	found = is_connected
		    ? audit_text(r->arena,
			  strchr(s->remote, ':') != NULL ? "%s to [%s]:%d"
							 : "%s to %s:%d",
			  protocol, s->remote, s->remote_port)
		    : audit_text(r->arena, "%s %s %s", protocol,
			  s->is_listening ? "listening on" : "at", at);
	if (!s->is_listening && may_reach(d, s))
		audit_add(r, AUDIT_SAME, "socket", "reaches out", found, "");
	else
		audit_add(
		    r, AUDIT_DIFFERENT, "socket", "not declared", found, "");
}

/* --- Sockets of this machine. --- */

/* The socket of the edge that ends here: of any for catalogd. */
static const char *
edge_word(const struct audit_declared *d, const char *path)
{
#define X(peer)                                                             \
	if (has_prefix(path, d->run_dir) &&                                 \
	    strcmp(path + strlen(d->run_dir), "/" #peer "/s") == 0 &&       \
	    (d->subject == DAEMON_catalogd || d->subject == DAEMON_##peer)) \
		return ("edge " #peer);
	EDGES(X)
#undef X
	return (NULL);
}

/* Tells whoever started it that it is up. */
static bool
is_notice(const struct audit_process *p, const struct audit_declared *d,
    const struct audit_socket *s)
{
	if (!s->is_datagram)
		return (false);
	if (has_prefix(s->peer_path, d->run_dir) &&
	    strcmp(s->peer_path + strlen(d->run_dir), "/notify") == 0)
		return (true);
	return (strcmp(s->peer_path, "/run/systemd/notify") == 0 ||
		(s->peer_pid != 0 && s->peer_pid == p->parent));
}

/* healthd and its helpers talk over socket pairs. */
static bool
is_helpers(const struct audit_declared *d, const struct audit_socket *s)
{
	return ((d->row->runs != RUNS_NOTHING || d->subject >= DAEMON_COUNT) &&
		*s->address == '\0' && *s->peer_path == '\0');
}

static const char *
unix_word(const struct audit_process *p, const struct audit_declared *d,
    const struct audit_socket *s)
{
	const struct audit_listener *l = listener_find(d, s);
	const char *word;

	if (l != NULL)
		return (l->why);
	if ((word = edge_word(d, s->address)) != NULL)
		return (word);
	if (!s->knows_peer)
		return (NULL);
	if ((word = edge_word(d, s->peer_path)) != NULL)
		return (word);
	if (is_notice(p, d, s))
		return ("tells that it is up");
	/* A check may ask Docker, and a script anyone. */
	if (d->subject >= DAEMON_COUNT && *s->peer_path != '\0')
		return ("reaches out");
	if (is_helpers(d, s))
		return (
		    d->subject < DAEMON_COUNT ? "runs helpers" : "for healthd");
	return (NULL);
}

static const char *
unix_text(struct arena *arena, const struct audit_socket *s)
{
	const char *kind = s->is_datagram ? "unix datagrams" : "unix";

	if (s->is_listening)
		return (audit_text(arena, "%s on %s", kind, s->address));
	if (*s->address != '\0')
		return (
		    audit_text(arena, "%s, a peer of %s", kind, s->address));
	if (s->knows_peer && *s->peer_path != '\0')
		return (audit_text(arena, "%s to %s", kind, s->peer_path));
	if (s->knows_peer && s->peer_pid != 0)
		return (audit_text(
		    arena, "%s to process %d", kind, (int)s->peer_pid));
	return (s->knows_peer ? audit_text(arena, "%s to nobody", kind) : kind);
}

static void
unix_compare(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d, const struct audit_socket *s)
{
	const char *word = unix_word(p, d, s);
	const char *found = unix_text(r->arena, s);

	if (word != NULL)
		audit_add(r, AUDIT_SAME, "socket", word, found, "");
	else if (!s->knows_peer && *s->address == '\0')
		audit_add(r, AUDIT_UNSEEN, "socket", "an edge, or not declared",
		    found, "");
	else
		audit_add(
		    r, AUDIT_DIFFERENT, "socket", "not declared", found, "");
}

/* --- All. --- */

static void
socket_compare(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d, const struct audit_handle *h)
{
	const struct audit_socket *s = h->socket;

	if (s == NULL)
		audit_add(r, AUDIT_DIFFERENT, "socket", "not declared",
		    "neither tcp, udp nor unix", "");
	else if (s->family == AUDIT_UNIX)
		unix_compare(r, p, d, s);
	else
		internet_compare(r, d, s);
}

/* What it was started with: shown, and no socket of the internet. */
static bool
stream_compare(struct audit_report *r, const struct audit_handle *h)
{
	bool is_socket = has_prefix(h->target, "socket:[");

	if (is_socket && (h->socket == NULL || h->socket->family != AUDIT_UNIX))
		return (false);
	audit_add(r, AUDIT_SAME, "stream", "as it was started",
	    is_socket			      ? unix_text(r->arena, h->socket)
	    : has_prefix(h->target, "pipe:[") ? "a pipe"
					      : h->target,
	    "");
	return (true);
}

static void
listeners_missing(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	for (size_t i = 0; i < d->listener_count; i++) {
		const struct audit_listener *l = &d->listeners[i];
		bool is_there = false;

		for (size_t k = 0; k < p->handle_count; k++)
			is_there =
			    is_there ||
			    (p->handles[k].socket != NULL &&
				listener_find(d, p->handles[k].socket) == l);
		if (!is_there)
			audit_add(r, AUDIT_DIFFERENT, "socket",
			    audit_text(r->arena, "%s, on %s%s", l->why,
				l->address,
				l->port > 0
				    ? audit_text(r->arena, ":%d", l->port)
				    : ""),
			    "missing", "");
	}
}

void
audit_compare_handles(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	if (!p->is_open) {
		audit_add(r, AUDIT_UNSEEN, "files, sockets",
		    "as the tables say", "hidden", "");
		return;
	}
	if (p->handles_why != NULL)
		audit_add(r, AUDIT_UNSEEN, "files, sockets", "all of them",
		    p->handles_why, "");
	for (size_t i = 0; i < p->handle_count; i++) {
		const struct audit_handle *h = &p->handles[i];

		if (h->number >= 0 && h->number < STREAMS &&
		    stream_compare(r, h))
			continue;
		if (has_prefix(h->target, "socket:["))
			socket_compare(r, p, d, h);
		else
			file_compare(r, d, h);
	}
	listeners_missing(r, p, d);
}
