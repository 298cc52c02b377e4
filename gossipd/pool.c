/* A pool of this agent; see pool.h. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "address.h"
#include "common/json.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "keys.h"
#include "leave.h"
#include "pool.h"
#include "say.h"
#include "tags.h"
#include "tell.h"

#define SNAPSHOT_FLUSH_S 0.5 /* serf snapshot.go, flushInterval */

/* --- Steps. --- */

void
pool_step(struct pool *pool, struct gossip_event *event)
{
	event->now = instant_now();
	gossip_step(pool->core, event, &pool->effects[pool->filling]);
}

static uint64_t *
id_of(struct gossip_event *event)
{
	switch (event->kind) {
	case GOSSIP_JOIN:
		return (&event->as.join.id);
	case GOSSIP_FORCE_LEAVE:
		return (&event->as.force_leave.id);
	case GOSSIP_USER_EVENT:
		return (&event->as.user_event.id);
	default:
		assert(event->kind == GOSSIP_QUERY);
		return (&event->as.query.id);
	}
}

void
pool_command(struct pool *pool, struct gossip_event *event,
    const struct pool_command *command)
{
	struct pool_command *kept = xmalloc(sizeof(*kept));

	*kept = *command;
	kept->id = ++pool->last_command;
	*id_of(event) = kept->id;
	LIST_INSERT_HEAD(&pool->commands, kept, link);
	pool_step(pool, event);
}

static struct pool_command *
command_find(struct pool *pool, uint64_t id)
{
	struct pool_command *c;

	LIST_FOREACH(c, &pool->commands, link)
	{
		if (c->id == id)
			return (c);
	}
	return (NULL);
}

/* --- What comes from the port. --- */

static void
on_message(
    void *arg, const struct endpoint *from, const struct message *message)
{
	struct gossip_event event = { .kind = GOSSIP_MESSAGE };

	event.as.message.from = *from;
	event.as.message.message = message;
	figures_heard(&((struct pool *)arg)->figures, message);
	pool_step(arg, &event);
}

static void
on_push_pull(void *arg, uint64_t stream, const struct endpoint *from,
    const struct push_pull *state)
{
	struct gossip_event event = { .kind = GOSSIP_PUSH_PULL };

	event.as.push_pull.stream = stream;
	event.as.push_pull.from = *from;
	event.as.push_pull.state = state;
	pool_step(arg, &event);
}

static void
on_answer(void *arg, uint64_t stream, const struct push_pull *state)
{
	struct gossip_event event = { .kind = GOSSIP_STREAM_ANSWER };

	event.as.answer.stream = stream;
	event.as.answer.state = state;
	pool_step(arg, &event);
}

static void
on_failed(void *arg, uint64_t stream, struct slice why)
{
	struct gossip_event event = { .kind = GOSSIP_STREAM_FAILED };

	event.as.failed.stream = stream;
	event.as.failed.why = why;
	pool_step(arg, &event);
}

static const struct net_handlers net_handlers_of_pool = {
	.message = on_message,
	.push_pull = on_push_pull,
	.answer = on_answer,
	.failed = on_failed,
};

/* --- What the core wants done. --- */

static void
commands_end(struct pool *pool, const struct gossip_effects *fx)
{
	for (size_t i = 0; i < fx->replies.count; i++) {
		const struct gossip_reply *reply = &fx->replies.items[i];
		struct pool_command *c = command_find(pool, reply->id);

		if (c != NULL && c->reply != NULL)
			c->reply(c->arg, reply);
	}
	for (size_t i = 0; i < fx->done.count; i++) {
		const struct gossip_done *done = &fx->done.items[i];
		struct pool_command *c = command_find(pool, done->id);

		if (c == NULL)
			continue;
		LIST_REMOVE(c, link);
		c->done(c->arg, done->is_ok, done->why);
		free(c);
	}
}

static void
changes_tell(struct pool *pool, const struct gossip_effects *fx)
{
	for (size_t i = 0; i < fx->notes.count; i++)
		say_note(pool, &fx->notes.items[i]);
	for (size_t i = 0; i < fx->changes.count; i++) {
		say_change(pool, &fx->changes.items[i]);
		snapshot_change(pool->snapshot, &fx->changes.items[i]);
		tell_change(pool, &fx->changes.items[i]);
	}
	for (size_t i = 0; i < fx->events.count; i++)
		tell_event(pool, &fx->events.items[i]);
}

