/* Services; see service.h. */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "check.h"
#include "index.h"
#include "limits.h"
#include "node.h"
#include "service.h"

#define META_RESERVED_PREFIX "consul-"

struct row *
service_find(const struct state *s, struct arena *arena, struct slice node,
    struct slice id)
{
	return (state_find(s, ORDER_SERVICES, KEY(arena, node, id)));
}

bool
service_name_is_there(
    const struct state *s, struct arena *arena, struct slice name)
{
	return (
	    state_first(s, ORDER_SERVICES_BY_NAME, KEY(arena, name)) != NULL);
}

/* --- From the wire, and back. --- */

/* Encoded, or empty where all of it is zero. */
static struct slice
part_encode(struct state *s, const struct type *type, const void *part,
    const void *zero)
{
	struct buf bytes = { 0 };
	struct slice copy;

	if (type_equal(type, part, zero))
		return (slice(NULL, 0));
	type_encode(type, part, &bytes);
	copy = arena_copy(&s->arena, buf_slice(&bytes));
	buf_deinit(&bytes);
	return (copy);
}

/* Consul's ValidateWeights; wrong ones are silently 1 and 1. */
static bool
weights_are_valid(const struct weights *w)
{
	return (w->passing >= 1 && w->warning >= 0 && w->passing <= 65535 &&
		w->warning <= 65535);
}

static void
from_node_service(struct state *s, struct slice node,
    const struct node_service *from, struct service_row *to)
{
	static const struct connect_proxy_config no_proxy;
	static const struct service_connect no_connect;
	struct weights weights = { .passing = 1, .warning = 1 };

	if (from->weights != NULL && weights_are_valid(from->weights))
		weights = *from->weights;
	*to = (struct service_row){
		.node = node,
		.id = from->id,
		.name = from->service,
		.kind = from->kind,
		.address = from->address,
		.tags = from->tags,
		.meta = from->meta,
		.addresses = from->tagged_addresses.items,
		.address_count = from->tagged_addresses.count,
		.proxy = part_encode(
		    s, &connect_proxy_config_type, &from->proxy, &no_proxy),
		.connect = part_encode(
		    s, &service_connect_type, &from->connect, &no_connect),
		.port = from->port,
		.weight_passing = weights.passing,
		.weight_warning = weights.warning,
		.has_tag_override = from->enable_tag_override,
		.indexes = from->indexes,
	};
}

/* Bytes that we encoded ourselves always decode. */
static void
part_decode(const struct type *type, struct slice bytes, struct arena *arena,
    void *part)
{
	if (bytes.size == 0 ||
	    type_decode_all(type, bytes, arena, part) != ERR_OK)
		memset(part, 0, type->size);
}

void
service_to_node_service(const struct service_row *from, struct arena *arena,
    struct node_service *to)
{
	struct weights *weights = arena_alloc(arena, sizeof(*weights));

	weights->passing = from->weight_passing;
	weights->warning = from->weight_warning;
	*to = (struct node_service){
		.id = from->id,
		.service = from->name,
		.kind = from->kind,
		.address = from->address,
		.tags = from->tags,
		.meta = from->meta,
		.port = from->port,
		.weights = weights,
		.enable_tag_override = from->has_tag_override,
		.indexes = from->indexes,
	};
	to->tagged_addresses.items = from->addresses;
	to->tagged_addresses.count = from->address_count;
	part_decode(&connect_proxy_config_type, from->proxy, arena, &to->proxy);
	part_decode(&service_connect_type, from->connect, arena, &to->connect);
}

