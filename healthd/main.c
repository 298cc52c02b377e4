/*
 * healthd: this agent's own services and checks. It runs the checks, answers
 * for /v1/agent/services and its kin, keeps what the API registered, and makes
 * the catalog agree with all of it.
 *
 * The core (local, sync, check, agenda) knows no clock, socket or file; the
 * turn below joins it to its edges. Scripts and probes run in helpers
 * (runner.h), so that this process, which holds tokens and the data
 * directory, has neither network nor children once it runs.
 *
 * Source  api/semantics.md 5, 8 and 13; api/config.md 4 to 6
 */
#include <sys/random.h>
#include <unistd.h>

#include "config_changes.h"
#include "healthd.h"
#include "log.h"
#include "privsep.h"
#include "watch.h"

static struct healthd *
healthd_of(struct daemon *d)
{
	return (d->state);
}

static void
local_config_from(const struct config *c, struct local_config *out)
{
	const struct config_keys *keys = &c->keys;

	*out = (struct local_config){
		.node = slice_of_text(c->node_name),
		.datacenter = slice_of_text(c->datacenter),
		.output_max = (size_t)keys->check_output_max_size,
		.update_interval = keys->check_update_interval,
		.has_remote_scripts = keys->enable_script_checks,
		.has_local_scripts = keys->enable_script_checks ||
				     keys->enable_local_script_checks,
		.discards_output = keys->discard_check_output,
	};
	if (out->output_max > OUTPUT_BYTES_MAX)
		out->output_max = OUTPUT_BYTES_MAX;
}

static void
sync_node_from(const struct config *c, struct sync_node *out)
{
	*out = (struct sync_node){
		.id = slice_of_text(c->node_id),
		.name = slice_of_text(c->node_name),
		.address = slice_of_text(c->advertise_address),
		.datacenter = slice_of_text(c->datacenter),
		.tagged_addresses = c->tagged_addresses,
		.meta = c->node_meta,
	};
}

static struct definitions
definitions_from(const struct config *c)
{
	return ((struct definitions){
	    .services = c->services,
	    .service_count = c->service_count,
	    .checks = c->checks,
	    .check_count = c->check_count,
	});
}

/* --- The turn. --- */

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)w;
	(void)events; /* the turn does it */
}

/* Deeds may fail at once, and bring more effects. */
static void
effects_do(struct healthd *h)
{
	for (size_t i = 0; i < h->local.effect_count; i++) {
		struct effect e = h->local.effects[i];

		persist_do(&h->persist, &h->local, &e);
		probe_do(h, &e);
	}
	local_effects_clear(&h->local);
}

static void
timer_set(struct healthd *h, struct instant now)
{
	struct ev_loop *loop = h->daemon->loop;
	struct instant first = agenda_first(&h->local.agenda);
	struct duration wait = NANOSECONDS(0);

	ev_timer_stop(loop, &h->timer);
	if (first.ns == INSTANT_NEVER.ns)
		return;
	if (instant_before(now, first))
		wait = instant_since(first, now);
	ev_now_update(loop);
	ev_timer_set(&h->timer, duration_seconds(wait), 0);
	ev_timer_start(loop, &h->timer);
}

static void
turn(struct daemon *d)
{
	struct healthd *h = healthd_of(d);
	struct instant now = instant_now();

	/* 1. Decide, on all that is due. */
	if (local_due(&h->local, now))
		catalog_compare(h);
	local_settle(&h->local, now);
	/* 2. Save, and start what is to run. */
	effects_do(h);
	/* 3. Only now speak: to the catalog, then to who waits for it. */
	alias_remote_watch(h);
	catalog_push(h);
	waiters_answer(h);
	patients_answer(h);
	timer_set(h, now);
}

/* --- Start, reload, peers. --- */

static void
start_definitions(struct healthd *h, struct instant now)
{
	struct definitions all = definitions_from(h->daemon->config);
	struct buf why = { 0 };

	if (local_reload(&h->local, &all, now, &why) != ERR_OK)
		fatal("%s", buf_text(&why));
	buf_deinit(&why);
}

