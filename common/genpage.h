/*
 * The generation page: numbers by which kept answers are known to stand.
 *
 * catalogd writes it; httpd and dnsd map it read only. It holds no data. A
 * kept answer carries the stamps (bucket, generation) that its question had,
 * and may be given again while all of them stand, the epoch is the same, and
 * the page is trusted. catalogd raises the counters while it applies an entry,
 * before anyone is told that the write is done.
 *
 * Source  DESIGN.md 5
 */
#ifndef COMMON_GENPAGE_H
#define COMMON_GENPAGE_H

#include "bytes.h"
#include "clock.h"
#include "err.h"

#define GENPAGE_BUCKETS 8192U
/* Below the run folder. A folder of its own, so that it is there, and can be
 * allowed, before catalogd makes the file. */
#define GENPAGE_FILE "genpage/page"

struct genpage; /* a mapped page */

#define INSTANT_NONE ((struct instant){ 0 })

/* What can change. The key is its name: a KV key, the first path part of a KV
 * prefix (with its "/"), a service or node name in lower case; empty for a
 * whole table. */
enum gen_kind {
	GEN_KV_KEY,
	GEN_KV_TOP,
	GEN_KV_TABLE,
	GEN_SERVICE, /* anything that /v1/health/service/X shows */
	GEN_NODE,    /* a node's row, services or checks */
	GEN_NODES_TABLE,
	GEN_SERVICES_TABLE,
	GEN_CHECKS_TABLE,
	GEN_SESSIONS_TABLE,
	GEN_COORDINATES_TABLE,
	GEN_LEADER,	   /* who leads, and whether we know */
	GEN_QUERIES_TABLE, /* prepared queries */
};

uint32_t genpage_bucket(enum gen_kind, struct slice key);

/* Writer: create or take over the file (mode 0640), with a new epoch and
 * without trust; fatal() if that fails. */
struct genpage *genpage_create(const char *path);
void genpage_raise(struct genpage *, uint32_t bucket);
void genpage_raise_all(struct genpage *); /* a new epoch: nothing stands */
uint64_t genpage_generation(const struct genpage *, uint32_t bucket);
/* Until when readers may believe it; INSTANT_NEVER where this server is the
 * only voter, so that nobody else can accept a write. */
void genpage_trust(struct genpage *, struct instant until);
/* On a server that does not lead: when the leader was heard last. Readers may
 * then give kept answers to questions that allow stale ones, and say how old
 * they are. INSTANT_NONE: they may not. */
void genpage_contact(struct genpage *, struct instant heard);

/* Reader: NULL if it can't be mapped (yet). */
struct genpage *genpage_open(const char *path);
uint64_t genpage_epoch(const struct genpage *);
bool genpage_is_trusted(const struct genpage *, struct instant now);
/* INSTANT_NONE, or what the writer has said. */
struct instant genpage_heard(const struct genpage *);
void genpage_close(struct genpage *);

#endif
