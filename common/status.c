/* HTTP statuses in front of error texts; see status.h. */
#include <assert.h>

#include "status.h"

#define MARK	  0x01
#define MARK_SIZE 4

void
call_fail_status(struct call *call, int status, struct slice text)
{
	struct buf marked = { 0 };

	assert(status >= 100);
	assert(status <= 999);
	buf_printf(&marked, "%c%03d", MARK, status);
	buf_put_slice(&marked, text);
	call_fail_text(call, buf_slice(&marked));
	buf_deinit(&marked);
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
