/* HTTP statuses in front of error texts; see status.h. */
#include <assert.h>

#include "status.h"

#define MARK	  0x01
#define MARK_SIZE 4

void
call_fail_status(struct call *call, int status, struct slice text)
{
	assert(status >= 100);
	assert(status <= 999);
	call_fail(call, "%c%03d%.*s", MARK, status, SLICE_ARGS(text));
}

int
status_take(struct slice *text, int otherwise)
{
	int status = 0;

	if (text->size < MARK_SIZE || text->data[0] != MARK)
		return (otherwise);
	for (size_t i = 1; i < MARK_SIZE; i++) {
		if (text->data[i] < '0' || text->data[i] > '9')
			return (otherwise);
		status = status * 10 + (text->data[i] - '0');
	}
	*text = slice_tail(*text, MARK_SIZE);
	return (status);
}
