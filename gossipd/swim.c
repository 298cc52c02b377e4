/*
 * Who is alive, suspect, dead or gone: memberlist's four messages about a
 * member, and what they do to its state (memberlist state.go).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"

#define CONFIRMATIONS_BELOW_MULT 2 /* suspectNode: k = SuspicionMult - 2 */

bool
swim_is_gone(const struct member *member)
{
	return (member->state == SWIM_DEAD || member->state == SWIM_LEFT);
}

void
swim_health(struct gossip *g, int delta)
{
	int max = (int)g->options.timing.awareness_max_multiplier - 1;
	int health = (int)g->health + delta;

	if (g->options.is_without_lifeguard)
		return;
	health = health > max ? max : health;
	g->health = health < 0 ? 0 : (unsigned)health;
}

/* --- The list. --- */

/* At a random place: or a new one would be probed last (state.go,
 * aliveNode). */
static void
list(struct gossip *g, struct member *member)
{
	size_t place;

	assert(member->place == UNLISTED);
	if (g->node_count == g->node_capacity) {
		g->node_capacity = g->node_capacity * 2 + 8;
		g->nodes = xreallocarray(
		    g->nodes, g->node_capacity, sizeof(struct member *));
	}
	place = g->node_count == 0
		    ? 0
		    : (size_t)random_below(&g->random, g->node_count);
	g->nodes[g->node_count] = g->nodes[place];
	if (place < g->node_count)
		g->nodes[g->node_count]->place = g->node_count;
	g->nodes[place] = member;
	member->place = place;
	g->node_count++;
}

static void
end_suspicion(struct gossip *g, struct member *member)
{
	if (member->suspicion == NULL)
		return;
	free(member->suspicion);
	member->suspicion = NULL;
	g->suspect_count--;
}

void
swim_unlist(struct gossip *g, struct member *member)
{
	struct member *last = g->nodes[g->node_count - 1];

	assert(member->place != UNLISTED);
	assert(member != g->self);
	end_suspicion(g, member);
	g->nodes[member->place] = last;
	last->place = member->place;
	g->node_count--;
	member->place = UNLISTED;
	member->state = SWIM_DEAD;
	member->incarnation = 0;
	if (g->probe.target == member)
		g->probe.target = NULL;
	if (member->queued != NULL)
		broadcast_drop(&g->swim_queue, member->queued);
}

void
swim_release(struct gossip *g, struct member *member)
{
	if (member->place == UNLISTED && member->status == MEMBER_NONE &&
	    member->early.ltime == 0)
		members_remove(&g->members, member);
}

static void
swap(struct gossip *g, size_t a, size_t b)
{
	struct member *member = g->nodes[a];

	g->nodes[a] = g->nodes[b];
	g->nodes[b] = member;
	g->nodes[a]->place = a;
	g->nodes[b]->place = b;
}

void
swim_reshuffle(struct step *s)
{
	struct gossip *g = s->g;
	int64_t keep_ns = g->options.timing.gossip_to_the_dead_time.ns;

	for (size_t i = g->node_count; i > 0; i--) {
		struct member *member = g->nodes[i - 1];

		if (member->state == SWIM_DEAD &&
		    instant_since(s->now, member->changed_at).ns > keep_ns) {
			swim_unlist(g, member);
			swim_release(g, member);
		}
	}
	for (size_t i = g->node_count; i > 1; i--)
		swap(g, i - 1, (size_t)random_below(&g->random, i));
}

bool
swim_fits_alive(const struct step *s, const struct member *member)
{
	return (member->state == SWIM_ALIVE && member != s->g->self);
}

/* memberlist util.go, kRandomNodes: with few nodes it finds nearly all. */
size_t
swim_choose(struct step *s, size_t count, struct member **out,
    bool (*fits)(const struct step *, const struct member *))
{
	struct gossip *g = s->g;
	size_t found = 0;

	for (size_t i = 0; i < 3 * g->node_count && found < count; i++) {
		struct member *member =
		    g->nodes[random_below(&g->random, g->node_count)];
		bool is_new = true;

		for (size_t j = 0; j < found; j++)
			is_new = is_new && out[j] != member;
		if (is_new && fits(s, member))
			out[found++] = member;
	}
	return (found);
}

