/*
 * The trail: which term each entry of the log has, without the entries.
 *
 * Terms never fall along a log, so the trail is a list of runs, one a term:
 * a million entries of one leader are 16 bytes. What lies before the oldest
 * kept entry is known only as the snapshot's last index and term.
 *
 * Memory  one run a term that still has entries; trimmed with the log
 */
#ifndef RAFTD_TRAIL_H
#define RAFTD_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trail_run {
	uint64_t first_index;
	uint64_t term;
};

struct trail {
	struct trail_run *runs; /* owned; oldest first */
	size_t run_count;
	size_t run_capacity;
	uint64_t first_index;	 /* oldest kept entry; last_index + 1 if none */
	uint64_t last_index;	 /* newest entry, or the snapshot's if none */
	uint64_t snapshot_index; /* 0: no snapshot */
	uint64_t snapshot_term;
};

void trail_init(struct trail *);
void trail_deinit(struct trail *);

/* The next entry; its term may not be lower than the last one's. */
void trail_append(struct trail *, uint64_t term);
/* Forget `from` and all behind it. */
void trail_truncate(struct trail *, uint64_t from);
/* Forget up to and including `to`, which a snapshot covers. */
void trail_trim(struct trail *, uint64_t to);
/* A snapshot up to here exists; the entries stay until they are trimmed. */
void trail_set_snapshot(struct trail *, uint64_t index, uint64_t term);
/* Nothing but this snapshot. */
void trail_reset(struct trail *, uint64_t index, uint64_t term);

/* False where it is not known any more, or not yet. Index 0 has term 0. */
bool trail_term_of(const struct trail *, uint64_t index, uint64_t *term);
uint64_t trail_last_term(const struct trail *);

#endif
