/*
 * Catalog.Register, Catalog.Deregister: checked and filled in as Consul does
 * it, then into the log.
 *
 * Source  api/http.md 5; Consul's catalog_endpoint.go
 */
#include <arpa/inet.h>
#include <string.h>

#include "catalogd.h"
#include "config_errors.h"
#include "on_writes.h"

/* hashicorp/go-uuid, ParseUUID. */
static const char *
uuid_fault(struct slice id)
{
	uint8_t uuid[UUID_SIZE];

	if (id.size != 36)
		return ("uuid string is wrong length");
	if (id.data[8] != '-' || id.data[13] != '-' || id.data[18] != '-' ||
	    id.data[23] != '-')
		return ("uuid is improperly formatted");
	if (uuid_parse(id, uuid, NULL) != ERR_OK)
		return ("encoding/hex: invalid byte");
	return (NULL);
}

enum err
node_check(struct slice name, struct slice id, struct buf *why)
{
	const char *fault = id.size > 0 ? uuid_fault(id) : NULL;

	if (name.size == 0)
		buf_put_text(why, "Must provide node");
	else if (fault != NULL)
		buf_printf(why, "Bad node ID: %s", fault);
	return (why->size == 0 ? ERR_OK : ERR_INVALID);
}

/* 0.0.0.0 and ::, however they are written. */
static bool
text_is_any(struct slice text)
{
	static const uint8_t zero[16];
	char copy[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (text.size == 0 || text.size >= sizeof(copy))
		return (false);
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, address) == 1)
		return (memcmp(address, zero, 4) == 0);
	return (inet_pton(AF_INET6, copy, address) == 1 &&
		memcmp(address, zero, 16) == 0);
}

/* Consul's NodeService.Validate, of a proxy. */
static enum err
proxy_check(const struct node_service *s, struct buf *why)
{
	struct config_errors errors = { 0 };
	enum err err;

	if (!slice_is(s->kind, "connect-proxy"))
		return (ERR_OK);
	if (s->proxy.destination_service_name.size == 0)
		config_errors_add(&errors,
		    "Proxy.DestinationServiceName must be non-empty for "
		    "Connect proxy services");
	if (s->port == 0)
		config_errors_add(
		    &errors, "Port must be set for a Connect proxy");
	if (s->connect.native)
		config_errors_add(&errors,
		    "A Proxy cannot also be Connect Native, only typical "
		    "services");
	err = config_errors_tell(&errors, why);
	config_errors_deinit(&errors);
	return (err);
}

enum err
service_prepare(struct node_service *service, struct buf *why)
{
	if (proxy_check(service, why) != ERR_OK)
		return (ERR_INVALID);
	if (service->id.size == 0)
		service->id = service->service;
	if (service->id.size > 0 && service->service.size == 0)
		buf_put_text(why, "Must provide service name with ID");
	else if (text_is_any(service->address))
		buf_put_text(why, "Invalid service address");
	return (why->size == 0 ? ERR_OK : ERR_INVALID);
}

/* Consul's CheckType.Type, of what stands in a definition. */
static struct slice
type_of(const struct health_check_definition *d)
{
	bool has_interval = d->interval.ns > 0;

	if (d->grpc.size > 0 && has_interval)
		return (SLICE("grpc"));
	if (d->http.size > 0 && has_interval)
		return (SLICE("http"));
	if (d->ttl.ns > 0)
		return (SLICE("ttl"));
	if (d->tcp.size > 0 && has_interval)
		return (SLICE("tcp"));
	if (d->alias_node.size > 0 || d->alias_service.size > 0)
		return (SLICE("alias"));
	if (d->script_args.count == 0)
		return (SLICE(""));
	return (d->docker_container_id.size > 0 && has_interval
		    ? SLICE("docker")
		    : SLICE("script"));
}

void
check_prepare(struct health_check *check)
{
	if (check->check_id.size == 0)
		check->check_id = check->name;
}

/* The one check of the older form becomes the last of the list. */
static void
checks_prepare(struct arena *arena, struct register_request *r)
{
	struct health_check *checks =
	    arena_array(arena, r->checks.count + 1, sizeof(*checks));
	size_t count = r->checks.count;

	if (count > 0)
		memcpy(checks, r->checks.items, count * sizeof(*checks));
	if (r->check != NULL)
		checks[count++] = *r->check;
	for (size_t i = 0; i < count; i++) {
		if (checks[i].node.size == 0)
			checks[i].node = r->node;
		check_prepare(&checks[i]);
		if (checks[i].type.size == 0)
			checks[i].type = type_of(&checks[i].definition);
	}
	r->check = NULL;
	if (count > 0)
		r->checks.items = checks;
	r->checks.count = count;
}

static enum err
register_prepare(
    struct arena *arena, struct register_request *r, struct buf *why)
{
	struct node_service *service;

	if (node_check(r->node, r->id, why) != ERR_OK)
		return (ERR_INVALID);
	if (r->address.size == 0 && !r->skip_node_update) {
		buf_put_text(
		    why, "Must provide address if SkipNodeUpdate is not set");
		return (ERR_INVALID);
	}
	if (r->service != NULL) {
		service = arena_alloc(arena, sizeof(*service));
		*service = *r->service;
		r->service = service;
		if (service_prepare(service, why) != ERR_OK)
			return (ERR_INVALID);
	}
	checks_prepare(arena, r);
	return (ERR_OK);
}

void
on_catalog_register(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	struct register_request r = *(const struct register_request *)request;
	struct buf why = { 0 };

	if (!datacenter_is_ours(c, call, r.datacenter))
		return;
	call_measure(call, METRIC_catalog_register);
	r.datacenter = slice_of_text(d->config->datacenter);
	if (register_prepare(&call->arena, &r, &why) != ERR_OK)
		call_fail_text(call, buf_slice(&why));
	else
		propose_call(c, call, FSM_REGISTER, &register_request_type, &r);
	buf_deinit(&why);
}

void
on_catalog_deregister(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct deregister_request *q = request;

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	call_measure(call, METRIC_catalog_deregister);
	if (q->node.size == 0)
		call_fail(call, "Must provide node");
	else
		propose_call(
		    c, call, FSM_DEREGISTER, &deregister_request_type, q);
}

/* Only our own, as long as there is no WAN. */
void
on_catalog_datacenters(struct daemon *d, struct call *call, const void *request)
{
	struct slice ours = slice_of_text(d->config->datacenter);
	struct texts reply = { .value = { .items = &ours, .count = 1 } };

	(void)request;
	call_answer(call, &texts_type, &reply);
}
