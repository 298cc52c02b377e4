/* What the catalog commands share; see catalog.h. */
#include <string.h>

#include "catalog.h"

void
catalog_param_meta(struct request *request, const struct flag_list *pairs)
{
	char *text;
	size_t i;

	for (i = 0; i < pairs->count; i++) {
		text =
		    arena_text(request->arena, slice_of_text(pairs->items[i]));
		*strchr(text, '=') = ':'; /* FLAG_PAIRS has seen to it */
		request_param(request, "node-meta", text);
	}
}
