/* See figures.h. */
#include "figures.h"
#include "metrics.h"

static const struct {
	enum fsm_type type;
	enum metric_id metric;
	bool has_op; /* is its label */
} entries[] = {
	{ FSM_REGISTER, METRIC_fsm_register, false },
	{ FSM_DEREGISTER, METRIC_fsm_deregister, false },
	{ FSM_KVS, METRIC_fsm_kvs, true },
	{ FSM_SESSION, METRIC_fsm_session, true },
	{ FSM_TOMBSTONE, METRIC_fsm_tombstone, true },
	{ FSM_COORDINATES, METRIC_fsm_coordinate, false },
	{ FSM_TXN, METRIC_fsm_txn, false },
	{ FSM_QUERY, METRIC_fsm_query, true },
	{ FSM_AUTOPILOT, METRIC_fsm_autopilot, false },
};

void
figures_applied(
    uint8_t type, const struct fsm_result *result, struct instant begun)
{
	double ms = milliseconds_since(begun);

	metrics_add(METRIC_raft_fsm_apply, ms);
	type &= (uint8_t)~FSM_IGNORE_UNKNOWN;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		if ((uint8_t)entries[i].type != type)
			continue;
		if (entries[i].has_op)
			metrics_add_labelled(
			    entries[i].metric, &result->op, ms);
		else
			metrics_add(entries[i].metric, ms);
	}
}

/* --- Services. --- */

struct service_metrics {
	enum metric_id query;
	enum metric_id query_tag;
	enum metric_id query_tags;
	enum metric_id not_found;
};

/* Consul shows of several tags the last one, in their order. */
static struct slice
last_tag(const struct slice_list *tags)
{
	struct slice last = tags->items[0];

	for (size_t i = 1; i < tags->count; i++)
		if (slice_compare(tags->items[i], last) > 0)
			last = tags->items[i];
	return (last);
}

static void
service_measure(const struct service_metrics *m,
    const struct service_specific_request *q, bool is_found)
{
	struct slice labels[2] = { q->service_name };

	if (q->connect)
		return;
	metrics_add_for(m->query, q->service_name);
	if (q->service_tag.size > 0) {
		labels[1] = q->service_tag;
		metrics_add_labelled(m->query_tag, labels, 1);
	}
	if (q->service_tags.count > 0) {
		labels[1] = last_tag(&q->service_tags);
		metrics_add_labelled(m->query_tags, labels, 1);
	}
	if (!is_found)
		metrics_add_for(m->not_found, q->service_name);
}

void
figures_read(enum method method, const void *request, const void *reply)
{
	static const struct service_metrics catalog = {
		METRIC_catalog_query,
		METRIC_catalog_query_tag,
		METRIC_catalog_query_tags,
		METRIC_catalog_not_found,
	};
	static const struct service_metrics health = {
		METRIC_health_query,
		METRIC_health_query_tag,
		METRIC_health_query_tags,
		METRIC_health_not_found,
	};
	const struct indexed_service_nodes *nodes = reply;
	const struct indexed_check_service_nodes *checked = reply;

	if (method == METHOD_Catalog_ServiceNodes)
		service_measure(
		    &catalog, request, nodes->service_nodes.count > 0);
	else if (method == METHOD_Health_ServiceNodes)
		service_measure(&health, request, checked->nodes.count > 0);
}