/* --- Gossip about a member: the newest word replaces the one before. --- */

static void
gossip_accusation(struct step *s, struct member *member, enum message_kind kind,
    const struct accusation *accusation, bool *is_done)
{
	struct message message = {
		.kind = kind,
		.as.accusation = *accusation,
	};

	broadcast_put(&s->g->swim_queue, &message, &member->queued, is_done);
}

static void
gossip_alive(struct step *s, struct member *member, const struct alive *alive)
{
	struct message message = { .kind = MESSAGE_ALIVE, .as.alive = *alive };

	if (!send_is_too_big(s->g, &message))
		broadcast_put(
		    &s->g->swim_queue, &message, &member->queued, NULL);
}

static struct alive
alive_of(const struct member *member)
{
	return ((struct alive){
	    .incarnation = member->incarnation,
	    .node = member_name(member),
	    .address = member->address,
	    .meta = buf_slice(&member->meta),
	    .versions = member->versions,
	});
}

static void
gossip_self(struct step *s)
{
	struct alive alive = alive_of(s->g->self);

	gossip_alive(s, s->g->self, &alive);
}

/* Say that we are alive, and louder than who denies it (state.go, refute). */
static void
refute(struct step *s, uint32_t accused)
{
	struct gossip *g = s->g;

	g->incarnation++;
	if (accused >= g->incarnation)
		g->incarnation = accused + 1;
	g->self->incarnation = g->incarnation;
	swim_health(g, 1);
	gossip_self(s);
}

/* --- alive --- */

static void
set_alive(struct step *s, struct member *member, const struct alive *a)
{
	member->address = a->address;
	if (a->versions.count > 0)
		member->versions = a->versions;
	member->incarnation = a->incarnation;
	member_set_meta(member, a->meta);
	if (member->state != SWIM_ALIVE) {
		member->state = SWIM_ALIVE;
		member->changed_at = s->now;
	}
}

struct member *
swim_self_start(struct step *s)
{
	struct gossip *g = s->g;
	struct member *self = members_add(&g->members, g->options.name);

	assert(self != NULL);
	g->self = self;
	self->address = g->options.address;
	self->versions =
	    (struct versions){ { 1, 5, 2, 2, 5, 4 }, GOSSIP_VERSION_BYTES };
	member_set_meta(self, g->options.meta);
	self->incarnation = ++g->incarnation;
	self->state = SWIM_ALIVE;
	self->changed_at = s->now;
	list(g, self);
	gossip_self(s);
	return (self);
}

/* memberlist.go, UpdateNode. */
void
swim_set_meta(struct step *s, struct slice meta)
{
	struct gossip *g = s->g;

	if (slice_equal(buf_slice(&g->self->meta), meta) ||
	    g->self->state != SWIM_ALIVE)
		return;
	g->self->incarnation = ++g->incarnation;
	member_set_meta(g->self, meta);
	gossip_self(s);
	serf_on_update(s, g->self);
}

/* Another address wears the name of this member. */
static void
conflict_note(struct step *s, enum gossip_note_kind kind,
    const struct member *member, const struct alive *a)
{
	struct gossip_note *note =
	    effects_note(s->fx, kind, a->node, (struct slice){ 0 });

	note->address = a->address;
	note->other = member->address;
	note->number = member->state;
}

