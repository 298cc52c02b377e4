/* The sequence and the loop that all daemons share; see daemon.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config_changes.h"
#include "daemon.h"
#include "listen_given.h"
#include "log.h"
#include "metrics.h"
#include "metrics_read.h"
#include "notify.h"
#include "places.h"
#include "privsep.h"
#include "trim.h"
#include "xmalloc.h"

#define LOG_NAME "agent"

struct watchers {
	struct daemon *daemon; /* lent */
	ev_signal terminate;
	ev_signal hang_up;
	ev_signal dump;
	ev_check begin;
	ev_prepare turn;
	ev_timer trim;
	ev_timer watchdog;
	unsigned turns; /* when it was due last */
};

void
daemon_stop(struct daemon *d, int status)
{
	d->exit_status = status;
	ev_break(d->loop, EVBREAK_ALL);
}

const char *
daemon_run_path(struct daemon *d, const char *name)
{
	int size =
	    snprintf(d->path, sizeof(d->path), "%s/%s", d->run_dir, name);

	if (size < 0 || (size_t)size >= sizeof(d->path))
		fatal("path too long: %s/%s", d->run_dir, name);
	return (d->path);
}

static void
log_configure(const struct config *config)
{
	log_set_level(config->log_level);
	log_set_json(config->log_json);
}

/* Our launcher listens in the run directory; anyone else who starts us does
 * not. */
static bool
has_launcher(struct daemon *d)
{
	const char *socket = getenv("NOTIFY_SOCKET");

	return (socket != NULL &&
		strcmp(socket, daemon_run_path(d, "notify")) == 0);
}

/* Whoever is a unit of its own has no launcher to keep the one log for it. */
static void
log_owner_check(struct daemon *d)
{
	const struct config_keys *keys = &d->config->keys;

	if (has_launcher(d))
		return;
	log_set_journal();
	if (keys->log_file.size > 0 || keys->enable_syslog)
		log_warn(LOG_NAME,
		    "log_file and enable_syslog are the launcher's: the log "
		    "of a daemon that was started by itself is its standard "
		    "output",
		    "");
}

static bool
configuration_renew(struct daemon *d, struct buf *why)
{
	struct config *old = d->config;
	struct config *config = config_load_again(d->argc, d->argv, old, why);

	if (config == NULL)
		return (false);
	if (d->spec->check != NULL && !d->spec->check(d, config, why)) {
		config_free(config);
		return (false);
	}
	d->config = config;
	log_configure(config);
	if (d->spec->reload != NULL)
		d->spec->reload(d, old);
	config_free(old);
	return (true);
}

/* Whoever started us hears how it went, and so does who looks at our page. */
bool
daemon_reload(struct daemon *d, struct buf *why)
{
	struct buf text = { 0 };
	struct timespec now;
	bool is_done;

	clock_gettime(CLOCK_MONOTONIC, &now);
	buf_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(d->notify, buf_text(&text));
	is_done = configuration_renew(d, why);
	metrics_reloaded(is_done ? NULL : buf_text(why));
	buf_reset(&text);
	buf_put_text(&text, "READY=1\nSTATUS=");
	if (!is_done)
		buf_printf(
		    &text, "Configuration was not read: %s", buf_text(why));
	notify_send(d->notify, buf_text(&text));
	buf_deinit(&text);
	return (is_done);
}

static void
on_terminate(struct ev_loop *loop, ev_signal *w, int events)
{
	struct watchers *watchers = w->data;

	(void)loop;
	(void)events;
	daemon_stop(watchers->daemon, 0);
}

static void
reload(struct daemon *d)
{
	struct buf why = { 0 };

	if (!daemon_reload(d, &why))
		log_error(LOG_NAME, "Failed to reload configs", "error=\"%s\"",
		    buf_text(&why));
	buf_deinit(&why);
}

static void
on_hang_up(struct ev_loop *loop, ev_signal *w, int events)
{
	struct watchers *watchers = w->data;

	(void)loop;
	(void)events;
	reload(watchers->daemon);
}

static void
on_dump(struct ev_loop *loop, ev_signal *w, int events)
{
	struct watchers *watchers = w->data;

	(void)loop;
	(void)events;
	metrics_dump_own(watchers->daemon->config);
}

/* The beginning: what is measured in this turn is measured now. */
static void
on_begin(struct ev_loop *loop, ev_check *w, int events)
{
	(void)w;
	(void)events;
	metrics_turn(ev_now(loop));
}

