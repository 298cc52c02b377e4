/*
 * Serf on top of memberlist: who leaves and who fails, told apart by intents
 * with Lamport times (serf serf.go; wire/gossip.md 10.1, 10.2).
 */
#include <assert.h>
#include <string.h>

#include "core.h"
#include "names.h"

#define EARLY_MAX 8192 /* names we have only heard an intent about */

void
clock_witness(uint64_t *clock, uint64_t seen)
{
	if (seen >= *clock && seen < UINT64_MAX)
		*clock = seen + 1;
}

void
serf_start(struct step *s)
{
	struct gossip *g = s->g;
	const struct gossip_options *o = &g->options;

	g->clock = g->event_clock = g->query_clock = 1;
	clock_witness(&g->clock, o->clock);
	clock_witness(&g->event_clock, o->event_clock);
	clock_witness(&g->query_clock, o->query_clock);
	/* What was delivered in another life is not delivered again. */
	g->event_min = o->event_clock > 0 ? o->event_clock + 1 : 0;
	g->query_min = o->query_clock > 0 ? o->query_clock + 1 : 0;
	serf_on_join(s, g->self);
}

void
serf_view(const struct gossip *g, const struct member *member,
    struct gossip_member *out)
{
	*out = (struct gossip_member){
		.name = member_name(member),
		.address = member->address,
		.meta = buf_slice(&member->meta),
		.versions = member->versions,
		.status = member->status,
		.status_ltime = member->status_ltime,
		.incarnation = member->incarnation,
		.swim = member->state,
		.is_self = member == g->self,
	};
}

static void
change(
    struct step *s, enum member_change_kind kind, const struct member *member)
{
	struct gossip_member view;

	serf_view(s->g, member, &view);
	effects_change(s->fx, kind, &view);
}

bool
serf_has_others(const struct gossip *g)
{
	for (size_t i = 0; i < g->node_count; i++)
		if (g->nodes[i] != g->self && !swim_is_gone(g->nodes[i]))
			return (true);
	return (false);
}

/* --- What memberlist says. --- */

/* serf.go, handleNodeJoin. */
void
serf_on_join(struct step *s, struct member *member)
{
	struct early_intent *early = &member->early;

	if (member->status == MEMBER_NONE) {
		s->g->serf_count++;
		member->status_ltime = early->ltime;
		member->status = MEMBER_ALIVE;
		if (early->ltime > 0 && early->kind == MESSAGE_LEAVE_INTENT)
			member->status = MEMBER_LEAVING;
	} else {
		member->status = MEMBER_ALIVE;
	}
	change(s, CHANGE_JOIN, member);
}

void
serf_on_update(struct step *s, struct member *member)
{
	if (member->status != MEMBER_NONE)
		change(s, CHANGE_UPDATE, member);
}

/*
 * serf.go, handleNodeLeave. There only the intent tells leaving from failing;
 * but whoever says itself that it is dead has left, even where its intent was
 * lost.
 */
void
serf_on_leave(struct step *s, struct member *member)
{
	bool has_left =
	    member->status == MEMBER_LEAVING || member->state == SWIM_LEFT;

	if (member->status != MEMBER_LEAVING && member->status != MEMBER_ALIVE)
		return;
	member->status = has_left ? MEMBER_LEFT : MEMBER_FAILED;
	member->gone_at = s->now;
	change(s, has_left ? CHANGE_LEAVE : CHANGE_FAILED, member);
}

/* --- Intents. --- */

/* Nobody by that name yet: the newest intent is kept for when there is. */
static bool
keep_early(struct step *s, enum message_kind kind, const struct intent *intent)
{
	struct gossip *g = s->g;
	struct member *member = members_find(&g->members, intent->node);

	if (member != NULL && intent->ltime <= member->early.ltime)
		return (false);
	if (intent->ltime == 0)
		return (false);
	if (member == NULL || member->early.ltime == 0) {
		if (g->early_count >= EARLY_MAX) {
			g->dropped++;
			return (false);
		}
		if (member == NULL)
			member = members_add(&g->members, intent->node);
		if (member == NULL)
			return (false);
		g->early_count++;
	}
	member->early = (struct early_intent){ kind, intent->ltime, s->now };
	return (true);
}

