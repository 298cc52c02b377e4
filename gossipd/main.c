/*
 * gossipd: membership. It is in the LAN pool with all agents of the
 * datacenter and, on a server, in the WAN pool with all servers; finds out who
 * has died; carries user events; and tells catalogd what it hears.
 *
 * Read on at pool.h (the edges) and gossip.h (the core).
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/log.h"
#include "common/names.h"
#include "gossipd.h"
#include "on_catalogd.h"

struct state {
	struct gossipd gossipd; /* first: d->state is this, too */
	ev_signal leave; /* SIGUSR1: the launcher's word for a graceful leave */
};

static void
on_leave_signal(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)events;
	leave_begin(w->data, NULL);
}

/* Chance for what need not be secret: when, and in which order. */
static void
chance_open(void)
{
	unsigned seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		fatal("the kernel gives no random bytes");
	srandom(seed);
}

static void
gossipd_open(struct daemon *d)
{
	struct state *s = d->state;
	struct gossipd *g = &s->gossipd;

	chance_open();
	names_load();
	g->lan = pool_open(d, false);
	if (d->config->is_server && d->config->serf_wan_port > 0)
		g->wan = pool_open(d, true);
	ev_signal_init(&s->leave, on_leave_signal, SIGUSR1);
	s->leave.data = d;
	ev_signal_start(d->loop, &s->leave);
}

static void
gossipd_start(struct daemon *d)
{
	struct gossipd *g = d->state;

	if (g->wan != NULL) {
		pool_start(g->wan);
		retry_start(&g->wan_retry, g->wan);
	}
	pool_start(g->lan);
	retry_start(&g->lan_retry, g->lan);
	coord_send_start(&g->coord_sender, g->lan);
	g->sinks = sinks_start(d);
}

/* The WAN pool first: when it has been left, the LAN pool's turn comes. */
static void
gossipd_turn(struct daemon *d)
{
	struct gossipd *g = d->state;

	pool_turn(g->wan);
	pool_turn(g->lan);
}

static void
gossipd_reload(struct daemon *d, const struct config *old)
{
	struct gossipd *g = d->state;

	(void)old;
	sinks_reload(g->sinks);
}

static void
gossipd_stop(struct daemon *d)
{
	struct gossipd *g = d->state;

	pool_stop(g->wan);
	pool_stop(g->lan);
}

static void
on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	struct gossipd *g = d->state;

	(void)edge;
	if (is_up)
		tell_all(g->lan);
}

int
main(int argc, char **argv)
{
	static const struct daemon_spec spec = {
		.id = DAEMON_gossipd,
		.state_size = sizeof(struct state),
		.open = gossipd_open,
		.start = gossipd_start,
		.turn = gossipd_turn,
		.reload = gossipd_reload,
		.stop = gossipd_stop,
		.on_peer = on_peer,
		.handlers = catalogd_handlers,
	};

	return (daemon_main(&spec, argc, argv));
}
