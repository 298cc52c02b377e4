/*
 * Which suites run, and which processes are whose; see audit.h. A daemon is
 * known by its command line (`NAME -run-dir DIR ...`), whoever started it: the
 * launcher, systemd or a supervisor. Its helpers are known by their parents.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "privsep.h"
#include "xmalloc.h"

#define PROBER_NAME  "healthd-prober"
#define LAUNCHER     "proconsul"
#define SUBJECT_NONE SIZE_MAX

const struct daemon_row *
audit_row(size_t subject)
{
	return (subject < DAEMON_COUNT ? &daemon_rows[subject]
				       : &helper_rows[subject - DAEMON_COUNT]);
}

static size_t
subject_of(const char *called)
{
	const char *slash = strrchr(called, '/');
	size_t i;

	if (slash != NULL)
		called = slash + 1;
	for (i = 0; i < DAEMON_COUNT; i++)
		if (strcmp(called, daemon_rows[i].name) == 0)
			return (i);
	return (strcmp(called, PROBER_NAME) == 0 ? DAEMON_COUNT + HELPER_prober
						 : SUBJECT_NONE);
}

/* Only what is asked for from `words` on is needed: three of them. */
static bool
candidate_read(struct arena *arena, pid_t pid, struct audit_candidate *c)
{
	struct audit_thread status;
	struct buf text = { 0 };
	const char *words, *word;
	char path[64];
	bool is_ours;

	*c = (struct audit_candidate){ .pid = pid, .run_dir = "" };
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	/* Nobody hides behind a long one: what counts is in front. */
	if (!audit_file_read(path, &text) && errno != EFBIG) {
		buf_deinit(&text);
		return (false);
	}
	words = buf_text(&text);
	c->subject = subject_of(words);
	word = words + strlen(words) + 1;
	is_ours = c->subject == DAEMON_COUNT + HELPER_prober;
	if (c->subject < DAEMON_COUNT && word < words + text.size &&
	    strcmp(word, "-run-dir") == 0) {
		word += strlen(word) + 1;
		is_ours = word < words + text.size && *word == '/';
		if (is_ours)
			c->run_dir = arena_text(arena, slice_of_text(word));
	}
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (is_ours)
		is_ours = audit_file_read(path, &text) &&
			  audit_parse_status(buf_slice(&text), arena, &status);
	if (is_ours) {
		c->parent = status.parent;
		c->uid = status.uids[1];
	}
	buf_deinit(&text);
	return (is_ours);
}

/* --- All that are called like ours. --- */

struct candidates {
	struct audit_candidate *list; /* owned */
	size_t count, capacity;
	size_t missed;
};

static void
candidate_add(struct candidates *all, const struct audit_candidate *c)
{
	if (all->count == AUDIT_CANDIDATES_MAX) {
		all->missed++;
		return;
	}
	if (all->count == all->capacity) {
		all->capacity = all->capacity * 2 + AUDIT_SUBJECTS;
		all->list =
		    xreallocarray(all->list, all->capacity, sizeof(*all->list));
	}
	all->list[all->count++] = *c;
}

static int
pid_compare(const void *a, const void *b)
{
	const struct audit_candidate *x = a, *y = b;

	return (x->pid < y->pid ? -1 : x->pid > y->pid);
}

static void
candidates_read(struct arena *arena, struct candidates *all)
{
	DIR *folder = opendir("/proc");
	struct audit_candidate c;
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && candidate_read(arena, pid, &c))
			candidate_add(all, &c);
	}
	if (folder != NULL)
		closedir(folder);
	if (all->count > 0)
		qsort(all->list, all->count, sizeof(*all->list), pid_compare);
}

static const struct audit_candidate *
candidate_find(const struct candidates *all, pid_t pid)
{
	const struct audit_candidate key = { .pid = pid };

	return (all->count == 0 ? NULL
				: bsearch(&key, all->list, all->count,
				      sizeof(key), pid_compare));
}

