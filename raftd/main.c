/*
 * raftd: consensus and the log.
 *
 * Opens and wires; the rules are raft.c's, the turn is turn.c's, the disk is
 * store_sqlite.c's, and on_catalogd.c answers catalogd.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/digest.h"
#include "common/log.h"
#include "common/privsep.h"
#include "peers_file.h"
#include "raftd.h"
#include "sqlite_library.h"

/* Consul's defaults (wire/raft.md 3, api/config.md). */
#define MULTIPLIER_DEFAULT	   5
#define SNAPSHOT_THRESHOLD_DEFAULT 16384
#define SNAPSHOT_INTERVAL_DEFAULT  SECONDS(30)
#define TRAILING_LOGS_DEFAULT	   10240

static int64_t
or_default(int64_t value, int64_t otherwise)
{
	return (value > 0 ? value : otherwise);
}

static struct raft_name
address_of(const struct config *config)
{
	bool is_ipv6 = strchr(config->advertise_address, ':') != NULL;
	char text[RAFT_NAME_BYTES_MAX + 1];

	snprintf(text, sizeof(text), is_ipv6 ? "[%s]:%d" : "%s:%d",
	    config->advertise_address, config->server_port);
	return (raft_name_of(text));
}

static struct raft_options
options_of(const struct config *config)
{
	int64_t times = or_default(config->keys.performance.raft_multiplier,
	    config->is_dev ? 1 : MULTIPLIER_DEFAULT);
	struct raft_options options = {
		.id = raft_name_of(config->node_id),
		.address = address_of(config),
		.heartbeat_timeout = SECONDS(times),
		.election_timeout = SECONDS(times),
		.lease_timeout = MILLISECONDS(500 * times),
		.gone_wait = MILLISECONDS(300),
		.reply_timeout = SECONDS(10),
		.append_entries_max = 64,
		.trailing_logs = (uint64_t)or_default(
		    config->keys.raft_trailing_logs, TRAILING_LOGS_DEFAULT),
	};

	if (getrandom(&options.seed, sizeof(options.seed), 0) !=
	    sizeof(options.seed))
		fatal("no random numbers: %s", strerror(errno));
	return (options);
}

/* DATA/raft; "" keeps everything in memory. */
static const char *
folder_of(const struct config *config, char *path, size_t size)
{
	path[0] = '\0';
	if (config->data_dir[0] != '\0')
		snprintf(path, size, "%s/raft", config->data_dir);
	return (path);
}

static void
folder_make(enum daemon_id id, const char *path)
{
	if (mkdir(path, 0700) == 0) {
		if (geteuid() == 0 &&
		    chown(path, privsep_uid(id), privsep_gid(id)) != 0)
			fatal("cannot hand over %s: %s", path, strerror(errno));
	} else if (errno != EEXIST)
		fatal("cannot make %s: %s", path, strerror(errno));
}

/* What needs privileges: a folder in the data directory, which is ours. */
static void
raftd_open(struct daemon *daemon)
{
	struct raftd *d = daemon->state;
	char folder[512];
	struct buf why = { 0 };

	d->daemon = daemon;
	STAILQ_INIT(&d->changes);
	d->readers_end = &d->readers;
	net_open(&d->net, daemon, d);
	umask(0077); /* the log holds tokens */
	snapshot_file_init(&d->feed.restore);
	snapshot_file_init(&d->taking.file);
	if (!daemon->config->is_server)
		return;
	/* For the sums of archives: its files cannot be read later. Who saves
	 * or restores one without it is told so. */
	if (digest_load(&why) != ERR_OK)
		log_warn(LOG_SNAPSHOT, "snapshots cannot be saved or restored",
		    "error=\"%s\"", buf_text(&why));
	buf_deinit(&why);
	if (daemon->config->node_id[0] == '\0')
		fatal("this node has no id: the launcher makes DATA/node-id");
	if (!sqlite_library_load(&why))
		fatal("%s", buf_text(&why));
	folder_of(daemon->config, folder, sizeof(folder));
	if (folder[0] != '\0')
		folder_make(daemon->id, folder);
	/* Anonymous files are made before the sandbox closes. */
	if (folder[0] == '\0' &&
	    snapshots_open(&d->snapshots, folder, &why) != ERR_OK)
		fatal("%s", buf_text(&why));
}

/* --- Timers and wake-ups only end the sleep: the turn does the rest. --- */