/* Forget it, as soon as others have had the time to hear that it leaves. */
static void
prune(struct step *s, struct member *member)
{
	const struct gossip_timing *t = &s->g->options.timing;

	if (member == s->g->self)
		return;
	if (member->status != MEMBER_LEAVING) {
		serf_erase(s, member);
		return;
	}
	member->prune_at = instant_add(s->now,
	    NANOSECONDS(t->broadcast_timeout.ns + t->leave_propagate_delay.ns));
	s->g->prune_at = sooner(s->g->prune_at, member->prune_at);
}

/* serf.go, handleNodeLeaveIntent. */
static bool
on_leave_intent(
    struct step *s, struct member *member, const struct intent *intent)
{
	member->status_ltime = intent->ltime;
	if (member->status == MEMBER_ALIVE) {
		member->status = MEMBER_LEAVING;
		member->gone_at = s->now;
	} else if (member->status == MEMBER_FAILED) {
		member->status = MEMBER_LEFT;
		change(s, CHANGE_LEAVE, member);
	}
	if (intent->is_prune)
		prune(s, member);
	return (true);
}

/* We leave, somebody says, and we do not. Serf lets it pass where the time is
 * that of our own join, though others may have heard this before that. */
static bool
is_slander(const struct gossip *g, const struct member *member,
    enum message_kind kind, const struct intent *intent)
{
	return (member == g->self && kind == MESSAGE_LEAVE_INTENT &&
		g->leaving.phase == LEAVE_NONE &&
		intent->ltime >= member->status_ltime);
}

bool
serf_on_intent(
    struct step *s, enum message_kind kind, const struct intent *intent)
{
	struct gossip *g = s->g;
	struct member *member = members_find(&g->members, intent->node);

	if (intent->node.size == 0)
		return (false);
	clock_witness(&g->clock, intent->ltime);
	if (member == NULL || member->status == MEMBER_NONE)
		return (keep_early(s, kind, intent));
	if (is_slander(g, member, kind, intent)) {
		serf_announce_join(s);
		return (false);
	}
	if (intent->ltime <= member->status_ltime)
		return (false);
	if (kind == MESSAGE_LEAVE_INTENT)
		return (on_leave_intent(s, member, intent));
	member->status_ltime = intent->ltime;
	if (member->status == MEMBER_LEAVING)
		member->status = MEMBER_ALIVE;
	return (true);
}

/* Handle an intent of our own, and gossip it. */
static void
announce(struct step *s, enum message_kind kind, const struct intent *intent,
    bool *is_done)
{
	struct message message = { .kind = kind, .as.intent = *intent };

	(void)serf_on_intent(s, kind, intent);
	broadcast_put(&s->g->intent_queue, &message, NULL, is_done);
}

/* serf.go, broadcastJoin. */
void
serf_announce_join(struct step *s)
{
	struct gossip *g = s->g;
	struct intent intent = { g->clock, member_name(g->self), false };

	announce(s, MESSAGE_JOIN_INTENT, &intent, NULL);
}

/* Who has left has an intent whose time we are not told: it came behind the
 * status (serf delegate.go, MergeRemoteState). */
static void
merge_left(struct step *s, const struct push_pull *state, struct names *left)
{
	struct names times;
	bool is_new;

	names_init(
	    &times, &s->fx->arena, s->g->members.key, state->status_count);
	for (size_t i = 0; i < state->status_count; i++)
		names_put(&times, state->status_times[i].name, &is_new)->value =
		    state->status_times[i].ltime;
	for (size_t i = 0; i < state->left_count; i++) {
		struct intent leave = { .node = state->left_members[i] };
		const struct name_slot *time = names_get(&times, leave.node);

		leave.ltime = (time == NULL ? 0 : time->value) + 1;
		(void)names_put(left, leave.node, &is_new);
		(void)serf_on_intent(s, MESSAGE_LEAVE_INTENT, &leave);
	}
}

static void
merge_statuses(struct step *s, const struct push_pull *state)
{
	struct names left;

	names_init(&left, &s->fx->arena, s->g->members.key, state->left_count);
	merge_left(s, state, &left);
	for (size_t i = 0; i < state->status_count; i++) {
		struct intent join = {
			.ltime = state->status_times[i].ltime,
			.node = state->status_times[i].name,
		};

		if (names_get(&left, join.node) == NULL)
			(void)serf_on_intent(s, MESSAGE_JOIN_INTENT, &join);
	}
}

