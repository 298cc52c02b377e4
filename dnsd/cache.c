/* Answers that stand; see cache.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "xmalloc.h"

#define BUCKETS 4096U

struct entry {
	struct entry *next;  /* in its bucket */
	struct entry *newer; /* the clock's ring, hand at the oldest */
	struct entry *older;
	struct dns_answer *answer; /* owned */
	uint64_t hash;
	uint64_t epoch;
	struct instant until; /* how long one without stamps is right */
	uint16_t type;
	bool was_used; /* since the hand passed */
	uint32_t stamp_count;
	size_t name_size;
	struct stamp stamps[]; /* and behind them the name */
};

struct cache {
	size_t bytes_max;
	size_t bytes;
	uint64_t secret; /* strangers choose names, not where they go */
	struct entry *newest;
	struct entry *oldest;
	struct entry *buckets[BUCKETS];
};

static uint8_t *
entry_name(struct entry *e)
{
	return ((uint8_t *)&e->stamps[e->stamp_count]);
}

static size_t
entry_size(const struct entry *e)
{
	return (sizeof(*e) + e->stamp_count * sizeof(e->stamps[0]) +
		e->name_size + e->answer->size);
}

/* Eight bytes at a time, mixed with the secret (as MurmurHash's finalizer). */
static uint64_t
hash_of(const struct cache *c, struct slice name, uint16_t type)
{
	uint64_t hash = c->secret ^ (name.size << 16 | type);

	for (size_t i = 0; i < name.size; i += 8) {
		size_t size = name.size - i < 8 ? name.size - i : 8;
		uint64_t word = 0;

		memcpy(&word, &name.data[i], size);
		hash = (hash ^ word) * 0xff51afd7ed558ccdU;
		hash ^= hash >> 32;
		hash *= c->secret | 1;
		hash ^= hash >> 29;
	}
	return (hash);
}

struct cache *
cache_new(size_t bytes_max, uint64_t secret)
{
	struct cache *c = xcalloc(1, sizeof(*c));

	c->bytes_max = bytes_max;
	c->secret = secret;
	return (c);
}

static void
ring_remove(struct cache *c, struct entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		c->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		c->oldest = e->newer;
}

static void
ring_add(struct cache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = e;
	else
		c->oldest = e;
	c->newest = e;
}

static void
entry_drop(struct cache *c, struct entry *e)
{
	struct entry **at = &c->buckets[e->hash % BUCKETS];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	ring_remove(c, e);
	assert(c->bytes >= entry_size(e));
	c->bytes -= entry_size(e);
	answer_free(e->answer);
	free(e);
}

void
cache_clear(struct cache *c)
{
	while (c->oldest != NULL)
		entry_drop(c, c->oldest);
	assert(c->bytes == 0);
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	cache_clear(c);
	free(c);
}

static struct entry *
entry_find(struct cache *c, uint64_t hash, struct slice name, uint16_t type)
{
	struct entry *e = c->buckets[hash % BUCKETS];

	while (e != NULL &&
	       (e->hash != hash || e->type != type ||
		   !slice_equal(slice(entry_name(e), e->name_size), name)))
		e = e->next;
	return (e);
}

static bool
entry_stands(const struct entry *e, const struct genpage *page)
{
	if (genpage_epoch(page) != e->epoch)
		return (false);
	for (uint32_t i = 0; i < e->stamp_count; i++)
		if (genpage_generation(page, e->stamps[i].bucket) !=
		    e->stamps[i].generation)
			return (false);
	return (true);
}

static bool
page_will_do(
    const struct genpage *page, struct instant now, struct duration max_stale)
{
	struct instant heard;

	if (page == NULL || genpage_is_trusted(page, now))
		return (page != NULL);
	heard = genpage_heard(page);
	return (heard.ns != 0 && instant_since(now, heard).ns < max_stale.ns);
}

struct dns_answer *
cache_find(struct cache *c, struct slice name, uint16_t type,
    const struct genpage *page, struct instant now, struct duration max_stale)
{
	uint64_t hash = hash_of(c, name, type);
	struct entry *e = entry_find(c, hash, name, type);

	if (e == NULL)
		return (NULL);
	if (e->stamp_count > 0 && !page_will_do(page, now, max_stale))
		return (NULL);
	if (e->stamp_count > 0 ? !entry_stands(e, page)
			       : !instant_before(now, e->until)) {
		entry_drop(c, e);
		return (NULL);
	}
	e->was_used = true;
	return (e->answer);
}

/* Second chance: what was used goes round once more. */
static void
make_room(struct cache *c, size_t size)
{
	while (c->oldest != NULL && c->bytes + size > c->bytes_max) {
		struct entry *e = c->oldest;

		assert(e->older == NULL);
		if (!e->was_used) {
			entry_drop(c, e);
			continue;
		}
		e->was_used = false;
		ring_remove(c, e);
		ring_add(c, e);
	}
}

static struct entry *
entry_new(const struct cache *c, struct slice name, uint16_t type,
    struct dns_answer *answer, size_t stamp_count)
{
	size_t stamps_size = stamp_count * sizeof(struct stamp);
	struct entry *e = xmalloc(sizeof(*e) + stamps_size + name.size);

	*e = (struct entry){
		.answer = answer,
		.hash = hash_of(c, name, type),
		.type = type,
		.stamp_count = (uint32_t)stamp_count,
		.name_size = name.size,
	};
	memcpy(entry_name(e), name.data, name.size);
	return (e);
}

/* In the place of an older one. */
static void
entry_add(struct cache *c, struct entry *e)
{
	struct entry *old =
	    entry_find(c, e->hash, slice(entry_name(e), e->name_size), e->type);

	if (old != NULL)
		entry_drop(c, old);
	if (entry_size(e) > c->bytes_max / 4) { /* would push out too much */
		answer_free(e->answer);
		free(e);
		return;
	}
	make_room(c, entry_size(e));
	e->next = c->buckets[e->hash % BUCKETS];
	c->buckets[e->hash % BUCKETS] = e;
	ring_add(c, e);
	c->bytes += entry_size(e);
}

void
cache_keep(struct cache *c, struct slice name, uint16_t type,
    struct dns_answer *answer, uint64_t epoch, const struct stamp *stamps,
    size_t count)
{
	struct entry *e = entry_new(c, name, type, answer, count);

	assert(count > 0);
	e->epoch = epoch;
	memcpy(e->stamps, stamps, count * sizeof(*stamps));
	entry_add(c, e);
}

void
cache_keep_until(struct cache *c, struct slice name, uint16_t type,
    struct dns_answer *answer, struct instant until)
{
	struct entry *e = entry_new(c, name, type, answer, 0);

	e->until = until;
	entry_add(c, e);
}
