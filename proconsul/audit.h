/*
 * `proconsul audit`: what is declared of a suite beside what runs.
 *
 *	audit_suite.c    which suites run, and which processes are whose
 *	audit_look.c     what /proc shows of one process
 *	audit_sockets.c  the sockets that processes hold, and who holds the
 *	                 other ends
 *	audit_parse.c    the kernel's texts                            (core)
 *	audit_places.c   folders and files of the suite
 *	audit_declare.c  what the tables and the configuration say
 *	audit_process.c  one process beside its declaration            (core)
 *	audit_things.c   its files and sockets                         (core)
 *	audit_record.c   its powers as it recorded them                (core)
 *	audit_edges.c    places, and who holds the ends of an edge     (core)
 *	audit_report.c   the result, line by line                      (core)
 *	audit_print.c    the result, for people and as JSON
 *	audit_tables.c   the declaration alone
 *
 * Memory  all of it lives in the arena of the run
 * Source  wiring.h, rpc_methods.h, powers_record.h; proc(5), sock_diag(7)
 */
#ifndef PROCONSUL_AUDIT_H
#define PROCONSUL_AUDIT_H

#include <sys/types.h>

#include "arena.h"
#include "config.h"
#include "powers_record.h"
#include "wiring.h"

#define AUDIT_SUBJECTS	    (DAEMON_COUNT + HELPER_COUNT)
#define AUDIT_PROCESSES_MAX 64		  /* of one suite */
#define AUDIT_SUITES_MAX    64		  /* of one machine */
#define AUDIT_THREADS_MAX   4096	  /* of one process */
#define AUDIT_HANDLES_MAX   65536	  /* of one process */
#define AUDIT_TEXT_MAX	    (1024 * 1024) /* of one file of /proc */
/* Beyond any of these nothing is left out without a line that says so. */
#define AUDIT_CANDIDATES_MAX 65536 /* processes that are called like ours */

/* --- What comes out. --- */

enum audit_verdict {
	AUDIT_SAME,
	AUDIT_DIFFERENT,
	AUDIT_NOTE,   /* to know, but nothing is wrong */
	AUDIT_UNSEEN, /* we may not look, or did not see all */
};

struct audit_line {
	enum audit_verdict verdict;
	const char *what; /* "user", "open file" */
	const char *declared;
	const char *found;
	const char *hint; /* what to do, or why; "" if there is none */
	unsigned count;	  /* how often the very same was found */
};

struct audit_block {
	const char *kind; /* "daemon", "helper", "edge", "folder" */
	const char *name;
	pid_t pid; /* 0: no process */
	struct audit_line *lines;
	size_t count, capacity;
};

struct audit_report {
	struct arena *arena; /* lent */
	const char *run_dir;
	const char *data_dir; /* "" with -dev */
	struct audit_block *blocks;
	size_t count, capacity;
};

struct audit_block *audit_block_add(struct audit_report *, const char *kind,
    const char *name, pid_t pid); /* lent until the next one */
/* One that says the same as an earlier line of its block is counted there. */
void audit_add(struct audit_report *, enum audit_verdict, const char *what,
    const char *declared, const char *found, const char *hint);
