/* Nodes; see node.h. */
#include <string.h>

#include "check.h"
#include "coordinate.h"
#include "index.h"
#include "node.h"
#include "service.h"
#include "session.h"

struct row *
node_find(const struct state *s, struct arena *arena, struct slice name)
{
	return (state_find(s, ORDER_NODES, KEY(arena, name)));
}

struct row *
node_find_id(const struct state *s, struct slice id)
{
	uint8_t uuid[UUID_SIZE];

	if (uuid_parse(id, uuid, NULL) != ERR_OK)
		return (NULL);
	return (state_find(s, ORDER_NODES_BY_ID, slice(uuid, UUID_SIZE)));
}

/* The digits in front of a UUID as bytes. Consul cuts off the last character
 * where their number is odd, dashes counted; and what then has an odd number of
 * digits finds nothing. Returns how many bytes, 0 if that is no UUID. */
static size_t
prefix_parse(struct slice text, uint8_t prefix[UUID_SIZE])
{
	size_t digits = 0;

	for (size_t i = 0; i < (text.size & ~(size_t)1); i++) {
		uint8_t c = text.data[i];
		int value = uuid_digit(c);

		if (c == '-')
			continue;
		if (value < 0 || digits == (size_t)2 * UUID_SIZE)
			return (0);
		prefix[digits / 2] = (uint8_t)(prefix[digits / 2] << 4 | value);
		digits++;
	}
	return (digits % 2 == 0 ? digits / 2 : 0);
}

struct row *
node_find_id_prefix(const struct state *s, struct slice digits)
{
	uint8_t bytes[UUID_SIZE] = { 0 };
	struct slice prefix = slice(bytes, prefix_parse(digits, bytes));
	struct row *row;

	if (prefix.size == 0)
		return (NULL);
	row = state_first(s, ORDER_NODES_BY_ID, prefix);
	if (row == NULL ||
	    state_next(s, ORDER_NODES_BY_ID, prefix, row) != NULL)
		return (NULL);
	return (row);
}

void
node_raise_services(struct state *s, struct slice name)
{
	struct slice prefix = KEY(&s->arena, name);
	struct row *row;

	STATE_EACH(s, ORDER_SERVICES, prefix, row)
	index_raise_service(s, SERVICE_OF(row)->name, SERVICE_OF(row)->kind);
}

/* Whoever holds the name is alive by its serfHealth. Without that check it is
 * an external node, whose name may be taken. */
static bool
is_healthy(struct state *s, struct slice name)
{
	struct row *check = check_find(s, &s->arena, name, SERF_CHECK_ID);

	return (
	    check != NULL && !slice_equal(CHECK_OF(check)->status, CRITICAL));
}

/* Consul's ensureNoNodeWithSimilarNameTxn. */
static enum err
name_is_free(struct state *s, const struct node *node, bool may_lack_id)
{
	struct row *row = node_find(s, &s->arena, node->node);
	const struct node *holder;

	if (row == NULL)
		return (ERR_OK);
	holder = NODE_OF(row);
	if (slice_equal(holder->id, node->id) ||
	    (holder->id.size == 0 && may_lack_id) ||
	    !is_healthy(s, holder->node))
		return (ERR_OK);
	return (state_refuse(s,
	    "Node name %.*s is reserved by node %.*s with name %.*s (%.*s)",
	    SLICE_ARGS(node->node), SLICE_ARGS(holder->id),
	    SLICE_ARGS(holder->node), SLICE_ARGS(holder->address)));
}

/* The node of this id has another name: it goes, with all that it has. */
static enum err
node_rename(struct state *s, const struct node *node, struct slice old_name)
{
	if (name_is_free(s, node, false) != ERR_OK)
		return (state_refuse_in(s,
		    "Error while renaming Node ID: \"%.*s\" (%.*s): ",
		    SLICE_ARGS(node->id), SLICE_ARGS(node->address)));
	node_delete(s, old_name);
	return (ERR_OK);
}

