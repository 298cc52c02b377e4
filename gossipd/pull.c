/*
 * Push/pull: two members exchange all they know, over a stream. Joins are
 * that, and from time to time so is everybody's anti-entropy (memberlist
 * state.go, pushPullNode, mergeState, verifyProtocol).
 */
#include <assert.h>
#include <string.h>

#include "core.h"
#include "logarithm.h"

#define SCALE_FROM	 32 /* members: pushPullScaleThreshold */
#define SCALE_FROM_LOG2	 5
#define SETTLE_NS	 2500000000LL
#define SETTLE_MEMBER_NS 10000000LLU

struct duration
pull_interval(const struct gossip *g)
{
	struct duration interval = g->options.timing.push_pull_interval;
	unsigned more;

	if (g->node_count <= SCALE_FROM)
		return (interval);
	more = logarithm2_up(g->node_count) - SCALE_FROM_LOG2 + 1;
	return (NANOSECONDS(interval.ns * more));
}

/* --- What we know. --- */

static struct push_node *
nodes_state(struct step *s)
{
	struct gossip *g = s->g;
	struct arena *arena = &s->fx->arena;
	struct push_node *nodes =
	    arena_array(arena, g->node_count + 1, sizeof(*nodes));

	for (size_t i = 0; i < g->node_count; i++) {
		const struct member *member = g->nodes[i];

		nodes[i] = (struct push_node){
			.name = arena_copy(arena, member_name(member)),
			.address = member->address,
			.meta = arena_copy(arena, buf_slice(&member->meta)),
			.versions = member->versions,
			.incarnation = member->incarnation,
			.state = member->state,
		};
	}
	return (nodes);
}

/* serf delegate.go, LocalState. */
static void
serf_state(struct step *s, struct push_pull *state)
{
	struct gossip *g = s->g;
	struct arena *arena = &s->fx->arena;
	size_t count = g->serf_count + 1;

	state->has_serf = true;
	state->ltime = g->clock;
	state->event_ltime = g->event_clock;
	state->query_ltime = g->query_clock;
	state->status_times =
	    arena_array(arena, count, sizeof(*state->status_times));
	state->left_members =
	    arena_array(arena, count, sizeof(*state->left_members));
	for (const struct member *m = members_next(&g->members, NULL);
	     m != NULL; m = members_next(&g->members, m)) {
		struct slice name;

		if (m->status == MEMBER_NONE)
			continue;
		name = arena_copy(arena, member_name(m));
		state->status_times[state->status_count++] =
		    (struct status_time){ name, m->status_ltime };
		if (m->status == MEMBER_LEFT)
			state->left_members[state->left_count++] = name;
	}
}

static void
slot_state(
    struct arena *arena, const struct event_slot *slot, struct event_tick *tick)
{
	struct event_body *bodies =
	    arena_array(arena, slot->count, sizeof(*bodies));
	size_t count = 0;

	for (const struct seen_event *e = slot->first; e != NULL; e = e->next) {
		bodies[count].name = arena_copy(arena, e->body.name);
		bodies[count++].payload = arena_copy(arena, e->body.payload);
	}
	*tick = (struct event_tick){ slot->ltime, bodies, count };
}

static void
events_state(struct step *s, struct push_pull *state)
{
	struct arena *arena = &s->fx->arena;
	size_t used = 0;

	for (size_t i = 0; i < GOSSIP_EVENT_TICKS; i++)
		used += s->g->events[i].count > 0;
	state->events = arena_array(arena, used + 1, sizeof(*state->events));
	for (size_t i = 0; i < GOSSIP_EVENT_TICKS; i++)
		if (s->g->events[i].count > 0)
			slot_state(arena, &s->g->events[i],
			    &state->events[state->event_count++]);
}

static const struct push_pull *
make_state(struct step *s, bool is_join)
{
	struct push_pull *state = arena_alloc(&s->fx->arena, sizeof(*state));

	state->is_join = is_join;
	state->nodes = nodes_state(s);
	state->node_count = s->g->node_count;
	serf_state(s, state);
	events_state(s, state);
	return (state);
}

/* --- Beginning one. --- */

static struct pull *
find_pull(struct gossip *g, uint64_t stream)
{
	for (size_t i = 0; i < PULLS_MAX; i++)
		if (g->pulls[i].kind != PULL_NONE &&
		    g->pulls[i].stream == stream)
			return (&g->pulls[i]);
	return (NULL);
}