static bool
has_effects(const struct gossip_effects *fx)
{
	return (fx->packets.count > 0 || fx->streams.count > 0 ||
		fx->changes.count > 0 || fx->events.count > 0 ||
		fx->asked.count > 0 || fx->replies.count > 0 ||
		fx->done.count > 0 || fx->notes.count > 0 || fx->has_left);
}

static void
effects_do(struct pool *pool, struct gossip_effects *fx)
{
	figures_effects(&pool->figures, fx);
	net_send(pool->net, fx);
	for (size_t i = 0; i < fx->streams.count; i++)
		net_stream(pool->net, &fx->streams.items[i]);
	changes_tell(pool, fx);
	for (size_t i = 0; i < fx->asked.count; i++)
		keys_asked(pool, &fx->asked.items[i]);
	commands_end(pool, fx);
	if (fx->has_left)
		leave_pool_left(pool);
	gossip_effects_reset(fx);
}

/* --- Time. --- */

static void
tick_set(struct pool *pool)
{
	struct instant due = gossip_deadline(pool->core);
	struct duration wait;

	if (due.ns == pool->tick_at.ns && ev_is_active(&pool->tick))
		return;
	ev_timer_stop(pool->daemon->loop, &pool->tick);
	pool->tick_at = due;
	if (due.ns == INSTANT_NEVER.ns)
		return;
	ev_now_update(pool->daemon->loop);
	wait = instant_since(due, instant_now());
	ev_timer_set(&pool->tick, wait.ns > 0 ? duration_seconds(wait) : 0, 0);
	ev_timer_start(pool->daemon->loop, &pool->tick);
}

/* An answer that waits in the socket is no answer missed: packets first. */
static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct gossip_event event = { .kind = GOSSIP_TICK };
	struct pool *pool = w->data;
	const struct gossip_effects *fx;
	struct instant begun;
	size_t count;

	(void)loop;
	(void)events;
	net_read(pool->net);
	fx = &pool->effects[pool->filling];
	count = fx->packets.count;
	begun = instant_now();
	pool_step(pool, &event);
	if (fx->packets.count > count)
		figures_gossip(begun);
}

static void
on_flush(struct ev_loop *loop, ev_timer *w, int events)
{
	struct pool *pool = w->data;

	(void)loop;
	(void)events;
	snapshot_flush(pool->snapshot, pool->core);
}

static void
snapshot_turn(struct pool *pool)
{
	struct gossip_stats stats;

	gossip_stats(pool->core, &stats);
	figures_stats(&pool->figures, &stats);
	if (pool->snapshot == NULL)
		return;
	snapshot_tick(
	    pool->snapshot, &(struct snapshot_clocks){ stats.clock,
				stats.event_clock, stats.query_clock });
	if (!snapshot_is_dirty(pool->snapshot) || ev_is_active(&pool->flush))
		return;
	ev_timer_set(&pool->flush, SNAPSHOT_FLUSH_S, 0);
	ev_timer_start(pool->daemon->loop, &pool->flush);
}

void
pool_turn(struct pool *pool)
{
	if (pool == NULL)
		return;
	while (has_effects(&pool->effects[pool->filling])) {
		struct gossip_effects *fx = &pool->effects[pool->filling];

		pool->filling = !pool->filling;
		effects_do(pool, fx);
		snapshot_turn(pool);
	}
	tick_set(pool);
}

/* --- Begin and end. --- */

static void
timing_set(struct gossip_timing *t, const struct gossip_keys *keys)
{
	t->gossip_interval = keys->gossip_interval;
	t->gossip_nodes = (unsigned)keys->gossip_nodes;
	t->probe_interval = keys->probe_interval;
	t->probe_timeout = keys->probe_timeout;
	t->retransmit_mult = (unsigned)keys->retransmit_mult;
	t->suspicion_mult = (unsigned)keys->suspicion_mult;
	/* memberlist takes any; a probe must end before the next begins. */
	if (t->probe_timeout.ns > t->probe_interval.ns)
		t->probe_timeout = t->probe_interval;
}

