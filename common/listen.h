/* Listening sockets, opened before privileges are dropped. */
#ifndef COMMON_LISTEN_H
#define COMMON_LISTEN_H

/* Non-blocking and closed on exec. Address is IPv4 or IPv6 text. fatal() when
 * it can't be had; a port in use is named together with its holder, where
 * /proc tells. One that was given to us (listen_given.h) is taken. `what` is
 * Consul's word for it: "HTTP", "DNS". */
int listen_tcp(const char *address, int port, const char *what);
int listen_udp(const char *address, int port, const char *what);

#endif