static void
on_wake(struct ev_loop *loop, ev_async *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

static void
on_again(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct raftd *d = w->data;

	(void)loop;
	(void)events;
	figures_contact(&d->raft, instant_now());
	raftd_step(d, &(struct event){ .kind = RAFT_TICK });
}

/* In the store's thread. */
static void
wake(void *arg)
{
	struct raftd *d = arg;

	ev_async_send(d->daemon->loop, &d->store_wake);
}

static void
watchers_start(struct raftd *d)
{
	struct ev_loop *loop = d->daemon->loop;

	ev_async_init(&d->store_wake, on_wake);
	ev_async_start(loop, &d->store_wake);
	ev_timer_init(&d->tick, on_tick, 0, 0);
	ev_timer_init(&d->again, on_again, 0, 0);
	ev_timer_init(&d->snapshot, taking_on_timer, 0,
	    duration_seconds(d->snapshot_interval));
	d->tick.data = d->again.data = d->snapshot.data = d;
	ev_timer_again(loop, &d->snapshot);
}

/* How much of it is log is not known; all of it is the safe guess. */
static uint64_t
log_size(const char *folder)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof(path), "%s/raft.db", folder);
	return (stat(path, &st) == 0 ? (uint64_t)st.st_size : 0);
}

/* An operator's word, before anything else happens. */
static enum err
recover(struct raftd *d, const char *folder, struct buf *why)
{
	struct membership wanted;
	uint64_t index = d->raft.trail.last_index;
	bool is_there = false;
	enum err err = peers_file_read(folder, &wanted, &is_there, why);

	if (err != ERR_OK || !is_there)
		return (err);
	if (index == 0) {
		buf_put_text(why,
		    "recovery failed: refused to recover cluster with no "
		    "initial state, this is probably an operator error");
		return (ERR_INVALID);
	}
	err = store_recover(d->store, index, &wanted, why);
	if (err == ERR_OK)
		err = peers_file_delete(folder, why);
	if (err != ERR_OK)
		return (err);
	raft_load_recovered(&d->raft, index, &wanted);
	log_info("agent.server",
	    "deleted peers.json file after successful recovery", "");
	return (ERR_OK);
}

static void
log_open(struct raftd *d)
{
	struct store_options options = { .wake = wake, .wake_arg = d };
	char folder[512];
	struct buf why = { 0 };

	options.folder = folder_of(d->daemon->config, folder, sizeof(folder));
	if (folder[0] != '\0' &&
	    snapshots_open(&d->snapshots, folder, &why) != ERR_OK)
		fatal("%s", buf_text(&why));
	if (store_open(&options, &d->store, &why) != ERR_OK ||
	    store_load(d->store, &d->raft, &d->newest, &why) != ERR_OK ||
	    (d->newest.index > 0 &&
		snapshot_check(&d->snapshots, &d->newest, &why) != ERR_OK) ||
	    (folder[0] != '\0' && recover(d, folder, &why) != ERR_OK))
		fatal("Error starting agent: Failed to start Consul server: "
		      "Failed to start Raft: %s",
		    buf_text(&why));
	d->log_bytes = log_size(folder);
}

/* A server that was told so writes the first configuration: itself. */
static void
bootstrap(struct raftd *d)
{
	struct membership alone = { .count = 1 };

	alone.members[0].id = d->raft.options.id;
	alone.members[0].address = d->raft.options.address;
	raftd_step(d, &(struct event){
			  .kind = RAFT_BOOTSTRAP,
			  .as.bootstrap = &alone,
		      });
}

static void
limits_read(struct raftd *d)
{
	const struct config_keys *keys = &d->daemon->config->keys;

	d->snapshot_threshold = (uint64_t)or_default(
	    keys->raft_snapshot_threshold, SNAPSHOT_THRESHOLD_DEFAULT);
	d->snapshot_interval = keys->raft_snapshot_interval;
	if (d->snapshot_interval.ns <= 0)
		d->snapshot_interval = SNAPSHOT_INTERVAL_DEFAULT;
}

static void
raftd_start(struct daemon *daemon)
{
	struct raftd *d = daemon->state;
	struct raft_options options;

	net_start(&d->net);
	transfers_init(d);
	if (!daemon->config->is_server)
		return; /* a client has no log */
	options = options_of(daemon->config);
	raft_init(&d->raft, &options);
	effects_init(&d->fx);
	recent_init(&d->recent);
	arena_init(&d->inbox.arena);
	srand48((long)options.seed);
	limits_read(d);
	watchers_start(d);
	log_open(d);
	if (daemon->config->is_bootstrap)
		bootstrap(d);
	raftd_step(d, &(struct event){ .kind = RAFT_START });
}

static void
raftd_stop(struct daemon *daemon)
{
	struct raftd *d = daemon->state;

	store_close(d->store); /* what was queued is written */
}

static const struct daemon_spec spec = {
	.id = DAEMON_raftd,
	.state_size = sizeof(struct raftd),
	.open = raftd_open,
	.start = raftd_start,
	.turn = raftd_turn,
	.stop = raftd_stop,
	.on_peer = raftd_on_peer,
	.handlers = raftd_handlers,
};

int
main(int argc, char **argv)
{
	return (daemon_main(&spec, argc, argv));
}
