/*
 * What a daemon was left with, as it wrote it down itself before it gave the
 * rest away: RUN/powers/NAME, which `proconsul audit` reads. Landlock leaves
 * no daemon that folder, so one that is taken over later cannot change it.
 *
 * A line a fact, in this order; what is not there was not said:
 *
 *	powers 1                     version of this format
 *	user UID GID
 *	groups [GID...]              supplementary ones
 *	landlock abi N               0: the kernel has none
 *	landlock missing REASON      what of it the kernel lacks, to the end
 *	landlock fs ACCESS PATH      ACCESS: of read, write and socket, joined
 *	                             by commas; write is with read; PATH is what
 *	                             realpath(3) says, to the end of the line
 *	landlock net bind PORT|any   TCP; 0 is a port that the kernel picks;
 *	landlock net connect PORT|any	no line: none
 *	seccomp missing REASON
 *	seccomp NAME [CONDITION]     an allowed call, sorted by name; CONDITION
 *	                             is a text of privsep_seccomp.c, to the end
 *	rlimit NAME SOFT HARD        as prlimit(1) names them, or `unlimited`;
 *	                             what is declared is a most, and `fsize` is
 *	                             left alone where the log is a file
 *	end                          all of it was written
 *
 * A helper of healthd (wiring.h) has a record too: healthd writes those, for
 * its helpers can't.
 */
#ifndef COMMON_POWERS_RECORD_H
#define COMMON_POWERS_RECORD_H

#include "arena.h"
#include "err.h"

#define POWERS_FOLDER	 "powers"
#define POWERS_BYTES_MAX (64 * 1024)
#define POWERS_LINES_MAX 1024

#define POWERS_READ   0x1U
#define POWERS_WRITE  0x2U
#define POWERS_SOCKET 0x4U

#define POWERS_PORT_ANY	 UINT32_MAX
#define POWERS_UNLIMITED UINT64_MAX

struct powers_path {
	unsigned access; /* POWERS_* */
	const char *path;
};

struct powers_call {
	const char *name;
	const char *condition; /* "" where any arguments will do */
};

struct powers_limit {
	const char *name;
	uint64_t soft, hard;
};

/* All of it lives in the arena it was read with. */
struct powers_record {
	uint32_t uid, gid;
	uint32_t *groups;
	size_t group_count;
	uint32_t landlock_abi;
	const char *landlock_missing; /* NULL: nothing is */
	const char *seccomp_missing;  /* likewise */
	struct powers_path *paths;
	size_t path_count;
	uint32_t *binds; /* ports, or POWERS_PORT_ANY */
	size_t bind_count;
	uint32_t *connects;
	size_t connect_count;
	struct powers_call *calls;
	size_t call_count;
	struct powers_limit *limits;
	size_t limit_count;
};

/* "read,socket"; lent for ever. */
const char *powers_access_text(unsigned access);

/* The whole file of one daemon. ERR_NOT_FOUND if there is none, ERR_IO if it
 * may not be read, ERR_TOO_BIG, or ERR_CORRUPT where it is not as above (a
 * daemon that is just starting may not have finished it); then *why says so. */
MUST_CHECK enum err powers_record_read(const char *run_dir, const char *name,
    struct arena *, struct powers_record *, struct buf *why);
/* The same of its text. */
MUST_CHECK enum err powers_record_parse(
    struct slice text, struct arena *, struct powers_record *, struct buf *why);

/* Beside first, then in its place; fatal() where that cannot be. Before a
 * daemon gives anything away: later it may not write there. */
void powers_record_write(
    const char *run_dir, const char *name, struct slice text);

#endif
