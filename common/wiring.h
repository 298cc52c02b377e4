/*
 * Who there is, what each may touch, and who talks to whom. Start reading
 * here; `proconsul audit` shows these tables beside what really runs.
 */
#ifndef COMMON_WIRING_H
#define COMMON_WIRING_H

/* clang-format off */

/*
 * A row a daemon.
 * reads    CONFIG: files and folders of the configuration, and node-id;
 *          PAGE: the generation page; NAMES: the resolver's files (names.h);
 *          SYSTEM: /etc, which holds these and certificates, for checks, and
 *          where the links of both lead; METRICS: the pages of figures that
 *          all daemons keep (metrics.h);
 *          HOST: single files that say what machine this is (memory, CPUs,
 *          distribution), for /v1/agent/host; and how full its disk is;
 *          UI: the folder that ui_dir names, if it does
 * writes   the part of the data directory that is its own, or nothing
 * network  NONE; SERVE: what it accepts on sockets opened at the start;
 *          CONNECT: reaches out by TCP and UDP too, from any port that
 *          the kernel picks; RECURSE: SERVE, and where `recursors` are
 *          configured UDP out, and TCP out to their ports and no others
 * runs     HELPERS: the two rows of HELPERS below
 */
#define DAEMONS(X)                                                             \
	/* id       user         reads               writes     network  runs */\
	X(gossipd,  "_gossipd",  READ_CONFIG | READ_NAMES | READ_METRICS, "serf", NET_CONNECT, RUNS_NOTHING) \
	X(raftd,    "_raftd",    READ_CONFIG,               "raft",  NET_CONNECT, RUNS_NOTHING) \
	X(catalogd, "_catalogd", READ_CONFIG,               "",      NET_NONE,    RUNS_NOTHING) \
	X(healthd,  "_healthd",  READ_CONFIG,               "services checks", NET_NONE, RUNS_HELPERS) \
	X(httpd,    "_httpd",    READ_CONFIG | READ_PAGE | READ_METRICS | READ_HOST | READ_UI, "", NET_SERVE, RUNS_NOTHING) \
	X(dnsd,     "_dnsd",     READ_CONFIG | READ_PAGE,   "",      NET_RECURSE,  RUNS_NOTHING)

/*
 * A row a helper, which healthd starts before it gives up its own powers, and
 * to which it speaks over a socket pair. They have no edge and no user in
 * common with healthd: a script can't touch it.
 * runner  forks the scripts of checks, so only its user binds it; starts the
 *         prober when there is something to probe
 * prober  HTTP, TCP, gRPC and Docker checks and the requests of watches, by
 *         libcurl: a program of its own
 */
#define HELPERS(X)                                                             \
	/* id     user        reads        writes network      runs */         \
	X(runner, "_runner", 0,           "",    NET_CONNECT, RUNS_ANYTHING)   \
	X(prober, "_runner", READ_SYSTEM, "",    NET_CONNECT, RUNS_NOTHING)

/*
 * What each process that a script of ours is may not go beyond: a row an
 * rlimit, its value (of the keys `limits`; 0 there is none of ours), and for
 * which scripts. Not their memory: Java and Go map far more than they use.
 */
#define SCRIPT_LIMITS(X)                                                       \
	/* rlimit, value                          of */                        \
	X(CORE,    0,                             SCRIPTS_ALL)                 \
	X(NPROC,   limits->script_max_processes,  SCRIPTS_OF_OWN_USER)         \
	X(NOFILE,  limits->script_max_open_files, SCRIPTS_ALL)                 \
	X(FSIZE,   limits->script_max_file_size,  SCRIPTS_OF_CHECKS)

/*
 * Variables of the agent's environment that its helpers and scripts get; all
 * others stay behind: tokens, and what service managers say to the agent. A
 * row a name, or the beginning of one. `script_environment` adds to them.
 */
#define SCRIPT_ENVIRONMENT(X)                                                  \
	X("PATH") X("HOME") X("USER") X("LOGNAME") X("SHELL") X("HOSTNAME")    \
	X("TERM") X("TMPDIR") X("TZ") X("LANG") X("LANGUAGE") X("LC_*")        \
	X("http_proxy") X("https_proxy") X("no_proxy") X("all_proxy")          \
	X("HTTP_PROXY") X("HTTPS_PROXY") X("NO_PROXY") X("ALL_PROXY")          \
	X("SSL_CERT_FILE") X("SSL_CERT_DIR") X("DOCKER_HOST")                  \
	X("CONSUL_HTTP_ADDR") X("CONSUL_HTTP_SSL") X("CONSUL_HTTP_SSL_VERIFY") \
	X("CONSUL_CACERT") X("CONSUL_CAPATH") X("CONSUL_TLS_SERVER_NAME")

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

#define READ_CONFIG  0x1
#define READ_PAGE    0x2
#define READ_SYSTEM  0x4
#define READ_METRICS 0x8
#define READ_HOST    0x10
#define READ_UI	     0x20
#define READ_NAMES   0x40

enum daemon_network {
	NET_NONE,
	NET_SERVE,
	NET_CONNECT,
	NET_RECURSE,
};

enum daemon_runs {
	RUNS_NOTHING,
	RUNS_HELPERS,
	RUNS_ANYTHING,
};

enum script_kinds {
	SCRIPTS_ALL,
	SCRIPTS_OF_CHECKS, /* not handlers of watches, nor remote execution */
	/* Where the runner has become _runner: the kernel counts all that a
	 * user runs, and of the agent's own user that may be anything. */
	SCRIPTS_OF_OWN_USER,
};

enum daemon_id {
#define X(id, user, reads, writes, network, runs) DAEMON_##id,
	DAEMONS(X)
#undef X
	    DAEMON_COUNT
};

enum helper_id {
#define X(id, user, reads, writes, network, runs) HELPER_##id,
	HELPERS(X)
#undef X
	    HELPER_COUNT
};

/* Sets of daemons, for "who may ask this". */
#define FROM(id)     (1U << DAEMON_##id)
#define FROM_BIT(id) (1U << (id)) /* of an enum daemon_id */

struct daemon_row {
	const char *name;
	const char *user;
	unsigned reads;	    /* READ_* */
	const char *writes; /* folders below the data directory */
	enum daemon_network network;
	enum daemon_runs runs;
};

extern const struct daemon_row daemon_rows[DAEMON_COUNT];
extern const struct daemon_row helper_rows[HELPER_COUNT];

const char *daemon_name(enum daemon_id);
const char *daemon_user(enum daemon_id);

#endif
