/* libcurl in the loop of libev, and probes from request to result; see
 * prober.h. */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "healthd/helper.h"
#include "healthd/link_local.h"
#include "healthd/result.h"
#include "log.h"
#include "prober.h"
#include "xmalloc.h"

struct prober {
	struct ev_loop *loop; /* lent */
	int healthd;
	ev_io requests;
	ev_timer timeout; /* what libcurl waits for */
	ev_timer idle;
	CURLM *multi;
	struct probe *probes; /* owned; under way */
	uint8_t *in;	      /* owned; one message */
};

/* One socket of libcurl's. */
struct watched {
	ev_io io;
	struct prober *prober; /* lent */
};

/* --- Ends. --- */

static void
handle_free(struct probe *probe)
{
	if (probe->easy == NULL)
		return;
	curl_multi_remove_handle(probe->prober->multi, probe->easy);
	curl_easy_cleanup(probe->easy);
	probe->easy = NULL;
	curl_slist_free_all(probe->headers);
	probe->headers = NULL;
}

static void
probe_free(struct probe *probe)
{
	struct prober *p = probe->prober;
	struct probe **at = &p->probes;

	while (*at != probe)
		at = &(*at)->next;
	*at = probe->next;
	handle_free(probe);
	tail_deinit(&probe->body);
	buf_deinit(&probe->input);
	buf_deinit(&probe->answer);
	buf_deinit(&probe->grpc_status);
	buf_deinit(&probe->grpc_message);
	buf_deinit(&probe->content_type);
	buf_deinit(&probe->output);
	buf_deinit(&probe->status_line);
	buf_deinit(&probe->url);
	buf_deinit(&probe->method);
	buf_deinit(&probe->location);
	buf_deinit(&probe->referer);
	buf_deinit(&probe->user);
	buf_deinit(&probe->dialled);
	buf_deinit(&probe->refused);
	arena_deinit(&probe->arena);
	free(probe);
	if (p->probes == NULL)
		ev_timer_again(p->loop, &p->idle);
}

void
probe_end(struct probe *probe, enum run_end end, enum check_status status,
    struct slice output)
{
	struct probe_result result = {
		.run = probe->request.run,
		.check_id = probe->request.check_id,
		.end = end,
		.status = status,
		.exit_code = probe->exit_code,
		.output = output,
	};

	result_send(probe->prober->healthd, &result);
	probe_free(probe);
}

/* --- Beginnings. --- */

char *
probe_text_of(struct probe *probe, struct slice text)
{
	return (arena_text(&probe->arena, text));
}

static void
address_put(const struct curl_sockaddr *address, struct buf *out)
{
	char host[64], port[16];

	if (out->size == 0 &&
	    getnameinfo(&address->addr, address->addrlen, host, sizeof(host),
		port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		buf_printf(out,
		    address->family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
		    port);
}

/* Remember where it goes, for what is said if it fails. Names are resolved and
 * redirects followed by now: what is judged here is where it really goes. */
static curl_socket_t
on_socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct probe *probe = arg;

	(void)purpose;
	address_put(address, &probe->dialled);
	if (probe->request.avoids_link_local && is_link_local(&address->addr)) {
		address_put(address, &probe->refused);
		return (CURL_SOCKET_BAD);
	}
	return (socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol));
}

void
probe_handle_new(struct probe *probe)
{
	struct instant now = instant_now();
	int64_t left = instant_since(probe->deadline, now).ns;
	long left_ms = (long)(left / MILLISECONDS(1).ns);
	CURL *easy;

	handle_free(probe);
	buf_reset(&probe->dialled);
	buf_reset(&probe->refused);
	probe->error[0] = '\0';
	easy = probe->easy = curl_easy_init();
	if (easy == NULL)
		fatal("libcurl has no handle for us");
	curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, probe->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left_ms < 1 ? 1 : left_ms);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, probe);
	/* A proxy would go there for us. */
	if (probe->request.avoids_link_local)
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

void
probe_go(struct probe *probe)
{
	if (curl_multi_add_handle(probe->prober->multi, probe->easy) !=
	    CURLM_OK)
		fatal("libcurl does not take a handle");
}

void
probe_header_add(struct probe *probe, const char *line)
{
	struct curl_slist *longer = curl_slist_append(probe->headers, line);

	if (longer == NULL)
		fatal("out of memory");
	probe->headers = longer;
}

static struct probe *
probe_find(const struct prober *p, uint64_t run)
{
	struct probe *probe = p->probes;

	while (probe != NULL && probe->request.run != run)
		probe = probe->next;
	return (probe);
}

static struct probe *
probe_new(struct prober *p, uint64_t run)
{
	struct probe *probe = xcalloc(1, sizeof(*probe));

	probe->prober = p;
	probe->request.run = run;
	arena_init(&probe->arena);
	probe->next = p->probes;
	p->probes = probe;
	ev_timer_stop(p->loop, &p->idle);
	return (probe);
}

