/*
 * What catalogd asks us, on behalf of httpd: the agent's own services, checks
 * and maintenance mode.
 *
 * Writes are pushed to the catalog before they are answered, but a push that
 * fails is only logged (api/http.md 7).
 *
 * Source  api/http.md 7; Consul agent/agent_endpoint.go
 */
#include <stdio.h>
#include <stdlib.h>

#include "definition.h"
#include "healthd.h"
#include "log.h"
#include "remote_exec.h"
#include "status.h"
#include "watch.h"
#include "xmalloc.h"

#define STATUS_BAD_REQUEST 400
#define STATUS_NOT_FOUND   404

static struct healthd *
healthd_of(struct daemon *d)
{
	return (d->state);
}

/* --- Waiting for the catalog. --- */

static struct waiter *
call_wait(struct healthd *h, struct call *call)
{
	struct waiter *w = xcalloc(1, sizeof(*w));
	struct waiter **end = &h->waiters;

	local_settle(&h->local, instant_now());
	w->call = call;
	w->change = h->local.changes;
	while (*end != NULL)
		end = &(*end)->next;
	*end = w;
	return (w);
}

void
waiters_answer(struct healthd *h)
{
	const struct config *config = h->daemon->config;
	struct reload_report report = { 0 };
	struct empty nothing;

	report.changes.items = config->changes.items;
	report.changes.count = config->changes.count;
	/* In the order of their changes: the first that must wait ends it. */
	while (h->waiters != NULL &&
	       sync_is_settled(&h->sync, &h->local, h->waiters->change)) {
		struct waiter *w = h->waiters;

		h->waiters = w->next;
		if (w->is_reload)
			call_answer(w->call, &reload_report_type, &report);
		else
			call_answer(w->call, &empty_type, &nothing);
		free(w);
	}
}

/* --- Reading. --- */

/* Never 0, and not one that an earlier process of ours gave. */
static uint64_t
services_generation(const struct healthd *h)
{
	return (h->local.service_changes + h->born);
}

static void
services_answer(struct healthd *h, struct call *call)
{
	struct agent_services reply = { .generation = services_generation(h) };
	size_t count = h->local.services.count;

	reply.services.items =
	    arena_array(&call->arena, count, sizeof(*reply.services.items));
	for (size_t i = 0; i < count; i++) {
		const struct local_service *s =
		    (const struct local_service *)h->local.services.rows[i];
		const struct node_service *n = &s->service;
		struct agent_service *out =
		    &reply.services.items[reply.services.count];

		if (s->mark.is_deleted)
			continue;
		reply.services.count++;
		*out = (struct agent_service){
			.kind = n->kind,
			.id = n->id,
			.service = n->service,
			.tags = n->tags,
			.meta = n->meta,
			.port = n->port,
			.address = n->address,
			.weights = *n->weights,
			.enable_tag_override = n->enable_tag_override,
		};
		out->tagged_addresses.items = n->tagged_addresses.items;
		out->tagged_addresses.count = n->tagged_addresses.count;
	}
	call_answer(call, &agent_services_type, &reply);
}

static void
on_services(struct daemon *d, struct call *call, const void *request)
{
	(void)request;
	services_answer(healthd_of(d), call);
}

static void
patient_free(struct patient *p)
{
	struct patient **at = &p->owner->patients;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
}

static void
on_impatient(struct call *call)
{
	patient_free(call->keeper);
}

static void
on_services_after(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_after *q = request;
	struct healthd *h = healthd_of(d);
	struct patient *p;

	if (q->generation != services_generation(h)) {
		services_answer(h, call);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct patient){ h->patients, call, q->generation, h };
	h->patients = p;
	call->on_cancel = on_impatient;
	call->keeper = p;
}

void
patients_answer(struct healthd *h)
{
	uint64_t generation = services_generation(h);
	struct patient *p, *next;

	for (p = h->patients; p != NULL; p = next) {
		struct call *call = p->call;

		next = p->next;
		if (p->generation == generation)
			continue;
		call->on_cancel = NULL;
		patient_free(p);
		services_answer(h, call);
	}
}

