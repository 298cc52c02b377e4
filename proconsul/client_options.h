/* Flags that commands share, as rows for their tables; see client.h. */
#ifndef PROCONSUL_CLIENT_OPTIONS_H
#define PROCONSUL_CLIENT_OPTIONS_H

#include "client.h"

/* clang-format off */
#define CLIENT_FLAG(kind, name, options, member, value, help)                  \
	{ name, FLAG_##kind, offsetof(struct options, client.member), value,   \
	    help, NULL, true }

/* `options` is the struct of a command; its member `client` is filled. */
#define CLIENT_FLAGS(options)                                                  \
	CLIENT_FLAG(TEXT, "http-addr", options, http_addr, "address",          \
	    "Where the agent's HTTP API is: host:port, http://host:port, "     \
	    "https://host:port or unix:///path. Environment: "                 \
	    "CONSUL_HTTP_ADDR. The default is http://127.0.0.1:8500; with "    \
	    "CONSUL_HTTP_SSL=true, https."),                                   \
	CLIENT_FLAG(TEXT, "token", options, token, "value",                    \
	    "ACL token to send. Environment: CONSUL_HTTP_TOKEN. Without one "  \
	    "the agent uses its own."),                                        \
	CLIENT_FLAG(TEXT, "token-file", options, token_file, "value",          \
	    "File that holds the ACL token to send; it beats -token. "         \
	    "Environment: CONSUL_HTTP_TOKEN_FILE."),                           \
	CLIENT_FLAG(TEXT, "ca-file", options, ca_file, "value",                \
	    "File with the certificate of the authority that vouches for the " \
	    "agent. Environment: CONSUL_CACERT."),                             \
	CLIENT_FLAG(TEXT, "ca-path", options, ca_path, "value",                \
	    "Directory of such files. Environment: CONSUL_CAPATH."),           \
	CLIENT_FLAG(TEXT, "client-cert", options, client_cert, "value",        \
	    "File with the certificate to show to an agent that asks for "     \
	    "one. Environment: CONSUL_CLIENT_CERT."),                          \
	CLIENT_FLAG(TEXT, "client-key", options, client_key, "value",          \
	    "File with the key of -client-cert. Environment: "                 \
	    "CONSUL_CLIENT_KEY."),                                             \
	CLIENT_FLAG(TEXT, "tls-server-name", options, tls_server_name,         \
	    "value",                                                           \
	    "Name to expect in the agent's certificate, instead of its "       \
	    "address. Environment: CONSUL_TLS_SERVER_NAME.")

#define SERVER_FLAGS(options)                                                  \
	CLIENT_FLAG(TEXT, "datacenter", options, datacenter, "value",          \
	    "Datacenter to ask; that of the agent by default."),               \
	CLIENT_FLAG(BOOL_VAR, "stale", options, is_stale, "",                  \
	    "Let any server answer, not only the leader: faster, but the "     \
	    "answer may be old. Writes are not affected.")

#define NAMESPACE_FLAG(options)                                                \
	{ "namespace", FLAG_TEXT, offsetof(struct options, client.name_space), \
	    "default", "Namespace to ask. Consul Enterprise has more than "    \
	    "one; the agent refuses any name.", NULL, false }

#define FLAGS_END { NULL, FLAG_BOOL, 0, NULL, NULL, NULL, false }
/* clang-format on */

#endif