static void
merge_events(struct step *s, const struct push_pull *state)
{
	for (size_t i = 0; i < state->event_count; i++) {
		const struct event_tick *tick = &state->events[i];

		for (size_t j = 0; j < tick->count; j++)
			(void)serf_on_event(
			    s, &(struct user_event){ tick->ltime,
				   tick->events[j].name,
				   tick->events[j].payload, false });
	}
}

void
serf_merge(struct step *s, const struct push_pull *state, bool ignores_old)
{
	struct gossip *g = s->g;

	/* Minus one: nothing has been sent with these times yet. */
	if (state->ltime > 0)
		clock_witness(&g->clock, state->ltime - 1);
	if (state->event_ltime > 0)
		clock_witness(&g->event_clock, state->event_ltime - 1);
	if (state->query_ltime > 0)
		clock_witness(&g->query_clock, state->query_ltime - 1);
	merge_statuses(s, state);
	if (ignores_old && state->event_ltime > g->event_min)
		g->event_min = state->event_ltime;
	merge_events(s, state);
}

/* --- Force-leave: another has left, we say (serf.go, forceLeave). --- */

void
serf_force_leave(
    struct step *s, uint64_t command, struct slice name, bool is_prune)
{
	struct gossip *g = s->g;
	struct message message = {
		.kind = MESSAGE_LEAVE_INTENT,
		.as.intent = { g->clock++, name, is_prune },
	};

	(void)serf_on_intent(s, MESSAGE_LEAVE_INTENT, &message.as.intent);
	if (serf_has_others(g))
		broadcast_put(&g->intent_queue, &message, NULL, NULL);
	effects_done(s->fx, command, true, (struct slice){ 0 });
}

/* --- Leaving: Serf's word, then memberlist's, then some patience. --- */

static void
enter_phase(struct step *s, enum leave_phase phase, struct duration timeout)
{
	s->g->leaving.phase = phase;
	s->g->leaving.until = instant_add(s->now, timeout);
}

void
serf_leave(struct step *s)
{
	struct gossip *g = s->g;
	struct intent intent = { g->clock, member_name(g->self), false };

	if (g->leaving.phase != LEAVE_NONE)
		return;
	enter_phase(s, LEAVE_INTENT, g->options.timing.broadcast_timeout);
	g->clock++;
	if (serf_has_others(g)) {
		announce(s, MESSAGE_LEAVE_INTENT, &intent,
		    &g->leaving.is_intent_sent);
	} else {
		(void)serf_on_intent(s, MESSAGE_LEAVE_INTENT, &intent);
		g->leaving.is_intent_sent = true;
	}
	serf_leave_tick(s);
}

static void
enter_dead(struct step *s)
{
	struct gossip *g = s->g;

	enter_phase(s, LEAVE_DEAD, g->options.timing.broadcast_timeout);
	swim_leave(s);
	if (!serf_has_others(g))
		g->leaving.is_dead_sent = true;
}

/* With nobody there, nobody has to hear of it (Serf waits all the same). */
static bool
is_phase_over(const struct gossip *g)
{
	const struct leaving *l = &g->leaving;

	return ((l->phase == LEAVE_INTENT && l->is_intent_sent) ||
		(l->phase == LEAVE_DEAD && l->is_dead_sent) ||
		(l->phase == LEAVE_PROPAGATE && !serf_has_others(g)));
}

void
serf_leave_tick(struct step *s)
{
	struct leaving *l = &s->g->leaving;

	while (l->phase != LEAVE_NONE && l->phase != LEAVE_DONE) {
		bool is_late = is_due(s, l->until);

		if (!is_late && !is_phase_over(s->g))
			return;
		/* Serf gives up when its word does not get out; the rest is
		 * worth trying all the same. */
		if (is_late && l->phase != LEAVE_PROPAGATE)
			effects_note(s->fx, GOSSIP_NOTE_LEAVE_TIMEOUT,
			    (struct slice){ 0 }, (struct slice){ 0 });
		if (l->phase == LEAVE_INTENT) {
			enter_dead(s);
		} else if (l->phase == LEAVE_DEAD) {
			enter_phase(s, LEAVE_PROPAGATE,
			    s->g->options.timing.leave_propagate_delay);
		} else {
			l->phase = LEAVE_DONE;
			s->fx->has_left = true;
		}
	}
}