static void
on_checks(struct daemon *d, struct call *call, const void *request)
{
	struct healthd *h = healthd_of(d);
	struct agent_checks reply = { 0 };
	size_t count = h->local.checks.count;

	(void)request;
	reply.checks.items =
	    arena_array(&call->arena, count, sizeof(*reply.checks.items));
	for (size_t i = 0; i < count; i++) {
		const struct local_check *c =
		    (const struct local_check *)h->local.checks.rows[i];

		if (!c->mark.is_deleted)
			reply.checks.items[reply.checks.count++] = c->check;
	}
	call_answer(call, &agent_checks_type, &reply);
}

/* --- Writing. --- */

static void
on_register_service(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_register_service *q = request;
	struct healthd *h = healthd_of(d);
	struct service_registration r = {
		.definition = &q->service,
		.token =
		    q->service.token.size > 0 ? q->service.token : q->token,
		.source = SOURCE_API,
		.replaces_checks = q->replace_existing_checks,
	};
	struct buf why = { 0 };

	if (!definition_service_validate(&q->service, &why))
		call_fail_status(call, STATUS_BAD_REQUEST, buf_slice(&why));
	else if (local_register_service(&h->local, &r, instant_now(), &why) !=
		 ERR_OK)
		call_fail_text(call, buf_slice(&why));
	else
		call_wait(h, call);
	buf_deinit(&why);
}

static void
on_deregister_service(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_id *q = request;
	struct healthd *h = healthd_of(d);

	if (q->id.size == 0) {
		call_fail(call, "ServiceID missing");
		return;
	}
	local_deregister_service(&h->local, q->id);
	call_wait(h, call);
}

static void
on_register_check(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_register_check *q = request;
	const struct check_definition *def = &q->check;
	struct healthd *h = healthd_of(d);
	struct check_type type;
	struct check_registration r = {
		.type = &type,
		.token = def->token.size > 0 ? def->token : q->token,
		.source = SOURCE_API,
		.check = {
			.check_id = def->id.size > 0 ? def->id : def->name,
			.name = def->name,
			.notes = def->notes,
			.status = def->status,
			.service_id = def->service_id,
		},
	};
	struct buf why = { 0 };

	definition_to_check_type(def, &type);
	if (!definition_check_validate(def, &why))
		call_fail_status(call, STATUS_BAD_REQUEST, buf_slice(&why));
	else if (local_register_check(&h->local, &r, instant_now(), &why) !=
		 ERR_OK)
		call_fail_text(call, buf_slice(&why));
	else
		call_wait(h, call);
	buf_deinit(&why);
}

static void
on_deregister_check(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_id *q = request;
	struct healthd *h = healthd_of(d);

	if (q->id.size == 0) {
		call_fail(call, "CheckID missing");
		return;
	}
	local_deregister_check(&h->local, q->id);
	call_wait(h, call);
}

static void
on_update_check(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_check_update *q = request;
	struct healthd *h = healthd_of(d);
	struct buf why = { 0 };
	enum check_status status;

	if (!check_status_parse(q->status, &status)) {
		buf_printf(&why, "Invalid check status: '%.*s'",
		    SLICE_ARGS(q->status));
		call_fail_status(call, STATUS_BAD_REQUEST, buf_slice(&why));
	} else if (local_update_ttl(&h->local, q->check_id, status, q->output,
		       instant_now(), &why) != ERR_OK)
		call_fail_text(call, buf_slice(&why));
	else
		call_wait(h, call);
	buf_deinit(&why);
}

static void
on_service_maintenance(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_maintenance *q = request;
	struct healthd *h = healthd_of(d);
	struct local_service *s = local_service_find(&h->local, q->service_id);
	struct buf why = { 0 };

	if (s == NULL) {
		buf_printf(&why, "No service registered with ID \"%.*s\"",
		    SLICE_ARGS(q->service_id));
		call_fail_status(call, STATUS_NOT_FOUND, buf_slice(&why));
		buf_deinit(&why);
		return;
	}
	local_maintenance(
	    &h->local, s, q->is_enabled, q->reason, q->token, instant_now());
	call_wait(h, call);
}