void
service_to_service_node(const struct service_row *from, const struct node *node,
    struct arena *arena, struct service_node *to)
{
	*to = (struct service_node){
		.id = node->id,
		.node = from->node,
		.address = node->address,
		.datacenter = node->datacenter,
		.tagged_addresses = node->tagged_addresses,
		.node_meta = node->meta,
		.service_id = from->id,
		.service_name = from->name,
		.service_kind = from->kind,
		.service_address = from->address,
		.service_tags = from->tags,
		.service_meta = from->meta,
		.service_port = from->port,
		.service_weights = { .passing = from->weight_passing,
		    .warning = from->weight_warning },
		.service_enable_tag_override = from->has_tag_override,
		.indexes = from->indexes,
	};
	to->service_tagged_addresses.items = from->addresses;
	to->service_tagged_addresses.count = from->address_count;
	/* Consul's ServiceNode.PartialClone: never nil here. */
	if (to->service_tags.items == NULL)
		to->service_tags.items =
		    arena_array(arena, 1, sizeof(struct slice));
	if (to->service_meta.items == NULL)
		to->service_meta.items =
		    arena_array(arena, 1, sizeof(struct pair));
	part_decode(
	    &connect_proxy_config_type, from->proxy, arena, &to->service_proxy);
	part_decode(
	    &service_connect_type, from->connect, arena, &to->service_connect);
}

/* --- Sameness, Consul's IsSameService. --- */

static bool
addresses_same(const struct service_row *a, const struct service_row *of_row)
{
	if (a->address_count != of_row->address_count ||
	    (a->addresses == NULL) != (of_row->addresses == NULL))
		return (false);
	if (a->address_count == 0)
		return (true);
	assert(a->addresses != NULL);
	for (size_t i = 0; i < a->address_count; i++) {
		const struct service_address_entry *other = NULL;

		for (size_t j = 0; j < of_row->address_count; j++)
			if (slice_equal(
				a->addresses[i].key, of_row->addresses[j].key))
				other = &of_row->addresses[j];
		if (other == NULL ||
		    a->addresses[i].value.port != other->value.port ||
		    !slice_equal(
			a->addresses[i].value.address, other->value.address))
			return (false);
	}
	return (true);
}

/* Encodings of equal maps may differ in the order of their keys. */
static bool
part_same(
    struct state *s, const struct type *type, struct slice a, struct slice b)
{
	void *left, *right;

	if (slice_equal(a, b))
		return (true);
	if (a.size != b.size)
		return (false);
	left = arena_alloc(&s->arena, type->size);
	right = arena_alloc(&s->arena, type->size);
	part_decode(type, a, &s->arena, left);
	part_decode(type, b, &s->arena, right);
	return (type_equal(type, left, right));
}

static bool
service_same(struct state *s, const struct service_row *a,
    const struct service_row *of_row)
{
	return (
	    slice_equal_fold(a->node, of_row->node) &&
	    slice_equal(a->id, of_row->id) &&
	    slice_equal(a->name, of_row->name) &&
	    slice_equal(a->kind, of_row->kind) &&
	    slice_equal(a->address, of_row->address) &&
	    a->port == of_row->port &&
	    a->weight_passing == of_row->weight_passing &&
	    a->weight_warning == of_row->weight_warning &&
	    a->has_tag_override == of_row->has_tag_override &&
	    texts_same(&a->tags, &of_row->tags) &&
	    pairs_same(&a->meta, &of_row->meta) && addresses_same(a, of_row) &&
	    part_same(s, &connect_proxy_config_type, a->proxy, of_row->proxy) &&
	    part_same(s, &service_connect_type, a->connect, of_row->connect));
}

/* --- Metadata, Consul's ValidateMetadata. --- */

static bool
meta_key_is_plain(struct slice key)
{
	for (size_t i = 0; i < key.size; i++)
		if (!isalnum(key.data[i]) && key.data[i] != '-' &&
		    key.data[i] != '_')
			return (false);
	return (true);
}