/* The runner is a fork of healthd; the prober is the runner's child. */
static void
helpers_find(struct candidates *all)
{
	const struct audit_candidate *parent;
	struct audit_candidate *c;

	for (c = all->list; c < all->list + all->count; c++) {
		parent = candidate_find(all, c->parent);
		if (c->subject == DAEMON_healthd && parent != NULL &&
		    (parent->subject == DAEMON_healthd ||
			parent->subject == DAEMON_COUNT + HELPER_runner) &&
		    strcmp(parent->run_dir, c->run_dir) == 0)
			c->subject = DAEMON_COUNT + HELPER_runner;
	}
	for (c = all->list; c < all->list + all->count; c++) {
		parent = candidate_find(all, c->parent);
		if (c->subject == DAEMON_COUNT + HELPER_prober)
			c->run_dir = parent != NULL ? parent->run_dir : "";
	}
}

/* Anyone may start processes that are called like ours, and more of them than
 * we look at. Whose they are they can't choose; that their run directory is
 * root's is no more than a sign, for others may name it, too. */
int
audit_candidate_compare(const void *a, const void *b)
{
	const struct audit_candidate *x = a, *y = b;

	if (x->is_foreign != y->is_foreign)
		return (x->is_foreign ? 1 : -1);
	if (x->is_dir_foreign != y->is_dir_foreign)
		return (x->is_dir_foreign ? 1 : -1);
	return (pid_compare(a, b));
}

static void
candidates_sort(struct candidates *all)
{
	uint32_t users[AUDIT_SUBJECTS];
	struct audit_candidate *c;
	struct stat st;

	for (size_t i = 0; i < AUDIT_SUBJECTS; i++)
		users[i] = privsep_declared(i).uid;
	for (c = all->list; c < all->list + all->count; c++) {
		c->is_foreign = c->uid != 0 && c->uid != users[c->subject];
		c->is_dir_foreign = stat(c->run_dir, &st) != 0 ||
				    !S_ISDIR(st.st_mode) || st.st_uid != 0;
	}
	if (all->count > 0)
		qsort(all->list, all->count, sizeof(*all->list),
		    audit_candidate_compare);
}

/* Which root directory a process has, if it is another one than ours. */
static const char *
root_of(struct arena *arena, pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	if (stat("/", &ours) != 0 || stat(path, &theirs) != 0 ||
	    (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino))
		return ("");
	return (
	    audit_text(arena, "%llx:%llu", (unsigned long long)theirs.st_dev,
		(unsigned long long)theirs.st_ino));
}

/* The outermost of a container: what is started in its place sees what that
 * sees, and a daemon's own namespaces may hide more. */
pid_t
audit_suite_container(const struct audit_suite *suite)
{
	pid_t pid = suite->processes[0].pid, parent = pid;
	struct audit_thread status = { 0 };
	struct buf text = { 0 };
	char path[64];

	while (parent > 0 &&
	       strcmp(root_of(suite->arena, parent), suite->root) == 0) {
		pid = parent;
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		if (!audit_file_read(path, &text) ||
		    !audit_parse_status(
			buf_slice(&text), suite->arena, &status))
			break;
		parent = status.parent;
	}
	buf_deinit(&text);
	return (pid);
}

static struct audit_suite *
suite_for(struct arena *arena, const struct audit_candidate *c,
    struct audit_suite *suites, size_t *count, size_t max)
{
	const char *root = root_of(arena, c->pid);
	struct audit_suite *suite;

	for (size_t i = 0; i < *count; i++)
		if (strcmp(suites[i].run_dir, c->run_dir) == 0 &&
		    strcmp(suites[i].root, root) == 0)
			return (&suites[i]);
	if (*count == max)
		return (NULL);
	suite = &suites[(*count)++];
	*suite = (struct audit_suite){
		.arena = arena,
		.run_dir = c->run_dir,
		.data_dir = "",
		.root = root,
		.config_why = "",
	};
	suite->processes =
	    arena_array(arena, AUDIT_PROCESSES_MAX, sizeof(*suite->processes));
	return (suite);
}

