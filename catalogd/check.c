/* Checks; see check.h. */
#include <string.h>

#include "check.h"
#include "index.h"
#include "node.h"
#include "service.h"
#include "session.h"

struct row *
check_find(const struct state *s, struct arena *arena, struct slice node,
    struct slice id)
{
	return (state_find(s, ORDER_CHECKS, KEY(arena, node, id)));
}

/* --- From the wire, and back. --- */

static struct slice
definition_encode(struct state *s, const struct health_check_definition *d)
{
	static const struct health_check_definition none;
	struct buf bytes = { 0 };
	struct slice copy;

	if (type_equal(&health_check_definition_type, d, &none))
		return (slice(NULL, 0));
	type_encode(&health_check_definition_type, d, &bytes);
	copy = arena_copy(&s->arena, buf_slice(&bytes));
	buf_deinit(&bytes);
	return (copy);
}

static void
from_health_check(
    struct state *s, const struct health_check *from, struct check_row *to)
{
	*to = (struct check_row){
		.node = from->node,
		.id = from->check_id,
		.name = from->name,
		.status = from->status.size > 0 ? from->status : CRITICAL,
		.notes = from->notes,
		.output = from->output,
		.service_id = from->service_id,
		.service_name = from->service_name,
		.service_tags = from->service_tags,
		.type = from->type,
		.definition = definition_encode(s, &from->definition),
		.indexes = from->indexes,
	};
}

void
check_to_health_check(
    const struct check_row *from, struct arena *arena, struct health_check *to)
{
	*to = (struct health_check){
		.node = from->node,
		.check_id = from->id,
		.name = from->name,
		.status = from->status,
		.notes = from->notes,
		.output = from->output,
		.service_id = from->service_id,
		.service_name = from->service_name,
		.service_tags = from->service_tags,
		.type = from->type,
		.indexes = from->indexes,
	};
	/* Bytes that we encoded ourselves always decode. */
	if (from->definition.size > 0 &&
	    type_decode_all(&health_check_definition_type, from->definition,
		arena, &to->definition) != ERR_OK)
		memset(&to->definition, 0, sizeof(to->definition));
}

/* --- Writing. --- */

static bool
definition_same(struct state *s, struct slice a, struct slice b)
{
	struct health_check_definition left = { 0 }, right = { 0 };

	if (slice_equal(a, b))
		return (true);
	/* The headers of equal ones may stand in another order. */
	return (a.size == b.size &&
		type_decode_all(&health_check_definition_type, a, &s->arena,
		    &left) == ERR_OK &&
		type_decode_all(&health_check_definition_type, b, &s->arena,
		    &right) == ERR_OK &&
		type_equal(&health_check_definition_type, &left, &right));
}

/* Consul's HealthCheck.IsSame; it leaves out the type. */
static bool
check_same(
    struct state *s, const struct check_row *a, const struct check_row *of_row)
{
	return (slice_equal_fold(a->node, of_row->node) &&
		slice_equal(a->id, of_row->id) &&
		slice_equal(a->name, of_row->name) &&
		slice_equal(a->status, of_row->status) &&
		slice_equal(a->notes, of_row->notes) &&
		slice_equal(a->output, of_row->output) &&
		slice_equal(a->service_id, of_row->service_id) &&
		slice_equal(a->service_name, of_row->service_name) &&
		texts_same(&a->service_tags, &of_row->service_tags) &&
		definition_same(s, a->definition, of_row->definition));
}

/* Service name and tags of a check are those of its service. */
static enum err
service_join(
    struct state *s, struct check_row *check, const struct service_row **of)
{
	struct row *row;

	*of = NULL;
	if (node_find(s, &s->arena, check->node) == NULL)
		return (state_refuse(s, "Missing node registration"));
	if (check->service_id.size == 0)
		return (ERR_OK);
	row = service_find(s, &s->arena, check->node, check->service_id);
	if (row == NULL)
		return (state_refuse(s, "Missing service registration"));
	*of = SERVICE_OF(row);
	check->service_name = (*of)->name;
	check->service_tags = (*of)->tags;
	return (ERR_OK);
}

static void
services_raise(
    struct state *s, struct slice node, const struct service_row *service)
{
	if (service != NULL)
		index_raise_service(s, service->name, service->kind);
	else
		node_raise_services(s, node);
}

static void
indexes_set(struct state *s, struct check_row *check, const struct row *old,
    bool is_changed)
{
	if (old != NULL)
		check->indexes = CHECK_OF(old)->indexes;
	else if (!s->is_loading)
		check->indexes.create_index = s->index;
	if (is_changed && !s->is_loading)
		check->indexes.modify_index = s->index;
}

/* Consul's ensureCheckTxn: a check that says nothing new is stored again all
 * the same, which moves the index of the table, and of nothing else. */
enum err
check_set(struct state *s, const struct health_check *given)
{
	struct row *old =
	    check_find(s, &s->arena, given->node, given->check_id);
	const struct service_row *service;
	struct check_row new;
	bool is_changed;
	enum err err;

	if (node_find(s, &s->arena, given->node) == NULL)
		return (state_refuse(s, "Missing node registration"));
	if (given->check_id.size == 0)
		return (state_refuse(s, "missing value for index 'id'"));
	from_health_check(s, given, &new);
	err = service_join(s, &new, &service);
	if (err != ERR_OK)
		return (err);
	is_changed = old == NULL || !check_same(s, &new, CHECK_OF(old));
	if (is_changed)
		services_raise(s, new.node, service);
	if (slice_equal(new.status, CRITICAL))
		sessions_destroy_of_check(s, new.node, new.id);
	indexes_set(s, &new, old, is_changed);
	state_put(s, row_of_check(&new));
	index_raise(s, INDEX_CHECKS);
	return (ERR_OK);
}

enum err
check_set_cas(struct state *s, const struct health_check *given, bool *is_done)
{
	struct row *row =
	    check_find(s, &s->arena, given->node, given->check_id);
	uint64_t index = row == NULL ? 0 : CHECK_OF(row)->indexes.modify_index;

	*is_done = index == given->indexes.modify_index;
	return (*is_done ? check_set(s, given) : ERR_OK);
}

/* Consul's deleteCheckTxn. The row is kept by the journal. */
void
check_delete(struct state *s, struct row *row)
{
	const struct check_row *check = CHECK_OF(row);

	if (check->service_id.size > 0) {
		struct row *service =
		    service_find(s, &s->arena, check->node, check->service_id);

		if (service != NULL)
			index_raise_service(
			    s, check->service_name, SERVICE_OF(service)->kind);
	} else {
		node_raise_services(s, check->node);
		index_raise(s, INDEX_SERVICES);
	}
	state_remove(s, row);
	index_raise(s, INDEX_CHECKS);
	sessions_destroy_of_check(s, check->node, check->id);
}

bool
check_delete_cas(
    struct state *s, struct slice node, struct slice id, uint64_t index)
{
	struct row *row = check_find(s, &s->arena, node, id);

	if (row == NULL || CHECK_OF(row)->indexes.modify_index != index)
		return (false);
	check_delete(s, row);
	return (true);
}
