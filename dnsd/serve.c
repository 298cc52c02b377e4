/*
 * From a message to its reply: kept and still right; or made of what is known;
 * or pending until catalogd has told what is missing.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dnsd.h"
#include "limits.h"
#include "log.h"
#include "xmalloc.h"

struct waiter {
	STAILQ_ENTRY(waiter) link;
	struct dns_query query;
	struct asker asker;
	struct instant begun;
	struct buf message; /* of what may have to be forwarded */
};

STAILQ_HEAD(waiter_list, waiter);

/* A question that all who ask it wait for. */
struct pending {
	TAILQ_ENTRY(pending) link; /* in its bucket */
	struct question question;
	uint64_t hash;
	struct dns_name name; /* folded; the cache's key */
	uint16_t type;
	struct facts facts;
	struct lookup *lookups[FACTS_MAX]; /* references, one a fact */
	size_t open_count;		   /* of these: still asked for */
	struct waiter_list waiters;
};

static uint64_t
random_word(void)
{
	uint64_t word = 0;

	if (getrandom(&word, sizeof(word), 0) != sizeof(word))
		fatal("no randomness");
	return (word);
}

void
serve_init(struct dnsd *d)
{
	struct draft draft;

	for (size_t i = 0; i < PENDING_BUCKETS; i++)
		TAILQ_INIT(&d->pendings[i]);
	TAILQ_INIT(&d->lookups);
	d->writer.chance.state = random_word() | 1;
	d->cache = cache_new(DNS_CACHE_BYTES_MAX, random_word());
	draft_init(&draft, &d->scratch);
	draft.rcode = DNS_SERVFAIL;
	d->overload = answer_new(&draft);
	draft.flags = DNS_RA;
	d->unresolved = answer_new(&draft);
}

void
serve_begin(struct dnsd *d)
{
	d->now = d->figures.at = instant_now();
	d->writer.now = (uint32_t)wall_now().seconds;
}

/* --- Pending questions. --- */

static struct pending *
pending_find(
    struct dnsd *d, uint64_t hash, struct slice name, const struct question *q)
{
	struct pending *p;

	TAILQ_FOREACH(p, &d->pendings[hash % PENDING_BUCKETS], link)
	if (p->hash == hash && p->type == q->type &&
	    strcmp(p->question.source, q->source) == 0 &&
	    slice_equal(slice(p->name.data, p->name.size), name))
		return (p);
	return (NULL);
}

static struct pending *
pending_new(struct dnsd *d, uint64_t hash, struct slice name, uint16_t type)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	p->hash = hash;
	memcpy(p->name.data, name.data, name.size);
	p->name.size = name.size;
	p->type = type;
	STAILQ_INIT(&p->waiters);
	TAILQ_INSERT_TAIL(&d->pendings[hash % PENDING_BUCKETS], p, link);
	d->pending_count++;
	return (p);
}

static void
pending_wait(struct dnsd *d, struct pending *p, const struct dns_query *q,
    const struct asker *asker)
{
	struct waiter *w = xmalloc(sizeof(*w));

	w->query = *q;
	w->asker = *asker;
	w->begun = d->figures.at;
	w->message = (struct buf){ 0 };
	if (d->settings.has_recursors && p->question.kind == QUESTION_REVERSE &&
	    q->message.size <= DNS_UDP_IN_BYTES)
		buf_put_slice(&w->message, q->message);
	if (asker->conn != NULL)
		tcp_hold(asker->conn);
	STAILQ_INSERT_TAIL(&p->waiters, w, link);
	d->waiter_count++;
}

void
asker_reply(struct dnsd *d, const struct asker *asker, struct slice message)
{
	if (asker->conn != NULL) {
		tcp_reply(d, asker->conn, message);
		tcp_release(d, asker->conn);
	} else {
		udp_reply(d, asker, message);
	}
}

static void
waiter_reply(struct dnsd *d, struct waiter *w, struct dns_answer *answer)
{
	bool is_tcp = w->asker.conn != NULL;
	size_t size;

	if (answer->is_forwarded && w->message.size > 0) {
		size = forward(d, &w->query, buf_slice(&w->message), &w->asker,
		    d->message);
		if (size == 0) { /* which holds it in our place */
			if (is_tcp)
				tcp_release(d, w->asker.conn);
			return;
		}
	} else {
		size = answer_write(&d->writer, &d->settings, answer, &w->query,
		    is_tcp, d->message);
	}
	asker_reply(d, &w->asker, slice(d->message, size));
}

