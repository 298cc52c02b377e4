/* Users and groups; see privsep.h. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "log.h"
#include "privsep.h"

#define PAGE_GROUP "_proconsul"

uid_t
privsep_uid(enum daemon_id id)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return (geteuid());
	user = getpwnam(daemon_user(id));
	return (user != NULL ? user->pw_uid : PRIVSEP_UID_BASE + (uid_t)id);
}

gid_t
privsep_gid(enum daemon_id id)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return (getegid());
	user = getpwnam(daemon_user(id));
	return (user != NULL ? user->pw_gid : PRIVSEP_UID_BASE + (gid_t)id);
}

gid_t
privsep_page_gid(void)
{
	const struct group *group;

	if (geteuid() != 0)
		return (getegid());
	group = getgrnam(PAGE_GROUP);
	return (
	    group != NULL ? group->gr_gid : PRIVSEP_UID_BASE + DAEMON_COUNT);
}

/* Become the daemon's user for good; nothing to do for anyone but root. */
static void
user_become(enum daemon_id id)
{
	uid_t uid = privsep_uid(id);
	gid_t gid = privsep_gid(id);
	gid_t page = privsep_page_gid();
	size_t extra = id == DAEMON_httpd || id == DAEMON_dnsd ? 1 : 0;

	if (geteuid() != 0)
		return;
	if (setgroups(extra, &page) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		fatal("cannot become user %u: %s", (unsigned)uid,
		    strerror(errno));
	if (setresuid(0, 0, 0) == 0)
		fatal("could become root again");
}

void
privsep_drop(
    enum daemon_id id, const struct config *config, const char *run_dir)
{
	(void)config;
	(void)run_dir;
	user_become(id);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fatal("cannot give up new privileges: %s", strerror(errno));
	/* setresuid cleared the parent's death signal. */
	if (prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0) != 0)
		fatal("cannot tie life to the parent's: %s", strerror(errno));
}

void
privsep_lock(enum daemon_id id)
{
	(void)id;
}
