/*
 * Keys whose holder was lost: for the lock-delay of its session nobody may lock
 * them again. Kept by the leader alone, by its clock, and lost with it.
 *
 * Source  api/semantics.md 3
 */
#include <stdlib.h>
#include <string.h>

#include "catalogd.h"
#include "xmalloc.h"

#define LOCK_DELAY_MAX SECONDS(60)

struct lock_delay {
	struct link link; /* first: what the tree holds is this */
	struct instant until;
	uint8_t key[];
};

static struct lock_delay *
delay_of(struct link *link)
{
	return ((struct lock_delay *)(void *)link);
}

static void
delay_free(struct catalogd *c, struct link *link)
{
	tree_remove(&c->leader.lock_delays, link);
	free(link);
}

void
lock_delay_set(struct catalogd *c, struct slice key, struct duration delay)
{
	struct link *link = tree_find(&c->leader.lock_delays, key);
	struct lock_delay *d;

	if (delay.ns > LOCK_DELAY_MAX.ns)
		delay = LOCK_DELAY_MAX;
	if (link == NULL) {
		d = xcalloc(1, sizeof(*d) + key.size);
		memcpy(d->key, key.data, key.size);
		d->link.key = slice(d->key, key.size);
		link = &d->link;
		tree_put(&c->leader.lock_delays, link);
	}
	delay_of(link)->until = instant_add(instant_now(), delay);
}

bool
lock_is_delayed(struct catalogd *c, struct slice key)
{
	struct link *link = tree_find(&c->leader.lock_delays, key);

	if (link == NULL)
		return (false);
	if (instant_before(instant_now(), delay_of(link)->until))
		return (true);
	delay_free(c, link);
	return (false);
}

void
lock_delays_sweep(struct catalogd *c)
{
	struct link *link = tree_from(&c->leader.lock_delays, SLICE(""));
	struct instant now = instant_now();

	while (link != NULL) {
		struct link *next = tree_next(link);

		if (!instant_before(now, delay_of(link)->until))
			delay_free(c, link);
		link = next;
	}
}

void
lock_delays_clear(struct catalogd *c)
{
	struct link *link;

	while ((link = tree_from(&c->leader.lock_delays, SLICE(""))) != NULL)
		delay_free(c, link);
}
