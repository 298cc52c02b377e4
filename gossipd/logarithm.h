/*
 * The few logarithms that memberlist's rules take, of numbers of members.
 *
 * Why not libm's: as a library it would take 450 KiB of every agent.
 */
#ifndef GOSSIPD_LOGARITHM_H
#define GOSSIPD_LOGARITHM_H

#include <stddef.h>

/* Of a number of at least 1, to fourteen digits. */
double logarithm(double);
double logarithm10(double);
/* The least whole number that is not below the logarithm; of at least 1. */
unsigned logarithm2_up(size_t);
unsigned logarithm10_up(size_t);

#endif
