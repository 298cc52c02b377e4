/* dnsd: answers DNS from what catalogd knows; see dnsd.h. */
#include <string.h>

#include "dnsd.h"
#include "log.h"

static void
open_sockets(struct daemon *daemon)
{
	struct dnsd *d = daemon->state;
	const struct config_addresses *a = &daemon->config->dns_addresses;
	int port = daemon->config->dns_port;

	d->daemon = daemon;
	TAILQ_INIT(&d->conns);
	recursors_open(&d->recursors, daemon->config);
	for (size_t i = 0; i < a->count && port > 0; i++) {
		udp_open(d, i, a->text[i], port);
		tcp_open(d, a->text[i], port);
	}
}

static void
log_started(const char *address, int port, const char *network)
{
	bool is_v6 = strchr(address, ':') != NULL;

	log_info("agent", "Started DNS server", "address=%s%s%s:%d network=%s",
	    is_v6 ? "[" : "", address, is_v6 ? "]" : "", port, network);
}

static void
start(struct daemon *daemon)
{
	struct dnsd *d = daemon->state;
	const struct config_addresses *a = &daemon->config->dns_addresses;
	int port = daemon->config->dns_port;

	settings_init(&d->settings, daemon->config);
	serve_init(d);
	figures_init(&d->figures, daemon->config);
	udp_start(d);
	tcp_start(d);
	for (size_t i = 0; i < a->count && port > 0; i++) {
		log_started(a->text[i], port, "udp");
		log_started(a->text[i], port, "tcp");
	}
}

static void
turn(struct daemon *daemon)
{
	udp_flush(daemon->state);
}

static void
reload(struct daemon *daemon, const struct config *old)
{
	struct dnsd *d = daemon->state;

	(void)old;
	/* What was given up at the start comes back only by another start. */
	if (!recursors_reload(&d->recursors, daemon->config)) {
		daemon_stop(daemon, EXIT_ANEW);
		return;
	}
	settings_reload(&d->settings, daemon->config);
	cache_clear(d->cache);
}

/* A new catalogd may have made a new page. */
static void
on_peer(struct daemon *daemon, struct edge *edge, bool is_up)
{
	struct dnsd *d = daemon->state;

	(void)edge;
	if (!is_up)
		return;
	genpage_close(d->page);
	d->page = genpage_open(daemon_run_path(daemon, GENPAGE_FILE));
	cache_clear(d->cache);
	lookups_retry(d);
}

int
main(int argc, char **argv)
{
	static call_fn *const handlers[METHOD_COUNT];
	static const struct daemon_spec spec = {
		.id = DAEMON_dnsd,
		.state_size = sizeof(struct dnsd),
		.open = open_sockets,
		.start = start,
		.turn = turn,
		.reload = reload,
		.on_peer = on_peer,
		.handlers = handlers,
	};

	return (daemon_main(&spec, argc, argv));
}
