/* Kept answers: a hash table, and a queue to evict from; see answer.h. */
#include <assert.h>
#include <bsd/sys/queue.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "hash.h"
#include "xmalloc.h"

#define BUCKETS	   4096U /* a power of two */
#define STAMPS_MAX 64	 /* more, and it is not worth keeping */
/* One answer may take a quarter of all room. */
#define SHARE_MAX 4

struct kept {
	TAILQ_ENTRY(kept) link; /* newest first */
	struct kept *next;	/* in its bucket */
	struct blob *blob;	/* a reference */
	uint64_t hash;
	uint64_t index;
	uint64_t epoch;
	size_t key_size;
	size_t stamp_count;
	bool was_used;	       /* since it last stood at the end of the queue */
	struct stamp stamps[]; /* and the key behind them */
};

struct answers {
	size_t bytes_max;
	size_t bytes;
	uint64_t seed;
	TAILQ_HEAD(kept_queue, kept) queue;
	struct kept *buckets[BUCKETS];
};

struct answers *
answers_new(size_t bytes_max)
{
	struct answers *a = xcalloc(1, sizeof(*a));

	a->bytes_max = bytes_max;
	a->seed = hash_seed();
	TAILQ_INIT(&a->queue);
	return (a);
}

static uint8_t *
kept_key(struct kept *kept)
{
	return ((uint8_t *)&kept->stamps[kept->stamp_count]);
}

static size_t
kept_size(const struct kept *kept)
{
	return (sizeof(*kept) + kept->stamp_count * sizeof(kept->stamps[0]) +
		kept->key_size + sizeof(*kept->blob) + kept->blob->size);
}

static void
kept_drop(struct answers *a, struct kept *kept)
{
	struct kept **at = &a->buckets[kept->hash % BUCKETS];

	while (*at != kept)
		at = &(*at)->next;
	*at = kept->next;
	TAILQ_REMOVE(&a->queue, kept, link);
	assert(a->bytes >= kept_size(kept));
	a->bytes -= kept_size(kept);
	blob_release(kept->blob);
	free(kept);
}

void
answers_free(struct answers *a)
{
	struct kept *kept;

	if (a == NULL)
		return;
	while ((kept = TAILQ_FIRST(&a->queue)) != NULL)
		kept_drop(a, kept);
	free(a);
}

static struct kept *
kept_find(struct answers *a, struct slice key, uint64_t hash)
{
	struct kept *kept = a->buckets[hash % BUCKETS];

	while (kept != NULL &&
	       (kept->hash != hash || kept->key_size != key.size ||
		   memcmp(kept_key(kept), key.data, key.size) != 0))
		kept = kept->next;
	return (kept);
}

static bool
kept_stands(const struct kept *kept, const struct genpage *page)
{
	if (genpage_epoch(page) != kept->epoch)
		return (false);
	for (size_t i = 0; i < kept->stamp_count; i++)
		if (genpage_generation(page, kept->stamps[i].bucket) !=
		    kept->stamps[i].generation)
			return (false);
	return (true);
}

static struct blob *
find_standing(struct answers *a, struct slice key, const struct genpage *page,
    uint64_t *index)
{
	struct kept *kept = kept_find(a, key, hash_bytes(a->seed, key));

	if (kept == NULL)
		return (NULL);
	if (!kept_stands(kept, page)) {
		kept_drop(a, kept);
		return (NULL);
	}
	kept->was_used = true;
	*index = kept->index;
	return (kept->blob);
}

struct blob *
answers_find(struct answers *a, struct slice key, const struct genpage *page,
    struct instant now, uint64_t *index)
{
	if (page == NULL || !genpage_is_trusted(page, now))
		return (NULL);
	return (find_standing(a, key, page, index));
}

struct blob *
answers_find_stale(struct answers *a, struct slice key,
    const struct genpage *page, struct instant now, struct duration max,
    struct duration *contact, uint64_t *index)
{
	struct instant heard;

	if (page == NULL)
		return (NULL);
	heard = genpage_heard(page);
	*contact = instant_since(now, heard);
	if (heard.ns == 0 || (max.ns > 0 && contact->ns > max.ns))
		return (NULL);
	return (find_standing(a, key, page, index));
}

/* Second chance: what was used since its last turn goes to the front. */
static void
room_make(struct answers *a, size_t size)
{
	while (a->bytes + size > a->bytes_max) {
		struct kept *oldest = TAILQ_LAST(&a->queue, kept_queue);

		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): was unlinked */
		if (!oldest->was_used) {
			kept_drop(a, oldest);
			continue;
		}
		oldest->was_used = false;
		TAILQ_REMOVE(&a->queue, oldest, link);
		TAILQ_INSERT_HEAD(&a->queue, oldest, link);
	}
}

static bool
is_worth_keeping(const struct answers *a, struct slice key,
    const struct blob *blob, const struct stamp *stamps, size_t stamp_count)
{
	if (stamp_count == 0 || stamp_count > STAMPS_MAX)
		return (false);
	for (size_t i = 0; i < stamp_count; i++)
		if (stamps[i].bucket >= GENPAGE_BUCKETS)
			return (false);
	return (key.size + blob->size < a->bytes_max / SHARE_MAX);
}

void
answers_keep(struct answers *a, struct slice key, struct blob *blob,
    uint64_t index, uint64_t epoch, const struct stamp *stamps,
    size_t stamp_count)
{
	uint64_t hash = hash_bytes(a->seed, key);
	struct kept *kept = kept_find(a, key, hash);

	if (kept != NULL)
		kept_drop(a, kept);
	if (!is_worth_keeping(a, key, blob, stamps, stamp_count))
		return;
	kept =
	    xmalloc(sizeof(*kept) + stamp_count * sizeof(*stamps) + key.size);
	*kept = (struct kept){ .blob = blob,
		.hash = hash,
		.index = index,
		.epoch = epoch,
		.key_size = key.size,
		.stamp_count = stamp_count };
	memcpy(kept->stamps, stamps, stamp_count * sizeof(*stamps));
	memcpy(kept_key(kept), key.data, key.size);
	blob->references++;
	room_make(a, kept_size(kept));
	a->bytes += kept_size(kept);
	kept->next = a->buckets[hash % BUCKETS];
	a->buckets[hash % BUCKETS] = kept;
	TAILQ_INSERT_HEAD(&a->queue, kept, link);
}

size_t
answers_size(const struct answers *a)
{
	return (a->bytes);
}
