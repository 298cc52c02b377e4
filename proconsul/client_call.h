/* Inside of client.c and client_error.c. */
#ifndef PROCONSUL_CLIENT_CALL_H
#define PROCONSUL_CLIENT_CALL_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "client.h"
#include "client_target.h"
#include "curl_library.h"

struct client {
	struct client_target target;
	const struct curl_library *curl; /* lent for good */
	CURLM *multi;			 /* owned */
	int started_count;		 /* calls in `multi` */
};

struct call {
	struct client *client;	       /* lent */
	CURL *easy;		       /* owned; NULL: never left this host */
	struct curl_slist *headers;    /* owned */
	struct curl_slist *connect_to; /* owned */
	client_data_fn *on_data;
	void *on_data_arg;
	FILE *body_file; /* lent, as is its name */
	const char *body_name;
	struct buf body;
	struct buf name;	      /* `Get "http://host/path"`, for errors */
	struct buf why;		      /* set before anything was sent */
	struct sockaddr_storage peer; /* the address tried last */
	char curl_why[CURL_ERROR_SIZE];
	uint64_t index;
	CURLcode result;
	bool is_done;
};

void call_name(struct call *, const char *method, const char *path);
/* Why a call that is done has failed, in the words of Go's net/http. */
void call_put_why(const struct call *, struct buf *);

#endif
