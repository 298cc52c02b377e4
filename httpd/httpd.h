/*
 * httpd: the HTTP API and the bare web page.
 *
 * It parses what strangers send and has no authority: each question goes to
 * catalogd with its token, and what comes back is made into JSON. Reads that
 * were answered before are answered from memory while the generation page says
 * that they stand.
 */
#ifndef HTTPD_HTTPD_H
#define HTTPD_HTTPD_H

#include "daemon.h"
#include "genpage.h"
#include "policy.h"
#include "respond.h"

struct agent_cache;
struct answers;
struct asking;
struct conns;
struct figures;
struct monitors;
struct routes;
struct ui;

#define HTTPD_READ_BYTES (64 * 1024)

struct httpd {
	struct daemon *daemon; /* lent */
	struct genpage *page;  /* NULL until catalogd has made it */
	struct routes *routes;
	struct answers *answers;
	struct asking *asking;
	struct agent_cache *agent_cache;
	struct conns *conns;
	struct figures *figures;
	struct monitors *monitors;
	struct ui *ui; /* NULL when it is off */
	struct gzip *gzip;
	struct policy policy;
	unsigned cpu_count;   /* of this host */
	struct arena arena;   /* of the request that is being handled */
	struct buf scratch;   /* a key, a body: until the next use */
	uint64_t turn;	      /* counts turns of the loop */
	bool is_pretty;	      /* every answer, as with -dev */
	uint8_t *read_buffer; /* owned; HTTPD_READ_BYTES */
	int64_t date_seconds; /* of `date` */
	char date[DATE_BYTES + 1];
};

/* Now, for a Date header; lent. */
const char *httpd_date(struct httpd *);
struct edge *httpd_catalogd(const struct httpd *);

#endif
