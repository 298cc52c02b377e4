/*
 * Names to members. Strangers choose the names, so buckets are chosen by a
 * keyed hash (random.h).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"

#define BUCKETS_MIN 16

void
members_init(struct members *members, uint64_t *random)
{
	memset(members, 0, sizeof(*members));
	members->bucket_count = BUCKETS_MIN;
	members->buckets = xcalloc(BUCKETS_MIN, sizeof(struct member *));
	members->key[0] = random_next(random);
	members->key[1] = random_next(random);
}

static void
member_free(struct member *member)
{
	assert(member->queued == NULL);
	free(member->suspicion);
	free(member->peer);
	buf_deinit(&member->meta);
	free(member);
}

void
members_deinit(struct members *members)
{
	struct member *member = members_next(members, NULL);

	while (member != NULL) {
		struct member *next = members_next(members, member);

		member_free(member);
		member = next;
	}
	free(members->buckets);
	memset(members, 0, sizeof(*members));
}

static struct member **
bucket_of(const struct members *members, uint64_t hash)
{
	return (&members->buckets[hash & (members->bucket_count - 1)]);
}

struct slice
member_name(const struct member *member)
{
	return (slice(member->name, member->name_size));
}

struct member *
members_find(const struct members *members, struct slice name)
{
	uint64_t hash = keyed_hash(members->key, name);
	struct member *member = *bucket_of(members, hash);

	while (member != NULL && (member->hash != hash ||
				     !slice_equal(member_name(member), name)))
		member = member->next;
	return (member);
}

static void
grow(struct members *members)
{
	struct member **old = members->buckets;
	size_t old_count = members->bucket_count;

	members->bucket_count *= 2;
	members->buckets =
	    xcalloc(members->bucket_count, sizeof(struct member *));
	for (size_t i = 0; i < old_count; i++) {
		struct member *member = old[i];

		while (member != NULL) {
			struct member *next = member->next;
			struct member **bucket =
			    bucket_of(members, member->hash);

			member->next = *bucket;
			*bucket = member;
			member = next;
		}
	}
	free(old);
}

struct member *
members_add(struct members *members, struct slice name)
{
	struct member *member, **bucket;

	assert(members_find(members, name) == NULL);
	assert(name.size > 0);
	assert(name.size <= GOSSIP_NAME_BYTES_MAX);
	if (members->count >= GOSSIP_NODES_MAX)
		return (NULL);
	if (members->count >= members->bucket_count)
		grow(members);
	member = xcalloc(1, sizeof(*member) + name.size);
	member->hash = keyed_hash(members->key, name);
	member->name_size = (uint16_t)name.size;
	memcpy(member->name, name.data, name.size);
	member->place = UNLISTED;
	member->state = SWIM_DEAD;
	member->prune_at = INSTANT_NEVER;
	buf_init(&member->meta);
	bucket = bucket_of(members, member->hash);
	member->next = *bucket;
	*bucket = member;
	members->count++;
	return (member);
}

void
members_remove(struct members *members, struct member *member)
{
	struct member **at = bucket_of(members, member->hash);

	while (*at != member) {
		assert(*at != NULL);
		at = &(*at)->next;
	}
	*at = member->next;
	members->count--;
	member_free(member);
}

struct member *
members_next(const struct members *members, const struct member *member)
{
	size_t bucket = 0;

	if (member != NULL) {
		if (member->next != NULL)
			return (member->next);
		bucket = (member->hash & (members->bucket_count - 1)) + 1;
	}
	while (bucket < members->bucket_count) {
		if (members->buckets[bucket] != NULL)
			return (members->buckets[bucket]);
		bucket++;
	}
	return (NULL);
}

void
member_set_meta(struct member *member, struct slice meta)
{
	if (slice_equal(buf_slice(&member->meta), meta))
		return;
	buf_deinit(&member->meta);
	buf_init(&member->meta);
	buf_put_slice(&member->meta, meta);
}