/* The files of ours that a script could then read are few, but it could. */
static void
runner_user_check(const struct config *config)
{
	const struct config_keys *keys = &config->keys;

	if ((keys->enable_script_checks || keys->enable_local_script_checks) &&
	    !privsep_may_change_users())
		log_warn("agent",
		    "scripts run as the user of healthd, who may not change "
		    "users",
		    "user=%u", (unsigned)geteuid());
}

/* Files first, for they win over what was saved. All of it is there before
 * the first comparison, or the catalog would be told to forget it. */
static void
healthd_open(struct daemon *d)
{
	struct healthd *h = healthd_of(d);
	struct instant now = instant_now();
	struct local_config config;
	struct sync_node node;
	uint64_t seed;

	h->daemon = d;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		fatal("no random numbers");
	h->born = (uint64_t)now.ns | 1;
	runner_user_check(d->config);
	h->ends = runner_start(&d->config->keys);
	persist_open(&h->persist, d->config->data_dir);
	local_config_from(d->config, &config);
	sync_node_from(d->config, &node);
	local_init(&h->local, &config, seed);
	sync_init(&h->sync, &node);
	start_definitions(h, now);
	persist_load(&h->persist, &h->local, now);
}

static void
healthd_start(struct daemon *d)
{
	struct healthd *h = healthd_of(d);

	probe_open(h);
	ev_timer_init(&h->timer, on_timer, 0, 0);
}

static bool
watches_check(const struct config *next, struct buf *why)
{
	struct buf reason = { 0 };
	struct watch_plans plans;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = watch_plans_read(next, &arena, &plans, &reason);
	if (err != ERR_OK)
		buf_printf(
		    why, "Failed reloading watches: %s", buf_text(&reason));
	arena_deinit(&arena);
	buf_deinit(&reason);
	return (err == ERR_OK);
}

/* Files may be well-formed and still name what can't be. */
static bool
healthd_check(
    const struct daemon *d, const struct config *next, struct buf *why)
{
	const struct healthd *h = d->state;
	struct definitions all = definitions_from(next);
	struct buf reason = { 0 };
	enum err err = local_reload_check(&h->local, &all, &reason);

	if (err != ERR_OK)
		buf_printf(
		    why, "Failed reloading services: %s", buf_text(&reason));
	buf_deinit(&reason);
	return (err == ERR_OK && watches_check(next, why));
}

/* We reload first, so we tell what is changed, once for all. */
static void
changes_log(const struct reload_changes *changes)
{
	struct buf line = { 0 };
	size_t i;

	for (i = 0; i < changes->count; i++) {
		buf_reset(&line);
		config_change_put(&changes->items[i], &line);
		log_info("agent", "Reloaded", "%s", buf_text(&line));
	}
	buf_deinit(&line);
}

static void
healthd_reload(struct daemon *d, const struct config *old)
{
	struct healthd *h = healthd_of(d);
	struct definitions all = definitions_from(d->config);
	struct local_config config;
	struct sync_node node;
	struct buf why = { 0 };

	(void)old;
	local_config_from(d->config, &config);
	h->local.config = config;
	sync_node_from(d->config, &node);
	sync_node_set(&h->sync, &node);
	if (local_reload(&h->local, &all, instant_now(), &why) != ERR_OK)
		log_error("agent", "Failed to reload configs", "error=\"%s\"",
		    buf_text(&why));
	else
		changes_log(&d->config->changes);
	if (h->has_watches_begun)
		watches_start(h);
	buf_deinit(&why);
}

/* A catalog that has started anew knows what its log knows, which may be less
 * than we told the old one. */
static void
healthd_on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	struct healthd *h = healthd_of(d);

	(void)edge;
	if (!is_up)
		return;
	sync_hasten(&h->sync, &h->local, instant_now());
	if (!h->has_watches_begun)
		watches_start(h);
	h->has_watches_begun = true;
}

int
main(int argc, char **argv)
{
	const struct daemon_spec spec = {
		.id = DAEMON_healthd,
		.state_size = sizeof(struct healthd),
		.open = healthd_open,
		.start = healthd_start,
		.turn = turn,
		.check = healthd_check,
		.reload = healthd_reload,
		.on_peer = healthd_on_peer,
		.handlers = healthd_handlers,
	};

	return (daemon_main(&spec, argc, argv));
}