/* The end of a turn: decide, then let what was gathered leave. */
static void
on_turn(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct watchers *watchers = w->data;
	struct daemon *d = watchers->daemon;

	(void)loop;
	(void)events;
	if (d->spec->turn != NULL)
		d->spec->turn(d);
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		if (d->edges[i] != NULL)
			edge_flush(d->edges[i]);
}

/* After the start, and again as long as there is hardly anything to do. */
static void
on_trim(struct ev_loop *loop, ev_timer *w, int events)
{
	struct watchers *watchers = w->data;
	unsigned turns = ev_iteration(loop);

	(void)events;
	if (turns - watchers->turns < TRIM_TURNS_MAX)
		trim_memory();
	watchers->turns = turns;
}

/* Only a loop that turns says so. */
static void
on_watchdog(struct ev_loop *loop, ev_timer *w, int events)
{
	struct watchers *watchers = w->data;

	(void)loop;
	(void)events;
	notify_send(watchers->daemon->notify, "WATCHDOG=1");
}

static void
watchdog_start(struct daemon *d, struct watchers *w)
{
	double every = notify_watchdog_s();

	if (every <= 0 || d->notify < 0)
		return;
	ev_timer_init(&w->watchdog, on_watchdog, 0, every);
	w->watchdog.data = w;
	ev_timer_start(d->loop, &w->watchdog);
}

static void
watchers_start(struct daemon *d, struct watchers *w)
{
	w->daemon = d;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	/* libev's default loop would wait for children, which no daemon may:
	 * healthd knows the death of its own by their sockets. */
	signal(SIGCHLD, SIG_DFL);
	ev_signal_init(&w->terminate, on_terminate, SIGTERM);
	ev_signal_init(&w->hang_up, on_hang_up, SIGHUP);
	ev_signal_init(&w->dump, on_dump, SIGUSR1);
	ev_check_init(&w->begin, on_begin);
	ev_set_priority(&w->begin, EV_MAXPRI);
	ev_prepare_init(&w->turn, on_turn);
	ev_timer_init(&w->trim, on_trim, TRIM_AFTER_S, TRIM_EVERY_S);
	w->terminate.data = w->hang_up.data = w->turn.data = w;
	w->trim.data = w->dump.data = w;
	ev_signal_start(d->loop, &w->terminate);
	ev_signal_start(d->loop, &w->hang_up);
	/* To gossipd it is the launcher's word for a graceful leave. */
	if (d->id != DAEMON_gossipd)
		ev_signal_start(d->loop, &w->dump);
	ev_check_start(d->loop, &w->begin);
	ev_prepare_start(d->loop, &w->turn);
	ev_timer_start(d->loop, &w->trim);
}

/* What we may still do after privsep_lock() cannot bind it anew. */
static void
on_stuck(struct daemon *d, struct edge *edge)
{
	log_error(LOG_NAME,
	    "Edge is taken by a peer that broke off, starting anew to free it",
	    "peer=%s", daemon_name(edge_peer(edge)));
	daemon_stop(d, EXIT_ANEW);
}

static void
edge_open(struct daemon *d, enum daemon_id peer)
{
	/* A folder an edge, named after its end that is not catalogd. */
	enum daemon_id folder = d->id == DAEMON_catalogd ? peer : d->id;
	char name[32];
	struct edge_config config = {
		.daemon = d,
		.loop = d->loop,
		.self = d->id,
		.peer = peer,
		.is_binder = d->id == DAEMON_catalogd,
		.handlers = d->handlers,
		.on_peer = d->spec->on_peer,
		.on_stuck = on_stuck,
	};

	snprintf(name, sizeof(name), "%s/s", daemon_name(folder));
	config.path = daemon_run_path(d, name);
	d->edges[peer] = edge_new(&config);
}

/* A line of our log, for whoever monitors this agent. */
static void
on_log_line(void *arg, enum log_level level, struct slice line)
{
	struct daemon *d = arg;
	struct edge_log_line notice = { .level = level };
	struct buf text = { 0 }, json = { 0 };

	(void)line;
	log_tap_line(false, &text);
	log_tap_line(true, &json);
	notice.line = buf_slice(&text);
	notice.json = buf_slice(&json);
	/* One line less is what a monitor that cannot keep up gets. */
	(void)edge_tell(d->edges[DAEMON_catalogd], METHOD_Edge_LogLine,
	    &edge_log_line_type, &notice);
	buf_deinit(&text);
	buf_deinit(&json);
}

static void
on_monitor(struct daemon *d, struct call *call, const void *request)
{
	const struct edge_monitor *q = request;

	(void)call;
	log_set_tap((enum log_level)q->level,
	    q->level < LOG_LEVEL_NONE ? on_log_line : NULL, d);
}

