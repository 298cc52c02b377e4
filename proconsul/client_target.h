/*
 * Whom to ask, worked out from flags, environment and files before the first
 * request: address, scheme, token, certificates.
 */
#ifndef PROCONSUL_CLIENT_TARGET_H
#define PROCONSUL_CLIENT_TARGET_H

#include "client.h"

struct client_target {
	struct arena arena; /* owns the texts */
	bool is_https;
	bool verifies;	       /* the agent's certificate */
	const char *host;      /* "127.0.0.1:8500"; the path of a socket */
	const char *unix_path; /* NULL: TCP */
	const char *token;     /* "" for none, likewise below */
	const char *user;      /* basic auth, "name:password" */
	const char *datacenter;
	const char *name_space;
	const char *client_cert; /* NULL for none, likewise below */
	const char *client_key;
	const char *tls_server_name;
	struct buf authorities; /* PEM; empty: the system's */
};

/* On failure *why is Consul's text behind "Error connecting to Consul agent: ",
 * and the target needs no client_target_deinit. */
MUST_CHECK enum err client_target_init(
    struct client_target *, const struct client_options *, struct buf *why);
void client_target_deinit(struct client_target *);

struct slice host_without_port(const char *host);
/* `dial tcp: lookup x: no such host` and the like for a host no resolver would
 * take. */
MUST_CHECK enum err client_host_check(const char *host, struct buf *why);

#endif
