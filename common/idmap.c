/* Chained buckets, doubled as they fill; see idmap.h. */
#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "idmap.h"
#include "xmalloc.h"

#define BUCKETS_MIN 64

void
idmap_init(struct idmap *m)
{
	*m = (struct idmap){ 0 };
}

void
idmap_deinit(struct idmap *m)
{
	free(m->buckets);
	idmap_init(m);
}

/* Odd, and another one in each process. */
static uint64_t
secret(void)
{
	static uint64_t kept;

	while (kept == 0)
		if (getrandom(&kept, sizeof(kept), 0) == sizeof(kept))
			kept |= 1;
	return (kept);
}

static struct idmap_node **
bucket_of(const struct idmap *m, uint64_t id)
{
	/* Ours follow each other, and so do their buckets. Peers number their
	 * questions, too, and one that means ill cannot know where a number
	 * with another upper half goes. */
	uint64_t mixed = id ^ ((id >> 16) * secret() >> 32);

	return (&m->buckets[mixed & (m->bucket_count - 1)]);
}

static void
grow(struct idmap *m)
{
	struct idmap bigger = {
		.bucket_count =
		    m->bucket_count == 0 ? BUCKETS_MIN : m->bucket_count * 2,
	};

	bigger.buckets = xcalloc(bigger.bucket_count, sizeof(*bigger.buckets));
	for (size_t i = 0; i < m->bucket_count; i++) {
		struct idmap_node *node = m->buckets[i];

		while (node != NULL) {
			struct idmap_node *next = node->next;

			node->next = *bucket_of(&bigger, node->id);
			*bucket_of(&bigger, node->id) = node;
			bigger.count++;
			node = next;
		}
	}
	assert(bigger.count == m->count);
	free(m->buckets);
	*m = bigger;
}

void
idmap_put(struct idmap *m, struct idmap_node *node)
{
	struct idmap_node **at;

	if (m->count >= m->bucket_count)
		grow(m);
	at = bucket_of(m, node->id);
	node->next = *at;
	*at = node;
	m->count++;
	if ((size_t)(at - m->buckets) < m->first)
		m->first = (size_t)(at - m->buckets);
}

void *
idmap_get(const struct idmap *m, uint64_t id)
{
	struct idmap_node *node;

	if (m->count == 0)
		return (NULL);
	node = *bucket_of(m, id);
	while (node != NULL && node->id != id)
		node = node->next;
	return (node);
}

void *
idmap_take(struct idmap *m, uint64_t id)
{
	struct idmap_node **at, *node;

	if (m->count == 0)
		return (NULL);
	at = bucket_of(m, id);
	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	node = *at;
	if (node != NULL) {
		*at = node->next;
		node->next = NULL;
		m->count--;
	}
	return (node);
}

void *
idmap_any(struct idmap *m)
{
	if (m->count == 0)
		return (NULL);
	while (m->buckets[m->first] == NULL)
		m->first++;
	return (m->buckets[m->first]);
}

void
idmap_each(struct idmap *m, void (*visit)(void *node, void *arg), void *arg)
{
	for (size_t i = 0; i < m->bucket_count; i++) {
		struct idmap_node *node = m->buckets[i];

		while (node != NULL) {
			struct idmap_node *next = node->next;

			visit(node, arg);
			node = next;
		}
	}
}
