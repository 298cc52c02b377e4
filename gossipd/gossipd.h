/* The daemon: its pools, and what is under way in more than one of them. */
#ifndef GOSSIPD_GOSSIPD_H
#define GOSSIPD_GOSSIPD_H

#include "coord_send.h"
#include "events.h"
#include "leave.h"
#include "pool.h"
#include "retry.h"
#include "sinks.h"
#include "tell.h"

struct gossipd {
	struct pool *lan;
	struct pool *wan; /* NULL: no server, or ports.serf_wan is off */
	struct leave leave;
	struct retry lan_retry, wan_retry;
	struct coord_sender coord_sender;
	struct events events;
	struct sinks *sinks; /* NULL: metrics are sent nowhere */
};

#endif