static struct gossip_timing
timing_of(const struct config *c, bool is_wan)
{
	struct gossip_timing t = is_wan ? gossip_timing_wan : gossip_timing_lan;

	timing_set(&t, is_wan ? &c->keys.gossip_wan : &c->keys.gossip_lan);
	t.reconnect_timeout =
	    is_wan ? c->keys.reconnect_timeout_wan : c->keys.reconnect_timeout;
	return (t);
}

static uint64_t
random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		fatal("the kernel gives no random bytes");
	return (seed);
}

/* Texts that config_check has looked at. */
static size_t
networks_of(const struct slice_list *texts, struct arena *arena,
    const struct gossip_network **out)
{
	struct gossip_network *networks =
	    arena_array(arena, texts->count, sizeof(*networks));
	struct address ip;
	unsigned bits;
	size_t i;

	for (i = 0; i < texts->count; i++) {
		if (!cidr_parse(texts->items[i], &ip, &bits))
			fatal(
			    "invalid cidr: %.*s", SLICE_ARGS(texts->items[i]));
		networks[i].ip_size = ip.family == AF_INET ? 4 : 16;
		networks[i].bits = (uint8_t)bits;
		memcpy(networks[i].ip, &ip.ip, networks[i].ip_size);
	}
	*out = networks;
	return (texts->count);
}

static void
core_make(struct pool *pool, const struct config *c)
{
	struct gossip_options options = {
		.name = slice_of_text(pool->name),
		.timing = timing_of(c, pool->is_wan),
		.rule = pool->is_wan ? RULE_CONSUL_WAN : RULE_CONSUL_LAN,
		.datacenter = slice_of_text(c->datacenter),
		.node_id = slice_of_text(c->node_id),
		.is_encrypted = pool_is_encrypted(pool),
		.seed = random_seed(),
		.clock = pool->past.clocks.member,
		.event_clock = pool->past.clocks.event,
		.query_clock = pool->past.clocks.query,
	};
	const char *address =
	    pool->is_wan ? c->advertise_wan_address : c->advertise_address;
	struct arena arena = { 0 };
	struct pair_list tags = tags_of_config(c, pool->is_wan, &arena);
	struct buf meta = { 0 };

	if (!endpoint_parse_ip(address, &options.address))
		fatal("advertise address \"%s\" is no IP address", address);
	options.address.port =
	    (uint16_t)(pool->is_wan ? c->serf_wan_port : c->serf_lan_port);
	tags_encode(&tags, &meta);
	if (meta.size > GOSSIP_META_BYTES_MAX)
		fatal("Encoded length of tags exceeds limit of %d bytes",
		    GOSSIP_META_BYTES_MAX);
	options.meta = buf_slice(&meta);
	options.network_count =
	    networks_of(pool->is_wan ? &c->keys.serf_wan_allowed_cidrs
				     : &c->keys.serf_lan_allowed_cidrs,
		&arena, &options.networks);
	pool->core = gossip_new(&options);
	buf_deinit(&meta);
	arena_deinit(&arena);
}

/* A file of the pool, or "" where nothing is kept. */
static void
path_make(const struct pool *pool, const struct config *c, const char *suffix,
    char out[POOL_PATH_MAX])
{
	int size = 0;

	out[0] = '\0';
	if (*c->data_dir != '\0')
		size = snprintf(out, POOL_PATH_MAX, "%s/serf/%s.%s",
		    c->data_dir, pool->is_wan ? "remote" : "local", suffix);
	if (size >= POOL_PATH_MAX)
		fatal("path too long: %s", c->data_dir);
}

/* The key of the configuration, where no file has any. */
static void
key_of_config(struct pool *pool, const struct config *c)
{
	struct buf key = { 0 }, why = { 0 };
	const char *mistake;

	if (c->keys.encrypt.size == 0)
		return;
	if (base64_decode(c->keys.encrypt, &key) != ERR_OK)
		fatal("Invalid encryption key");
	if ((mistake = keyring_install(pool->keyring, buf_slice(&key))) != NULL)
		fatal("Invalid encryption key: %s", mistake);
	if (pool->keyring_path[0] != '\0' &&
	    keyring_save(pool->keyring, pool->keyring_path, &why) != ERR_OK)
		fatal("failed to write %s: %s", pool->keyring_path,
		    buf_text(&why));
	explicit_bzero(key.data, key.capacity);
	buf_deinit(&key);
	buf_deinit(&why);
}

