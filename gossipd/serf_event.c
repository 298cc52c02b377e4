/*
 * User events: each is delivered once, however often it comes (serf serf.go,
 * UserEvent, handleUserEvent; wire/gossip.md 10.3).
 *
 * The buffer holds what was seen at each of the last 512 Lamport times. Serf
 * bounds neither the events of one time nor their bytes; here what is over is
 * dropped, unseen.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"

#define BUFFER_BYTES_MAX (4U << 20)

static struct event_slot *
slot_of(struct gossip *g, uint64_t ltime)
{
	return (&g->events[ltime % GOSSIP_EVENT_TICKS]);
}

static void
slot_clear(struct gossip *g, struct event_slot *slot)
{
	while (slot->first != NULL) {
		struct seen_event *event = slot->first;

		slot->first = event->next;
		g->event_bytes -= event->bytes;
		free(event);
	}
	slot->count = 0;
}

void
serf_events_free(struct gossip *g)
{
	for (size_t i = 0; i < GOSSIP_EVENT_TICKS; i++)
		slot_clear(g, &g->events[i]);
	assert(g->event_bytes == 0);
}

static bool
was_seen(const struct event_slot *slot, const struct user_event *event)
{
	const struct seen_event *seen = slot->first;

	for (; seen != NULL; seen = seen->next)
		if (slice_equal(seen->body.name, event->name) &&
		    slice_equal(seen->body.payload, event->payload))
			return (true);
	return (false);
}

static bool
remember(
    struct gossip *g, struct event_slot *slot, const struct user_event *event)
{
	size_t bytes =
	    sizeof(struct seen_event) + event->name.size + event->payload.size;
	struct seen_event *seen, **end = &slot->first;
	uint8_t *text;

	if (slot->count == GOSSIP_EVENTS_PER_TICK ||
	    g->event_bytes + bytes > BUFFER_BYTES_MAX)
		return (false);
	seen = xmalloc(bytes);
	text = (uint8_t *)(seen + 1);
	seen->bytes = bytes;
	seen->next = NULL;
	seen->body.name = slice(text, event->name.size);
	seen->body.payload =
	    slice(text + event->name.size, event->payload.size);
	if (event->name.size > 0)
		memcpy(text, event->name.data, event->name.size);
	if (event->payload.size > 0)
		memcpy(text + event->name.size, event->payload.data,
		    event->payload.size);
	while (*end != NULL)
		end = &(*end)->next;
	*end = seen;
	slot->count++;
	g->event_bytes += bytes;
	return (true);
}

static bool
is_too_old(const struct gossip *g, uint64_t ltime)
{
	return (g->event_clock > GOSSIP_EVENT_TICKS &&
		ltime < g->event_clock - GOSSIP_EVENT_TICKS);
}

bool
serf_on_event(struct step *s, const struct user_event *event)
{
	struct gossip *g = s->g;
	struct event_slot *slot = slot_of(g, event->ltime);

	clock_witness(&g->event_clock, event->ltime);
	if (event->ltime < g->event_min)
		return (false);
	if (is_too_old(g, event->ltime)) {
		effects_note(s->fx, GOSSIP_NOTE_LATE_EVENT, event->name,
		    (struct slice){ 0 })
		    ->number = event->ltime;
		return (false);
	}
	if (slot->ltime != event->ltime) {
		slot_clear(g, slot);
		slot->ltime = event->ltime;
	} else if (was_seen(slot, event)) {
		return (false);
	}
	if (!remember(g, slot, event)) {
		g->dropped++;
		return (false);
	}
	effects_event(s->fx, event);
	return (true);
}

/* Consul's text for what is too long; .data is NULL where it is not. */
static struct slice
why_too_long(
    struct step *s, const struct user_event *event, const struct message *m)
{
	size_t max = s->g->options.event_bytes_max;
	struct arena *arena = &s->fx->arena;

	if (event->name.size + event->payload.size > max)
		return (arena_printf(arena,
		    "user event exceeds configured limit of %zu bytes before "
		    "encoding",
		    max));
	/* memberlist's type byte is not Serf's. */
	if (message_size(m) - 1 > max)
		return (arena_printf(arena,
		    "encoded user event exceeds configured limit of %zu bytes "
		    "after encoding",
		    max));
	return ((struct slice){ 0 });
}

void
serf_event_fire(struct step *s, uint64_t command, struct user_event *event)
{
	struct gossip *g = s->g;
	struct message message = { .kind = MESSAGE_USER_EVENT };
	struct slice why;

	event->ltime = g->event_clock;
	message.as.user_event = *event;
	why = why_too_long(s, event, &message);
	if (why.data != NULL) {
		effects_done(s->fx, command, false, why);
		return;
	}
	g->event_clock++;
	(void)serf_on_event(s, event);
	broadcast_put(&g->event_queue, &message, NULL, NULL);
	effects_done(s->fx, command, true, (struct slice){ 0 });
}
