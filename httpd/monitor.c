/* Listeners to the log; see monitor.h. */
#include <bsd/sys/queue.h>
#include <stdlib.h>

#include "api.h"
#include "conn.h"
#include "httpd.h"
#include "log.h"
#include "monitor.h"
#include "xmalloc.h"

struct monitor {
	TAILQ_ENTRY(monitor) link;
	struct monitors *all; /* lent */
	struct conn *conn;    /* lent; we are told when it goes */
	enum log_level level;
	bool wants_json;
};

struct monitors {
	struct httpd *httpd; /* lent */
	TAILQ_HEAD(, monitor) list;
	enum log_level level; /* the lowest that anybody wants */
	bool is_sending;      /* lest a line about a line follows */
};

struct monitors *
monitors_new(struct httpd *h)
{
	struct monitors *all = xcalloc(1, sizeof(*all));

	all->httpd = h;
	all->level = LOG_LEVEL_NONE;
	TAILQ_INIT(&all->list);
	return (all);
}

static void
line_send(struct monitors *all, enum log_level level, struct slice line,
    struct slice json)
{
	struct monitor *m;
	struct buf text = { 0 };

	if (all->is_sending)
		return;
	all->is_sending = true;
	TAILQ_FOREACH(m, &all->list, link)
	{
		if (level < m->level)
			continue;
		buf_reset(&text);
		buf_put_slice(&text, m->wants_json ? json : line);
		buf_put_u8(&text, '\n');
		/* One line less is what a slow client gets. */
		(void)conn_chunk(m->conn, buf_slice(&text));
	}
	buf_deinit(&text);
	all->is_sending = false;
}

static void
on_own_line(void *arg, enum log_level level, struct slice line)
{
	struct buf text = { 0 }, json = { 0 };

	(void)line;
	log_tap_line(false, &text);
	log_tap_line(true, &json);
	line_send(arg, level, buf_slice(&text), buf_slice(&json));
	buf_deinit(&text);
	buf_deinit(&json);
}

void
on_log_line(struct daemon *d, struct call *call, const void *request)
{
	const struct edge_log_line *line = request;
	struct httpd *h = d->state;

	(void)call;
	line_send(
	    h->monitors, (enum log_level)line->level, line->line, line->json);
}

void
on_monitor(struct daemon *d, struct call *call, const void *request)
{
	(void)d;
	(void)call;
	(void)request;
}

void
monitors_resume(struct monitors *all)
{
	struct edge_monitor notice = { .level = all->level };

	/* If it can't be told now, it will be when it is back. */
	if (all->level < LOG_LEVEL_NONE || !TAILQ_EMPTY(&all->list))
		(void)edge_tell(httpd_catalogd(all->httpd), METHOD_Edge_Monitor,
		    &edge_monitor_type, &notice);
}

static void
level_update(struct monitors *all)
{
	enum log_level level = LOG_LEVEL_NONE;
	struct edge_monitor notice;
	struct monitor *m;

	TAILQ_FOREACH(m, &all->list, link)
	if (m->level < level)
		level = m->level;
	if (level == all->level)
		return;
	all->level = level;
	log_set_tap(level, level < LOG_LEVEL_NONE ? on_own_line : NULL, all);
	notice.level = level;
	(void)edge_tell(httpd_catalogd(all->httpd), METHOD_Edge_Monitor,
	    &edge_monitor_type, &notice);
}

static void
on_gone(void *arg)
{
	struct monitor *m = arg;
	struct monitors *all = m->all;

	TAILQ_REMOVE(&all->list, m, link);
	free(m);
	level_update(all);
}

void
api_agent_monitor(struct request *r)
{
	struct monitors *all = r->httpd->monitors;
	struct slice wanted = query_get(&r->query, "loglevel");
	struct response out = { .status = 200, .is_stream = true };
	enum log_level level = LOG_LEVEL_INFO;
	struct monitor *m;

	if (wanted.size > 0 && !log_level_parse(wanted, &level)) {
		request_text(r, 400, "Bad request: Unknown log level: %.*s",
		    SLICE_ARGS(wanted));
		return;
	}
	request_answer(r, &out);
	m = xcalloc(1, sizeof(*m));
	m->all = all;
	m->conn = r->conn;
	m->level = level;
	m->wants_json = query_has(&r->query, "logjson");
	TAILQ_INSERT_TAIL(&all->list, m, link);
	conn_stream(r->conn, on_gone, m);
	level_update(all);
}
