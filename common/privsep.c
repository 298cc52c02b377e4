/* Users and groups; see privsep.h. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "privsep.h"
#include "privsep_parts.h"

#define PAGE_GROUP "_proconsul"
/* Behind the daemons' numbers and that of the page's group. */
#define HELPER_NUMBER (DAEMON_COUNT + 1)

/* linux/prctl.h of Debian 12 lacks it. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

struct ids {
	uid_t uid;
	gid_t gid;
};

/*
 * A system user's ids, as adduser and sysusers.d write them. The file itself
 * and not the name service: that would load its modules into every daemon, for
 * good, and may ask the network.
 */
static bool
user_find(const char *name, struct ids *ids)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *user = NULL;

	if (file == NULL)
		return (false);
	while ((user = fgetpwent(file)) != NULL &&
	       strcmp(user->pw_name, name) != 0)
		continue;
	if (user != NULL)
		*ids = (struct ids){ user->pw_uid, user->pw_gid };
	fclose(file);
	return (user != NULL);
}

static bool
group_find(const char *name, gid_t *gid)
{
	FILE *file = fopen("/etc/group", "re");
	const struct group *group = NULL;

	if (file == NULL)
		return (false);
	while ((group = fgetgrent(file)) != NULL &&
	       strcmp(group->gr_name, name) != 0)
		continue;
	if (group != NULL)
		*gid = group->gr_gid;
	fclose(file);
	return (group != NULL);
}

/* Of a named user, or this number where the system has none of the name. */
static struct ids
ids_of(const char *name, size_t number)
{
	struct ids ids = { PRIVSEP_UID_BASE + (uid_t)number,
		PRIVSEP_UID_BASE + (gid_t)number };

	if (geteuid() != 0)
		return ((struct ids){ geteuid(), getegid() });
	(void)user_find(name, &ids);
	return (ids);
}

uid_t
privsep_uid(enum daemon_id id)
{
	return (ids_of(daemon_user(id), id).uid);
}

gid_t
privsep_gid(enum daemon_id id)
{
	return (ids_of(daemon_user(id), id).gid);
}

gid_t
privsep_page_gid(void)
{
	gid_t gid = PRIVSEP_UID_BASE + DAEMON_COUNT;

	if (geteuid() != 0)
		return (getegid());
	(void)group_find(PAGE_GROUP, &gid);
	return (gid);
}

/* Become this user for good; nothing to do for anyone but root. */
static void
user_become(struct ids ids, bool reads_page)
{
	gid_t page = privsep_page_gid();

	if (geteuid() != 0)
		return;
	/* Until EINVAL: past the last capability that this kernel has. */
	for (int capability = 0;
	     prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
		continue;
	if (setgroups(reads_page ? 1 : 0, &page) != 0 ||
	    setresgid(ids.gid, ids.gid, ids.gid) != 0 ||
	    setresuid(ids.uid, ids.uid, ids.uid) != 0)
		fatal("cannot become user %u: %s", (unsigned)ids.uid,
		    strerror(errno));
	if (setresuid(0, 0, 0) == 0)
		fatal("could become root again");
}

static void
flag_set(int option, unsigned long value, const char *what)
{
	if (prctl(option, value, 0, 0, 0) != 0)
		fatal("cannot %s: %s", what, strerror(errno));
}

/* What the user's change alone leaves in reach. */
static void
process_narrow(void)
{
	struct rlimit no_core = { 0, 0 };

	flag_set(PR_SET_NO_NEW_PRIVS, 1, "give up new privileges");
	flag_set(PR_SET_DUMPABLE, 0, "become undumpable");
	/* setresuid cleared the parent's death signal. */
	flag_set(PR_SET_PDEATHSIG, SIGKILL, "tie our life to the parent's");
	/* Since Linux 6.3; where it is missing, W^X is what libraries keep. */
	(void)prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	if (setrlimit(RLIMIT_CORE, &no_core) != 0)
		fatal("cannot forbid cores: %s", strerror(errno));
}

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

	tzset(); /* /etc/localtime, while it can be read */
	user_become(ids_of(scope.row->user, id),
	    (scope.row->reads & (READ_PAGE | READ_METRICS)) != 0);
	process_narrow();
	privsep_landlock(&scope);
}

void
privsep_lock(enum daemon_id id, const struct config *config)
{
	const struct daemon_row *row = &daemon_rows[id];

	privsep_seccomp(row, row->network == NET_CONNECT ||
				 (row->network == NET_RECURSE &&
				     config->keys.recursors.count > 0));
}

void
privsep_drop_runner(void)
{
	const char *user = helper_rows[HELPER_runner].user;

	user_become(ids_of(user, HELPER_NUMBER), false);
	flag_set(PR_SET_DUMPABLE, 0, "become undumpable");
}

void
privsep_confine_prober(void)
{
	struct privsep_scope scope = {
		.id = DAEMON_COUNT,
		.row = &helper_rows[HELPER_prober],
	};

	process_narrow();
	privsep_landlock(&scope);
	privsep_seccomp(scope.row, scope.row->network == NET_CONNECT);
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
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	uint32_t kept[_LINUX_CAPABILITY_U32S_3] = { 0 };

	for (size_t i = 0; i < sizeof(launcher_capabilities) / sizeof(int); i++)
		kept[CAP_TO_INDEX(launcher_capabilities[i])] |=
		    CAP_TO_MASK(launcher_capabilities[i]);
	/* Until EINVAL: past the last capability that this kernel has. */
	for (int c = 0; geteuid() == 0 && prctl(PR_CAPBSET_READ, c) >= 0; c++) {
		if ((kept[CAP_TO_INDEX(c)] & CAP_TO_MASK(c)) == 0)
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	}
	if (syscall(SYS_capget, &header, sets) != 0)
		fatal("cannot read capabilities: %s", strerror(errno));
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].permitted &= kept[i];
		sets[i].effective &= kept[i];
		sets[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, sets) != 0)
		fatal("cannot give up capabilities: %s", strerror(errno));
	flag_set(PR_SET_DUMPABLE, 0, "become undumpable");
}

void
privsep_tie_to_launcher(pid_t launcher)
{
	flag_set(PR_SET_PDEATHSIG, SIGKILL, "tie our life to the parent's");
	if (getppid() != launcher)
		_exit(1);
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
