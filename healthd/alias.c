/* What an alias check shows; see alias.h. */
#include "alias.h"

bool
alias_is_local(const struct local *l, const struct local_check *c)
{
	return (c->kind == CHECK_ALIAS &&
		(c->type.alias_node.size == 0 ||
		    slice_equal_fold(c->type.alias_node, l->config.node)));
}

/* The worst wins, and among equals the first; a critical one is the end. */
void
alias_look(struct alias_view *v, const struct health_check *check)
{
	enum check_status status = CHECK_CRITICAL;
	bool is_match = slice_equal(check->service_id, v->service_id);

	if (slice_equal(check->check_id, v->self) ||
	    (check->service_id.size > 0 && !is_match))
		return;
	v->has_checks = true;
	v->is_service_seen |= is_match;
	(void)check_status_parse(check->status, &status);
	if (status <= v->status)
		return;
	v->status = status;
	buf_reset(v->text);
	buf_printf(v->text,
	    "Aliased check \"%.*s\" failing: ", SLICE_ARGS(check->name));
	buf_put_slice(v->text, check->output);
	if (v->text->size > v->output_max)
		v->text->size = v->output_max;
}

enum check_status
alias_judge(struct alias_view *v, bool is_service_there)
{
	if (!v->is_service_seen && !is_service_there) {
		buf_reset(v->text);
		buf_printf(v->text,
		    "Service %.*s could not be found on node %.*s",
		    SLICE_ARGS(v->service_id), SLICE_ARGS(v->node));
		return (CHECK_CRITICAL);
	}
	if (v->status == CHECK_PASSING)
		buf_put_text(v->text,
		    v->has_checks ? "All checks passing." : "No checks found.");
	return (v->status);
}

enum check_status
alias_of_local(
    const struct local *l, const struct local_check *c, struct buf *text)
{
	struct alias_view v = {
		.self = c->row.id,
		.service_id = c->type.alias_service,
		.node = c->type.alias_node,
		.output_max = l->config.output_max,
		.text = text,
	};

	for (size_t i = 0; i < l->checks.count; i++) {
		const struct local_check *other =
		    (const struct local_check *)l->checks.rows[i];

		if (!other->mark.is_deleted)
			alias_look(&v, &other->check);
	}
	return (
	    alias_judge(&v, v.service_id.size == 0 ||
				local_service_find(l, v.service_id) != NULL));
}
