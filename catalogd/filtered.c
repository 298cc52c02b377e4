/* Answers by their filters; see filtered.h. */
#include "filtered.h"

#include <string.h>

#include "type_shape.h"

/* Where the rows of a reply are: lists of structs, or a map's values. */
typedef struct any_list *rows_fn(void *reply);

#define ROWS(reply_, member)                               \
	static struct any_list *reply_##_rows(void *reply) \
	{                                                  \
		struct reply_ *r = reply;                  \
                                                           \
		return ((void *)&r->member);               \
	}

ROWS(indexed_nodes, nodes)
ROWS(indexed_service_nodes, service_nodes)
ROWS(indexed_health_checks, health_checks)
ROWS(indexed_check_service_nodes, nodes)
ROWS(indexed_node_dump, dump)

static struct any_list *
indexed_node_services_rows(void *reply)
{
	struct indexed_node_services *r = reply;

	return (r->node_services == NULL ? NULL
					 : (void *)&r->node_services->services);
}

static struct any_list *
indexed_node_service_list_rows(void *reply)
{
	struct indexed_node_service_list *r = reply;

	return (r->node_services.node == NULL
		    ? NULL
		    : (void *)&r->node_services.services);
}

struct filtered_row {
	rows_fn *rows;
	const struct type *type; /* of a row */
	enum kind kind;		 /* of the list */
};

/* clang-format off */
#define FILTERED(X)                                                            \
	X(Catalog, ListNodes,       indexed_nodes,               node,               LIST) \
	X(Catalog, ServiceNodes,    indexed_service_nodes,       service_node,       LIST) \
	X(Catalog, NodeServices,    indexed_node_services,       node_service,       MAP)  \
	X(Catalog, NodeServiceList, indexed_node_service_list,   node_service,       LIST) \
	X(Health,  ChecksInState,   indexed_health_checks,       health_check,       LIST) \
	X(Health,  NodeChecks,      indexed_health_checks,       health_check,       LIST) \
	X(Health,  ServiceChecks,   indexed_health_checks,       health_check,       LIST) \
	X(Health,  ServiceNodes,    indexed_check_service_nodes, check_service_node, LIST) \
	X(Internal, NodeDump,       indexed_node_dump,           node_info,          LIST) \
	X(Internal, ServiceDump,    indexed_check_service_nodes, check_service_node, LIST)

static const struct filtered_row filtered_rows[METHOD_COUNT] = {
#define X(service, method, reply, type, kind)                                  \
	[METHOD_##service##_##method] = { reply##_rows, &type##_type, KIND_##kind },
	FILTERED(X)
#undef X
};
/* clang-format on */

enum err
filtered_read(enum method method, struct slice text, struct arena *arena,
    const struct filter **out, struct buf *why)
{
	const struct filtered_row *row = &filtered_rows[method];

	*out = NULL;
	if (row->rows == NULL)
		return (ERR_OK);
	return (filter_read(text, row->type, arena, out, why));
}

void
filtered_apply(enum method method, const struct filter *filter, void *reply)
{
	const struct filtered_row *row = &filtered_rows[method];
	struct any_list *list = filter == NULL ? NULL : row->rows(reply);
	size_t size, at, kept = 0;

	if (list == NULL)
		return;
	if (list->items == NULL)
		list->items = TYPE_EMPTY;
	size = kind_element_size(row->kind, row->type);
	at = row->kind == KIND_MAP ? ENTRY_VALUE_OFFSET : 0;
	for (size_t i = 0; i < list->count; i++) {
		char *item = (char *)list->items + i * size;

		if (!filter_holds(filter, item + at))
			continue;
		if (kept < i)
			memcpy((char *)list->items + kept * size, item, size);
		kept++;
	}
	list->count = kept;
}