/* An existing file wins over the option. */
static void
keyring_open_file(struct pool *pool, const struct config *c)
{
	struct buf why = { 0 };
	enum err err = ERR_NOT_FOUND;

	pool->keyring = keyring_new();
	if (!c->keys.disable_keyring_file)
		path_make(pool, c, "keyring", pool->keyring_path);
	if (pool->keyring_path[0] != '\0')
		err = keyring_load(pool->keyring, pool->keyring_path, &why);
	if (err == ERR_NOT_FOUND)
		key_of_config(pool, c);
	else if (err != ERR_OK)
		fatal("error initializing keyring: %s: %s", pool->keyring_path,
		    buf_text(&why));
	buf_deinit(&why);
}

static void
snapshot_make(struct pool *pool, const struct config *c)
{
	char path[POOL_PATH_MAX];

	path_make(pool, c, "snapshot", path);
	if (path[0] != '\0')
		pool->snapshot = snapshot_open(path, c->keys.rejoin_after_leave,
		    pool->serf_log, &pool->past_arena, &pool->past);
}

static void
net_make(struct pool *pool, const struct config *c)
{
	struct gossip_timing timing = timing_of(c, pool->is_wan);

	pool->net = net_open(&(struct net_options){
	    .address = pool->is_wan ? c->serf_wan_address : c->serf_lan_address,
	    .port = pool->is_wan ? c->serf_wan_port : c->serf_lan_port,
	    .what = pool->is_wan ? "serf_wan" : "serf_lan",
	    .log_name = pool->memberlist_log,
	    .self = slice_of_text(pool->name),
	    .keyring = pool->keyring,
	    .has_clear_in = !c->keys.encrypt_verify_incoming,
	    .has_clear_out = !c->keys.encrypt_verify_outgoing,
	    .has_small_packets = pool->is_wan,
	    .timeout = timing.tcp_timeout,
	    .handlers = &net_handlers_of_pool,
	    .arg = pool,
	});
}

static void
names_make(struct pool *pool, const struct config *c)
{
	struct buf name = { 0 };

	buf_put_text(&name, c->node_name);
	if (pool->is_wan)
		buf_printf(&name, ".%s", c->datacenter);
	pool->name = xstrdup(buf_text(&name));
	buf_deinit(&name);
	pool->serf_log = pool->is_wan	? "agent.server.serf.wan"
			 : c->is_server ? "agent.server.serf.lan"
					: "agent.client.serf.lan";
	pool->memberlist_log = pool->is_wan   ? "agent.server.memberlist.wan"
			       : c->is_server ? "agent.server.memberlist.lan"
					      : "agent.client.memberlist.lan";
}

struct pool *
pool_open(struct daemon *d, bool is_wan)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->daemon = d;
	pool->is_wan = is_wan;
	LIST_INIT(&pool->commands);
	arena_init(&pool->past_arena);
	gossip_effects_init(&pool->effects[0]);
	gossip_effects_init(&pool->effects[1]);
	names_make(pool, d->config);
	keyring_open_file(pool, d->config);
	snapshot_make(pool, d->config);
	core_make(pool, d->config);
	net_make(pool, d->config);
	return (pool);
}

void
pool_start(struct pool *pool)
{
	struct gossip_event event = { .kind = GOSSIP_START };

	ev_timer_init(&pool->tick, on_tick, 0, 0);
	ev_timer_init(&pool->flush, on_flush, 0, 0);
	pool->tick.data = pool->flush.data = pool;
	net_start(pool->net, pool->daemon->loop);
	pool_step(pool, &event);
}

void
pool_stop(struct pool *pool)
{
	if (pool != NULL)
		snapshot_flush(pool->snapshot, pool->core);
}

bool
pool_is_encrypted(const struct pool *pool)
{
	return (keyring_count(pool->keyring) > 0);
}

bool
pool_knows_server(const struct pool *pool)
{
	struct gossip_member *members;
	struct arena arena = { 0 };
	bool is_known = false;
	size_t count;

	gossip_members(pool->core, &arena, &members, &count);
	for (size_t i = 0; i < count && !is_known; i++) {
		struct slice role;

		(void)gossip_meta_tag(members[i].meta, "role", &role);
		is_known = !members[i].is_self &&
			   members[i].status == MEMBER_ALIVE &&
			   slice_is(role, "consul");
	}
	arena_deinit(&arena);
	return (is_known);
}
