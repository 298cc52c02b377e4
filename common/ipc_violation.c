/*
 * What a peer did that its edge may not carry: counted, said in the log, and
 * when there was too much of it in too short a time, the edge is cut.
 *
 * A cut is a matter between catalogd and one process: nothing more of it is
 * read and it may not connect, for a while that doubles with each cut. Its
 * successor, whoever restarted it, is served at once, and all other edges go on
 * as if nothing had happened. Where the kernel does not tell processes apart
 * (another PID name space) the cut holds for whoever comes, for that while.
 */
#include <stdio.h>

#include "ipc_edge.h"
#include "log.h"

#define LOG_NAME "ipc"
#define LOGGED	 8   /* so many of a process's are told each, then */
#define LOG_EACH 100 /* one of so many */

static struct duration
cut_length(unsigned cuts)
{
	int64_t ms = IPC_CUT_MS;

	while (cuts-- > 1 && ms < IPC_CUT_MAX_MS)
		ms *= 2;
	return (MILLISECONDS(ms < IPC_CUT_MAX_MS ? ms : IPC_CUT_MAX_MS));
}

static void
violation_add(struct edge *e, const char *what, pid_t pid)
{
	struct violations *v = &e->violations;
	struct instant now = instant_now();

	if (pid != v->pid || instant_since(now, v->since).ns >
				 MILLISECONDS(IPC_VIOLATIONS_MS).ns)
		v->recent = 0;
	if (pid != v->pid)
		v->told = 0;
	v->pid = pid;
	if (v->recent++ == 0)
		v->since = now;
	v->count++;
	if (++v->told <= LOGGED || v->count % LOG_EACH == 0)
		log_error(LOG_NAME, "Violation on an edge",
		    "peer=%s pid=%ld what=\"%s\" count=%u",
		    daemon_name(e->config.peer), (long)pid, what, v->count);
}

pid_t
edge_peer_pid(const struct edge *e)
{
	const struct guard *guard = e->violations.guard;

	return (guard != NULL ? guard_peer(guard) : 0);
}

void
edge_violation(struct edge *e, const char *what)
{
	violation_add(e, what, edge_peer_pid(e));
}

/* A restart is a new process. */
void
edge_epoch_count(struct edge *e)
{
	struct violations *v = &e->violations;
	struct instant now = instant_now();
	pid_t pid = edge_peer_pid(e);

	if (v->guard == NULL)
		return;
	if (pid != v->epochs_pid || instant_since(now, v->epochs_since).ns >
					MILLISECONDS(IPC_VIOLATIONS_MS).ns)
		v->epochs = 0;
	v->epochs_pid = pid;
	if (v->epochs++ == 0)
		v->epochs_since = now;
	if (v->epochs > IPC_EPOCHS_MAX)
		edge_violation(e, "begins anew again and again");
}

bool
edge_is_cut(const struct edge *e)
{
	return (e->violations.guard != NULL &&
		guard_is_refusing(e->violations.guard));
}

static void
cut_begin(struct edge *e)
{
	struct violations *v = &e->violations;
	struct instant now = instant_now();
	struct duration length;
	pid_t pid = v->pid;

	/* Long enough quiet, it begins with the shortest again. */
	if (instant_since(now, v->cut_until).ns >
	    MILLISECONDS(IPC_CUT_MAX_MS).ns)
		v->cuts = 0;
	length = cut_length(++v->cuts);
	log_error(LOG_NAME, "Edge is cut, its peer behaves as if taken over",
	    "peer=%s pid=%ld violations=%u seconds=%lld remedy=\"look at why, "
	    "and restart %s: its successor is served at once\"",
	    daemon_name(e->config.peer), (long)pid, v->recent,
	    (long long)(length.ns / 1000000000), daemon_name(e->config.peer));
	v->recent = 0;
	v->cut_until = instant_add(now, length);
	guard_refuse(v->guard, pid);
	ev_timer_stop(e->config.loop, &v->cut);
	ev_timer_set(&v->cut, duration_seconds(length), 0);
	ev_timer_start(e->config.loop, &v->cut);
	/* It may be the predecessor of who is served. */
	if (edge_is_up(e) && edge_is_cut(e))
		edge_lost(e);
}

bool
edge_judge(struct edge *e)
{
	if (e->violations.guard == NULL ||
	    e->violations.recent < IPC_VIOLATIONS_MAX)
		return (false);
	cut_begin(e);
	return (true);
}

static void
on_cut_end(struct ev_loop *loop, ev_timer *w, int events)
{
	struct edge *e = w->data;

	(void)loop;
	(void)events;
	guard_refuse(e->violations.guard, GUARD_NOBODY);
	log_warn(LOG_NAME, "Edge is open again", "peer=%s",
	    daemon_name(e->config.peer));
}

/* From nanomsg's thread or ours: only wake the loop. */
static void
on_guard(void *arg, const char *what, pid_t pid)
{
	struct edge *e = arg;

	if (what != NULL) {
		atomic_store(&e->violations.seen_pid, pid);
		atomic_store(&e->violations.seen, what);
		atomic_fetch_add(&e->violations.seen_count, 1);
	}
	ev_async_send(e->config.loop, &e->violations.breach);
}

static void
on_breach(struct ev_loop *loop, ev_async *w, int events)
{
	struct edge *e = w->data;
	unsigned count = atomic_exchange(&e->violations.seen_count, 0);

	(void)loop;
	(void)events;
	while (count-- > 0 && !edge_is_cut(e)) {
		violation_add(e, atomic_load(&e->violations.seen),
		    atomic_load(&e->violations.seen_pid));
		(void)edge_judge(e);
	}
	if (guard_state(e->violations.guard) == GUARD_WANTED &&
	    e->config.on_stuck != NULL)
		e->config.on_stuck(e->config.daemon, e);
}

void
violations_init(struct edge *e)
{
	struct violations *v = &e->violations;

	if (!e->config.is_binder)
		return;
	v->guard = guard_new(e->config.path, on_guard, e);
	if (v->guard == NULL)
		fatal("too many edges to guard, or too long a path: %s",
		    e->config.path);
	ev_async_init(&v->breach, on_breach);
	ev_timer_init(&v->cut, on_cut_end, 0, 0);
	v->breach.data = v->cut.data = e;
	ev_async_start(e->config.loop, &v->breach);
}

void
violations_deinit(struct edge *e)
{
	struct violations *v = &e->violations;

	if (v->guard == NULL)
		return;
	ev_async_stop(e->config.loop, &v->breach);
	ev_timer_stop(e->config.loop, &v->cut);
	guard_free(v->guard);
}