/* state.go, aliveNode, where it is about this member. */
static void
on_alive_self(struct step *s, const struct alive *a)
{
	struct member *self = s->g->self;

	if (swim_is_gone(self) || a->incarnation < self->incarnation)
		return;
	if (!endpoint_equal(&a->address, &self->address)) {
		conflict_note(s, GOSSIP_NOTE_CONFLICT, self, a);
		conflict_note(s, GOSSIP_NOTE_NAME_TAKEN, self, a);
		return;
	}
	if (a->incarnation == self->incarnation &&
	    slice_equal(a->meta, buf_slice(&self->meta)) &&
	    versions_equal(&a->versions, &self->versions))
		return;
	refute(s, a->incarnation);
	effects_note(
	    s->fx, GOSSIP_NOTE_REFUTE_ALIVE, a->node, (struct slice){ 0 });
}

static bool
has_good_versions(const struct step *s, const struct alive *a)
{
	const uint8_t *of = a->versions.of;

	if (a->versions.count >= 3 &&
	    (of[0] == 0 || of[1] == 0 || of[0] > of[1]))
		return (false);
	/* Whoever has rules knows what it is asked about (state.go). */
	return (s->g->options.rule == RULE_ANY ||
		a->versions.count == GOSSIP_VERSION_BYTES);
}

static bool
is_allowed(struct step *s, const struct alive *a)
{
	struct push_node node = {
		.name = a->node,
		.address = a->address,
		.meta = a->meta,
	};
	struct slice why;

	if (!has_good_versions(s, a)) {
		effects_note(s->fx, GOSSIP_NOTE_BAD_VERSION, a->node,
		    (struct slice){ 0 });
		return (false);
	}
	if (rule_allows(s->g, &node, 1, &s->fx->arena, &why))
		return (true);
	effects_note(s->fx, GOSSIP_NOTE_REFUSED, a->node, why);
	return (false);
}

static void
full(struct step *s, const char *what)
{
	s->g->dropped++;
	effects_note(
	    s->fx, GOSSIP_NOTE_FULL, (struct slice){ 0 }, slice_of_text(what));
}

/* Whom nobody reaches, and who says itself, by an incarnation that only it may
 * raise and by its node ID, that it is elsewhere: a container that is back. */
static bool
is_back_elsewhere(const struct member *member, const struct alive *a)
{
	struct slice known = { 0 }, said = { 0 };

	if ((member->state != SWIM_SUSPECT && member->state != SWIM_DEAD) ||
	    a->incarnation <= member->incarnation)
		return (false);
	return (gossip_meta_tag(buf_slice(&member->meta), "id", &known) &&
		gossip_meta_tag(a->meta, "id", &said) && known.size > 0 &&
		slice_equal(known, said));
}

/* An address that is not the known one: is it the member, moved? Consul knows
 * a member that comes back elsewhere only 30 s after its death, so that pods
 * there have to leave before they are moved; we ask for its node ID. */
static bool
may_move(struct step *s, const struct member *member, const struct alive *a)
{
	int64_t gone_ns = instant_since(s->now, member->changed_at).ns;
	int64_t reclaim_ns = s->g->options.timing.dead_node_reclaim_time.ns;
	bool may = member->state == SWIM_LEFT ||
		   (member->state == SWIM_DEAD && reclaim_ns > 0 &&
		       gone_ns > reclaim_ns) ||
		   is_back_elsewhere(member, a);

	conflict_note(s,
	    may ? GOSSIP_NOTE_ADDRESS_CHANGED : GOSSIP_NOTE_CONFLICT, member,
	    a);
	if (!may)
		conflict_note(s, GOSSIP_NOTE_NAME_CLAIMED, member, a);
	return (may);
}

/* The word is news, and about somebody else. */
static void
believe_alive(struct step *s, struct member *member, const struct alive *a)
{
	bool was_gone = swim_is_gone(member);
	bool is_other = !slice_equal(buf_slice(&member->meta), a->meta) ||
			!endpoint_equal(&member->address, &a->address);

	end_suspicion(s->g, member);
	if (!s->is_newcomer)
		gossip_alive(s, member, a);
	set_alive(s, member, a);
	if (was_gone)
		pull_settle(s);
	if (was_gone)
		serf_on_join(s, member);
	else if (is_other)
		serf_on_update(s, member);
}

