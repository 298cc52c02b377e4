/* Services of configuration files, and the body of a registration. */
#include "config_flags.h"
#include "config_keys.h"
#include "config_sources.h"
#include "services_file.h"

/*
 * What the API takes, as the client library sends it: rows over the structs
 * of rpc_types.h that leave out what is not set. `Args` are sent too, which
 * Consul's own command forgets.
 */
/* clang-format off */
#define REGISTERED_CHECK(F) \
	F(STR, _, api.check_id, "CheckID", 0, JSON_OMITEMPTY) \
	F(STR, _, api.name, "Name", 0, JSON_OMITEMPTY) \
	F(STRS, _, api.script_args, "Args", 0, JSON_OMITEMPTY) \
	F(STR, _, api.docker_container_id, "DockerContainerID", 0, JSON_OMITEMPTY) \
	F(STR, _, api.shell, "Shell", 0, JSON_OMITEMPTY) \
	F(DURATION, _, api.interval, "Interval", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT) \
	F(DURATION, _, api.timeout, "Timeout", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT) \
	F(DURATION, _, api.ttl, "TTL", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT) \
	F(STR, _, api.http, "HTTP", 0, JSON_OMITEMPTY) \
	F(MAP_STRS, _, api.header, "Header", 0, JSON_OMITEMPTY) \
	F(STR, _, api.method, "Method", 0, JSON_OMITEMPTY) \
	F(STR, _, api.body, "Body", 0, JSON_OMITEMPTY) \
	F(BOOL, _, api.disable_redirects, "DisableRedirects", 0, JSON_OMITEMPTY) \
	F(STR, _, api.tcp, "TCP", 0, JSON_OMITEMPTY) \
	F(STR, _, api.status, "Status", 0, JSON_OMITEMPTY) \
	F(STR, _, api.notes, "Notes", 0, JSON_OMITEMPTY) \
	F(BOOL, _, api.tls_skip_verify, "TLSSkipVerify", 0, JSON_OMITEMPTY) \
	F(STR, _, api.grpc, "GRPC", 0, JSON_OMITEMPTY) \
	F(BOOL, _, api.grpc_use_tls, "GRPCUseTLS", 0, JSON_OMITEMPTY) \
	F(STR, _, api.alias_node, "AliasNode", 0, JSON_OMITEMPTY) \
	F(STR, _, api.alias_service, "AliasService", 0, JSON_OMITEMPTY) \
	F(INT, _, api.success_before_passing, "SuccessBeforePassing", 0, JSON_OMITEMPTY) \
	F(INT, _, api.failures_before_critical, "FailuresBeforeCritical", 0, JSON_OMITEMPTY) \
	F(DURATION, _, api.deregister_critical_service_after, "DeregisterCriticalServiceAfter", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT)

#define REGISTERED_SERVICE(F) \
	F(STR, _, api.kind, "Kind", 0, JSON_OMITEMPTY) \
	F(STR, _, api.id, "ID", 0, JSON_OMITEMPTY) \
	F(STR, _, api.name, "Name", 0, JSON_OMITEMPTY) \
	F(STRS, _, api.tags, "Tags", 0, JSON_OMITEMPTY) \
	F(INT, _, api.port, "Port", 0, JSON_OMITEMPTY) \
	F(STR, _, api.address, "Address", 0, JSON_OMITEMPTY) \
	F(MAP, service_address, api.tagged_addresses, "TaggedAddresses", 0, JSON_OMITEMPTY) \
	F(BOOL, _, api.enable_tag_override, "EnableTagOverride", 0, JSON_OMITEMPTY) \
	F(MAP_STR, _, api.meta, "Meta", 0, JSON_OMITEMPTY) \
	F(PTR, weights, api.weights, "Weights", 0, JSON_OMITEMPTY) \
	F(LIST, registered_check, api.checks, "Checks", 0, JSON_OMITEMPTY) \
	F(PTR, connect_proxy_config, api.proxy, "Proxy", 0, JSON_OMITEMPTY) \
	F(PTR, service_connect, api.connect, "Connect", 0, JSON_OMITEMPTY)

struct registered_check {
	struct check_type api;
};

struct registered_service {
	struct service_definition api;
};

TYPE_DEFINE(registered_check, REGISTERED_CHECK, "AgentServiceCheck")
TYPE_DEFINE(registered_service, REGISTERED_SERVICE, "AgentServiceRegistration")
/* clang-format on */

static enum err
services_bind(struct run *run, const struct config_sources *sources,
    struct services_file *out)
{
	const struct json *list = json_get(sources->set, "services");
	const struct json *item;
	char why[JSON_WHY_MAX];
	size_t count = 0;

	if (list == NULL)
		return (ERR_OK);
	out->items =
	    arena_array(&run->arena, list->count + 1, sizeof(*out->items));
	for (item = list->first; item != NULL; item = item->next) {
		if (json_to_type(item, JSON_CONFIG, &config_service_type,
			&run->arena, &out->items[count], why) != ERR_OK) {
			buf_put_text(&run->why, why);
			return (ERR_INVALID);
		}
		count++;
	}
	out->count = count;
	return (ERR_OK);
}

bool
services_file_read(struct run *run, struct services_file *out)
{
	struct config_sources sources;
	struct config_flags flags;
	enum err err;
	int i;

	*out = (struct services_file){ 0 };
	config_sources_init(&sources);
	err =
	    config_flags_read(0, run->argv, &sources.arena, &flags, &run->why);
	for (i = 0; i < run->argc; i++)
		flag_list_add(&flags.paths, run->argv[i], &sources.arena);
	if (err == ERR_OK)
		err = config_sources_read(&sources, &flags, &run->why);
	if (err == ERR_OK)
		err = services_bind(run, &sources, out);
	for (size_t n = 0; n < sources.warnings.count; n++)
		say_error("%.*s", SLICE_ARGS(sources.warnings.items[n]));
	if (err != ERR_OK)
		run_fail(run, "Error");
	for (size_t n = 0; err == ERR_OK && n < out->count; n++) {
		struct service_definition kept = { 0 };

		/* What was read lives in the sources, which now end. */
		type_copy(&service_definition_type, &out->items[n], &run->arena,
		    &kept);
		out->items[n] = kept;
	}
	config_sources_deinit(&sources);
	return (err == ERR_OK);
}

void
services_body(const struct service_definition *service, struct buf *body)
{
	struct registered_service registered = { .api = *service };

	json_from_type(&registered_service_type, &registered, body);
}

struct slice
services_id(const struct service_definition *service)
{
	return (service->id.size > 0 ? service->id : service->name);
}
