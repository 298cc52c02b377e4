/* httpd: opens its ports, then serves; see httpd.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "accept.h"
#include "agent_cache.h"
#include "answer.h"
#include "ask.h"
#include "conn.h"
#include "figures.h"
#include "httpd.h"
#include "limits.h"
#include "log.h"
#include "monitor.h"
#include "route.h"
#include "ui.h"
#include "xmalloc.h"

#define LOG_NAME "agent"

/* As many connections as the machine lets us have. */
static void
files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn(LOG_NAME, "cannot raise the limit of open files", "");
}

static void
httpd_open(struct daemon *d)
{
	struct httpd *h = d->state;

	h->daemon = d;
	policy_init(&h->policy, d->config);
	h->routes = routes_new();
	h->answers = answers_new(ANSWER_CACHE_BYTES_MAX);
	h->asking = asking_new(h);
	h->agent_cache = agent_cache_new(h);
	h->conns = conns_new(h);
	h->figures = figures_new(d->config);
	h->monitors = monitors_new(h);
	h->ui = d->config->has_ui || d->config->keys.ui_dir.size > 0 ? ui_new()
								     : NULL;
	h->gzip = gzip_new();
	h->is_pretty = d->config->is_dev;
	h->cpu_count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	h->read_buffer = xmalloc(HTTPD_READ_BYTES);
	arena_init(&h->arena);
	files_raise();
	if (d->config->http_port > 0)
		accept_open(h, d->config);
}

static void
httpd_start(struct daemon *d)
{
	(void)d;
}

/* Only this limit and the rates of the cache follow a reload:
 * api/semantics.md 13. */
static void
httpd_reload(struct daemon *d, const struct config *old)
{
	struct httpd *h = d->state;

	(void)old;
	h->policy.connections_max =
	    (unsigned)d->config->keys.limits.http_max_conns_per_client;
	agent_cache_reload(h->agent_cache, d->config);
}

static void
httpd_turn(struct daemon *d)
{
	struct httpd *h = d->state;

	asking_turn(h->asking);
}

/* A new catalogd has a new page; it is there before catalogd speaks. */
static void
httpd_on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	struct httpd *h = d->state;

	(void)edge;
	if (!is_up)
		return;
	genpage_close(h->page);
	h->page = genpage_open(daemon_run_path(d, GENPAGE_FILE));
	monitors_resume(h->monitors);
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_Edge_LogLine] = on_log_line,
	[METHOD_Edge_Monitor] = on_monitor,
};

int
main(int argc, char **argv)
{
	static const struct daemon_spec spec = {
		.id = DAEMON_httpd,
		.state_size = sizeof(struct httpd),
		.open = httpd_open,
		.start = httpd_start,
		.turn = httpd_turn,
		.reload = httpd_reload,
		.on_peer = httpd_on_peer,
		.handlers = handlers,
	};

	return (daemon_main(&spec, argc, argv));
}