static bool
node_same(const struct node *a, const struct node *of_row)
{
	return (slice_equal(a->id, of_row->id) &&
		slice_equal(a->node, of_row->node) &&
		slice_equal(a->address, of_row->address) &&
		slice_equal(a->datacenter, of_row->datacenter) &&
		pairs_same(&a->tagged_addresses, &of_row->tagged_addresses) &&
		pairs_same(&a->meta, &of_row->meta));
}

static void
node_insert(struct state *s, const struct node *node)
{
	state_put(s, row_of_node(node));
	index_raise(s, INDEX_NODES);
	node_raise_services(s, node->node);
}

/* Who is there already: by id, then by name. *existing is copied into the
 * arena, since the row may go with a renaming. */
static enum err
node_existing(
    struct state *s, const struct node *node, const struct node **existing)
{
	struct row *row = node_find_id(s, node->id);

	*existing = NULL;
	if (row != NULL) {
		struct node *copy = arena_alloc(&s->arena, sizeof(*copy));

		type_copy(&node_type, NODE_OF(row), &s->arena, copy);
		*existing = copy;
		if (!slice_equal(copy->node, node->node))
			return (node_rename(s, node, copy->node));
		return (ERR_OK);
	}
	if (node->id.size > 0 && name_is_free(s, node, true) != ERR_OK)
		return (state_refuse_in(s,
		    "Error while renaming Node ID: \"%.*s\": ",
		    SLICE_ARGS(node->id)));
	row = node_find(s, &s->arena, node->node);
	if (row != NULL)
		*existing = NODE_OF(row);
	return (ERR_OK);
}

/* Consul's ensureNodeTxn. */
enum err
node_set(struct state *s, const struct node *node)
{
	struct node new = *node;
	const struct node *existing;
	enum err err;

	if (node->node.size == 0)
		return (state_refuse(s, "missing value for index 'id'"));
	err = node_existing(s, node, &existing);
	if (err != ERR_OK)
		return (err);
	if (existing != NULL) {
		if (node_same(node, existing))
			return (ERR_OK);
		new.indexes.create_index = existing->indexes.create_index;
		new.indexes.modify_index = s->index;
	} else if (!s->is_loading || node->indexes.create_index == 0) {
		new.indexes.create_index = s->index;
		new.indexes.modify_index = s->index;
	}
	node_insert(s, &new);
	return (ERR_OK);
}

enum err
node_set_cas(struct state *s, const struct node *node, bool *is_done)
{
	struct row *row = node_find(s, &s->arena, node->node);
	uint64_t index = row == NULL ? 0 : NODE_OF(row)->indexes.modify_index;

	*is_done = index == node->indexes.modify_index;
	return (*is_done ? node_set(s, node) : ERR_OK);
}

/* Consul's deleteNodeTxn. */
void
node_delete(struct state *s, struct slice name)
{
	struct slice prefix = KEY(&s->arena, name);
	struct row *node = state_find(s, ORDER_NODES, prefix);
	struct row *row;

	if (node == NULL)
		return;
	node_raise_services(s, name);
	while ((row = state_first(s, ORDER_SERVICES, prefix)) != NULL)
		service_delete(s, row);
	while ((row = state_first(s, ORDER_CHECKS, prefix)) != NULL)
		check_delete(s, row);
	coordinates_delete(s, name);
	state_remove(s, node);
	index_raise(s, INDEX_NODES);
	while ((row = state_first(s, ORDER_SESSIONS_BY_NODE, prefix)) != NULL)
		session_destroy(s, row);
}

bool
node_delete_cas(struct state *s, struct slice name, uint64_t index)
{
	struct row *row = node_find(s, &s->arena, name);

	if (row == NULL || NODE_OF(row)->indexes.modify_index != index)
		return (false);
	node_delete(s, name);
	return (true);
}