/* What is wrong with a pair, or NULL. */
static const char *
meta_fault(const struct pair *pair)
{
	if (pair->key.size == 0)
		return ("Key cannot be blank");
	if (!meta_key_is_plain(pair->key))
		return ("Key contains invalid characters");
	if (pair->key.size > META_KEY_BYTES_MAX)
		return ("Key is too long (limit: 128 characters)");
	if (slice_starts_with(pair->key, SLICE(META_RESERVED_PREFIX)))
		return ("Key prefix 'consul-' is reserved for internal use");
	if (pair->value.size > META_VALUE_BYTES_MAX)
		return ("Value is too long (limit: 512 characters)");
	return (NULL);
}

static enum err
meta_check(struct state *s, const struct pair_list *meta)
{
	if (meta->count > META_PAIRS_MAX)
		return (state_refuse(s,
		    "Node metadata cannot contain more than %d key/value pairs",
		    META_PAIRS_MAX));
	for (size_t i = 0; i < meta->count; i++) {
		const char *fault = meta_fault(&meta->items[i]);

		if (fault != NULL)
			return (state_refuse(s,
			    "Couldn't load metadata pair ('%.*s', '%.*s'): %s",
			    SLICE_ARGS(meta->items[i].key),
			    SLICE_ARGS(meta->items[i].value), fault));
	}
	return (ERR_OK);
}

/* --- Writing. --- */

/* Consul's ensureServiceTxn. */
enum err
service_set(
    struct state *s, struct slice node, const struct node_service *service)
{
	struct row *row = service_find(s, &s->arena, node, service->id);
	struct service_row new;

	if (meta_check(s, &service->meta) != ERR_OK)
		return (state_refuse_in(s,
		    "Invalid Service Meta for node %.*s and serviceID %.*s: ",
		    SLICE_ARGS(node), SLICE_ARGS(service->id)));
	if (node_find(s, &s->arena, node) == NULL)
		return (state_refuse(s, "Missing node registration"));
	from_node_service(s, node, service, &new);
	if (row != NULL) {
		if (service_same(s, &new, SERVICE_OF(row)))
			return (ERR_OK);
		new.indexes.create_index =
		    SERVICE_OF(row)->indexes.create_index;
	} else if (!s->is_loading) {
		new.indexes.create_index = s->index;
	}
	if (!s->is_loading)
		new.indexes.modify_index = s->index;
	state_put(s, row_of_service(&new));
	index_raise(s, INDEX_SERVICES);
	index_raise_service(s, new.name, new.kind);
	return (ERR_OK);
}

enum err
service_set_cas(struct state *s, struct slice node,
    const struct node_service *service, bool *is_done)
{
	struct row *row = service_find(s, &s->arena, node, service->id);
	uint64_t index =
	    row == NULL ? 0 : SERVICE_OF(row)->indexes.modify_index;

	*is_done = index == service->indexes.modify_index;
	return (*is_done ? service_set(s, node, service) : ERR_OK);
}

static void
checks_delete(struct state *s, const struct service_row *service)
{
	struct slice prefix = KEY(&s->arena, service->node, service->id);
	struct row *row;

	if (service->id.size == 0) /* those would be the node's own */
		return;
	while ((row = state_first(s, ORDER_CHECKS_BY_SERVICE, prefix)) != NULL)
		check_delete(s, row);
}

/* Consul's deleteServiceTxn. The row is kept by the journal. */
void
service_delete(struct state *s, struct row *row)
{
	const struct service_row *service = SERVICE_OF(row);

	checks_delete(s, service);
	index_raise(s, INDEX_CHECKS);
	state_remove(s, row);
	index_raise(s, INDEX_SERVICES);
	index_raise_service(s, service->name, service->kind);
	if (!service_name_is_there(s, &s->arena, service->name)) {
		index_drop_service(s, service->name);
		index_raise(s, INDEX_EXTINCTION);
	}
}

bool
service_delete_cas(
    struct state *s, struct slice node, struct slice id, uint64_t index)
{
	struct row *row = service_find(s, &s->arena, node, id);

	if (row == NULL || SERVICE_OF(row)->indexes.modify_index != index)
		return (false);
	service_delete(s, row);
	return (true);
}
