/*
 * bootstrap_expect: when as many servers as were told to expect each other are
 * there, and none of them is in a cluster yet, all of them write the same
 * first configuration, each on its own.
 *
 * Source  wire/raft.md 5; Consul's server_serf.go, maybeBootstrap
 */
#include <inttypes.h>
#include <stdio.h>

#include "catalogd.h"
#include "log.h"

#define LOG_NAME      "agent.server"
#define TRIES_MAX     6 /* Consul's maxPeerRetries */
#define PEERS_TIMEOUT SECONDS(10)

/* One of the servers that are asked whether they have a cluster. */
struct candidate {
	struct catalogd *owner;
	struct slice name;
	struct slice id;
	struct slice address;
	bool is_voter;
	unsigned tries;
	ev_timer retry;
};

static void
over(struct catalogd *c)
{
	struct bootstrap *b = &c->bootstrap;

	b->is_over = true;
	for (size_t i = 0; i < b->count; i++)
		ev_timer_stop(c->daemon->loop, &b->candidates[i].retry);
}

static bool
has_data(const struct catalogd *c)
{
	return (
	    c->raft.state.peers.count > 0 || c->raft.state.commit_index > 0);
}

/* --- The end: a configuration with all of them. --- */

static void
join_addresses(const struct bootstrap *b, struct buf *out)
{
	for (size_t i = 0; i < b->count; i++)
		buf_printf(out, "%s%.*s", i > 0 ? "," : "",
		    SLICE_ARGS(b->candidates[i].address));
}

static void
attempt(struct catalogd *c)
{
	struct bootstrap *b = &c->bootstrap;
	struct raft_server_entry servers[RAFT_SERVERS_MAX] = { 0 };
	struct raft_bootstrap notice = { .servers = { servers, b->count } };
	struct buf peers = { 0 };

	for (size_t i = 0; i < b->count; i++)
		servers[i] = (struct raft_server_entry){
			.suffrage = b->candidates[i].is_voter ? 0 : 1,
			.id = b->candidates[i].id,
			.address = b->candidates[i].address,
		};
	join_addresses(b, &peers);
	log_info(LOG_NAME,
	    "Found expected number of peers, attempting bootstrap", "peers=%s",
	    buf_text(&peers));
	buf_deinit(&peers);
	over(c);
	if (edge_tell(c->daemon->edges[DAEMON_raftd], METHOD_Raft_Bootstrap,
		&raft_bootstrap_type, &notice) != ERR_OK)
		log_error(LOG_NAME, "Failed to bootstrap cluster", "");
}

/* --- The question to each: have you peers already? --- */

static void ask(struct candidate *);

static void
on_retry(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	ask(w->data);
}

/* Consul goes on without those that never answer. One of them may have begun
 * without us, and have reached us. */
static void
answered(struct catalogd *c)
{
	if (--c->bootstrap.left > 0)
		return;
	if (has_data(c))
		over(c);
	else
		attempt(c);
}

static void
ask_again(struct candidate *one, struct slice why)
{
	struct catalogd *c = one->owner;
	unsigned seconds = 1U << one->tries++;

	log_error(LOG_NAME,
	    "Failed to confirm peer status for server (will retry).",
	    "server=%.*s retry_interval=%us error=\"%.*s\"",
	    SLICE_ARGS(one->name), seconds, SLICE_ARGS(why));
	if (one->tries == TRIES_MAX) {
		answered(c);
		return;
	}
	ev_timer_set(&one->retry, seconds, 0);
	ev_timer_start(c->daemon->loop, &one->retry);
}

static void
on_peers(void *arg, const struct answer *answer)
{
	struct candidate *one = arg;
	struct catalogd *c = one->owner;
	struct arena arena = { 0 };
	struct texts peers = { 0 };
	struct slice why = answer->text;
	enum err err = answer->err;

	if (c->bootstrap.is_over)
		return;
	if (err == ERR_OK && (err = type_decode_all(&texts_type, answer->body,
				  &arena, &peers)) != ERR_OK)
		why = slice_of_text(err_text(err));
	if (err != ERR_OK) {
		ask_again(one, why);
	} else if (peers.value.count > 0) {
		/* We are taken in by whoever leads there. */
		log_info(LOG_NAME,
		    "Existing Raft peers reported by server, disabling "
		    "bootstrap mode",
		    "server=%.*s", SLICE_ARGS(one->name));
		over(c);
	} else {
		answered(c);
	}
	arena_deinit(&arena);
}