static void
waiters_reply(struct dnsd *d, struct pending *p, struct dns_answer *answer)
{
	struct waiter *w;

	while ((w = STAILQ_FIRST(&p->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->waiters, link);
		d->waiter_count--;
		waiter_reply(d, w, answer);
		figures_answered(
		    &d->figures, &d->settings, &w->query, w->begun);
		buf_deinit(&w->message);
		free(w);
	}
}

/* dns_config.use_cache: on a client agent, where nothing tells us that an
 * answer is no longer right, it may be as old as cache_max_age. Consul would
 * watch for changes meanwhile; it gives an older answer only if it must. */
static bool
may_age(const struct dnsd *d, const struct pending *p,
    const struct dns_answer *answer)
{
	return (d->settings.max_age.ns > 0 && !answer->is_random &&
		!answer->is_for_subnet && !answer->is_forwarded &&
		p->facts.count > 0);
}

/* Keep the answer if everything it is made of tells how long it is right. */
static void
pending_keep(struct dnsd *d, struct pending *p, struct dns_answer *answer)
{
	uint64_t epoch = 0, first_epoch = 0;
	struct buf all = { 0 };
	bool may_keep = !answer->is_random && p->facts.count > 0;

	for (size_t i = 0; i < p->facts.count; i++) {
		size_t count;
		const struct stamp *stamps =
		    lookup_stamps(p->lookups[i], &count, &epoch);

		first_epoch = i == 0 ? epoch : first_epoch;
		if (count == 0 || epoch == 0 || epoch != first_epoch)
			may_keep = false;
		else
			buf_put(&all, stamps, count * sizeof(*stamps));
	}
	if (may_keep)
		cache_keep(d->cache, slice(p->name.data, p->name.size), p->type,
		    answer, epoch, (const struct stamp *)all.data,
		    all.size / sizeof(struct stamp));
	else if (may_age(d, p, answer))
		cache_keep_until(d->cache, slice(p->name.data, p->name.size),
		    p->type, answer, instant_add(d->now, d->settings.max_age));
	else
		answer_free(answer);
	buf_deinit(&all);
}

static void
pending_end(struct dnsd *d, struct pending *p, struct dns_answer *answer)
{
	TAILQ_REMOVE(&d->pendings[p->hash % PENDING_BUCKETS], p, link);
	d->pending_count--;
	waiters_reply(d, p, answer);
	pending_keep(d, p, answer);
	for (size_t i = 0; i < p->facts.count; i++)
		lookup_release(p->lookups[i]);
	free(p);
}

static void
pending_need(struct dnsd *d, struct pending *p, const struct needs *needs)
{
	assert(p->open_count == 0 && needs->count > 0);
	for (size_t k = 0; k < needs->count; k++) {
		size_t i = p->facts.count++;

		assert(i < FACTS_MAX);
		p->open_count++;
		p->lookups[i] = lookup_get(d, &needs->items[k], p);
		/* Read when the lookup has ended, and not before. */
		p->facts.items[i] = lookup_fact(p->lookups[i]);
	}
}

void
pending_advance(struct dnsd *d, struct pending *p)
{
	struct dns_answer *answer;

	assert(p->open_count > 0);
	if (--p->open_count > 0)
		return;
	arena_reset(&d->scratch);
	if (answer_build(&d->settings, &p->question,
		slice(p->name.data, p->name.size), &p->facts, &d->writer.chance,
		&d->scratch, &answer, &d->needs))
		pending_end(d, p, answer);
	else
		pending_need(d, p, &d->needs);
}

/* --- Queries. --- */

static size_t
overload(struct dnsd *d, const struct dns_query *q, bool is_tcp, uint8_t *data)
{
	return (answer_write(
	    &d->writer, &d->settings, d->overload, q, is_tcp, data));
}

static size_t
answer_give(struct dnsd *d, struct dns_answer *answer,
    const struct dns_query *q, const struct asker *asker, uint8_t *data)
{
	if (answer->is_forwarded && d->settings.has_recursors)
		return (forward(d, q, q->message, asker, data));
	return (answer_write(
	    &d->writer, &d->settings, answer, q, asker->conn != NULL, data));
}

/* Everything that is not in the cache. */
static size_t
serve_missing(struct dnsd *d, const struct dns_query *q, struct slice name,
    const struct question *question, const struct asker *asker, uint8_t *data)
{
	struct facts nothing = { 0 };
	uint64_t hash = slice_hash(name) + q->type;
	struct pending *p = pending_find(d, hash, name, question);
	bool is_tcp = asker->conn != NULL;
	struct dns_answer *answer;
	size_t size;

	if (p == NULL) {
		arena_reset(&d->scratch);
		nothing.pick =
		    (uint32_t)chance_below(&d->writer.chance, UINT32_MAX);
		if (answer_build(&d->settings, question, name, &nothing,
			&d->writer.chance, &d->scratch, &answer, &d->needs)) {
			size = answer_give(d, answer, q, asker, data);
			answer_free(answer);
			return (size);
		}
	}
	if (d->waiter_count >= DNS_WAITERS_MAX ||
	    (p == NULL && d->pending_count >= DNS_OPEN_MAX))
		return (overload(d, q, is_tcp, data));
	if (p == NULL) {
		p = pending_new(d, hash, name, q->type);
		question_copy(&p->question, question);
		p->facts.pick = nothing.pick;
		pending_need(d, p, &d->needs);
	}
	pending_wait(d, p, q, asker);
	return (0);
}

/* A prepared query may want instances near whoever asks: the client, where a
 * resolver says which, or the peer. */
static void
question_source(struct question *question, const struct dns_query *q,
    const struct asker *asker)
{
	struct sockaddr_storage peer = asker->address;
	const void *at = &((const struct sockaddr_in *)&peer)->sin_addr;
	int family;

	if (asker->conn != NULL)
		tcp_peer(asker->conn, &peer);
	family = peer.ss_family;
	if (family == AF_INET6)
		at = &((const struct sockaddr_in6 *)&peer)->sin6_addr;
	if (q->subnet.is_set) {
		family = q->subnet.family == 2 ? AF_INET6 : AF_INET;
		at = q->subnet.address;
	}
	if (inet_ntop(family, at, question->source, sizeof(question->source)) ==
	    NULL)
		question->source[0] = '\0';
}

static size_t
serve_query(struct dnsd *d, const struct dns_query *q,
    const struct asker *asker, uint8_t *data)
{
	struct slice name = slice(q->folded, q->name_size);
	struct duration max_stale =
	    d->settings.allow_stale ? d->settings.max_stale : NANOSECONDS(0);
	struct dns_answer *answer =
	    cache_find(d->cache, name, q->type, d->page, d->now, max_stale);
	struct question question;

	if (answer == NULL) {
		question_route(&d->settings, name, q->type, &question);
		if (question.kind == QUESTION_QUERY)
			question_source(&question, q, asker);
		if (question.kind == QUESTION_REFUSED &&
		    d->settings.has_recursors)
			return (forward(d, q, q->message, asker, data));
		/* The zone is the same whatever name below it was asked. */
		if (question.kind == QUESTION_SOA ||
		    question.kind == QUESTION_NS) {
			name = slice(
			    d->settings.domain.data, d->settings.domain.size);
			answer = cache_find(d->cache, name, q->type, d->page,
			    d->now, max_stale);
		}
	}
	if (answer == NULL)
		return (serve_missing(d, q, name, &question, asker, data));
	return (answer_give(d, answer, q, asker, data));
}

size_t
serve(struct dnsd *d, struct slice message, const struct asker *asker,
    uint8_t *data)
{
	struct packet *p = &d->writer.packet;
	struct dns_query q;
	enum dns_rcode rcode;
	size_t size;

	switch (packet_parse(message, &q, &rcode)) {
	case PACKET_QUERY:
		size = serve_query(d, &q, asker, data);
		if (size > 0)
			figures_answered(
			    &d->figures, &d->settings, &q, d->figures.at);
		return (size);
	case PACKET_REJECT:
		packet_begin(p, data, DNS_MESSAGE_BYTES_MAX, true);
		packet_reject(p, &q, rcode);
		return (p->size);
	case PACKET_IGNORE:
		break;
	}
	return (0);
}
