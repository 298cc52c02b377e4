/*
 * What the tables and the configuration say that each process of a suite may
 * have; see audit.h. The configuration is read as the daemons read it: with
 * the arguments of one of them, from the folder that it was started in.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "config_recursors.h"
#include "log.h"
#include "metrics_read.h"
#include "names.h"
#include "privsep.h"

#define UNIX_PREFIX   "unix://"
#define ARGUMENTS_MAX 4096
#define EXTRA_PATHS   8 /* beside the rules of Landlock */
#define LISTENERS_MAX (4 * CONFIG_ADDRESSES_MAX + DAEMON_COUNT)

/* --- The configuration. --- */

static const char *
path_absolute(struct arena *arena, const char *path)
{
	char *real = realpath(path, NULL);
	const char *copy =
	    arena_text(arena, slice_of_text(real != NULL ? real : path));

	free(real);
	return (copy);
}

/* Where a relative path starts is only known to who may see the folder that
 * the daemons were started in. */
static bool
is_relative(const struct config *c)
{
	bool is_it = c->data_dir[0] != '\0' && c->data_dir[0] != '/';

	for (size_t i = 0; i < c->path_count; i++)
		is_it = is_it || c->paths[i][0] != '/';
	return (is_it);
}

static void
config_read(struct audit_suite *suite, pid_t pid, bool is_there)
{
	char **arguments =
	    arena_array(suite->arena, ARGUMENTS_MAX + 1, sizeof(*arguments));
	int count =
	    audit_arguments_read(suite->arena, pid, arguments, ARGUMENTS_MAX);
	struct buf why = { 0 };

	if (count < 0)
		buf_put_text(&why, "its command line cannot be read, or not "
				   "to the end");
	else
		suite->config = config_load(count, arguments, &why);
	suite->config_why = arena_text(suite->arena, buf_slice(&why));
	buf_deinit(&why);
	if (suite->config != NULL && !is_there && is_relative(suite->config)) {
		config_free(suite->config);
		suite->config = NULL;
		suite->config_why = "it has relative paths, and the folder "
				    "that they start from is hidden";
	}
	if (suite->config == NULL)
		return;
	if (suite->config->data_dir[0] != '\0')
		suite->data_dir =
		    path_absolute(suite->arena, suite->config->data_dir);
	suite->config_paths = arena_array(suite->arena,
	    suite->config->path_count + 1, sizeof(*suite->config_paths));
	while (suite->config_path_count < suite->config->path_count) {
		suite->config_paths[suite->config_path_count] =
		    path_absolute(suite->arena,
			suite->config->paths[suite->config_path_count]);
		suite->config_path_count++;
	}
}

/* --- Paths. --- */

static bool
is_below(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return (strncmp(path, folder, size) == 0 &&
		(path[size] == '\0' || path[size] == '/'));
}

/* Which word of the row lets it write there? */
static const char *
write_word(const struct audit_suite *suite, const struct daemon_row *row,
    const char *path)
{
	char names[128], *name, *rest;

	snprintf(names, sizeof(names), "%s", row->writes);
	for (name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		const char *part =
		    audit_text(suite->arena, "%s/%s", suite->data_dir, name);

		if (suite->data_dir[0] != '\0' && strcmp(path, part) == 0)
			return (audit_text(suite->arena, "writes %s", name));
	}
	return (NULL);
}

