/* What each gives up, and in which order; see privsep.h. */
#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "powers_record.h"
#include "privsep.h"
#include "privsep_parts.h"
#include "xmalloc.h"

/* Behind the daemons' numbers and that of the page's group. */
#define HELPER_NUMBER (DAEMON_COUNT + 1)

/* linux/prctl.h of Debian 12 lacks it. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static void
flag_set(int option, unsigned long value, const char *what)
{
	if (prctl(option, value, 0, 0, 0) != 0)
		fatal("cannot %s: %s", what, strerror(errno));
}

/*
 * What we were started with has been read, and may hold secrets that are none
 * of ours: the memory is emptied, too, so that /proc/PID/environ shows it. The
 * time zone stays, and for healthd the shell of handlers; its scripts get what
 * the runner kept, which was forked before.
 */
static void
environment_clear(void)
{
	static const char *const kept[] = { "TZ", "SHELL" };
	char *values[sizeof(kept) / sizeof(kept[0])];
	size_t count = sizeof(kept) / sizeof(kept[0]), i;

	for (i = 0; i < count; i++)
		values[i] =
		    getenv(kept[i]) == NULL ? NULL : xstrdup(getenv(kept[i]));
	for (char **text = environ; text != NULL && *text != NULL; text++)
		memset(*text, 0, strlen(*text));
	clearenv();
	for (i = 0; i < count; i++) {
		if (values[i] != NULL && setenv(kept[i], values[i], 1) != 0)
			fatal("cannot keep %s: %s", kept[i], strerror(errno));
		free(values[i]);
	}
}

/* What the user's change alone leaves in reach. */
static void
process_narrow(void)
{
	flag_set(PR_SET_NO_NEW_PRIVS, 1, "give up new privileges");
	flag_set(PR_SET_DUMPABLE, 0, "become undumpable");
	/* Since Linux 6.3; where it is missing, W^X is what libraries keep. */
	(void)prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
}

/* Of healthd's helpers HELPER_NUMBER is the user of all. */
static struct privsep_ids
helper_ids(void)
{
	return (privsep_ids_of(helper_rows[HELPER_runner].user, HELPER_NUMBER));
}

static bool
reaches_out(const struct daemon_row *row, const struct config *config)
{
	return (
	    row->network == NET_CONNECT ||
	    (row->network == NET_RECURSE && config->keys.recursors.count > 0));
}

/* --- The record. --- */

static void
head_put(struct privsep_ids ids, bool has_page_group, struct buf *out)
{
	buf_printf(out, "powers 1\nuser %u %u\ngroups", (unsigned)ids.uid,
	    (unsigned)ids.gid);
	if (has_page_group)
		buf_printf(out, " %u", (unsigned)privsep_page_gid());
	buf_put_u8(out, '\n');
}

static void
helpers_write(const char *run_dir)
{
	struct privsep_scope scope = {
		.id = DAEMON_COUNT,
		.row = &helper_rows[HELPER_prober],
	};
	struct buf record = { 0 };

	head_put(helper_ids(), false, &record);
	(void)privsep_landlock_prepare(&scope, false, &record);
	privsep_seccomp_put(scope.id, true, &record);
	privsep_limits_put(scope.id, &record);
	buf_put_text(&record, "end\n");
	powers_record_write(run_dir, "prober", buf_slice(&record));
	buf_reset(&record);
	head_put(helper_ids(), false, &record);
	buf_put_text(&record,
	    "landlock missing what scripts may do is their user's affair\n"
	    "seccomp missing likewise\nend\n");
	powers_record_write(run_dir, "runner", buf_slice(&record));
	buf_deinit(&record);
}

/* --- Both halves. --- */

void
privsep_drop(
    enum daemon_id id, const struct config *config, const char *run_dir)
{
	struct privsep_scope scope = {
		.id = id,
		.row = &daemon_rows[id],
		.config = config,
		.run_dir = run_dir,
	};
	struct privsep_ids ids = privsep_ids_of(scope.row->user, id);
	struct buf record = { 0 };
	int ruleset;

