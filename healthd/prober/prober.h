/*
 * healthd's prober: the program that carries out HTTP, TCP, gRPC and Docker
 * checks, and requests of watches.
 *
 * It is started by the runner (healthd/runner.h) when there is something to
 * probe, and ends when there has been nothing for IDLE_S. It has the network,
 * and read access to what names and certificates need; no other file, no
 * token, no child. What it may be made to do by a hostile server ends here.
 *
 * libcurl does the talking (multi_socket, in the loop of libev); redirects are
 * followed here, by Go's rules.
 */
#ifndef HEALTHD_PROBER_PROBER_H
#define HEALTHD_PROBER_PROBER_H

#include <curl/curl.h>
#include <ev.h>

#include "healthd/health_types.h"
#include "healthd/local.h"
#include "healthd/tail.h"

#define IDLE_S 60

struct prober;
struct probe;

/* What a kind of probe does with its connection. */
struct probe_kind {
	/* Fill in the easy handle; ends the probe itself if that can't be. */
	void (*begin)(struct probe *);
	/* It is over; ends the probe, or begins it once more. */
	void (*over)(struct probe *, CURLcode);
};

extern const struct probe_kind http_kind;
extern const struct probe_kind tcp_kind;
extern const struct probe_kind grpc_kind;
extern const struct probe_kind docker_kind;

struct probe {
	struct probe *next;
	struct prober *prober; /* lent */
	const struct probe_kind *kind;
	struct arena arena; /* of the request */
	struct probe_request request;
	struct instant deadline;
	struct buf input; /* of a handler; complete when it begins */
	int64_t exit_code;
	CURL *easy;		    /* owned; NULL between two attempts */
	struct curl_slist *headers; /* owned */
	char error[CURL_ERROR_SIZE];
	struct buf dialled; /* "127.0.0.1:80": the first address tried */
	struct buf refused; /* the same, of a link-local one */
	/* Of HTTP. */
	struct tail body;
	struct buf status_line; /* of the last answer: "200 OK" */
	struct buf url;		/* after redirects */
	struct buf method;
	struct buf location; /* of the last answer, as it came */
	struct buf referer;
	struct buf user; /* Authorization that the URL asks for */
	unsigned redirects;
	bool drops_body, drops_host, drops_secrets; /* a redirect's doing */
	bool has_all; /* of the answer, whatever libcurl waits for */
	/* Of gRPC and Docker. */
	struct buf answer;
	struct buf grpc_status, grpc_message, content_type;
	/* Of Docker. */
	unsigned step; /* of the three questions: create, start, inspect */
	char *exec_id; /* in the arena */
	struct buf output;
};

/* loop.c: a fresh easy handle with what all probes need, and off it goes. */
void probe_handle_new(struct probe *);
void probe_go(struct probe *);
void probe_header_add(struct probe *, const char *line); /* copied */
/* Tell healthd, and free the probe. */
void probe_end(
    struct probe *, enum run_end, enum check_status, struct slice output);

/* http.c: the request to `url`, and its end by a failure there. */
void http_send(struct probe *);
void http_fail(struct probe *, struct slice url, const struct buf *fault);
/* redirect.c: true if the answer led elsewhere, or was the end. */
bool http_redirect(struct probe *, long code);
/* `user` of `url`. */
void http_user_set(struct probe *);

/* dial.c: Go's words for what went wrong below HTTP. True if it has some. */
bool dial_fault(const struct probe *, CURLcode, struct buf *out);
/* Whether the time was up before anything could be sent. */
bool dial_was_cut(const struct probe *);
/* NUL-terminated, in the probe's arena. */
char *probe_text_of(struct probe *, struct slice);

struct prober *prober_new(struct ev_loop *, int healthd);

#endif
