/*
 * Facts from catalogd. Whoever needs the same one at the same time shares one
 * question; when catalogd dies with it, it is asked again as soon as the next
 * one is there.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dnsd.h"
#include "log.h"
#include "metrics.h"
#include "reply.h"
#include "xmalloc.h"

/* A server without a leader gives up after 7 s by itself. */
#define DEADLINE SECONDS(10)
/* How long a question waits for a catalogd that has died. */
#define PATIENCE SECONDS(2)
/* A fact that is older than that was a stale one. Consul's
 * staleCounterThreshold. */
#define STALE_COUNTED SECONDS(5)

struct lookup {
	TAILQ_ENTRY(lookup) link; /* among the open ones */
	struct dnsd *dnsd;	  /* lent */
	struct arena arena;	  /* of the key and the reply */
	struct fact fact;
	uint64_t hash; /* of the key's name */
	bool is_open;
	bool is_lost;	    /* catalogd died with it */
	bool must_be_fresh; /* no stale answer this time */
	struct instant patience;
	ev_timer timer;
	uint64_t epoch;
	struct stamp *stamps; /* in the arena */
	size_t stamp_count;
	struct pending **waiting; /* owned */
	size_t waiting_count;
	size_t references; /* by pendings, and one while it is open */
};

const struct fact *
lookup_fact(const struct lookup *l)
{
	return (&l->fact);
}

const struct stamp *
lookup_stamps(const struct lookup *l, size_t *count, uint64_t *epoch)
{
	*count = l->stamp_count;
	*epoch = l->epoch;
	return (l->stamps);
}

void
lookup_release(struct lookup *l)
{
	assert(l->references > 0);
	if (--l->references > 0)
		return;
	assert(!l->is_open);
	free(l->waiting);
	arena_deinit(&l->arena);
	free(l);
}

/* Everyone goes on; none of them can come back to this lookup. */
static void
lookup_end(struct lookup *l)
{
	struct pending **waiting = l->waiting;
	size_t count = l->waiting_count;

	ev_timer_stop(l->dnsd->daemon->loop, &l->timer);
	TAILQ_REMOVE(&l->dnsd->lookups, l, link);
	l->is_open = false;
	l->waiting = NULL;
	l->waiting_count = 0;
	serve_begin(l->dnsd);
	for (size_t i = 0; i < count; i++)
		pending_advance(l->dnsd, waiting[i]);
	free(waiting);
	lookup_release(l);
}

static void lookup_ask(struct lookup *);

/* --- Replies. --- */

struct reply {
	const struct type *type;
	size_t offset; /* in struct fact */
	size_t meta;   /* of its query_meta */
};

static const struct reply replies[] = {
	[FACT_SERVICE] = { &indexed_check_service_nodes_type,
	    offsetof(struct fact, instances),
	    offsetof(struct fact, instances.meta) },
	[FACT_NODE] = { &indexed_node_services_type,
	    offsetof(struct fact, node), offsetof(struct fact, node.meta) },
	[FACT_NODES] = { &indexed_nodes_type, offsetof(struct fact, nodes),
	    offsetof(struct fact, nodes.meta) },
	[FACT_ADDRESS] = { &indexed_service_nodes_type,
	    offsetof(struct fact, addresses),
	    offsetof(struct fact, addresses.meta) },
	[FACT_QUERY] = { &prepared_query_execute_response_type,
	    offsetof(struct fact, query), offsetof(struct fact, query.meta) },
};

/* Behind "rpc error making call: " too, where a server was asked for us. */
static bool
is_no_datacenter(struct slice text)
{
	static const char words[] = "No path to datacenter";

	return (memmem(text.data, text.size, words, sizeof(words) - 1) != NULL);
}

/* There is none of this name: known to have no instances. */
static bool
is_no_query(const struct lookup *l, struct slice text)
{
	static const char words[] = "Query not found";

	return (l->fact.key.kind == FACT_QUERY &&
		memmem(text.data, text.size, words, sizeof(words) - 1) != NULL);
}

static void
reply_fail(struct lookup *l, const struct answer *answer)
{
	if (answer->err == ERR_REFUSED && is_no_datacenter(answer->text)) {
		l->fact.state = FACT_HAS_NO_DATACENTER;
		return;
	}
	if (answer->err == ERR_REFUSED && is_no_query(l, answer->text))
		return;
	l->fact.state = FACT_HAS_FAILED;
	log_error("agent.dns", "rpc error", "error=\"%.*s\"",
	    SLICE_ARGS(answer->text));
}

