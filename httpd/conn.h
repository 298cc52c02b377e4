/*
 * Connections: reading requests in order, one at a time, and writing answers.
 *
 * Order    a request is taken up when the one before it has been answered, so
 *	    pipelined requests see each other's effects, as with Go's server
 * Pressure nothing more is read or taken up while answers wait to be written,
 *	    or while a request waits and enough of the next ones is here
 * Time     one coarse timer for all: heads, bodies, silence, stuck writes
 * Source   api/http.md 1.11; RFC 7230 6
 */
#ifndef HTTPD_CONN_H
#define HTTPD_CONN_H

#include <sys/socket.h>

#include "respond.h"

struct conn;
struct conns;
struct head;
struct httpd;
struct waiter;

struct conns *conns_new(struct httpd *);
/* Serve this new connection, or close it if its peer has enough of them. */
void conns_add(struct conns *, int fd, const struct sockaddr_storage *peer);
size_t conns_count(const struct conns *);

/* A request is taken up: how its answer has to look. */
void conn_begin(struct conn *, const struct head *, bool keeps_alive);
/* It is one of the API's, and is measured: timed until it is answered, and
 * counted among the calls of an endpoint (NULL: it is not). */
struct figures_endpoint;
struct metric;
void conn_measure(
    struct conn *, struct metric *timed, const struct figures_endpoint *);
/* The peer's address, 4 or 16 bytes; of a Unix socket, none. */
struct slice conn_address(const struct conn *);
/* Append a finished answer to the request that is being served. */
void conn_send(struct conn *, struct blob *);
/* The same of a stale one that was kept: so long ago was the leader heard. */
void conn_send_stale(struct conn *, struct blob *, struct duration contact);
/* For the log: this is the request that is being served now. */
void conn_log_begin(struct conn *, const struct head *);
/* Say in the log that the request being served has failed. */
void conn_log_error(const struct conn *, struct slice why);
/* The same from outside a handler: send, write, and go on with what came
 * behind. The connection may be gone afterwards. */
void conn_finish(struct conn *, struct blob *);
/* The request goes on waiting after its handler has returned. */
void conn_wait(struct conn *);
struct waiter *conn_waiter(struct conn *);
struct conn *waiter_conn(struct waiter *);

/* A stream: the head was sent, chunks follow until the client goes. False if
 * too much waits to be written already: this chunk is dropped. */
void conn_stream(struct conn *, void (*on_close)(void *arg), void *arg);
bool conn_chunk(struct conn *, struct slice);

/* --- What is too large to be kept: bodies that are taken, and answers that
 * are given, piece by piece. --- */

/* A handler keeps its request, which waits. on_event() is called, never from
 * within a call to here, when more of its body is here or the last chunk has
 * left; on_close() when the connection has gone before the end. */
void conn_own(struct conn *, void (*on_event)(void *arg),
    void (*on_close)(void *arg), void *arg);

/* It waits for news: a client that closes its end is not interested any more.
 */
void conn_watch(struct conn *);

enum conn_body {
	CONN_BODY_MORE, /* is still to come */
	CONN_BODY_OVER,
	CONN_BODY_BROKEN, /* cut, or no chunks */
};

/* Append what of the body is here, about `most` bytes of it. */
enum conn_body conn_body(struct conn *, size_t most, struct buf *out);
/* serve.c's: the body of this request will be taken; or will not. */
void conn_body_begin(struct conn *, const struct head *);
void conn_body_leave(struct conn *);
bool conn_is_waiting(const struct conn *);

/* The answer's head; conn_chunk() follows, and then the end. */
void conn_stream_begin(struct conn *, struct blob *);
void conn_stream_end(struct conn *);
/* Nothing can be put right any more: the client sees it cut. */
void conn_abort(struct conn *);

#endif