static void
ask(struct candidate *one)
{
	struct daemon *d = one->owner->daemon;
	const struct dc_specific_request request = {
		.datacenter = slice_of_text(d->config->datacenter),
	};

	peer_ask(one->owner, one->address, METHOD_Status_Peers, &request,
	    PEERS_TIMEOUT, on_peers, one);
}

static void
ask_all(struct catalogd *c)
{
	struct bootstrap *b = &c->bootstrap;
	struct slice self = slice_of_text(c->daemon->config->node_id);

	/* We have none ourselves, or would not be here. */
	b->left = 1;
	for (size_t i = 0; i < b->count; i++) {
		if (slice_equal(b->candidates[i].id, self))
			continue;
		b->left++;
		ask(&b->candidates[i]);
	}
	answered(c);
}

/* --- Who is there. --- */

/* False where one member makes it impossible; Consul's words. */
static bool
may_expect(struct catalogd *c, const struct serf_member *m)
{
	char expect[24];

	snprintf(expect, sizeof(expect), "%" PRId64,
	    c->daemon->config->bootstrap_expect);
	if (member_tag(m, "expect").size > 0 &&
	    !slice_is(member_tag(m, "expect"), expect)) {
		log_error(LOG_NAME,
		    "Member has a conflicting expect value. All nodes should "
		    "expect the same number.",
		    "member=%.*s", SLICE_ARGS(m->name));
		return (false);
	}
	if (slice_is(member_tag(m, "bootstrap"), "1")) {
		log_error(LOG_NAME,
		    "Member has bootstrap mode. Expect disabled.",
		    "member=%.*s", SLICE_ARGS(m->name));
		return (false);
	}
	return (true);
}

/* Raft can know it by its id. */
static bool
has_name(const struct serf_member *m)
{
	size_t size = member_tag(m, "id").size;

	return (size > 0 && size <= RAFT_NAME_BYTES_MAX);
}

static void
candidate_init(struct catalogd *c, struct candidate *one,
    const struct serf_member *m, struct arena *arena)
{
	*one = (struct candidate){
		.owner = c,
		.name = arena_copy(arena, m->name),
		.id = arena_copy(arena, member_tag(m, "id")),
		.address = member_address(m, arena),
		.is_voter = !slice_is(member_tag(m, "nonvoter"), "1"),
	};
	ev_timer_init(&one->retry, on_retry, 0, 0);
	one->retry.data = one;
}

/* The servers of our datacenter; SIZE_MAX where one of them forbids it, else
 * how many of them will vote. Consul also counts those that have failed or
 * left: a cluster that begins has none of these to wait for. */
static size_t
gather(struct catalogd *c, struct bootstrap *b)
{
	struct member *m;
	size_t voters = 0;

	arena_reset(&b->arena);
	b->count = 0;
	b->candidates =
	    arena_array(&b->arena, RAFT_SERVERS_MAX, sizeof(*b->candidates));
	TAILQ_FOREACH(m, &c->leader.members.list, entry)
	{
		if (!member_is_server(
			&m->serf, c->daemon->config->datacenter) ||
		    !has_name(&m->serf))
			continue;
		if (!may_expect(c, &m->serf))
			return (SIZE_MAX);
		if (m->serf.status != MEMBER_ALIVE ||
		    b->count == RAFT_SERVERS_MAX)
			continue;
		candidate_init(
		    c, &b->candidates[b->count], &m->serf, &b->arena);
		voters += b->candidates[b->count++].is_voter;
	}
	return (voters);
}

static bool
is_wanted(struct catalogd *c)
{
	const struct config *config = c->daemon->config;

	return (config->is_server && config->bootstrap_expect > 1 &&
		!config->keys.non_voting_server && !c->bootstrap.is_over &&
		c->bootstrap.left == 0 && c->raft.is_known);
}

void
bootstrap_check(struct catalogd *c)
{
	size_t voters;

	if (!is_wanted(c))
		return;
	if (has_data(c)) {
		log_info(
		    LOG_NAME, "Raft data found, disabling bootstrap mode", "");
		over(c);
		return;
	}
	voters = gather(c, &c->bootstrap);
	if (voters == SIZE_MAX ||
	    voters < (size_t)c->daemon->config->bootstrap_expect) {
		c->bootstrap.count = 0;
		return;
	}
	ask_all(c);
}
