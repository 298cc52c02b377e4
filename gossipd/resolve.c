/* Names to addresses in a thread; see resolve.h. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "common/xmalloc.h"
#include "resolve.h"

#define STACK_BYTES (256 * 1024)
#define HOST_BYTES  256

struct question {
	struct ev_loop *loop; /* lent */
	ev_async is_done;
	resolve_fn *done;
	void *arg;
	char host[HOST_BYTES];
	struct resolved answer; /* the thread's, until it is done */
};

static void
answer_take(struct resolved *r, const struct addrinfo *list)
{
	for (; list != NULL && r->count < RESOLVE_ADDRESSES_MAX;
	     list = list->ai_next) {
		struct sockaddr_storage at = { 0 };

		if (list->ai_addrlen > sizeof(at))
			continue;
		memcpy(&at, list->ai_addr, list->ai_addrlen);
		endpoint_of_socket(&at, &r->addresses[r->count++]);
	}
}

static void
ask(struct question *q)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int result = getaddrinfo(q->host, NULL, &hints, &list);

	if (result == 0) {
		answer_take(&q->answer, list);
		freeaddrinfo(list);
		return;
	}
	snprintf(q->answer.why, sizeof(q->answer.why), "lookup %s: %s", q->host,
	    result == EAI_NONAME || result == EAI_NODATA
		? "no such host"
		: (result == EAI_SYSTEM ? strerror(errno)
					: gai_strerror(result)));
}

static void *
run(void *arg)
{
	struct question *q = arg;

	ask(q);
	ev_async_send(q->loop, &q->is_done);
	return (NULL);
}

static void
on_done(struct ev_loop *loop, ev_async *w, int events)
{
	struct question *q = w->data;

	(void)events;
	ev_async_stop(loop, w);
	q->done(q->arg, &q->answer);
	free(q);
}

/* Signals are the loop's affair. */
static int
thread_start(struct question *q)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int result;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread, &attributes, run, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return (result);
}

void
resolve(struct ev_loop *loop, const char *host, resolve_fn *done, void *arg)
{
	struct question *q = xcalloc(1, sizeof(*q));
	int result;

	q->loop = loop;
	q->done = done;
	q->arg = arg;
	snprintf(q->host, sizeof(q->host), "%s", host);
	ev_async_init(&q->is_done, on_done);
	q->is_done.data = q;
	ev_async_start(loop, &q->is_done);
	if ((result = thread_start(q)) == 0)
		return;
	snprintf(q->answer.why, sizeof(q->answer.why), "lookup %s: %s", q->host,
	    strerror(result));
	ev_async_send(loop, &q->is_done);
}