static struct member *
find_or_add(struct step *s, struct slice name)
{
	struct member *member = members_find(&s->g->members, name);

	if (member == NULL)
		member = members_add(&s->g->members, name);
	if (member == NULL)
		full(s, "member");
	return (member);
}

static bool
is_of(const struct gossip_network *network, const struct endpoint *e)
{
	size_t whole = network->bits / 8;
	unsigned rest = 8 - network->bits % 8;

	if (network->ip_size != e->ip_size ||
	    memcmp(network->ip, e->ip, whole) != 0)
		return (false);
	return (
	    rest == 8 || network->ip[whole] >> rest == e->ip[whole] >> rest);
}

bool
swim_is_inside(const struct gossip *g, const struct endpoint *e)
{
	const struct gossip_options *o = &g->options;
	size_t i;

	for (i = 0; i < o->network_count; i++) {
		if (is_of(&o->networks[i], e))
			return (true);
	}
	return (o->network_count == 0);
}

/* memberlist state.go, aliveNode: IPAllowed, of who is new or has moved. */
static bool
is_inside(struct step *s, const struct alive *a, const struct member *listed)
{
	struct gossip_note *note;

	if (swim_is_inside(s->g, &a->address))
		return (true);
	note = effects_note(s->fx,
	    listed != NULL ? GOSSIP_NOTE_MOVED_OUTSIDE : GOSSIP_NOTE_OUTSIDE,
	    a->node, (struct slice){ 0 });
	note->address = a->address;
	if (listed != NULL)
		note->other = listed->address;
	return (false);
}

void
swim_on_alive(struct step *s, const struct alive *a)
{
	struct gossip *g = s->g;
	struct member *member = members_find(&g->members, a->node);
	bool is_listed = member != NULL && member->place != UNLISTED;
	bool has_moved =
	    is_listed && !endpoint_equal(&member->address, &a->address);

	if (member != NULL && member == g->self) {
		if (is_allowed(s, a))
			on_alive_self(s, a);
		return;
	}
	/* Old words are most of what comes: they are out at once. */
	if (is_listed && !has_moved && a->incarnation <= member->incarnation)
		return;
	/* Incarnations begin at 1. Nobody is nameless, or nowhere. */
	if (a->incarnation == 0 || a->node.size == 0 ||
	    a->address.ip_size == 0 || !is_allowed(s, a))
		return;
	if ((has_moved || !is_listed) &&
	    !is_inside(s, a, has_moved ? member : NULL))
		return;
	if (has_moved && !may_move(s, member, a))
		return;
	if (!is_listed) {
		member = find_or_add(s, a->node);
		if (member == NULL)
			return;
		list(g, member);
	}
	believe_alive(s, member, a);
}

/* --- suspect --- */

static uint64_t
accuser_hash(const struct gossip *g, struct slice from)
{
	return (keyed_hash(g->members.key, from));
}

/* state.go, suspectNode: how many others should agree, and until when. */
static void
start_suspicion(struct step *s, struct member *member, struct slice from)
{
	struct gossip *g = s->g;
	const struct gossip_timing *t = &g->options.timing;
	struct duration min = suspicion_timeout(
	    t->suspicion_mult, g->node_count, t->probe_interval);
	struct duration max =
	    NANOSECONDS(min.ns * t->suspicion_max_timeout_mult);
	unsigned wanted = t->suspicion_mult > CONFIRMATIONS_BELOW_MULT
			      ? t->suspicion_mult - CONFIRMATIONS_BELOW_MULT
			      : 0;

	if (g->node_count < wanted + 2 || g->options.is_without_lifeguard)
		wanted = 0;
	assert(member->suspicion == NULL);
	member->suspicion = xmalloc(sizeof(*member->suspicion));
	suspicion_start(
	    member->suspicion, accuser_hash(g, from), wanted, min, max, s->now);
	g->suspect_count++;
	g->suspicion_at =
	    sooner(g->suspicion_at, suspicion_deadline(member->suspicion));
}