static const struct probe_kind *
kind_of(const struct check_type *check)
{
	if (check->http.size > 0)
		return (&http_kind);
	if (check->tcp.size > 0)
		return (&tcp_kind);
	return (check->grpc.size > 0 ? &grpc_kind : &docker_kind);
}

static void
probe_begin(struct probe *probe, const struct probe_request *request,
    struct arena *arena)
{
	probe->arena = *arena; /* ours from now on */
	probe->request = *request;
	if (request->kind == PROBE_HANDLER)
		probe->request.check.body = buf_slice(&probe->input);
	probe->kind = kind_of(&request->check);
	probe->deadline = instant_add(instant_now(), request->timeout);
	tail_init(&probe->body, request->output_max);
	probe->kind->begin(probe);
}

/* What is to be sent comes before the request itself, if it is long. True if
 * the arena has another owner now. */
static bool
probe_request(
    struct prober *p, const struct probe_request *request, struct arena *arena)
{
	struct probe *probe = probe_find(p, request->run);

	if (probe == NULL)
		probe = probe_new(p, request->run);
	else if (probe->kind != NULL)
		return (false);
	buf_put_slice(&probe->input, request->input);
	if (request->is_input_more)
		return (false);
	arena_deinit(&probe->arena);
	probe_begin(probe, request, arena);
	return (true);
}

static void
probe_cancel(struct prober *p, uint64_t run)
{
	struct probe *probe = probe_find(p, run);

	if (probe != NULL)
		probe_free(probe);
}

/* --- The loop. --- */

static void
finished_take(struct prober *p)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(p->multi, &left)) != NULL) {
		struct probe *probe;
		CURLcode code = message->data.result;

		curl_easy_getinfo(
		    message->easy_handle, CURLINFO_PRIVATE, (char **)&probe);
		probe->kind->over(probe, code);
	}
}

static void
act(struct prober *p, curl_socket_t socket, int events)
{
	int running;

	curl_multi_socket_action(p->multi, socket, events, &running);
	finished_take(p);
}

static void
on_ready(struct ev_loop *loop, ev_io *w, int events)
{
	struct watched *watched = w->data;
	int action = (events & EV_READ ? CURL_CSELECT_IN : 0) |
		     (events & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)loop;
	act(watched->prober, w->fd, action);
}

static void
on_timeout(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	act(w->data, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct prober *p = arg;

	(void)multi;
	ev_timer_stop(p->loop, &p->timeout);
	if (timeout_ms < 0)
		return (0);
	ev_timer_set(&p->timeout, (double)timeout_ms / 1000, 0);
	ev_timer_start(p->loop, &p->timeout);
	return (0);
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *mine)
{
	struct prober *p = arg;
	struct watched *w = mine;
	int events = (what & CURL_POLL_IN ? EV_READ : 0) |
		     (what & CURL_POLL_OUT ? EV_WRITE : 0);

	(void)easy;
	if (w != NULL)
		ev_io_stop(p->loop, &w->io);
	if (what == CURL_POLL_REMOVE) {
		free(w);
		curl_multi_assign(p->multi, fd, NULL);
		return (0);
	}
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->prober = p;
		ev_init(&w->io, on_ready);
		w->io.data = w;
		curl_multi_assign(p->multi, fd, w);
	}
	ev_io_set(&w->io, fd, events);
	ev_io_start(p->loop, &w->io);
	return (0);
}

static void
request_take(struct prober *p, size_t size)
{
	struct probe_request request;
	struct arena arena;
	struct slice bytes;

	arena_init(&arena);
	bytes = arena_copy(&arena, slice(p->in, size));
	if (type_decode_all(&probe_request_type, bytes, &arena, &request) !=
	    ERR_OK)
		log_error("agent", "healthd talks nonsense", "bytes=%zu", size);
	else if (request.is_cancel)
		probe_cancel(p, request.run);
	else if (probe_request(p, &request, &arena))
		return;
	arena_deinit(&arena);
}

static void
on_request(struct ev_loop *loop, ev_io *w, int events)
{
	struct prober *p = w->data;

	(void)events;
	for (;;) {
		ssize_t size =
		    recv(p->healthd, p->in, HELPER_MESSAGE_MAX, MSG_DONTWAIT);

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0) {
			ev_break(loop, EVBREAK_ALL);
			return;
		}
		request_take(p, (size_t)size);
	}
}

static void
on_idle(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)w;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

struct prober *
prober_new(struct ev_loop *loop, int healthd)
{
	struct prober *p = xcalloc(1, sizeof(*p));

	p->loop = loop;
	p->healthd = healthd;
	p->in = xmalloc(HELPER_MESSAGE_MAX);
	p->multi = curl_multi_init();
	if (p->multi == NULL)
		fatal("libcurl does not start");
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	ev_timer_init(&p->timeout, on_timeout, 0, 0);
	ev_timer_init(&p->idle, on_idle, 0, IDLE_S);
	ev_io_init(&p->requests, on_request, healthd, EV_READ);
	p->timeout.data = p->idle.data = p->requests.data = p;
	ev_io_start(loop, &p->requests);
	ev_timer_again(loop, &p->idle);
	return (p);
}
