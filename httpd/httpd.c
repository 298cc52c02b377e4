/* What all of httpd asks its state for; see httpd.h. */
#include "httpd.h"

const char *
httpd_date(struct httpd *h)
{
	int64_t seconds = (int64_t)ev_now(h->daemon->loop);

	if (seconds != h->date_seconds) {
		h->date_seconds = seconds;
		http_date(seconds, h->date);
	}
	return (h->date);
}

struct edge *
httpd_catalogd(const struct httpd *h)
{
	return (h->daemon->edges[DAEMON_catalogd]);
}