static bool
begin(struct step *s, enum pull_kind kind, uint64_t join,
    const struct endpoint *to)
{
	struct gossip *g = s->g;
	struct gossip_stream *stream;
	struct pull *pull = g->pulls;

	while (pull < g->pulls + PULLS_MAX && pull->kind != PULL_NONE)
		pull++;
	if (pull == g->pulls + PULLS_MAX)
		return (false);
	*pull = (struct pull){ kind, ++g->last_stream, join, *to };
	stream = effects_stream(s->fx);
	stream->kind = STREAM_PUSH_PULL;
	stream->id = pull->stream;
	stream->to = *to;
	stream->deadline = instant_add(s->now, g->options.timing.tcp_timeout);
	stream->state = make_state(s, kind != PULL_ROUTINE);
	return (true);
}

void
pull_join(struct step *s, uint64_t command, const struct endpoint *to)
{
	struct gossip *g = s->g;

	if (g->leaving.phase != LEAVE_NONE)
		effects_done(s->fx, command, false,
		    SLICE("Serf can't Join after Leave or Shutdown"));
	else if (begin(s, PULL_JOIN, command, to))
		g->open_joins++;
	else
		effects_done(
		    s->fx, command, false, SLICE("too many joins at once"));
}

void
pull_reconnect(struct step *s, const struct member *member)
{
	if (begin(s, PULL_RECONNECT, 0, &member->address))
		effects_note(s->fx, GOSSIP_NOTE_RECONNECT, member_name(member),
		    (struct slice){ 0 })
		    ->address = member->address;
}

/*
 * Of many that join together, the first learn of the last by gossip alone, and
 * each word of that may miss somebody; memberlist then waits for a routine
 * push/pull, half a minute and more. Here who is new itself has one soon after
 * news of others, the later the more members there are to do the same.
 */
void
pull_settle(struct step *s)
{
	struct gossip *g = s->g;
	uint64_t most_ns = SETTLE_MEMBER_NS * g->node_count;

	if (g->settle_at.ns == INT64_MAX && !is_due(s, g->settled_at))
		g->settle_at = instant_add(s->now,
		    NANOSECONDS(SETTLE_NS +
				(int64_t)random_below(&g->random, most_ns)));
}

void
pull_tick(struct step *s)
{
	struct gossip *g = s->g;
	struct member *chosen;

	if (!is_due(s, g->push_pull_at) && !is_due(s, g->settle_at))
		return;
	g->settle_at = INSTANT_NEVER;
	g->push_pull_at = instant_add(s->now, pull_interval(g));
	if (g->leaving.phase == LEAVE_NONE &&
	    swim_choose(s, 1, &chosen, swim_fits_alive) == 1)
		(void)begin(s, PULL_ROUTINE, 0, &chosen->address);
}

/* --- Merging: is everyone understood? --- */

struct range {
	uint8_t min, max;
};

static void
narrow(struct range *range, uint8_t min, uint8_t max)
{
	range->min = min > range->min ? min : range->min;
	range->max = max < range->max ? max : range->max;
}

static void
narrow_both(struct range of[2], const struct versions *v)
{
	narrow(&of[0], v->of[0], v->of[1]);
	narrow(&of[1], v->of[3], v->of[4]);
}

static bool
is_understood(const struct range of[2], struct slice name,
    const struct versions *v, struct arena *arena, struct slice *why)
{
	static const char *const kinds[2] = { "", " delegate" };
	static const size_t current[2] = { 2, 5 };

	for (size_t i = 0; i < 2; i++) {
		uint8_t now = v->of[current[i]];

		if (now >= of[i].min && now <= of[i].max)
			continue;
		*why = arena_printf(arena,
		    "Node '%.*s'%s protocol version (%u) is incompatible: "
		    "[%u, %u]",
		    SLICE_ARGS(name), kinds[i], now, of[i].min, of[i].max);
		return (false);
	}
	return (true);
}

/* memberlist state.go, verifyProtocol. */
static bool
has_common_version(
    struct step *s, const struct push_pull *state, struct slice *why)
{
	struct range of[2] = { { 0, UINT8_MAX }, { 0, UINT8_MAX } };
	struct arena *arena = &s->fx->arena;

	for (size_t i = 0; i < state->node_count; i++)
		if (state->nodes[i].state == SWIM_ALIVE &&
		    state->nodes[i].versions.count > 0)
			narrow_both(of, &state->nodes[i].versions);
	for (size_t i = 0; i < s->g->node_count; i++)
		if (s->g->nodes[i]->state == SWIM_ALIVE)
			narrow_both(of, &s->g->nodes[i]->versions);
	for (size_t i = 0; i < state->node_count; i++)
		if (!is_understood(of, state->nodes[i].name,
			&state->nodes[i].versions, arena, why))
			return (false);
	for (size_t i = 0; i < s->g->node_count; i++)
		if (!is_understood(of, member_name(s->g->nodes[i]),
			&s->g->nodes[i]->versions, arena, why))
			return (false);
	return (true);
}

