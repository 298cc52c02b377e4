/*
 * What daemons tell without being asked: members, a reload, lines of the log.
 */
#include "catalogd.h"
#include "log.h"
#include "utf8.h"

void
on_member_changed(struct daemon *d, struct call *call, const void *request)
{
	(void)call;
	servers_member(catalogd_of(d), request);
	leader_member(catalogd_of(d), request);
}

/* healthd, which reloads first and says whether the files are right, is
 * followed by all others. */
void
on_reloaded(struct daemon *d, struct call *call, const void *request)
{
	const struct empty notice = {};
	struct buf why = { 0 };

	(void)call;
	(void)request;
	if (!daemon_reload(d, &why))
		log_error("agent", "Failed to reload configs", "error=\"%s\"",
		    buf_text(&why));
	buf_deinit(&why);
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		if (i != DAEMON_healthd && d->edges[i] != NULL &&
		    edge_is_up(d->edges[i]))
			(void)edge_tell(d->edges[i], METHOD_Edge_Reload,
			    &empty_type, &notice);
}

/* --- The monitor: httpd asks for everybody's log, and gets every line. --- */

/* What other daemons say is not for operators' terminals as it is; nor are
 * control characters in the JSON of ours, which stand for themselves there. */
static void
line_to_httpd(struct daemon *d, const struct edge_log_line *line)
{
	struct edge_log_line shown = *line;
	struct buf text = { 0 }, json = { 0 };

	buf_put_slice(&text, line->line);
	buf_put_slice(&json, line->json);
	utf8_hide_unsafe(text.data, text.size, '?');
	utf8_hide_unsafe(json.data, json.size, '?');
	shown.line = buf_slice(&text);
	shown.json = buf_slice(&json);
	/* One line less is what a monitor that cannot keep up gets. */
	(void)edge_tell(d->edges[DAEMON_httpd], METHOD_Edge_LogLine,
	    &edge_log_line_type, &shown);
	buf_deinit(&text);
	buf_deinit(&json);
}

void
on_log_line(struct daemon *d, struct call *call, const void *request)
{
	(void)call;
	line_to_httpd(d, request);
}

static void
on_own_line(void *arg, enum log_level level, struct slice text)
{
	struct edge_log_line notice = { .level = level };
	struct buf line = { 0 }, json = { 0 };

	(void)text;
	log_tap_line(false, &line);
	log_tap_line(true, &json);
	notice.line = buf_slice(&line);
	notice.json = buf_slice(&json);
	line_to_httpd(arg, &notice);
	buf_deinit(&line);
	buf_deinit(&json);
}

static void
level_set(struct catalogd *c, uint64_t level)
{
	struct daemon *d = c->daemon;
	const struct edge_monitor notice = { .level = level };

	c->monitor_level = level;
	log_set_tap((enum log_level)level,
	    level < LOG_LEVEL_NONE ? on_own_line : NULL, d);
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		if (d->edges[i] != NULL && edge_is_up(d->edges[i]))
			(void)edge_tell(d->edges[i], METHOD_Edge_Monitor,
			    &edge_monitor_type, &notice);
}

void
on_monitor(struct daemon *d, struct call *call, const void *request)
{
	const struct edge_monitor *q = request;

	(void)call;
	level_set(catalogd_of(d), q->level);
}

void
monitor_peer_up(struct catalogd *c, struct edge *edge)
{
	const struct edge_monitor notice = { .level = c->monitor_level };

	if (c->monitor_level < LOG_LEVEL_NONE)
		(void)edge_tell(
		    edge, METHOD_Edge_Monitor, &edge_monitor_type, &notice);
}

void
monitor_httpd_down(struct catalogd *c)
{
	if (c->monitor_level < LOG_LEVEL_NONE)
		level_set(c, LOG_LEVEL_NONE);
}
