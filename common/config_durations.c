/*
 * Durations are texts until all sources are merged; then each must be one.
 *
 * Source  api/config.md 1; where Consul prints another name than the key's
 *         path, so do we
 */
#include <string.h>

#include "config_keys.h"
#include "config_tree.h"
#include "type_shape.h"

static const struct {
	const char *path;
	const char *shown;
} odd_names[] = {
	{ "dns_config.recursor_timeout", "recursor_timeout" },
	{ "gossip_lan.gossip_interval", "gossip_lan..gossip_interval" },
	{ "gossip_lan.probe_interval", "gossip_lan..probe_interval" },
	{ "gossip_lan.probe_timeout", "gossip_lan..probe_timeout" },
	{ "gossip_wan.gossip_interval", "gossip_wan..gossip_interval" },
	{ "gossip_wan.probe_interval", "gossip_wan..probe_interval" },
	{ "gossip_wan.probe_timeout", "gossip_wan..probe_timeout" },
	{ "telemetry.prometheus_retention_time", "prometheus_retention_time" },
};

static enum err
duration_check(const char *name, const struct json *value, struct buf *why)
{
	struct duration span;
	char reason[512];
	enum err err;
	size_t i;

	err = duration_parse(value->text, &span, reason, sizeof(reason));
	if (err == ERR_OK)
		return (ERR_OK);
	for (i = 0; i < sizeof(odd_names) / sizeof(odd_names[0]); i++) {
		if (strcmp(odd_names[i].path, name) == 0)
			name = odd_names[i].shown;
	}
	buf_printf(why,
	    "1 error occurred:\n\t* %s: invalid duration: \"%.*s\": %s\n\n",
	    name, SLICE_ARGS(value->text), reason);
	return (err);
}

/* dns_config.service_ttl is a map whose values are durations. */
static enum err
service_ttl_check(const struct json *map, struct buf *why)
{
	const struct json *value;
	struct buf name = { 0 };
	enum err err = ERR_OK;

	for (value = map->first; err == ERR_OK && value != NULL;
	     value = value->next) {
		buf_reset(&name);
		buf_printf(&name, "dns_config.service_ttl[\"%.*s\"]",
		    SLICE_ARGS(value->key));
		err = duration_check(buf_text(&name), value, why);
	}
	buf_deinit(&name);
	return (err);
}

static enum err struct_check(const struct json *, const struct type *,
    struct slice path, struct buf *why);

/* What one row holds. `path` ends in the row's name. */
static enum err
value_check(const struct json *value, const struct slot *slot, struct buf *path,
    struct buf *why)
{
	const struct json *child;
	enum err err = ERR_OK;

	switch (slot->field->kind) {
	case KIND_DURATION:
		return (duration_check(buf_text(path), value, why));
	case KIND_STRUCT:
	case KIND_PTR:
		return (struct_check(value, slot->type, buf_slice(path), why));
	case KIND_LIST:
		for (child = value->first; err == ERR_OK && child != NULL;
		     child = child->next)
			err = struct_check(
			    child, slot->type, buf_slice(path), why);
		return (err);
	case KIND_MAP_STR:
		if (strcmp(buf_text(path), "dns_config.service_ttl") == 0)
			return (service_ttl_check(value, why));
		return (ERR_OK);
	default:
		return (ERR_OK);
	}
}

/* Checks are named by their id: check[id].ttl. */
static void
put_prefix(struct buf *out, const struct json *object, const struct type *type,
    struct slice path)
{
	const struct json *id;

	if (type == &config_check_type || type == &config_check_type_type) {
		id = config_tree_find(object, "id");
		buf_printf(out, "check[%.*s].",
		    id != NULL ? (int)id->text.size : 0,
		    id != NULL ? (const char *)id->text.data : "");
	} else if (path.size > 0) {
		buf_printf(out, "%.*s.", SLICE_ARGS(path));
	}
}

static enum err
struct_check(const struct json *object, const struct type *type,
    struct slice path, struct buf *why)
{
	const struct shape *shape = type_shape(type);
	const struct json *value;
	struct buf name = { 0 };
	enum err err = ERR_OK;
	size_t i, size;

	if (type->is_bare)
		return (ERR_OK);
	put_prefix(&name, object, type, path);
	size = name.size;
	for (value = object->first; err == ERR_OK && value != NULL;
	     value = value->next) {
		for (i = 0; i < shape->count; i++) {
			if (slice_equal(
				field_name(shape->wire[i].field), value->key))
				break;
		}
		if (i == shape->count)
			continue;
		name.size = size;
		buf_put_slice(&name, value->key);
		err = value_check(value, &shape->wire[i], &name, why);
	}
	buf_deinit(&name);
	return (err);
}

enum err
config_tree_check_durations(
    const struct json *tree, const struct type *type, struct buf *why)
{
	return (struct_check(tree, type, slice(NULL, 0), why));
}
