/* See figures.h. */
#include <string.h>

#include "figures.h"

void
figures_init(struct figures *f, const struct config *config)
{
	struct slice node = slice_of_text(config->node_name);

	f->domain = metrics_fixed(METRIC_dns_query, &node);
	f->pointer = metrics_fixed(METRIC_dns_ptr, &node);
}

static bool
is_below(const struct dns_query *q, const void *zone, size_t size)
{
	return (size > 1 && q->name_size >= size &&
		memcmp(q->folded + q->name_size - size, zone, size) == 0);
}

void
figures_answered(struct figures *f, const struct dns_settings *settings,
    const struct dns_query *q, struct instant begun)
{
	static const char arpa[] = "\4arpa"; /* with the root's empty label */
	struct metric *m = NULL;

	if (is_below(q, settings->domain.data, settings->domain.size) ||
	    is_below(q, settings->alt_domain.data, settings->alt_domain.size))
		m = f->domain;
	else if (is_below(q, arpa, sizeof(arpa)))
		m = f->pointer;
	if (m == NULL)
		return;
	f->at = instant_now();
	metric_add(m, (double)instant_since(f->at, begun).ns / 1e6);
}
