/*
 * A filter of any bytes: read for each type that has filters, and asked about
 * an empty object; what is read says nothing of a mistake, and the other way
 * round.
 */
#include <assert.h>

#include "common/filter.h"
#include "common/local_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct type *const types[] = { &check_service_node_type,
		&node_type, &service_node_type, &health_check_type,
		&node_info_type, &agent_service_type };
	const struct filter *filter;
	struct arena arena;
	size_t which;
	void *object;

	if (size == 0 || size > 4096)
		return (0);
	which = data[0] % (sizeof(types) / sizeof(types[0]));
	for (int late = 0; late < 2; late++) {
		struct buf why = { 0 };
		enum err err;

		arena_init(&arena);
		object = arena_alloc(&arena, types[which]->size);
		err = (late ? filter_read_late : filter_read)(
		    slice(data + 1, size - 1), types[which], &arena, &filter,
		    &why);
		assert((err == ERR_OK) == (why.size == 0));
		if (err == ERR_OK)
			(void)filter_holds(filter, object);
		buf_deinit(&why);
		arena_deinit(&arena);
	}
	return (0);
}