static const struct query_meta *
meta_of(const struct lookup *l)
{
	const struct reply *reply = &replies[l->fact.key.kind];

	return ((const void *)((const uint8_t *)&l->fact + reply->meta));
}

static void
reply_take(struct lookup *l, const struct answer *answer)
{
	const struct reply *reply = &replies[l->fact.key.kind];
	uint8_t *fact = (uint8_t *)&l->fact;
	struct slice body = arena_copy(&l->arena, answer->body);

	if (type_decode_all(
		reply->type, body, &l->arena, fact + reply->offset) != ERR_OK) {
		l->fact.state = FACT_HAS_FAILED;
		log_error("agent.dns", "rpc error", "error=\"%s\"",
		    "malformed reply");
		return;
	}
	l->stamps =
	    arena_array(&l->arena, answer->stamp_count + 1, sizeof(*l->stamps));
	l->stamp_count = answer->stamp_count;
	if (meta_of(l)->last_contact.ns > STALE_COUNTED.ns)
		metrics_add(METRIC_dns_stale, 1);
	if (answer->stamp_count > 0)
		memcpy(l->stamps, answer->stamps,
		    answer->stamp_count * sizeof(*l->stamps));
}

/* Older than max_stale: then only the leader will do. */
static bool
is_too_stale(const struct lookup *l)
{
	return (l->fact.state == FACT_IS_KNOWN &&
		l->dnsd->settings.allow_stale && !l->must_be_fresh &&
		meta_of(l)->last_contact.ns > l->dnsd->settings.max_stale.ns);
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int events)
{
	struct lookup *l = w->data;

	(void)loop;
	(void)events;
	l->fact.state = FACT_HAS_FAILED;
	lookup_end(l);
}

/* catalogd is gone: wait for the next one, or for the end of patience. */
static void
lookup_wait(struct lookup *l)
{
	struct duration left = instant_since(l->patience, instant_now());

	l->is_lost = true;
	ev_timer_stop(l->dnsd->daemon->loop, &l->timer);
	ev_timer_set(&l->timer, left.ns > 0 ? duration_seconds(left) : 0, 0);
	ev_timer_start(l->dnsd->daemon->loop, &l->timer);
}

static void
on_answer(void *arg, const struct answer *answer)
{
	struct lookup *l = arg;

	if (answer->err == ERR_PEER_GONE) {
		lookup_wait(l);
		return;
	}
	if (answer->err != ERR_OK)
		reply_fail(l, answer);
	else
		reply_take(l, answer);
	if (is_too_stale(l)) {
		l->must_be_fresh = true;
		lookup_ask(l);
		return;
	}
	lookup_end(l);
}

/* --- Questions. --- */

static void
ask(struct lookup *l, enum method method, const void *request)
{
	edge_ask(l->dnsd->daemon->edges[DAEMON_catalogd], method,
	    method_rows[method].request, request, DEADLINE, on_answer, l);
}

static void
ask_service(struct lookup *l, const struct query_options *options)
{
	struct fact_key *key = &l->fact.key;
	struct service_specific_request q = { .datacenter = key->datacenter,
		.service_name = key->name,
		.options = *options };

	if (key->tag.size > 0) {
		q.service_tags.items = &key->tag;
		q.service_tags.count = 1;
		q.tag_filter = true;
	}
	ask(l, METHOD_Health_ServiceNodes, &q);
}

static void
ask_node(struct lookup *l, const struct query_options *options)
{
	struct node_specific_request q = { .datacenter = l->fact.key.datacenter,
		.node = l->fact.key.name,
		.options = *options };

	ask(l, METHOD_Catalog_NodeServices, &q);
}

static void
ask_nodes(struct lookup *l, const struct query_options *options)
{
	struct dc_specific_request q = { .datacenter = l->fact.key.datacenter,
		.options = *options };

	ask(l, METHOD_Catalog_ListNodes, &q);
}

static void
ask_address(struct lookup *l, const struct query_options *options)
{
	struct service_specific_request q = { .datacenter =
						  l->fact.key.datacenter,
		.service_address = l->fact.key.name,
		.options = *options };

	ask(l, METHOD_Catalog_ServiceNodes, &q);
}

