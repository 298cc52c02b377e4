/*
 * A pool this agent is in, LAN or WAN: the core, and around it its port, its
 * keys, its snapshot and its clock.
 *
 * What comes, by whatever way, becomes a step of the core; what the core wants
 * is done at the end of the turn (pool_turn), and then all there is to say is
 * said to catalogd (tell.h), to the log (say.h) and to who commanded it.
 */
#ifndef GOSSIPD_POOL_H
#define GOSSIPD_POOL_H

#include <sys/queue.h>

#include "common/daemon.h"
#include "figures.h"
#include "gossip.h"
#include "keyring.h"
#include "net.h"
#include "snapshot.h"

#define POOL_PATH_MAX 4096

/* A command to the core whose end is awaited. */
struct pool_command {
	LIST_ENTRY(pool_command) link;
	uint64_t id;
	/* The last of it; the command itself is then gone. */
	void (*done)(void *arg, bool is_ok, struct slice why);
	/* Of a query, and else NULL. */
	void (*reply)(void *arg, const struct gossip_reply *);
	void *arg;
};
LIST_HEAD(pool_commands, pool_command);

struct pool {
	struct daemon *daemon; /* lent */
	bool is_wan;
	const char *name;     /* of this member in the pool; owned */
	const char *serf_log; /* "agent.server.serf.lan"; lent */
	const char *memberlist_log;
	struct gossip *core; /* owned, as all below */
	/* One is filled by steps while the other is carried out. */
	struct gossip_effects effects[2];
	unsigned filling;
	struct net *net;
	struct figures figures;
	struct keyring *keyring;
	char keyring_path[POOL_PATH_MAX]; /* "": kept nowhere */
	struct snapshot *snapshot;	  /* NULL: kept nowhere */
	struct snapshot_past past;
	struct arena past_arena;
	struct pool_commands commands;
	uint64_t last_command;
	struct instant said_at[GOSSIP_NOTE_COUNT]; /* say.c */
	struct instant tick_at; /* what the timer is set for */
	ev_timer tick;
	ev_timer flush; /* of the snapshot */
};

/* Ports, keys, files; fatal() where they can't be had. */
struct pool *pool_open(struct daemon *, bool is_wan);
void pool_start(struct pool *);
/* Do what the steps of this turn want, and what follows from that. */
void pool_turn(struct pool *);
/* Before the end of the process. */
void pool_stop(struct pool *);

/* Any event without a command; `now` is filled in. */
void pool_step(struct pool *, struct gossip_event *);
/* JOIN, FORCE_LEAVE, USER_EVENT and QUERY: their id is filled in, too. */
void pool_command(
    struct pool *, struct gossip_event *, const struct pool_command *);

bool pool_is_encrypted(const struct pool *);
/* Whether another server than this agent is alive in it. */
bool pool_knows_server(const struct pool *);

#endif
