/*
 * `audit`: what is declared of each suite that runs here, beside what its
 * processes, folders and sockets are. No command of Consul's.
 */
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "command.h"

#define LOOKS_MAX     5 /* what is just starting is no difference */
#define LOOK_AGAIN_MS 250
#define EXIT_UNKNOWN  2

struct audit_options {
	const char *format;
	const char *run_dir;
	bool is_quiet;
	bool is_declared;
};

/* clang-format off */
static const struct flag flags[] = {
	{ "format", FLAG_TEXT, offsetof(struct audit_options, format),
	    "string", "How to print it: pretty or json.", "\"pretty\"", false },
	{ "run-dir", FLAG_TEXT, offsetof(struct audit_options, run_dir),
	    "directory", "Only the suite with this run directory. Without it "
	    "every suite that runs here.", NULL, false },
	{ "quiet", FLAG_BOOL, offsetof(struct audit_options, is_quiet), "",
	    "Only what is not as declared.", NULL, false },
	{ "declared", FLAG_BOOL, offsetof(struct audit_options, is_declared),
	    "", "Only print what is declared: daemons, edges and what they "
	    "may carry, system calls.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* --- One suite. --- */

static size_t
process_count(const struct audit_suite *suite, size_t subject)
{
	size_t count = 0;

	for (size_t i = 0; i < suite->count; i++)
		count += suite->processes[i].subject == subject;
	return (count);
}

/* All read the same configuration, or what is declared is another's. */
static void
arguments_compare(struct audit_report *r, const struct audit_suite *suite,
    const struct audit_process *p)
{
	const char *first = suite->processes[0].arguments;

	if (p->subject >= DAEMON_COUNT)
		return;
	if (p->arguments == NULL || first == NULL)
		audit_add(r, AUDIT_UNSEEN, "arguments", "as the others",
		    "cannot be read, or not to the end", "");
	else if (strcmp(p->arguments, first) == 0)
		audit_add(r, AUDIT_SAME, "arguments", "as the others",
		    "as the others", "");
	else
		audit_add(r, AUDIT_DIFFERENT, "arguments",
		    audit_text(r->arena, "those of %s",
			audit_row(suite->processes[0].subject)->name),
		    *p->arguments != '\0' ? p->arguments : "none",
		    "each is to be started with the same");
}

static void
process_compare(struct audit_report *r, const struct audit_suite *suite,
    const struct audit_process *p)
{
	const struct audit_declared *d = &suite->declared[p->subject];
	size_t count = process_count(suite, p->subject);

	audit_block_add(r, d->kind, d->row->name, p->pid);
	if (count == 1)
		audit_add(r, AUDIT_SAME, "processes", "one", "one", "");
	else
		audit_add(r, AUDIT_DIFFERENT, "processes", "one",
		    audit_text(r->arena, "%zu of this name", count),
		    "one of them is none of the suite's");
	arguments_compare(r, suite, p);
	audit_compare_process(r, p, d);
	audit_compare_record(r, p, d);
	audit_compare_handles(r, p, d);
}

/* The prober is only there when there is something to probe. */
static void
missing_tell(
    struct audit_report *r, const struct audit_suite *suite, size_t subject)
{
	const struct audit_declared *d = &suite->declared[subject];

	audit_block_add(r, d->kind, d->row->name, 0);
	if (subject == DAEMON_COUNT + HELPER_prober)
		audit_add(
		    r, AUDIT_SAME, "processes", "one, when needed", "none", "");
	else
		audit_add(r, AUDIT_DIFFERENT, "processes", "one", "missing",
		    "it does not run");
}

/* By anyone but root all are that user's: it may be meant so. */
static void
users_tell(const struct audit_suite *suite, struct audit_report *r)
{
	audit_block_add(r, "suite", suite->run_dir, 0);
	if (suite->declared[0].is_shared)
		audit_add(r, AUDIT_NOTE, "users", "one a daemon",
		    audit_text(r->arena, "%u for all", suite->run_uid),
		    "not started by root, or there are no others: users keep "
		    "nothing apart, the rest does");
	else
		audit_add(
		    r, AUDIT_SAME, "users", "one a daemon", "one a daemon", "");
	if (suite->config == NULL)
		audit_add(r, AUDIT_UNSEEN, "configuration", "can be read",
		    suite->config_why, "");
	else
		audit_add(r, AUDIT_SAME, "configuration", "can be read",
		    audit_text(r->arena, "node %s, %s",
			suite->config->node_name,
			suite->config->is_server ? "server" : "client"),
		    "");
}

static void
missed_tell(struct audit_report *r, const struct audit_suite *suite)
{
	audit_block_add(r, "suite", "other processes", 0);
	audit_add(r, AUDIT_UNSEEN, "processes",
	    audit_text(r->arena, "at most %d", AUDIT_PROCESSES_MAX),
	    audit_text(r->arena, "%zu more", suite->missed),
	    "they are called like its daemons, and are too many, or cannot "
	    "be read");
}

static void
suite_compare(const struct audit_suite *suite, struct audit_report *r)
{
	users_tell(suite, r);
	for (size_t subject = 0; subject < AUDIT_SUBJECTS; subject++) {
		if (process_count(suite, subject) == 0)
			missing_tell(r, suite, subject);
		for (size_t i = 0; i < suite->count; i++)
			if (suite->processes[i].subject == subject)
				process_compare(r, suite, &suite->processes[i]);
	}
	audit_places_look(r, suite);
}

/* Its folders are others than those that we see by the same names. */
static void
elsewhere_tell(const struct audit_suite *suite, struct audit_report *r)
{
	audit_block_add(r, "suite", "in a container", 0);
	audit_add(r, AUDIT_UNSEEN, "root directory", "ours", "another one",
	    audit_text(r->arena, "nsenter -a -t %d proconsul audit -run-dir=%s",
		(int)audit_suite_container(suite), suite->run_dir));
}

static void
suite_report(struct audit_suite *suite, struct audit_report *r)
{
	*r = (struct audit_report){
		.arena = suite->arena,
		.run_dir = suite->run_dir,
		.data_dir = "",
	};
	if (*suite->root != '\0') {
		elsewhere_tell(suite, r);
		return;
	}
	audit_suite_look(suite);
	if (suite->missed > 0)
		missed_tell(r, suite);
	if (suite->count == 0)
		return; /* it has ended meanwhile */
	audit_suite_declare(suite);
	r->data_dir = suite->data_dir;
	suite_compare(suite, r);
	audit_suite_deinit(suite);
}

/* --- All. --- */

struct audit_result {
	struct audit_report reports[AUDIT_SUITES_MAX + 1]; /* and of others */
	size_t count;
};

static size_t
result_count(const struct audit_result *result, enum audit_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < result->count; i++)
		count += audit_count(&result->reports[i], verdict);
	return (count);
}

/* Those that there was no room for. */
static void
others_report(struct arena *arena, size_t missed, struct audit_report *r)
{
	*r = (struct audit_report){
		.arena = arena,
		.run_dir = "others",
		.data_dir = "",
	};
	audit_block_add(r, "suite", "others", 0);
	audit_add(r, AUDIT_UNSEEN, "suites",
	    audit_text(arena, "at most %d", AUDIT_SUITES_MAX),
	    audit_text(arena, "%zu processes of others", missed),
	    "look at one of them with -run-dir");
}

static void
look(
    struct run *run, const struct audit_options *o, struct audit_result *result)
{
	const char *only = *o->run_dir != '\0' ? o->run_dir : NULL;
	struct audit_suite *suites =
	    arena_array(&run->arena, AUDIT_SUITES_MAX, sizeof(*suites));
	size_t missed;

	result->count = audit_suites_find(
	    &run->arena, only, suites, AUDIT_SUITES_MAX, &missed);
	for (size_t i = 0; i < result->count; i++)
		suite_report(&suites[i], &result->reports[i]);
	if (missed > 0)
		others_report(
		    &run->arena, missed, &result->reports[result->count++]);
}

/* What is found different may only have been about to begin or to end. */
static void
look_until_sure(
    struct run *run, const struct audit_options *o, struct audit_result *result)
{
	struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };

	for (int looks = 1;; looks++) {
		look(run, o, result);
		if (looks == LOOKS_MAX ||
		    result_count(result, AUDIT_DIFFERENT) == 0)
			return;
		nanosleep(&pause, NULL);
	}
}