	tzset(); /* /etc/localtime, while it can be read */
	head_put(ids, true, &record);
	ruleset = privsep_landlock_prepare(&scope, true, &record);
	privsep_seccomp_put(scope.id, reaches_out(scope.row, config), &record);
	privsep_limits_put(scope.id, &record);
	buf_put_text(&record, "end\n");
	powers_record_write(run_dir, scope.row->name, buf_slice(&record));
	buf_deinit(&record);
	if (scope.row->runs == RUNS_HELPERS)
		helpers_write(run_dir);
	environment_clear();
	privsep_become(ids, true);
	process_narrow();
	privsep_limits_set(id, false);
	privsep_landlock_restrict(ruleset);
}

void
privsep_lock(enum daemon_id id, const struct config *config)
{
	const struct daemon_row *row = &daemon_rows[id];

	privsep_limits_set(id, true);
	privsep_seccomp(id, reaches_out(row, config));
}

void
privsep_drop_runner(void)
{
	privsep_become(helper_ids(), false);
	flag_set(PR_SET_NO_NEW_PRIVS, 1, "give up new privileges");
	flag_set(PR_SET_DUMPABLE, 0, "become undumpable");
}

void
privsep_confine_prober(void)
{
	struct privsep_scope scope = {
		.id = DAEMON_COUNT,
		.row = &helper_rows[HELPER_prober],
	};
	struct buf record = { 0 };
	int ruleset = privsep_landlock_prepare(&scope, true, &record);

	buf_deinit(&record);
	privsep_tie_to_parent(getppid());
	process_narrow();
	privsep_limits_set(scope.id, false);
	privsep_landlock_restrict(ruleset);
	privsep_limits_set(scope.id, true);
	privsep_seccomp(scope.id, true);
}

/*
 * What daemons need until they drop it, and the launcher itself: files and
 * folders of any owner, users, ports below 1024, signals to daemons, who holds
 * a port that is in use.
 */
static const int launcher_capabilities[] = { CAP_CHOWN, CAP_DAC_OVERRIDE,
	CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_KILL, CAP_NET_BIND_SERVICE,
	CAP_SETGID, CAP_SETPCAP, CAP_SETUID, CAP_SYS_PTRACE };

void
privsep_bound_launcher(void)
{
	privsep_capabilities_keep(
	    launcher_capabilities, sizeof(launcher_capabilities) / sizeof(int));
	flag_set(PR_SET_DUMPABLE, 0, "become undumpable");
}

void
privsep_tie_to_parent(pid_t parent)
{
	flag_set(PR_SET_PDEATHSIG, SIGKILL, "tie our life to the parent's");
	if (getppid() != parent)
		_exit(1);
}

/* --- For the audit. --- */

static const struct daemon_row *
subject_row(size_t subject)
{
	assert(subject < DAEMON_COUNT + HELPER_COUNT);
	return (subject < DAEMON_COUNT ? &daemon_rows[subject]
				       : &helper_rows[subject - DAEMON_COUNT]);
}

struct privsep_declared
privsep_declared(size_t subject)
{
	const struct daemon_row *row = subject_row(subject);
	bool is_daemon = subject < DAEMON_COUNT;
	struct privsep_ids ids =
	    privsep_ids_named(row->user, is_daemon ? subject : HELPER_NUMBER);

	return ((struct privsep_declared){
	    .uid = ids.uid,
	    .gid = ids.gid,
	    .page_gid = privsep_page_gid_named(),
	    .has_page_group = is_daemon,
	    .is_confined = row->runs != RUNS_ANYTHING,
	    .has_users = privsep_users_are_mapped(),
	});
}

void
privsep_declare_record(size_t subject, const struct config *config,
    const char *run_dir, struct buf *record)
{
	struct privsep_scope scope = {
		.id = subject < DAEMON_COUNT ? (enum daemon_id)subject
					     : DAEMON_COUNT,
		.row = subject_row(subject),
		.config = config,
		.run_dir = run_dir,
	};

	(void)privsep_landlock_prepare(&scope, false, record);
	privsep_seccomp_put(scope.id, reaches_out(scope.row, config), record);
	privsep_limits_declare(scope.id, record);
}

#ifdef __SANITIZE_ADDRESS__
/* LeakSanitizer looks at the process from a thread that traces it, which
 * seccomp forbids: at exit it would wait for ever. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return ("detect_leaks=0");
}
#endif
