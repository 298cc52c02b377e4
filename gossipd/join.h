/*
 * Joining by what people write: addresses and names, with and without ports,
 * one after the other, as memberlist does it.
 *
 * Form    "host", "host:port", "[v6]:port", "v6", each also behind "name/";
 *         without a port our own is meant
 * Source  memberlist memberlist.go, Join and resolveAddr
 */
#ifndef GOSSIPD_JOIN_H
#define GOSSIPD_JOIN_H

#include "pool.h"

#define JOIN_TEXT_MAX 512

/* `joined` counts the addresses that worked (a name may have several). Where
 * none did, `why` is Consul's text: "1 error occurred:\n\t* Failed to join
 * ...\n\n". */
typedef void join_fn(void *arg, size_t joined, struct slice why);

/* The addresses are copied; `done` is called once, never before this returns.
 */
void join_start(struct pool *, const struct slice *addresses, size_t count,
    join_fn *done, void *arg);

#endif
