/*
 * Memory that is not needed any more, given back: what only the start has
 * touched, and what an idle daemon did.
 *
 * Why     an agent is eight small processes, most of which sleep: what their
 *         start alone has touched (the reading of the configuration, most of
 *         libc) would be two thirds of what they hold for good
 * How     code and constants are unmapped until they are touched again: they
 *         come back from the file, at the cost of a minor fault. Whole pages
 *         of the heap that are free go as well
 * Threads any; others only notice that it takes a little longer
 */
#ifndef COMMON_TRIM_H
#define COMMON_TRIM_H

/* Seconds after which a start is over; and between two looks whether a daemon
 * sleeps, which is so below that many turns of its loop. */
#define TRIM_AFTER_S   3
#define TRIM_EVERY_S   60
#define TRIM_TURNS_MAX 2000

void trim_memory(void);

#endif
