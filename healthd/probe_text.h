/*
 * The words in which Go and Consul say how a probe went.
 *
 * Source  api/config.md 5; observed from Consul 1.8.7
 */
#ifndef HEALTHD_PROBE_TEXT_H
#define HEALTHD_PROBE_TEXT_H

#include "bytes.h"
#include "check.h"

/* Go's words for an errno: the C library's, in small letters. */
void probe_errno_text(int error, struct buf *);

/* What is wrong with a URL or method before anything is sent: true, and the
 * whole output in *out; false if nothing is. */
bool probe_url_fault(struct slice url, struct slice method, struct buf *out);
/* The same of what url.Parse alone refuses: a Location may be relative. */
bool probe_url_parse_fault(struct slice url, struct buf *out);
/* `Get "http://x/": `: how every other failure begins. The password, if the
 * URL has one, is not told. */
void probe_url_prefix(struct slice url, struct slice method, struct buf *out);
/* Host and port of a URL, as they stand there: without user and password. */
struct slice probe_url_authority(struct slice url);
/* The host of a URL, without brackets and port. */
struct slice probe_url_host(struct slice url);
bool probe_url_is_absolute(struct slice url); /* has a scheme */
/* Whether it leads to the same host and port, or to a domain below: what a
 * header that is secret may follow (net/http, shouldCopyHeaderOnRedirect). */
bool probe_url_is_below(struct slice url, struct slice above);
bool probe_header_is_secret(struct slice name);
/* Which status a check takes from an HTTP status. */
enum check_status probe_http_status(long code);

/* "host:port" apart, as net.SplitHostPort does it: true, or false and Go's
 * text in *out. Brackets are taken off. */
bool probe_split(struct slice address, struct slice *host, struct slice *port,
    struct buf *out);

#endif