static const char *
socket_word(const struct audit_suite *suite, size_t subject, const char *path)
{
#define X(peer)                                                            \
	if (subject == DAEMON_catalogd &&                                  \
	    strcmp(path, audit_text(suite->arena, "%s/%s", suite->run_dir, \
			     #peer)) == 0)                                 \
		return ("edge " #peer);
	EDGES(X)
#undef X
	return (NULL);
}

/* A folder of the configuration, or that of one of its files. */
static bool
is_config(const struct audit_suite *suite, const char *path)
{
	bool is_it = suite->data_dir[0] != '\0' &&
		     strcmp(path, audit_text(suite->arena, "%s/node-id",
				      suite->data_dir)) == 0;

	for (size_t i = 0; !is_it && i < suite->config_path_count; i++) {
		const char *real = suite->config_paths[i];

		is_it = is_below(real, path) &&
			(strcmp(real, path) == 0 ||
			    strchr(real + strlen(path) + 1, '/') == NULL);
	}
	return (is_it);
}

static bool
is_ui(const struct audit_suite *suite, const char *path)
{
	struct slice ui = suite->config->keys.ui_dir;
	char *real = realpath(arena_text(suite->arena, ui), NULL);
	bool is_it = ui.size > 0 && real != NULL && strcmp(real, path) == 0;

	free(real);
	return (is_it);
}

static bool
is_host(const char *path)
{
	return (is_below(path, "/proc") || is_below(path, "/etc") ||
		strcmp(path, "/usr/lib/os-release") == 0);
}

static bool
is_system(const char *path)
{
	return (is_below(path, "/etc") ||
		is_below(path, "/usr/share/ca-certificates") ||
		is_below(path, "/usr/local/share/ca-certificates"));
}

static bool
is_names(const char *path)
{
	char allowed[NAMES_PATH_SIZE];

	for (size_t i = 0; i < NAMES_FILES; i++) {
		if (names_path(i, allowed, sizeof(allowed)) &&
		    strcmp(path, allowed) == 0)
			return (true);
	}
	return (false);
}

static const char *
read_word(const struct audit_suite *suite, const struct daemon_row *row,
    const char *path)
{
	const char *below = "";

	if (is_below(path, suite->run_dir))
		below = path + strlen(suite->run_dir);
	if ((row->reads & READ_PAGE) && strcmp(below, "/genpage") == 0)
		return ("reads page");
	if ((row->reads & READ_METRICS) &&
	    strcmp(below, "/" METRICS_FOLDER) == 0)
		return ("reads metrics");
	if ((row->reads & READ_CONFIG) && is_config(suite, path))
		return ("reads config");
	if ((row->reads & READ_UI) && is_ui(suite, path))
		return ("reads ui");
	if ((row->reads & READ_HOST) && is_host(path))
		return ("reads host");
	if ((row->reads & (READ_NAMES | READ_SYSTEM)) && is_names(path))
		return ("reads names");
	if ((row->reads & READ_SYSTEM) && is_system(path))
		return ("reads system");
	return (NULL);
}

/* A path that no word explains is none of the declaration, whatever privsep
 * makes of the tables. */
static const char *
path_word(const struct audit_suite *suite, const struct audit_declared *d,
    const struct powers_path *p)
{
	if (p->access & POWERS_SOCKET)
		return (socket_word(suite, d->subject, p->path));
	if (p->access & POWERS_WRITE)
		return (write_word(suite, d->row, p->path));
	return (read_word(suite, d->row, p->path));
}

static void
path_add(struct audit_declared *d, unsigned access, const char *path,
    const char *why, bool is_rule)
{
	d->paths[d->path_count++] = (struct audit_path){
		.access = access, .path = path, .why = why, .is_rule = is_rule
	};
}

/* What each opened before it gave up the rest, and keeps. */
static void
paths_declare(const struct audit_suite *suite, struct audit_declared *d)
{
	const char *why;

	d->paths = arena_array(suite->arena, d->record.path_count + EXTRA_PATHS,
	    sizeof(*d->paths));
	for (size_t i = 0; i < d->record.path_count; i++) {
		why = path_word(suite, d, &d->record.paths[i]);
		if (why != NULL)
			path_add(d, d->record.paths[i].access,
			    d->record.paths[i].path, why, true);
	}
	if (d->subject >= DAEMON_COUNT)
		return;
	path_add(d, POWERS_READ | POWERS_WRITE,
	    audit_text(suite->arena, "%s/" METRICS_FOLDER "/%s", suite->run_dir,
		d->row->name),
	    "its figures", false);
	if (d->subject == DAEMON_catalogd)
		path_add(d, POWERS_READ | POWERS_WRITE,
		    audit_text(suite->arena, "%s/genpage/page", suite->run_dir),
		    "the generation page", false);
}

/* --- Listeners. --- */

static void
listener_add(struct audit_declared *d, enum audit_family family,
    const char *address, int port, const char *why)
{
	size_t size = strlen(UNIX_PREFIX);

	if (d->listener_count == LISTENERS_MAX)
		return;
	if (strncmp(address, UNIX_PREFIX, size) == 0) {
		family = AUDIT_UNIX;
		address += size;
		port = 0;
	}
	d->listeners[d->listener_count++] = (struct audit_listener){
		.family = family, .address = address, .port = port, .why = why
	};
}

static void
listener_add_both(
    struct audit_declared *d, const char *address, int port, const char *why)
{
	listener_add(d, AUDIT_TCP, address, port, why);
	listener_add(d, AUDIT_UDP, address, port, why);
}

static void
listeners_of_config(const struct config *c, struct audit_declared *d)
{
	size_t i;

	if (d->subject == DAEMON_gossipd) {
		listener_add_both(d, c->serf_lan_address, c->serf_lan_port,
		    "gossip in the LAN");
		if (c->is_server && c->serf_wan_port > 0)
			listener_add_both(d, c->serf_wan_address,
			    c->serf_wan_port, "gossip in the WAN");
	}
	if (d->subject == DAEMON_raftd && c->is_server && c->server_port > 0)
		listener_add(d, AUDIT_TCP, c->bind_address, c->server_port,
		    "calls of other agents");
	for (i = 0; d->subject == DAEMON_httpd && c->http_port > 0 &&
		    i < c->http_addresses.count;
	     i++)
		listener_add(d, AUDIT_TCP, c->http_addresses.text[i],
		    c->http_port, "the HTTP API");
	for (i = 0; d->subject == DAEMON_dnsd && c->dns_port > 0 &&
		    i < c->dns_addresses.count;
	     i++)
		listener_add_both(
		    d, c->dns_addresses.text[i], c->dns_port, "DNS");
}

static void
listeners_declare(const struct audit_suite *suite, struct audit_declared *d)
{
	d->listeners =
	    arena_array(suite->arena, LISTENERS_MAX, sizeof(*d->listeners));
	d->listener_count = 0;
	if (d->subject == DAEMON_catalogd) {
#define X(peer)                                                            \
	listener_add(d, AUDIT_UNIX,                                        \
	    audit_text(suite->arena, "%s/" #peer "/s", suite->run_dir), 0, \
	    "edge " #peer);
		EDGES(X)
#undef X
	}
	if (suite->config != NULL)
		listeners_of_config(suite->config, d);
}

static void
recursors_declare(const struct audit_suite *suite, struct audit_declared *d)
{
	struct config_recursors recursors = { 0 };
	struct buf why = { 0 };

	d->recursor_count = 0;
	if (d->row->network != NET_RECURSE ||
	    config_recursors_read(
		suite->config, suite->arena, &recursors, &why) != ERR_OK)
		recursors.count = 0;
	buf_deinit(&why);
	d->recursor_ports = arena_array(
	    suite->arena, recursors.count + 1, sizeof(*d->recursor_ports));
	while (d->recursor_count < recursors.count) {
		d->recursor_ports[d->recursor_count] =
		    recursors.items[d->recursor_count].port;
		d->recursor_count++;
	}
}

/* --- All of it. --- */

static void
ids_declare(const struct audit_suite *suite, struct audit_declared *d)
{
	struct privsep_declared ids = privsep_declared(d->subject);

	d->is_confined = ids.is_confined;
	d->is_shared =
	    suite->has_run_dir && (suite->run_uid != 0 || !ids.has_users);
	d->uid = d->is_shared ? suite->run_uid : ids.uid;
	d->gid = d->is_shared ? suite->run_gid : ids.gid;
	d->page_gid = d->is_shared ? suite->run_gid : ids.page_gid;
	d->has_page_group = ids.has_page_group;
}

static void
record_declare(const struct audit_suite *suite, struct audit_declared *d)
{
	struct buf text = { 0 }, why = { 0 };

	d->record = (struct powers_record){ 0 };
	privsep_declare_record(
	    d->subject, suite->config, suite->run_dir, &text);
	buf_put_text(&text, "end\n");
	/* The record's texts are lent by the arena, not by the text. */
	d->has_record = powers_record_parse(buf_slice(&text), suite->arena,
			    &d->record, &why) == ERR_OK;
	buf_deinit(&text);
	buf_deinit(&why);
}

static void
subject_declare(struct audit_suite *suite, size_t subject)
{
	struct audit_declared *d = &suite->declared[subject];

	*d = (struct audit_declared){
		.subject = subject,
		.row = audit_row(subject),
		.kind = subject < DAEMON_COUNT ? "daemon" : "helper",
		.run_dir = suite->run_dir,
	};
	ids_declare(suite, d);
	listeners_declare(suite, d);
	if (suite->config == NULL)
		return;
	d->keeps_in_memory = suite->config->is_dev && *d->row->writes != '\0';
	if (d->is_confined)
		record_declare(suite, d);
	paths_declare(suite, d);
	recursors_declare(suite, d);
}

void
audit_suite_declare(struct audit_suite *suite)
{
	int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[64];
	bool is_away;

	assert(suite->count > 0);
	snprintf(
	    path, sizeof(path), "/proc/%d/cwd", (int)suite->processes[0].pid);
	is_away = home >= 0 && chdir(path) == 0;
	config_read(suite, suite->processes[0].pid, is_away);
	for (size_t i = 0; i < AUDIT_SUBJECTS; i++)
		subject_declare(suite, i);
	if (is_away && fchdir(home) != 0)
		fatal("cannot go back to our own folder: %s", strerror(errno));
	if (home >= 0)
		close(home);
}