/* Distances are from this agent, which asks. */
static void
ask_query(struct lookup *l, const struct query_options *options)
{
	const struct config *config = l->dnsd->daemon->config;
	struct prepared_query_execute_request q = { .datacenter =
							l->fact.key.datacenter,
		.query_id_or_name = l->fact.key.name,
		.source = { .ip = l->fact.key.tag },
		.agent = { .datacenter = slice_of_text(config->datacenter),
		    .node = slice_of_text(config->node_name),
		    .segment = config->keys.segment },
		.options = *options };

	ask(l, METHOD_PreparedQuery_Execute, &q);
}

static void
on_outside(void *arg, uint8_t *data, size_t size)
{
	struct lookup *l = arg;

	if (size > 0)
		reply_records(slice(data, size), &l->arena, &l->fact.outside);
	else
		l->fact.state = FACT_HAS_FAILED;
	lookup_end(l);
}

/* Consul dns.go, resolveCNAME: "Ask for any A records", over UDP. */
static void
ask_outside(struct lookup *l)
{
	struct dns_query *query = arena_alloc(&l->arena, sizeof(*query));
	struct recurse_goal goal = { .query = query,
		.reply_bytes_max = DNS_UDP_BYTES };

	reply_question(l->fact.key.name, DNS_A,
	    arena_alloc(&l->arena, DNS_QUESTION_BYTES_MAX), query);
	if (recurse(l->dnsd, &goal, on_outside, l))
		return;
	ev_timer_set(&l->timer, 0, 0); /* fails, but not at once */
	ev_timer_start(l->dnsd->daemon->loop, &l->timer);
}

static void
lookup_ask(struct lookup *l)
{
	static void (*const asks[])(
	    struct lookup *, const struct query_options *) = {
		[FACT_SERVICE] = ask_service,
		[FACT_NODE] = ask_node,
		[FACT_NODES] = ask_nodes,
		[FACT_ADDRESS] = ask_address,
		[FACT_QUERY] = ask_query,
	};
	const struct dns_settings *s = &l->dnsd->settings;
	struct query_options options = {
		.allow_stale = s->allow_stale && !l->must_be_fresh,
		.max_stale_duration = s->max_stale,
	};

	if (l->fact.key.kind == FACT_OUTSIDE) {
		ask_outside(l);
		return;
	}
	if (!edge_is_up(l->dnsd->daemon->edges[DAEMON_catalogd])) {
		lookup_wait(l);
		return;
	}
	l->is_lost = false;
	ev_timer_stop(l->dnsd->daemon->loop, &l->timer);
	l->epoch = l->dnsd->page == NULL ? 0 : genpage_epoch(l->dnsd->page);
	asks[l->fact.key.kind](l, &options);
}

void
lookups_retry(struct dnsd *d)
{
	struct lookup *l;

	TAILQ_FOREACH(l, &d->lookups, link)
	if (l->is_lost)
		lookup_ask(l);
}

static struct lookup *
lookup_new(struct dnsd *d, const struct fact_key *key)
{
	struct lookup *l = xcalloc(1, sizeof(*l));

	l->dnsd = d;
	l->fact.key = (struct fact_key){ key->kind,
		arena_copy(&l->arena, key->datacenter),
		arena_copy(&l->arena, key->name),
		arena_copy(&l->arena, key->tag) };
	l->hash = slice_hash(key->name);
	l->is_open = true;
	l->references = 1;
	l->patience = instant_add(instant_now(), PATIENCE);
	ev_timer_init(&l->timer, on_patience, 0, 0);
	l->timer.data = l;
	TAILQ_INSERT_TAIL(&d->lookups, l, link);
	lookup_ask(l);
	return (l);
}

static struct lookup *
lookup_find(struct dnsd *d, const struct fact_key *key)
{
	uint64_t hash = slice_hash(key->name);
	struct lookup *l;

	TAILQ_FOREACH(l, &d->lookups, link)
	if (l->hash == hash && fact_key_equal(&l->fact.key, key))
		return (l);
	return (NULL);
}

struct lookup *
lookup_get(struct dnsd *d, const struct fact_key *key, struct pending *waiter)
{
	struct lookup *l = lookup_find(d, key);

	if (l == NULL)
		l = lookup_new(d, key);
	l->references++;
	l->waiting = xreallocarray(
	    l->waiting, l->waiting_count + 1, sizeof(l->waiting[0]));
	l->waiting[l->waiting_count++] = waiter;
	return (l);
}
