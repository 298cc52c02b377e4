/* Results of helpers; see result.h. */
#include <errno.h>
#include <sys/socket.h>

#include "result.h"

void
result_send(int healthd, const struct probe_result *result)
{
	struct buf bytes = { 0 };
	ssize_t size;

	type_encode(&probe_result_type, result, &bytes);
	do
		size = send(healthd, bytes.data, bytes.size, MSG_NOSIGNAL);
	while (size < 0 && errno == EINTR);
	buf_deinit(&bytes);
}
