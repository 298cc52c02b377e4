/*
 * Who there is, what each may touch, and who talks to whom. Start reading
 * here; `make audit` prints these tables beside what really runs.
 */
#ifndef COMMON_WIRING_H
#define COMMON_WIRING_H

/* clang-format off */

/*
 * A row a daemon.
 * reads, writes  folders: CONFIG the configuration given on the command line;
 *                DATA_x the part x of the data directory; UI the web page
 * network        NET_NONE, NET_SERVE (accepts on its own ports only),
 *                NET_CONNECT (reaches out too)
 * runs           RUNNER: children for script checks, by a helper of their own
 */
#define DAEMONS(X)                                                                    \
	/* id       user             reads   writes        network      runs */       \
	X(gossipd,  "_gossipd",  CONFIG, DATA_SERF,    NET_CONNECT, NOTHING)      \
	X(raftd,    "_raftd",    CONFIG, DATA_RAFT,    NET_CONNECT, NOTHING)      \
	X(catalogd, "_catalogd", CONFIG, NOTHING_DIR,  NET_NONE,    NOTHING)      \
	X(healthd,  "_healthd",  CONFIG, DATA_HEALTH,  NET_CONNECT, RUNNER)       \
	X(httpd,    "_httpd",    CONFIG, NOTHING_DIR,  NET_SERVE,   NOTHING)      \
	X(dnsd,     "_dnsd",     CONFIG, NOTHING_DIR,  NET_CONNECT, NOTHING)

/*
 * A row an edge: the star. catalogd binds each, in a folder of its own that
 * only it and the other end may enter.
 */
#define EDGES(X)                                                               \
	X(httpd)                                                               \
	X(dnsd)                                                                \
	X(healthd)                                                             \
	X(gossipd)                                                             \
	X(raftd)
/* clang-format on */

enum daemon_id {
#define X(id, user, reads, writes, network, runs) DAEMON_##id,
	DAEMONS(X)
#undef X
	DAEMON_COUNT
};

/* Sets of daemons, for "who may ask this". */
#define FROM(id)     (1U << DAEMON_##id)
#define FROM_BIT(id) (1U << (id)) /* of an enum daemon_id */

const char *daemon_name(enum daemon_id);
const char *daemon_user(enum daemon_id);

#endif