/* --- Merging. --- */

/* What another has suspected or taken for dead, we suspect: it may yet defend
 * itself (state.go, mergeState). */
static void
merge_node(struct step *s, const struct push_node *node)
{
	struct accusation gone = { node->incarnation, node->name, node->name };

	switch (node->state) {
	case SWIM_ALIVE:
		swim_on_alive(
		    s, &(struct alive){ node->incarnation, node->name,
			   node->address, node->meta, node->versions });
		break;
	case SWIM_LEFT:
		swim_on_dead(s, &gone);
		break;
	case SWIM_DEAD:
	case SWIM_SUSPECT:
		gone.from = member_name(s->g->self);
		swim_on_suspect(s, &gone);
		break;
	}
}

static bool
merge(struct step *s, const struct push_pull *state, bool ignores_old_events,
    struct slice *why)
{
	if (!has_common_version(s, state, why))
		return (false);
	if (state->is_join && !rule_allows(s->g, state->nodes,
				  state->node_count, &s->fx->arena, why))
		return (false);
	/* memberlist gossips all of it. But who knew nobody has nobody to
	 * tell except those it has this from; and many that join at once
	 * would drown the news in that. */
	s->is_newcomer = s->g->node_count == 1;
	for (size_t i = 0; i < state->node_count; i++)
		merge_node(s, &state->nodes[i]);
	s->is_newcomer = false;
	if (state->has_serf)
		serf_merge(s, state, ignores_old_events);
	return (true);
}

static void
note_refused(struct step *s, const struct endpoint *from, struct slice why)
{
	effects_note(s->fx, GOSSIP_NOTE_MERGE_REFUSED, (struct slice){ 0 }, why)
	    ->address = *from;
}

/* They read first, so they get what we knew before (wire/gossip.md 6). */
void
pull_on_request(struct step *s, uint64_t id, const struct endpoint *from,
    const struct push_pull *state)
{
	struct gossip_stream *stream;
	struct slice why;

	stream = effects_stream(s->fx);
	stream->kind = STREAM_REPLY;
	stream->id = id;
	stream->to = *from;
	stream->deadline =
	    instant_add(s->now, s->g->options.timing.tcp_timeout);
	stream->state = make_state(s, state->is_join);
	if (!merge(s, state, false, &why))
		note_refused(s, from, why);
}

/* The last of the joins that were under way: tell all, if one worked. */
static void
join_done(struct step *s, uint64_t command, bool is_ok, struct slice why)
{
	struct gossip *g = s->g;

	assert(g->open_joins > 0);
	effects_done(s->fx, command, is_ok, why);
	g->has_joined = g->has_joined || is_ok;
	g->open_joins--;
	if (g->open_joins > 0 || !g->has_joined)
		return;
	g->has_joined = false;
	serf_announce_join(s);
}

void
pull_on_answer(struct step *s, uint64_t stream, const struct push_pull *state)
{
	struct pull *open = find_pull(s->g, stream);
	struct slice why = { 0 };
	struct pull pull;
	bool is_ok;

	if (open == NULL)
		return;
	pull = *open;
	open->kind = PULL_NONE;
	is_ok = merge(s, state, pull.kind == PULL_JOIN, &why);
	if (is_ok && pull.kind == PULL_JOIN) {
		s->g->settled_at = instant_add(s->now,
		    NANOSECONDS(
			2 * s->g->options.timing.push_pull_interval.ns));
		pull_settle(s);
	}
	if (!is_ok)
		note_refused(s, &pull.to, why);
	if (pull.kind == PULL_JOIN)
		join_done(s, pull.join, is_ok, why);
}

void
pull_on_failed(struct step *s, uint64_t stream, struct slice why)
{
	struct pull *open = find_pull(s->g, stream);
	struct pull pull;

	if (open == NULL)
		return;
	pull = *open;
	open->kind = PULL_NONE;
	if (pull.kind == PULL_JOIN)
		join_done(s, pull.join, false, why);
	else
		effects_note(
		    s->fx, GOSSIP_NOTE_STREAM_FAILED, (struct slice){ 0 }, why)
		    ->address = pull.to;
}