static void
on_node_maintenance(struct daemon *d, struct call *call, const void *request)
{
	const struct agent_maintenance *q = request;
	struct healthd *h = healthd_of(d);

	local_maintenance(
	    &h->local, NULL, q->is_enabled, q->reason, q->token, instant_now());
	call_wait(h, call);
}

/* --- The agent as a whole. --- */

static void
on_reload(struct daemon *d, struct call *call, const void *request)
{
	struct healthd *h = healthd_of(d);
	struct empty nothing;
	struct buf why = { 0 };

	(void)request;
	if (!daemon_reload(d, &why)) {
		call_fail_text(call, buf_slice(&why));
	} else {
		if (edge_tell(d->edges[DAEMON_catalogd], METHOD_Edge_Reloaded,
			&empty_type, &nothing) != ERR_OK)
			log_warn(
			    "agent", "Could not tell the others to reload", "");
		call_wait(h, call)->is_reload = true;
	}
	buf_deinit(&why);
}

static struct slice
number(struct arena *arena, size_t value)
{
	return (arena_printf(arena, "%zu", value));
}

static void
on_stats(struct daemon *d, struct call *call, const void *request)
{
	const struct local *l = &healthd_of(d)->local;
	size_t monitors = 0, ttls = 0;
	struct pair pairs[4];
	struct stats_section section = { .name = SLICE("agent") };
	struct stats reply = { 0 };

	(void)request;
	for (size_t i = 0; i < l->checks.count; i++) {
		const struct local_check *c =
		    (const struct local_check *)l->checks.rows[i];

		monitors += !c->mark.is_deleted && c->kind == CHECK_SCRIPT;
		ttls += !c->mark.is_deleted && c->kind == CHECK_TTL;
	}
	pairs[0] = (struct pair){ SLICE("check_monitors"),
		number(&call->arena, monitors) };
	pairs[1] =
	    (struct pair){ SLICE("check_ttls"), number(&call->arena, ttls) };
	pairs[2] = (struct pair){ SLICE("checks"),
		number(&call->arena, l->checks.count) };
	pairs[3] = (struct pair){ SLICE("services"),
		number(&call->arena, l->services.count) };
	section.values = (struct pair_list){ pairs, 4 };
	reply.sections.items = &section;
	reply.sections.count = 1;
	call_answer(call, &stats_type, &reply);
}

/* Consul: 0..3 s later, so that a server is not asked by all at once. Whoever
 * has never compared is likely to wait for it. */
static void
on_server_joined(struct daemon *d, struct call *call, const void *request)
{
	struct healthd *h = healthd_of(d);
	struct duration stagger = SECONDS(h->sync.has_compared ? 3 : 1);

	(void)call;
	(void)request;
	sync_hasten(&h->sync, &h->local,
	    instant_add(instant_now(), local_random(&h->local, stagger)));
}

static void
on_resume(struct daemon *d, struct call *call, const void *request)
{
	(void)call;
	(void)request;
	local_resume(&healthd_of(d)->local);
}

call_fn *const healthd_handlers[METHOD_COUNT] = {
	[METHOD_Agent_HealthStats] = on_stats,
	[METHOD_Agent_Services] = on_services,
	[METHOD_Agent_ServicesAfter] = on_services_after,
	[METHOD_Agent_Checks] = on_checks,
	[METHOD_Agent_RegisterService] = on_register_service,
	[METHOD_Agent_DeregisterService] = on_deregister_service,
	[METHOD_Agent_ServiceMaintenance] = on_service_maintenance,
	[METHOD_Agent_NodeMaintenance] = on_node_maintenance,
	[METHOD_Agent_RegisterCheck] = on_register_check,
	[METHOD_Agent_DeregisterCheck] = on_deregister_check,
	[METHOD_Agent_UpdateCheck] = on_update_check,
	[METHOD_Agent_Reload] = on_reload,
	[METHOD_Agent_RemoteExec] = on_remote_exec,
	[METHOD_Agent_EventHeard] = on_event_heard,
	[METHOD_Edge_ServerJoined] = on_server_joined,
	[METHOD_Edge_Resume] = on_resume,
};
