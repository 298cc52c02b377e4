/* The rows of wiring.h. */
#include <assert.h>

#include "wiring.h"

const struct daemon_row daemon_rows[DAEMON_COUNT] = {
#define X(id, user, reads, writes, network, runs) \
	[DAEMON_##id] = { #id, user, reads, writes, network, runs },
	DAEMONS(X)
#undef X
};

const struct daemon_row helper_rows[HELPER_COUNT] = {
#define X(id, user, reads, writes, network, runs) \
	[HELPER_##id] = { #id, user, reads, writes, network, runs },
	HELPERS(X)
#undef X
};

const char *
daemon_name(enum daemon_id id)
{
	assert(id < DAEMON_COUNT);
	return (daemon_rows[id].name);
}

const char *
daemon_user(enum daemon_id id)
{
	assert(id < DAEMON_COUNT);
	return (daemon_rows[id].user);
}