static void
confirm(
    struct step *s, struct member *member, const struct accusation *accusation)
{
	struct gossip *g = s->g;

	if (!suspicion_confirm(
		member->suspicion, accuser_hash(g, accusation->from)))
		return;
	g->suspicion_at =
	    sooner(g->suspicion_at, suspicion_deadline(member->suspicion));
	gossip_accusation(s, member, MESSAGE_SUSPECT, accusation, NULL);
}

static void
note_refuted(struct step *s, const struct accusation *a)
{
	struct gossip_note *note = effects_note(
	    s->fx, GOSSIP_NOTE_REFUTE, a->node, (struct slice){ 0 });

	note->from = arena_copy(&s->fx->arena, a->from);
}

void
swim_on_suspect(struct step *s, const struct accusation *a)
{
	struct gossip *g = s->g;
	struct member *member = members_find(&g->members, a->node);

	if (member == NULL || member->place == UNLISTED ||
	    a->incarnation < member->incarnation)
		return;
	if (member->suspicion != NULL) {
		confirm(s, member, a);
		return;
	}
	if (member->state != SWIM_ALIVE)
		return;
	if (member == g->self) {
		refute(s, a->incarnation);
		note_refuted(s, a);
		return;
	}
	gossip_accusation(s, member, MESSAGE_SUSPECT, a, NULL);
	member->incarnation = a->incarnation;
	member->state = SWIM_SUSPECT;
	member->changed_at = s->now;
	start_suspicion(s, member, a->from);
}

/* --- dead --- */

static void
believe_dead(struct step *s, struct member *member, const struct accusation *a,
    bool *is_done)
{
	end_suspicion(s->g, member);
	gossip_accusation(s, member, MESSAGE_DEAD, a, is_done);
	member->incarnation = a->incarnation;
	member->state = slice_equal(a->node, a->from) ? SWIM_LEFT : SWIM_DEAD;
	member->changed_at = s->now;
	serf_on_leave(s, member);
}

void
swim_on_dead(struct step *s, const struct accusation *a)
{
	struct gossip *g = s->g;
	struct member *member = members_find(&g->members, a->node);

	if (member == NULL || member->place == UNLISTED ||
	    a->incarnation < member->incarnation || swim_is_gone(member))
		return;
	if (member == g->self) {
		refute(s, a->incarnation);
		note_refuted(s, a);
		return;
	}
	believe_dead(s, member, a, NULL);
}

/* memberlist.go, Leave: dead by one's own word is left. */
void
swim_leave(struct step *s)
{
	struct member *self = s->g->self;
	struct accusation own = {
		.incarnation = self->incarnation,
		.node = member_name(self),
		.from = member_name(self),
	};

	if (!swim_is_gone(self))
		believe_dead(s, self, &own, &s->g->leaving.is_dead_sent);
}

static void
suspicion_over(struct step *s, struct member *member)
{
	struct accusation dead = {
		.incarnation = member->incarnation,
		.node = member_name(member),
		.from = member_name(s->g->self),
	};
	struct gossip_note *note = effects_note(
	    s->fx, GOSSIP_NOTE_FAILED, dead.node, (struct slice){ 0 });

	note->number = member->suspicion->confirmations;
	believe_dead(s, member, &dead, NULL);
}

void
swim_suspicions_tick(struct step *s)
{
	struct gossip *g = s->g;

	if (!is_due(s, g->suspicion_at))
		return;
	g->suspicion_at = INSTANT_NEVER;
	for (size_t i = 0; g->suspect_count > 0 && i < g->node_count; i++) {
		struct member *member = g->nodes[i];
		struct instant due;

		if (member->suspicion == NULL)
			continue;
		due = suspicion_deadline(member->suspicion);
		if (is_due(s, due))
			suspicion_over(s, member);
		else
			g->suspicion_at = sooner(g->suspicion_at, due);
	}
}
