/*
 * The list of recursors: their addresses, at the start and at a reload.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "recurse.h"

/* An IP address as it is written. */
static bool
literal_read(const struct config_recursor *r, struct recursor_address *out)
{
	struct sockaddr_in *v4 = (void *)&out->socket;
	struct sockaddr_in6 *v6 = (void *)&out->socket;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, r->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(r->port);
		out->size = sizeof(*v4);
	} else if (inet_pton(AF_INET6, r->host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(r->port);
		out->size = sizeof(*v6);
	}
	return (out->size != 0);
}

static void
port_set(struct recursor_address *a, uint16_t port)
{
	if (a->socket.ss_family == AF_INET)
		((struct sockaddr_in *)(void *)&a->socket)->sin_port =
		    htons(port);
	else
		((struct sockaddr_in6 *)(void *)&a->socket)->sin6_port =
		    htons(port);
}

/* Go's net.ResolveTCPAddr: IPv4 where there is one. */
static void
name_resolve(const struct config_recursor *r, struct recursor_address *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL, *a;
	int error = getaddrinfo(r->host, NULL, &hints, &all);

	if (error != 0) {
		log_error("agent.dns", "Invalid recursor address",
		    "host=%s error=\"%s\"", r->host, gai_strerror(error));
		return;
	}
	for (a = all; a != NULL; a = a->ai_next) {
		if (a->ai_family != AF_INET &&
		    (a->ai_family != AF_INET6 || out->size != 0))
			continue;
		memcpy(&out->socket, a->ai_addr, a->ai_addrlen);
		out->size = a->ai_addrlen;
		port_set(out, r->port);
		if (a->ai_family == AF_INET)
			break;
	}
	freeaddrinfo(all);
}

static void
names_read(const struct config *config, struct arena *arena,
    struct config_recursors *out)
{
	struct buf why = { 0 };

	/* config.c has read the same before. */
	if (config_recursors_read(config, arena, out, &why) != ERR_OK)
		fatal("%s", buf_text(&why));
	buf_deinit(&why);
}

void
recursors_open(struct recursors *all, const struct config *config)
{
	names_read(config, &all->arena, &all->names);
	for (size_t i = 0; i < all->names.count; i++) {
		const struct config_recursor *r = &all->names.items[i];

		if (!literal_read(r, &all->addresses[i]))
			name_resolve(r, &all->addresses[i]);
		all->ports[all->port_count++] = r->port;
	}
}

static bool
port_is_allowed(const struct recursors *all, uint16_t port)
{
	for (size_t i = 0; i < all->port_count; i++)
		if (all->ports[i] == port)
			return (true);
	return (false);
}

/* A name that was looked up at the start keeps its address. */
static bool
address_find(const struct recursors *all, const struct config_recursor *r,
    struct recursor_address *out)
{
	if (literal_read(r, out))
		return (true);
	for (size_t i = 0; i < all->names.count; i++) {
		if (strcmp(all->names.items[i].host, r->host) != 0 ||
		    all->addresses[i].size == 0)
			continue;
		*out = all->addresses[i];
		port_set(out, r->port);
		return (true);
	}
	return (false);
}

bool
recursors_reload(struct recursors *all, const struct config *config)
{
	struct recursor_address addresses[CONFIG_RECURSORS_MAX];
	struct config_recursors names;
	struct arena arena = { 0 };

	names_read(config, &arena, &names);
	/* To reach out or not was decided when privileges were dropped. */
	if ((names.count > 0) != (all->port_count > 0))
		goto no;
	for (size_t i = 0; i < names.count; i++)
		if (!port_is_allowed(all, names.items[i].port) ||
		    !address_find(all, &names.items[i], &addresses[i]))
			goto no;
	if (names.count > 0)
		memcpy(all->addresses, addresses,
		    names.count * sizeof(addresses[0]));
	arena_deinit(&all->arena);
	all->arena = arena;
	all->names = names;
	return (true);
no:
	arena_deinit(&arena);
	return (false);
}
