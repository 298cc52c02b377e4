/*
 * Questions to the catalog: what it has of this node, and what it is to have.
 *
 * Source  wire/rpc.md 7
 */
#include <stdlib.h>

#include "healthd.h"
#include "log.h"
#include "xmalloc.h"

/* catalogd holds a question for 7 s while there is no leader. */
#define CATALOG_DEADLINE SECONDS(20)
#define MAX_STALE	 SECONDS(2)

struct pushing {
	struct healthd *healthd; /* lent */
	struct push *push;
};

/* The services have come; the checks are still to. */
struct comparison {
	struct healthd *healthd; /* lent */
	struct arena arena;
	struct indexed_node_service_list services;
};

static struct edge *
edge_of(const struct healthd *h)
{
	return (h->daemon->edges[DAEMON_catalogd]);
}

static struct node_specific_request
request_for(const struct healthd *h)
{
	const struct config *config = h->daemon->config;

	return ((struct node_specific_request){
	    .datacenter = slice_of_text(config->datacenter),
	    .node = slice_of_text(config->node_name),
	    .options = { .allow_stale = true, .max_stale_duration = MAX_STALE },
	});
}

static void
comparison_end(struct comparison *c, const struct answer *answer)
{
	struct healthd *h = c->healthd;

	if (answer != NULL)
		sync_compare_failed(
		    &h->sync, &h->local, answer->text, instant_now());
	arena_deinit(&c->arena);
	free(c);
}

static const struct answer malformed = {
	.err = ERR_INVALID,
	.text = { (const uint8_t *)"malformed answer", 16 },
};

static void
on_checks(void *arg, const struct answer *answer)
{
	struct comparison *c = arg;
	struct healthd *h = c->healthd;
	struct indexed_health_checks checks;

	if (answer->err == ERR_OK &&
	    type_decode_all(&indexed_health_checks_type, answer->body,
		&c->arena, &checks) != ERR_OK)
		answer = &malformed;
	if (answer->err != ERR_OK) {
		comparison_end(c, answer);
		return;
	}
	sync_compare(&h->sync, &h->local, &c->services.node_services, &checks,
	    instant_now());
	comparison_end(c, NULL);
}

static void
on_services(void *arg, const struct answer *answer)
{
	struct comparison *c = arg;
	struct healthd *h = c->healthd;
	struct node_specific_request request = request_for(h);
	struct slice body;

	if (answer->err == ERR_OK) {
		/* Its texts are to outlive this answer. */
		body = arena_copy(&c->arena, answer->body);
		if (type_decode_all(&indexed_node_service_list_type, body,
			&c->arena, &c->services) != ERR_OK)
			answer = &malformed;
	}
	if (answer->err != ERR_OK) {
		comparison_end(c, answer);
		return;
	}
	edge_ask(edge_of(h), METHOD_Health_NodeChecks,
	    &node_specific_request_type, &request, CATALOG_DEADLINE, on_checks,
	    c);
}

void
catalog_compare(struct healthd *h)
{
	struct node_specific_request request = request_for(h);
	struct comparison *c;

	if (!sync_begin(&h->sync))
		return;
	c = xcalloc(1, sizeof(*c));
	c->healthd = h;
	arena_init(&c->arena);
	edge_ask(edge_of(h), METHOD_Catalog_NodeServiceList,
	    &node_specific_request_type, &request, CATALOG_DEADLINE,
	    on_services, c);
}

static void
on_pushed(void *arg, const struct answer *answer)
{
	struct pushing *p = arg;
	struct healthd *h = p->healthd;

	sync_pushed(&h->sync, &h->local, p->push, answer->err == ERR_OK,
	    answer->text, instant_now());
	free(p);
}

void
catalog_push(struct healthd *h)
{
	struct push *push;

	while ((push = sync_next(&h->sync, &h->local)) != NULL) {
		struct pushing *p = xcalloc(1, sizeof(*p));
		bool is_gone = push->kind == PUSH_SERVICE_GONE ||
			       push->kind == PUSH_CHECK_GONE;

		p->healthd = h;
		p->push = push;
		if (is_gone)
			edge_ask(edge_of(h), METHOD_Catalog_Deregister,
			    &deregister_request_type, &push->deregistration,
			    CATALOG_DEADLINE, on_pushed, p);
		else
			edge_ask(edge_of(h), METHOD_Catalog_Register,
			    &register_request_type, &push->registration,
			    CATALOG_DEADLINE, on_pushed, p);
	}
}
