/* Services and checks of configuration files; see config_definitions.h. */
#include <ctype.h>
#include <stdio.h>

#include "config_definitions.h"
#include "config_tree.h"
#include "limits.h"

#define WEIGHT_MAX 65535

static void
weights_complete(struct json *weights, struct arena *arena)
{
	static const char *const keys[] = { "passing", "warning" };
	struct json *one;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (config_tree_find(weights, keys[i]) != NULL)
			continue;
		one = config_tree_text(arena, "1");
		one->kind = JSON_NUMBER;
		config_tree_put(weights, keys[i], one, arena);
	}
}

static void
service_gather(struct json *service, struct arena *arena)
{
	struct json *check = config_tree_take(service, "check");
	struct json *weights = config_tree_take(service, "weights");
	struct json *connect = config_tree_take(service, "connect");
	struct json *sidecar;

	if (check != NULL)
		config_tree_append(service, "checks", check, arena);
	if (weights != NULL) {
		weights_complete(weights, arena);
		config_tree_put(service, "weights", weights, arena);
	}
	if (connect == NULL)
		return;
	sidecar = config_tree_take(connect, "sidecar_service");
	if (sidecar != NULL) {
		service_gather(sidecar, arena);
		config_tree_put(connect, "sidecar_service", sidecar, arena);
	}
	config_tree_put(service, "connect", connect, arena);
}

void
config_definitions_gather(struct json *tree, struct arena *arena)
{
	struct json *single, *services, *service;

	if ((single = config_tree_take(tree, "service")) != NULL)
		config_tree_append(tree, "services", single, arena);
	if ((single = config_tree_take(tree, "check")) != NULL)
		config_tree_append(tree, "checks", single, arena);
	if ((services = config_tree_take(tree, "services")) == NULL)
		return;
	for (service = services->first; service != NULL;
	     service = service->next)
		service_gather(service, arena);
	config_tree_put(tree, "services", services, arena);
}

static bool
is_meta_key(struct slice key)
{
	size_t i;

	for (i = 0; i < key.size; i++) {
		if (!isalnum(key.data[i]) && key.data[i] != '_' &&
		    key.data[i] != '-')
			return (false);
	}
	return (true);
}

static const char *
pair_mistake(const struct pair *pair, bool may_be_reserved)
{
	if (pair->key.size == 0)
		return ("Key cannot be blank");
	if (!is_meta_key(pair->key))
		return ("Key contains invalid characters");
	if (pair->key.size > META_KEY_BYTES_MAX)
		return ("Key is too long (limit: 128 characters)");
	if (!may_be_reserved && slice_starts_with(pair->key, SLICE("consul-")))
		return ("Key prefix 'consul-' is reserved for internal use");
	if (pair->value.size > META_VALUE_BYTES_MAX)
		return ("Value is too long (limit: 512 characters)");
	return (NULL);
}

enum err
config_meta_check(const struct pair_list *meta, struct buf *why)
{
	return (config_meta_filter_check(meta, false, why));
}

enum err
config_meta_filter_check(
    const struct pair_list *meta, bool may_be_reserved, struct buf *why)
{
	const char *mistake;
	size_t i;

	if (meta->count > META_PAIRS_MAX) {
		buf_printf(why,
		    "Node metadata cannot contain more than %d key/value "
		    "pairs",
		    META_PAIRS_MAX);
		return (ERR_INVALID);
	}
	for (i = 0; i < meta->count; i++) {
		mistake = pair_mistake(&meta->items[i], may_be_reserved);
		if (mistake == NULL)
			continue;
		buf_printf(why,
		    "Couldn't load metadata pair ('%.*s', '%.*s'): %s",
		    SLICE_ARGS(meta->items[i].key),
		    SLICE_ARGS(meta->items[i].value), mistake);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

static const char *
weights_mistake(const struct weights *w)
{
	if (w == NULL)
		return (NULL);
	if (w->passing < 1)
		return ("Passing must be greater than 0");
	if (w->warning < 0)
		return ("Warning must be greater or equal than 0");
	if (w->passing > WEIGHT_MAX || w->warning > WEIGHT_MAX)
		return ("DNS Weight must be between 0 and 65535");
	return (NULL);
}

/* Source: structs.go, NodeService.Validate. */
static enum err
proxy_check(const struct service_definition *s, struct buf *why)
{
	struct config_errors errors = { 0 };
	struct buf reason = { 0 };
	enum err err;

	if (!slice_is(s->kind, "connect-proxy"))
		return (ERR_OK);
	if (s->proxy == NULL || s->proxy->destination_service_name.size == 0)
		config_errors_add(&errors,
		    "Proxy.DestinationServiceName must be non-empty for "
		    "Connect proxy services");
	if (s->port == 0)
		config_errors_add(
		    &errors, "Port must be set for a Connect proxy");
	err = config_errors_tell(&errors, &reason);
	if (err != ERR_OK)
		buf_printf(why, "service \"%.*s\": %s", SLICE_ARGS(s->name),
		    buf_text(&reason));
	buf_deinit(&reason);
	config_errors_deinit(&errors);
	return (err);
}

enum err
config_proxies_check(const struct config *config, struct buf *why)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; err == ERR_OK && i < config->service_count; i++)
		err = proxy_check(&config->services[i], why);
	return (err);
}

static void
gateway_mode_check(struct slice mode, struct config_errors *errors)
{
	static const char *const modes[] = { "", "none", "local", "remote" };
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (slice_is(mode, modes[i]))
			return;
	}
	config_errors_add(
	    errors, "Invalid Mesh Gateway Mode: \"%.*s\"", SLICE_ARGS(mode));
}

/* Of a service and of its sidecar. */
static void
gateway_modes_check(
    const struct service_definition *s, struct config_errors *errors)
{
	const struct connect_proxy_config *proxy = s->proxy;
	size_t i;

	if (s->connect != NULL && s->connect->sidecar_service != NULL)
		gateway_modes_check(s->connect->sidecar_service, errors);
	if (proxy == NULL)
		return;
	gateway_mode_check(proxy->mesh_gateway.mode, errors);
	for (i = 0; i < proxy->upstreams.count; i++)
		gateway_mode_check(
		    proxy->upstreams.items[i].mesh_gateway.mode, errors);
}

void
config_definitions_check(
    const struct config *config, struct config_errors *errors)
{
	const struct service_definition *s;
	struct buf why = { 0 };
	const char *mistake;
	size_t i;

	for (i = 0; i < config->service_count; i++) {
		s = &config->services[i];
		buf_reset(&why);
		if (config_meta_check(&s->meta, &why) != ERR_OK)
			config_errors_add(errors,
			    "invalid meta for service %.*s: %s",
			    SLICE_ARGS(s->name), buf_text(&why));
		gateway_modes_check(s, errors);
		mistake = weights_mistake(s->weights);
		if (mistake != NULL)
			config_errors_add(errors,
			    "Invalid weight definition for service %.*s: %s",
			    SLICE_ARGS(s->name), mistake);
	}
	buf_deinit(&why);
}