size_t audit_count(const struct audit_report *, enum audit_verdict);
char *audit_text(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- What is found. --- */

enum audit_set {
	AUDIT_INHERITABLE,
	AUDIT_PERMITTED,
	AUDIT_EFFECTIVE,
	AUDIT_BOUNDING,
	AUDIT_AMBIENT,
	AUDIT_SETS
};

struct audit_thread {
	pid_t id;
	pid_t parent;
	uint32_t uids[4]; /* real, effective, saved, of files */
	uint32_t gids[4];
	const char *groups; /* "61406", "none" */
	uint64_t capabilities[AUDIT_SETS];
	int no_new_privs;
	int seccomp; /* 0 none, 1 strict, 2 filter */
};

enum audit_family {
	AUDIT_UNKNOWN, /* in none of the kernel's tables that we read */
	AUDIT_TCP,
	AUDIT_UDP,
	AUDIT_UNIX,
};

struct audit_socket {
	uint64_t inode;
	enum audit_family family;
	bool is_listening;
	bool is_datagram;    /* of UNIX */
	const char *address; /* "127.0.0.1"; of UNIX its path, or "" */
	const char *remote;
	int port, remote_port;
	/* Of UNIX, where the kernel tells: */
	bool knows_peer;
	uint64_t peer; /* inode; 0: none */
	const char *peer_path;
	pid_t peer_pid; /* a holder; 0: nobody that we see */
	pid_t holder;	/* likewise, of this end */
};

/* An open descriptor, or a shared mapping of a file. */
struct audit_handle {
	int number; /* -1: a mapping */
	bool reads, writes;
	const char *target;		   /* as /proc shows it */
	const struct audit_socket *socket; /* NULL: none */
};

struct audit_limit {
	const char *name; /* as powers_record.h has it */
	uint64_t soft, hard;
};

struct audit_process {
	pid_t pid;
	size_t subject; /* enum daemon_id, or DAEMON_COUNT + enum helper_id */
	pid_t parent;
	bool has_launcher; /* its parent is `proconsul agent` of root */
	struct audit_thread *threads;
	size_t thread_count;
	const char *threads_why; /* not all are here; NULL: all are */
	uint32_t proc_uid;	 /* whose its files in /proc are */
	struct audit_limit *limits;
	size_t limit_count;
	bool is_open; /* may what follows be looked at? */
	const char *program;
	bool program_was_replaced, program_is_loose; /* others may write it */
	/* Texts are NULL where they could not be read, or not to the end. */
	const char *arguments; /* behind `-run-dir DIR`, with blanks between */
	const char *environment;   /* names; "" if it is empty */
	const char *writable_code; /* mappings; "" if there are none */
	const char *replaced_code; /* libraries; likewise */
	struct audit_handle *handles;
	size_t handle_count;
	const char *handles_why; /* not all are here; NULL: all are */
	/* RUN/powers/NAME */
	enum err record_err;
	const char *record_why;
	struct powers_record record;
};

/* --- What is declared. --- */

struct audit_path {
	unsigned access; /* POWERS_* */
	const char *path;
	const char *why; /* "writes raft" */
	bool is_rule;	 /* of Landlock; else only opened at the start */
};

struct audit_listener {
	enum audit_family family;
	const char *address;
	int port;
	const char *why;
};

struct audit_declared {
	size_t subject;
	const struct daemon_row *row; /* lent */
	const char *kind;	      /* "daemon", "helper" */
	uint32_t uid, gid;
	uint32_t page_gid;
	bool has_page_group;
	bool is_shared; /* one user for all: who started it was not root */
	bool is_confined;
	bool keeps_in_memory; /* -dev: what it else has in the data directory */
	const char *run_dir;
	struct audit_path *paths;
	size_t path_count;
	struct audit_listener *listeners;
	size_t listener_count;
	uint16_t *recursor_ports;
	size_t recursor_count;
	bool has_record;	     /* else the configuration cannot be read */
	struct powers_record record; /* what it would write down now */
};

/* A folder or file, as it should be and is. */
struct audit_place {
	const char *path;
	const char *what; /* "edge", "file" */
	unsigned kind;	  /* S_IFDIR, S_IFREG, S_IFSOCK */
	uint32_t uid;
	uint32_t other_uid; /* may own it as well */
	uint32_t gid;
	bool any_group;
	unsigned mode;
	unsigned other_mode; /* is as good */
	bool only_writers;   /* of the mode only who may write counts */
	bool is_optional;
	/* found */
	int error; /* errno; 0: it was seen */
	uint32_t found_uid, found_gid;
	unsigned found_mode;
};

/* --- Of a suite. --- */

struct audit_suite {
	struct arena *arena; /* lent */
	const char *run_dir;
	const char *data_dir; /* absolute; "" with -dev, or without a config */
	uint32_t run_uid, run_gid; /* whose the run directory is */
	bool has_run_dir;
	const char *root; /* which root directory its processes have; "" ours */
	struct audit_process *processes;
	size_t count;
	size_t missed;	       /* processes: too many, or they cannot be read */
	struct config *config; /* owned; NULL: could not be read */
	const char *config_why;
	const char **config_paths; /* absolute */
	size_t config_path_count;
	struct audit_declared declared[AUDIT_SUBJECTS];
	struct audit_socket *sockets; /* all of RUN, whoever holds them */
	size_t socket_count;
	bool knows_peers;   /* false where sock_diag is not for us */
	bool knows_holders; /* may the descriptors of all be looked at? */
};

/* A process that is called like one of ours. */
struct audit_candidate {
	pid_t pid, parent;
	size_t subject;
	uint32_t uid;
	const char *run_dir;
	bool is_foreign;     /* neither root's nor the declared user's */
	bool is_dir_foreign; /* its run directory is not root's */
};
/* Anyone may call a process so: first what is hardest to pretend. */
int audit_candidate_compare(const void *, const void *);

/* Every suite whose daemons are seen here, by the name of its run directory;
 * `only` may be NULL. `missed` is how many processes belong to others yet. */
size_t audit_suites_find(struct arena *, const char *only,
    struct audit_suite *suites, size_t max, size_t *missed);
/* Of a suite whose root is not ours: into which process's place to go. */
pid_t audit_suite_container(const struct audit_suite *);
void audit_suite_look(struct audit_suite *);
void audit_suite_declare(struct audit_suite *);
void audit_suite_deinit(struct audit_suite *);

/* --- The parts. --- */

const struct daemon_row *audit_row(size_t subject);

/* Threads, limits, descriptors, mappings; a process that ends meanwhile is
 * false. */
MUST_CHECK bool audit_look(
    struct arena *, pid_t, const char *run_dir, struct audit_process *);
/* Words of a command line from the third on: the flags of `agent`. A process
 * may change what is shown as its own. -1: they cannot be read, or are more. */
int audit_arguments_read(struct arena *, pid_t, char **arguments, size_t max);
/* Whole text of a file of /proc. False, and errno, if it can't be read, or is
 * too long (EFBIG: its beginning is there). */
MUST_CHECK bool audit_file_read(const char *path, struct buf *out);
/* Gives handles their sockets, and the suite those in its run directory. */
void audit_sockets_look(struct audit_suite *);

MUST_CHECK bool audit_parse_status(
    struct slice text, struct arena *, struct audit_thread *);
void audit_parse_limits(
    struct slice text, struct arena *, struct audit_process *);
/* Flags of fdinfo: may it read, may it write? */
void audit_parse_flags(struct slice text, struct audit_handle *);
/* A line of /proc/net/tcp and the like; false: not one that can be read. */
MUST_CHECK bool audit_parse_net(
    struct slice line, bool is_v6, struct arena *, struct audit_socket *);
MUST_CHECK bool audit_parse_unix(
    struct slice line, struct arena *, struct audit_socket *);

void audit_compare_process(struct audit_report *, const struct audit_process *,
    const struct audit_declared *);
void audit_compare_handles(struct audit_report *, const struct audit_process *,
    const struct audit_declared *);
void audit_compare_record(struct audit_report *, const struct audit_process *,
    const struct audit_declared *);
void audit_compare_place(struct audit_report *, const struct audit_place *);
/* Who listens on its socket, and who holds the ends of its connections. */
void audit_compare_ends(
    struct audit_report *, const struct audit_suite *, enum daemon_id peer);
/* Blocks of the edges, the run directory and the data directory. */
void audit_places_look(struct audit_report *, const struct audit_suite *);

/* `is_brief`: only what is not as declared. */
void audit_print(const struct audit_report *, bool is_brief);
void audit_print_json(
    const struct audit_report *reports, size_t count, struct buf *out);
void audit_print_tables(void);

#endif
