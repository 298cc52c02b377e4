/*
 * Folders and files as they should be and are, and who holds the two ends of
 * an edge; see audit.h. The core: it looks at nothing itself.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "audit.h"

#define WRITERS (S_IWGRP | S_IWOTH)

/* --- Places. --- */

static const char *
kind_text(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return ("folder");
	case S_IFREG:
		return ("file");
	case S_IFSOCK:
		return ("socket");
	case S_IFLNK:
		return ("link");
	default:
		return ("device");
	}
}

static const char *
found_text(struct arena *arena, const struct audit_place *p)
{
	return (audit_text(arena, "%s %04o %u:%u %s", kind_text(p->found_mode),
	    p->found_mode & 07777U, p->found_uid, p->found_gid, p->path));
}

static const char *
declared_text(struct arena *arena, const struct audit_place *p)
{
	const char *owners = audit_text(arena, "%u", p->uid);

	if (p->other_uid != p->uid)
		owners = audit_text(arena, "%s or %u", owners, p->other_uid);
	if (!p->any_group)
		owners = audit_text(arena, "%s:%u", owners, p->gid);
	if (p->only_writers)
		return (audit_text(arena, "%s %s, written by no other",
		    kind_text(p->kind), owners));
	return (audit_text(
	    arena, "%s %04o %s", kind_text(p->kind), p->mode, owners));
}

static bool
is_as_declared(const struct audit_place *p)
{
	unsigned mode = p->found_mode & 07777U;

	if ((p->found_mode & S_IFMT) != p->kind ||
	    (p->found_uid != p->uid && p->found_uid != p->other_uid) ||
	    (!p->any_group && p->found_gid != p->gid))
		return (false);
	if (p->only_writers)
		return ((mode & WRITERS & ~p->mode) == 0);
	return (mode == p->mode || mode == p->other_mode);
}

/* What brings it back. */
static const char *
remedy_text(struct arena *arena, const struct audit_place *p)
{
	if ((p->found_mode & S_IFMT) != p->kind)
		return ("");
	if (p->only_writers)
		return (audit_text(arena, "chown %u %s && chmod go-w %s",
		    p->uid, p->path, p->path));
	return (audit_text(arena, "chown %u:%u %s && chmod %04o %s", p->uid,
	    p->any_group ? p->found_gid : p->gid, p->path, p->mode, p->path));
}

void
audit_compare_place(struct audit_report *r, const struct audit_place *p)
{
	const char *declared = declared_text(r->arena, p);

	if (p->error == EACCES || p->error == EPERM)
		audit_add(r, AUDIT_UNSEEN, p->what, declared, p->path, "");
	else if (p->error != 0 && p->is_optional)
		return;
	else if (p->error != 0)
		audit_add(r, AUDIT_DIFFERENT, p->what, declared,
		    audit_text(r->arena, "missing: %s", p->path), "");
	else if (is_as_declared(p))
		audit_add(r, AUDIT_SAME, p->what, declared,
		    found_text(r->arena, p), "");
	else
		audit_add(r, AUDIT_DIFFERENT, p->what, declared,
		    found_text(r->arena, p), remedy_text(r->arena, p));
}

/* --- Ends. --- */

static const char *
holder_text(struct arena *arena, const struct audit_suite *suite, pid_t pid)
{
	for (size_t i = 0; i < suite->count; i++)
		if (suite->processes[i].pid == pid)
			return (audit_row(suite->processes[i].subject)->name);
	return (
	    pid == 0 ? "nobody" : audit_text(arena, "process %d", (int)pid));
}

static void
listener_compare(struct audit_report *r, const struct audit_suite *suite,
    const struct audit_socket *s)
{
	const char *found = holder_text(r->arena, suite, s->holder);

	audit_add(r,
	    strcmp(found, "catalogd") == 0 ? AUDIT_SAME : AUDIT_DIFFERENT,
	    "listens", "catalogd", found, "");
}

static void
connection_compare(struct audit_report *r, const struct audit_suite *suite,
    const char *peer, const struct audit_socket *s)
{
	const char *declared = audit_text(r->arena, "catalogd and %s", peer);
	const char *found = audit_text(r->arena, "%s and %s",
	    holder_text(r->arena, suite, s->holder),
	    holder_text(r->arena, suite, s->peer_pid));

	audit_add(r,
	    strcmp(found, declared) == 0 ? AUDIT_SAME : AUDIT_DIFFERENT, "ends",
	    declared, found, "");
}

void
audit_compare_ends(struct audit_report *r, const struct audit_suite *suite,
    enum daemon_id peer)
{
	const char *name = daemon_name(peer);
	const char *path =
	    audit_text(r->arena, "%s/%s/s", suite->run_dir, name);
	size_t connections = 0, listeners = 0;

	if (!suite->knows_holders || !suite->knows_peers) {
		audit_add(r, AUDIT_UNSEEN, "ends",
		    audit_text(r->arena, "catalogd and %s", name), "hidden",
		    "");
		return;
	}
	for (size_t i = 0; i < suite->socket_count; i++) {
		const struct audit_socket *s = &suite->sockets[i];

		/* 0: nobody has accepted it yet, or its end is gone. */
		if (strcmp(s->address, path) != 0 || s->inode == 0)
			continue;
		if (s->is_listening) {
			listeners++;
			listener_compare(r, suite, s);
		} else if (s->knows_peer && s->peer != 0) {
			connections++;
			connection_compare(r, suite, name, s);
		}
	}
	if (listeners == 0)
		audit_add(
		    r, AUDIT_DIFFERENT, "listens", "catalogd", "nobody", "");
	if (connections == 0)
		audit_add(r, AUDIT_DIFFERENT, "ends",
		    audit_text(r->arena, "catalogd and %s", name),
		    "not connected", "");
}