static int
process_compare(const void *a, const void *b)
{
	const struct audit_process *x = a, *y = b;

	if (x->subject != y->subject)
		return (x->subject < y->subject ? -1 : 1);
	return (x->pid < y->pid ? -1 : x->pid > y->pid);
}

static int
suite_compare(const void *a, const void *b)
{
	const struct audit_suite *x = a, *y = b;
	int order = strcmp(x->root, y->root);

	return (order != 0 ? order : strcmp(x->run_dir, y->run_dir));
}

static bool
is_same_folder(const char *a, const char *b)
{
	size_t size = strlen(b);

	while (size > 1 && b[size - 1] == '/')
		size--;
	return (strlen(a) == size && strncmp(a, b, size) == 0);
}

size_t
audit_suites_find(struct arena *arena, const char *only,
    struct audit_suite *suites, size_t max, size_t *missed)
{
	struct candidates all = { 0 };
	struct audit_suite *suite;
	size_t count = 0;

	candidates_read(arena, &all);
	helpers_find(&all);
	candidates_sort(&all);
	*missed = all.missed;
	for (size_t i = 0; i < all.count; i++) {
		const struct audit_candidate *c = &all.list[i];

		if (*c->run_dir == '\0' ||
		    (only != NULL && !is_same_folder(c->run_dir, only)))
			continue;
		suite = suite_for(arena, c, suites, &count, max);
		if (suite == NULL)
			++*missed;
		else if (suite->count == AUDIT_PROCESSES_MAX)
			suite->missed++;
		else
			suite->processes[suite->count++] =
			    (struct audit_process){ .pid = c->pid,
				    .subject = c->subject };
	}
	for (size_t i = 0; i < count; i++)
		qsort(suites[i].processes, suites[i].count,
		    sizeof(*suites[i].processes), process_compare);
	if (count > 0)
		qsort(suites, count, sizeof(*suites), suite_compare);
	free(all.list);
	return (count);
}

/* --- Looking. --- */

/* Is its parent the launcher, and root? Then it had every power to drop all.
 */
static bool
has_launcher(struct arena *arena, pid_t parent)
{
	struct audit_thread status = { 0 };
	struct buf text = { 0 };
	char path[64];
	bool is_launcher;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)parent);
	is_launcher = audit_file_read(path, &text) &&
		      slice_is(buf_slice(&text), LAUNCHER "\n");
	snprintf(path, sizeof(path), "/proc/%d/status", (int)parent);
	is_launcher = is_launcher && audit_file_read(path, &text) &&
		      audit_parse_status(buf_slice(&text), arena, &status) &&
		      status.uids[1] == 0;
	buf_deinit(&text);
	return (is_launcher);
}

static bool
is_there(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return (access(path, F_OK) == 0);
}

void
audit_suite_look(struct audit_suite *suite)
{
	size_t kept = 0;
	struct stat st;

	suite->knows_holders = true;
	suite->has_run_dir = stat(suite->run_dir, &st) == 0;
	if (suite->has_run_dir) {
		suite->run_uid = st.st_uid;
		suite->run_gid = st.st_gid;
	}
	for (size_t i = 0; i < suite->count; i++) {
		struct audit_process p = suite->processes[i];

		if (!audit_look(suite->arena, p.pid, suite->run_dir, &p)) {
			suite->missed += is_there(p.pid);
			continue;
		}
		suite->knows_holders = suite->knows_holders && p.is_open;
		p.has_launcher = has_launcher(suite->arena, p.parent);
		suite->processes[kept++] = p;
	}
	suite->count = kept;
	audit_sockets_look(suite);
}

void
audit_suite_deinit(struct audit_suite *suite)
{
	config_free(suite->config);
	suite->config = NULL;
}