static void
on_reload(struct daemon *d, struct call *call, const void *request)
{
	(void)call;
	(void)request;
	reload(d);
}

static void
handlers_fill(struct daemon *d)
{
	memcpy(d->handlers, d->spec->handlers, sizeof(d->handlers));
	if (d->handlers[METHOD_Edge_Monitor] == NULL)
		d->handlers[METHOD_Edge_Monitor] = on_monitor;
	if (d->handlers[METHOD_Edge_Reload] == NULL)
		d->handlers[METHOD_Edge_Reload] = on_reload;
}

static void
edges_open(struct daemon *d)
{
	if (d->id != DAEMON_catalogd) {
		edge_open(d, DAEMON_catalogd);
		return;
	}
#define X(peer) edge_open(d, DAEMON_##peer);
	EDGES(X)
#undef X
}

/* `-run-dir DIR` stands first; the rest is what `consul agent` takes. */
static void
arguments_take(struct daemon *d, int argc, char **argv)
{
	if (argc < 3 || strcmp(argv[1], "-run-dir") != 0)
		fatal("usage: %s -run-dir DIR [flags of `consul agent`]",
		    daemon_name(d->id));
	d->run_dir = argv[2];
	d->argc = argc - 3;
	d->argv = argv + 3;
}

/* A page in a folder that the launcher has made; who starts one daemon alone
 * may have made none. */
static void
figures_open(struct daemon *d)
{
	const char *folder = daemon_run_path(d, METRICS_FOLDER);
	char path[sizeof(d->path) + 32];

	if (mkdir(folder, 0750) != 0 && errno != EEXIST)
		fatal("cannot make %s: %s", folder, strerror(errno));
	snprintf(path, sizeof(path), "%s/%s", folder, daemon_name(d->id));
	metrics_open(path, privsep_page_gid());
	metrics_keep_values(metrics_has_sinks(d->config));
	metrics_turn(ev_now(d->loop));
}

static struct places
places_of(const struct daemon *d)
{
	return ((struct places){ d->id, d->run_dir, d->argc, d->argv });
}

/* Where the launcher does not make them right, whoever started this daemon by
 * itself has to. */
static void
places_look(const struct daemon *d)
{
	const struct places places = places_of(d);
	struct buf why = { 0 };

	if (d->config == NULL) {
		if (!privsep_may_change_users() &&
		    places_check_configuration(&places, &why) != ERR_OK)
			fatal("%s", buf_text(&why));
	} else if (places_check(&places, d->config, &why) != ERR_OK)
		fatal("%s", buf_text(&why));
	buf_deinit(&why);
}

static void
places_give(const struct daemon *d)
{
	const struct places places = places_of(d);

	places_hand_over(&places, d->config);
}

int
daemon_main(const struct daemon_spec *spec, int argc, char **argv)
{
	struct daemon d = { .spec = spec, .id = spec->id };
	struct watchers watchers = { 0 };
	struct buf why = { 0 };
	pid_t parent = getppid();
	bool is_launched;

	arguments_take(&d, argc, argv);
	is_launched = has_launcher(&d);
	listen_given_close_others();
	places_look(&d);
	d.config = config_load(d.argc, d.argv, &why);
	if (d.config == NULL)
		fatal("%s", buf_text(&why));
	log_configure(d.config);
	log_owner_check(&d);
	d.state = xcalloc(1, spec->state_size);
	d.loop = ev_default_loop(EVFLAG_NOENV);
	if (d.loop == NULL)
		fatal("libev has no loop for us");
	watchers_start(&d, &watchers);
	d.notify = notify_open();
	watchdog_start(&d, &watchers);
	places_look(&d);
	figures_open(&d);
	listen_given_read();
	spec->open(&d);
	listen_given_check();
	places_give(&d);
	privsep_drop(d.id, d.config, d.run_dir);
	if (is_launched)
		privsep_tie_to_parent(parent);
	handlers_fill(&d);
	edges_open(&d);
	privsep_lock(d.id, d.config);
	spec->start(&d);
	notify_send(d.notify, "READY=1");
	ev_run(d.loop, 0);
	notify_send(d.notify, "STOPPING=1");
	if (spec->stop != NULL)
		spec->stop(&d);
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		if (d.edges[i] != NULL)
			edge_flush(d.edges[i]);
	/* nn_close would unlink sockets, which the sandbox forbids and nanomsg
	 * does not survive (FIGURES.md 1). */
	_exit(d.exit_status);
}
