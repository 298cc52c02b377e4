/* Connections by client address; see clients.h. */
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "hash.h"
#include "xmalloc.h"

#define BUCKETS 256 /* a power of two */

struct client {
	struct client *next; /* in its bucket */
	uint64_t hash;
	uint8_t address[16];
	size_t size;
	unsigned connections;
};

struct clients {
	const unsigned *connections_max; /* lent */
	uint64_t seed;
	struct client *buckets[BUCKETS];
};

struct clients *
clients_new(const unsigned *connections_max)
{
	struct clients *all = xcalloc(1, sizeof(*all));

	all->connections_max = connections_max;
	all->seed = hash_seed();
	return (all);
}

/* The address without its port; a Unix socket's clients are all alike. */
static struct slice
address_of(const struct sockaddr_storage *from)
{
	const void *at = from;

	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = at;

		return (slice(&in->sin_addr, sizeof(in->sin_addr)));
	}
	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = at;

		return (slice(&in6->sin6_addr, sizeof(in6->sin6_addr)));
	}
	return ((struct slice){ 0 });
}

static struct client *
client_new(struct clients *all, struct slice address, uint64_t hash)
{
	struct client *client = xcalloc(1, sizeof(*client));

	assert(address.size <= sizeof(client->address));
	client->hash = hash;
	client->size = address.size;
	if (address.size > 0)
		memcpy(client->address, address.data, address.size);
	client->next = all->buckets[hash % BUCKETS];
	all->buckets[hash % BUCKETS] = client;
	return (client);
}

struct client *
clients_enter(struct clients *all, const struct sockaddr_storage *from)
{
	struct slice address = address_of(from);
	uint64_t hash = hash_bytes(all->seed, address);
	struct client *client = all->buckets[hash % BUCKETS];

	while (client != NULL &&
	       !slice_equal(slice(client->address, client->size), address))
		client = client->next;
	if (client == NULL)
		client = client_new(all, address, hash);
	if (address.size > 0 && client->connections >= *all->connections_max)
		return (NULL);
	client->connections++;
	return (client);
}

struct slice
client_address(const struct client *client)
{
	return (slice(client->address, client->size));
}

void
clients_leave(struct clients *all, struct client *client)
{
	struct client **at;

	if (client == NULL)
		return;
	assert(client->connections > 0);
	if (--client->connections > 0)
		return;
	at = &all->buckets[client->hash % BUCKETS];
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	free(client);
}
