/*
 * Aliases of services on other nodes: the catalog is watched for them.
 *
 * One blocking question an alias: the checks of its node; where those do not
 * show the service, its node's services are asked for, too.
 *
 * Source  Consul agent/checks/alias.go, runQuery. That one ends the whole
 *         agent if the node is not there; here the service is not found
 */
#include <stdlib.h>

#include "alias.h"
#include "healthd.h"
#include "xmalloc.h"

#define MAX_STALE      SECONDS(15)
#define QUERY_TIME     SECONDS(300)
#define QUERY_DEADLINE SECONDS(330)
#define SOON_DEADLINE  SECONDS(20)
#define TRIES_QUIET    1 /* failures that are not told yet */
#define BACKOFF_FROM   3 /* then 1, 2, 4 ... seconds */
#define BACKOFF_MAX_S  60

struct remote_alias {
	struct remote_alias *next;
	struct healthd *healthd; /* lent */
	struct buf check_id;
	struct buf node;
	struct buf service_id;
	struct buf text; /* what was seen so far */
	struct alias_view view;
	uint64_t question; /* open, or 0 */
	uint64_t index;
	unsigned failures;
	ev_timer again;
	bool is_wanted;
};

static void checks_ask(struct remote_alias *);

static struct edge *
edge_of(const struct remote_alias *a)
{
	return (a->healthd->daemon->edges[DAEMON_catalogd]);
}

static struct node_specific_request
request_for(const struct remote_alias *a)
{
	return ((struct node_specific_request){
	    .datacenter = slice_of_text(a->healthd->daemon->config->datacenter),
	    .node = buf_slice(&a->node),
	    .options = { .allow_stale = true, .max_stale_duration = MAX_STALE },
	});
}

static void
show(struct remote_alias *a, enum check_status status)
{
	struct local *l = &a->healthd->local;
	struct local_check *c = local_check_find(l, buf_slice(&a->check_id));

	if (c != NULL)
		local_set_status(
		    l, c, status, buf_slice(&a->text), instant_now());
}

static void
on_again(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	checks_ask(w->data);
}

static void
failed(struct remote_alias *a, const struct answer *answer)
{
	unsigned shift =
	    a->failures < BACKOFF_FROM ? 0 : a->failures - BACKOFF_FROM;
	double wait = shift > 5 ? BACKOFF_MAX_S : (double)(1U << shift);

	a->failures++;
	a->index = 0;
	if (a->failures > TRIES_QUIET) {
		buf_reset(&a->text);
		buf_printf(&a->text,
		    "Failure checking aliased node or service: %.*s",
		    SLICE_ARGS(answer->text));
		show(a, CHECK_CRITICAL);
	}
	ev_timer_set(&a->again, wait, 0);
	ev_timer_start(a->healthd->daemon->loop, &a->again);
}

static bool
services_have(const struct answer *answer, struct slice id)
{
	struct indexed_node_service_list reply;
	struct arena arena;
	bool has = false;

	arena_init(&arena);
	if (type_decode_all(&indexed_node_service_list_type, answer->body,
		&arena, &reply) == ERR_OK)
		for (size_t i = 0;
		     i < reply.node_services.services.count && !has; i++)
			has = slice_equal(
			    reply.node_services.services.items[i].id, id);
	arena_deinit(&arena);
	return (has);
}

static void
on_services(void *arg, const struct answer *answer)
{
	struct remote_alias *a = arg;

	a->question = 0;
	if (answer->err != ERR_OK) {
		failed(a, answer);
		return;
	}
	show(a, alias_judge(&a->view,
		    services_have(answer, buf_slice(&a->service_id))));
	checks_ask(a);
}

static void
services_ask(struct remote_alias *a)
{
	struct node_specific_request request = request_for(a);

	a->question = edge_ask(edge_of(a), METHOD_Catalog_NodeServiceList,
	    &node_specific_request_type, &request, SOON_DEADLINE, on_services,
	    a);
}

static bool
checks_look(struct remote_alias *a, const struct answer *answer)
{
	struct indexed_health_checks reply;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	buf_reset(&a->text);
	a->view = (struct alias_view){
		.service_id = buf_slice(&a->service_id),
		.node = buf_slice(&a->node),
		.output_max = a->healthd->local.config.output_max,
		.text = &a->text,
	};
	err = type_decode_all(
	    &indexed_health_checks_type, answer->body, &arena, &reply);
	if (err == ERR_OK) {
		for (size_t i = 0; i < reply.health_checks.count; i++)
			alias_look(&a->view, &reply.health_checks.items[i]);
		a->index = reply.meta.index > 0 ? reply.meta.index : 1;
		a->failures = 0;
	}
	arena_deinit(&arena);
	return (err == ERR_OK);
}

static void
on_checks(void *arg, const struct answer *answer)
{
	struct remote_alias *a = arg;

	a->question = 0;
	if (answer->err != ERR_OK || !checks_look(a, answer)) {
		failed(a, answer);
		return;
	}
	if (!a->view.is_service_seen && a->service_id.size > 0) {
		services_ask(a);
		return;
	}
	show(a, alias_judge(&a->view, true));
	checks_ask(a);
}

static void
checks_ask(struct remote_alias *a)
{
	struct node_specific_request request = request_for(a);

	request.options.min_query_index = a->index;
	request.options.max_query_time = QUERY_TIME;
	a->question = edge_ask(edge_of(a), METHOD_Health_NodeChecks,
	    &node_specific_request_type, &request, QUERY_DEADLINE, on_checks,
	    a);
}

static struct remote_alias *
alias_new(struct healthd *h, const struct local_check *c)
{
	struct remote_alias *a = xcalloc(1, sizeof(*a));

	a->healthd = h;
	buf_put_slice(&a->check_id, c->row.id);
	buf_put_slice(&a->node, c->type.alias_node);
	buf_put_slice(&a->service_id, c->type.alias_service);
	ev_timer_init(&a->again, on_again, 0, 0);
	a->again.data = a;
	a->next = h->aliases;
	h->aliases = a;
	checks_ask(a);
	return (a);
}

static void
alias_free(struct remote_alias *a)
{
	if (a->question != 0)
		edge_cancel(edge_of(a), a->question);
	ev_timer_stop(a->healthd->daemon->loop, &a->again);
	buf_deinit(&a->check_id);
	buf_deinit(&a->node);
	buf_deinit(&a->service_id);
	buf_deinit(&a->text);
	free(a);
}

static struct remote_alias *
alias_find(struct healthd *h, const struct local_check *c)
{
	struct remote_alias *a = h->aliases;

	while (
	    a != NULL &&
	    !(slice_equal(buf_slice(&a->check_id), c->row.id) &&
		slice_equal(buf_slice(&a->node), c->type.alias_node) &&
		slice_equal(buf_slice(&a->service_id), c->type.alias_service)))
		a = a->next;
	return (a);
}

void
alias_remote_watch(struct healthd *h)
{
	struct remote_alias **at = &h->aliases;

	for (struct remote_alias *a = h->aliases; a != NULL; a = a->next)
		a->is_wanted = false;
	for (size_t i = 0; i < h->local.checks.count; i++) {
		struct local_check *c =
		    (struct local_check *)h->local.checks.rows[i];
		struct remote_alias *a;

		if (c->mark.is_deleted || c->kind != CHECK_ALIAS ||
		    alias_is_local(&h->local, c))
			continue;
		a = alias_find(h, c);
		if (a == NULL)
			a = alias_new(h, c);
		a->is_wanted = true;
	}
	while ((*at) != NULL) {
		struct remote_alias *a = *at;

		if (a->is_wanted) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		alias_free(a);
	}
}