static int
status_tell(const struct audit_result *result)
{
	if (result_count(result, AUDIT_UNSEEN) > 0) {
		fflush(stdout);
		say_error("Not all could be seen: %s",
		    geteuid() == 0
			? "it takes CAP_SYS_PTRACE, CAP_SYS_ADMIN for network "
			  "namespaces, and the same container"
			: "run it as root");
	}
	if (result_count(result, AUDIT_DIFFERENT) > 0)
		return (1);
	return (result_count(result, AUDIT_UNSEEN) > 0 ? EXIT_UNKNOWN : 0);
}

static int
audit_show(struct run *run, const struct audit_options *o, bool is_json)
{
	struct audit_result *result = arena_alloc(&run->arena, sizeof(*result));
	struct buf json = { 0 };

	look_until_sure(run, o, result);
	if (result->count == 0) {
		if (*o->run_dir != '\0')
			say_error("No suite with the run directory %s runs "
				  "here",
			    o->run_dir);
		else
			say_error("No suite runs here that %s may see",
			    geteuid() == 0 ? "root" : "this user");
		return (EXIT_UNKNOWN);
	}
	if (is_json) {
		audit_print_json(result->reports, result->count, &json);
		fwrite(json.data, 1, json.size, stdout);
		buf_deinit(&json);
	}
	for (size_t i = 0; !is_json && i < result->count; i++) {
		if (i > 0)
			putchar('\n');
		audit_print(&result->reports[i], o->is_quiet);
	}
	return (status_tell(result));
}

static int
audit_work(struct run *run, const void *options)
{
	const struct audit_options *o = options;
	bool is_json = strcmp(o->format, "json") == 0;

	if (run_check_count(run, 0) != 0)
		return (EXIT_UNKNOWN);
	if (!is_json && strcmp(o->format, "pretty") != 0) {
		say_error("Unknown format: %s", o->format);
		return (EXIT_UNKNOWN);
	}
	if (o->is_declared) {
		audit_print_tables();
		return (0);
	}
	return (audit_show(run, o, is_json));
}

static const struct command_spec spec = {
	.usage = "audit [options]",
	.about = "Compares what is declared of the daemons that run on this "
		 "machine with what they are: users, capabilities, system "
		 "calls, files, sockets, edges and folders. Exits with 0 when "
		 "all is as declared, 1 on any difference, 2 when it cannot "
		 "tell. Run it as root.",
	.flags = flags,
	.work = audit_work,
};

int
audit_run(int argc, char **argv)
{
	struct audit_options options = { .format = "pretty", .run_dir = "" };

	return (command_main(&spec, argc, argv, &options));
}
