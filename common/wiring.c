/* Names and users of the daemons; see wiring.h. */
#include <assert.h>

#include "wiring.h"

const char *
daemon_name(enum daemon_id id)
{
	static const char *const names[DAEMON_COUNT] = {
#define X(name, user, reads, writes, network, runs) #name,
		DAEMONS(X)
#undef X
	};

	assert(id < DAEMON_COUNT);
	return (names[id]);
}

const char *
daemon_user(enum daemon_id id)
{
	static const char *const users[DAEMON_COUNT] = {
#define X(name, user, reads, writes, network, runs) user,
		DAEMONS(X)
#undef X
	};

	assert(id < DAEMON_COUNT);
	return (users[id]);
}
