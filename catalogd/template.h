/*
 * Templates: prepared queries whose service is made of the name they are
 * asked by.
 *
 * Source  Consul's prepared_query/template.go and walk.go; api/semantics.md 12
 */
#ifndef CATALOGD_TEMPLATE_H
#define CATALOGD_TEMPLATE_H

#include "arena.h"
#include "rpc_types.h"

#define TEMPLATE_NAME_PREFIX_MATCH "name_prefix_match"
#define TEMPLATE_GROUPS_MAX	   100 /* ours; of a regular expression */

/*
 * What a template makes of `name`, asked by an agent in this segment.
 *
 * Memory  *out lends from the template and from the arena
 * Errors  ERR_INVALID, and Consul's text in *why
 */
MUST_CHECK enum err template_render(const struct prepared_query *,
    struct slice name, struct slice segment, struct arena *,
    struct prepared_query *out, struct buf *why);

#endif
