/*
 * One member of a pool for the tests: what it hears and says, under a clock
 * that the test moves.
 */
#ifndef TESTS_GOSSIPD_MEMBER_H
#define TESTS_GOSSIPD_MEMBER_H

#include <string.h>

#include "gossipd/gossip.h"

struct member_test {
	struct gossip *g;
	struct gossip_effects fx; /* of the last step */
	struct instant now;
};

static inline struct endpoint
address_of(unsigned number)
{
	return ((struct endpoint){ { 10, 0, 0, (uint8_t)number }, 4, 8301 });
}

static inline void
member_step(struct member_test *t, struct gossip_event event)
{
	event.now = t->now;
	gossip_effects_reset(&t->fx);
	gossip_step(t->g, &event, &t->fx);
}

static inline void
member_begin_with(struct member_test *t, const struct gossip_options *options)
{
	memset(t, 0, sizeof(*t));
	t->now = (struct instant){ 1000000000000 };
	gossip_effects_init(&t->fx);
	t->g = gossip_new(options);
	member_step(t, (struct gossip_event){ .kind = GOSSIP_START });
}

static inline struct gossip_options
member_options(void)
{
	return ((struct gossip_options){
	    .name = SLICE("me"),
	    .address = address_of(1),
	    .meta = SLICE("role"),
	    .timing = gossip_timing_lan,
	    .seed = 7,
	});
}

static inline void
member_begin(struct member_test *t)
{
	struct gossip_options options = member_options();

	member_begin_with(t, &options);
}

static inline void
member_end(struct member_test *t)
{
	gossip_effects_deinit(&t->fx);
	gossip_free(t->g);
}

static inline void
member_hears(struct member_test *t, unsigned from, struct message message)
{
	struct gossip_event event = { .kind = GOSSIP_MESSAGE };

	event.as.message.from = address_of(from);
	event.as.message.message = &message;
	member_step(t, event);
}

static inline struct message
make_alive(const char *name, unsigned number, uint32_t incarnation)
{
	struct message message = { .kind = MESSAGE_ALIVE };

	message.as.alive = (struct alive){
		.incarnation = incarnation,
		.node = slice_of_text(name),
		.address = address_of(number),
		.versions = { { 1, 5, 2, 2, 5, 4 }, 6 },
	};
	return (message);
}

/* SUSPECT or DEAD. */
static inline struct message
make_accusation(enum message_kind kind, const char *name, uint32_t incarnation,
    const char *from)
{
	struct message message = { .kind = kind };

	message.as.accusation = (struct accusation){
		.incarnation = incarnation,
		.node = slice_of_text(name),
		.from = slice_of_text(from),
	};
	return (message);
}

static inline struct message
make_intent(enum message_kind kind, const char *name, uint64_t ltime)
{
	struct message message = { .kind = kind };

	message.as.intent.ltime = ltime;
	message.as.intent.node = slice_of_text(name);
	return (message);
}

/* The packet that carries the first message of this kind that was said in the
 * last step, and it; NULL: none was. */
static inline const struct message *
member_said(const struct member_test *t, enum message_kind kind,
    const struct gossip_packet **packet)
{
	for (size_t i = 0; i < t->fx.packets.count; i++) {
		const struct gossip_packet *p = &t->fx.packets.items[i];

		for (size_t j = p->first; j < p->first + p->count; j++) {
			if (t->fx.messages.items[j].kind != kind)
				continue;
			if (packet != NULL)
				*packet = p;
			return (&t->fx.messages.items[j]);
		}
	}
	return (NULL);
}

/* Let time go by, tick by tick, until it says something of this kind or the
 * time is up. */
static inline const struct message *
member_runs(struct member_test *t, struct duration time, enum message_kind kind,
    const struct gossip_packet **packet)
{
	struct instant end = instant_add(t->now, time);

	while (!instant_before(end, gossip_deadline(t->g))) {
		const struct message *said;

		if (instant_before(t->now, gossip_deadline(t->g)))
			t->now = gossip_deadline(t->g);
		member_step(t, (struct gossip_event){ .kind = GOSSIP_TICK });
		said = member_said(t, kind, packet);
		if (said != NULL)
			return (said);
	}
	t->now = end;
	return (NULL);
}

static inline struct gossip_member
member_sees(const struct member_test *t, const char *name)
{
	struct gossip_member member = { 0 };

	(void)gossip_member_find(t->g, slice_of_text(name), &member);
	return (member);
}

static inline bool
has_changed(
    const struct member_test *t, enum member_change_kind kind, const char *name)
{
	for (size_t i = 0; i < t->fx.changes.count; i++)
		if (t->fx.changes.items[i].kind == kind &&
		    slice_is(t->fx.changes.items[i].member.name, name))
			return (true);
	return (false);
}

static inline bool
has_noted(const struct member_test *t, enum gossip_note_kind kind)
{
	for (size_t i = 0; i < t->fx.notes.count; i++)
		if (t->fx.notes.items[i].kind == kind)
			return (true);
	return (false);
}

#endif
