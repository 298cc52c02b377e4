/*
 * Users, groups and capabilities; see privsep.h.
 *
 * Whoever may change users becomes the one that wiring.h names, be that root
 * or somebody with ambient capabilities; all others stay who they are.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "privsep.h"
#include "privsep_parts.h"

#define PAGE_GROUP "_proconsul"
#define GROUPS_MAX 1024

struct capabilities {
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
};

/* --- Capabilities. --- */

static struct capabilities
capabilities_get(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct capabilities all;

	if (syscall(SYS_capget, &header, all.sets) != 0)
		fatal("cannot read capabilities: %s", strerror(errno));
	return (all);
}

static void
capabilities_set(const struct capabilities *all)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	if (syscall(SYS_capset, &header, all->sets) != 0)
		fatal("cannot give up capabilities: %s", strerror(errno));
}

static bool
is_effective(const struct capabilities *all, int capability)
{
	return ((all->sets[CAP_TO_INDEX(capability)].effective &
		    CAP_TO_MASK(capability)) != 0);
}

/* A container may map one user only: then there is nobody to become. */
bool
privsep_users_are_mapped(void)
{
	FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned long count = 0, users = 0;

	if (file == NULL)
		return (true); /* a kernel without user namespaces */
	while (fscanf(file, "%*u %*u %lu", &count) == 1)
		users += count;
	fclose(file);
	return (users > 1);
}

bool
privsep_may_change_users(void)
{
	struct capabilities all = capabilities_get();

	return (is_effective(&all, CAP_SETUID) &&
		is_effective(&all, CAP_SETGID) && privsep_users_are_mapped());
}

/* Of the bounding set what is not kept goes, as far as we may: that takes
 * CAP_SETPCAP. Until EINVAL: past the last one that this kernel has. */
static void
bounding_keep(const uint32_t kept[_LINUX_CAPABILITY_U32S_3])
{
	for (int c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++) {
		if ((kept[CAP_TO_INDEX(c)] & CAP_TO_MASK(c)) == 0)
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	}
}

void
privsep_capabilities_keep(const int *list, size_t count)
{
	uint32_t kept[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct capabilities all = capabilities_get(), before = all;

	for (size_t i = 0; i < count; i++)
		kept[CAP_TO_INDEX(list[i])] |= CAP_TO_MASK(list[i]);
	bounding_keep(kept);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		all.sets[i].permitted &= kept[i];
		all.sets[i].effective &= kept[i];
		all.sets[i].inheritable = 0;
	}
	/* What is not inheritable is not ambient either. Who has none from the
	 * start may well be forbidden the call, too (systemd's @privileged). */
	if (memcmp(&all, &before, sizeof(all)) != 0)
		capabilities_set(&all);
}

/* --- Users and groups. --- */

/*
 * A system user's ids, as adduser and sysusers.d write them. The file itself
 * and not the name service: that would load its modules into every daemon, for
 * good, and may ask the network.
 */
static bool
user_find(const char *name, struct privsep_ids *ids)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *user = NULL;

	if (file == NULL)
		return (false);
	while ((user = fgetpwent(file)) != NULL &&
	       strcmp(user->pw_name, name) != 0)
		continue;
	if (user != NULL)
		*ids = (struct privsep_ids){ user->pw_uid, user->pw_gid };
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
struct privsep_ids
privsep_ids_named(const char *name, size_t number)
{
	struct privsep_ids ids = { PRIVSEP_UID_BASE + (uid_t)number,
		PRIVSEP_UID_BASE + (gid_t)number };

	(void)user_find(name, &ids);
	return (ids);
}

struct privsep_ids
privsep_ids_of(const char *name, size_t number)
{
	if (!privsep_may_change_users())
		return ((struct privsep_ids){ geteuid(), getegid() });
	return (privsep_ids_named(name, number));
}

uid_t
privsep_uid(enum daemon_id id)
{
	return (privsep_ids_of(daemon_user(id), id).uid);
}

gid_t
privsep_gid(enum daemon_id id)
{
	return (privsep_ids_of(daemon_user(id), id).gid);
}

static bool
is_member(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return (true);
	}
	return (getegid() == group);
}

gid_t
privsep_page_gid_named(void)
{
	gid_t gid = PRIVSEP_UID_BASE + DAEMON_COUNT;

	(void)group_find(PAGE_GROUP, &gid);
	return (gid);
}

gid_t
privsep_page_gid(void)
{
	gid_t gid = privsep_page_gid_named();

	return (privsep_may_change_users() || is_member(gid) ? gid : getegid());
}

void
privsep_become(struct privsep_ids ids, bool has_page_group)
{
	static const uint32_t none[_LINUX_CAPABILITY_U32S_3];
	gid_t page = privsep_page_gid();

	bounding_keep(none);
	if (privsep_may_change_users() &&
	    (setgroups(has_page_group ? 1 : 0, &page) != 0 ||
		setresgid(ids.gid, ids.gid, ids.gid) != 0 ||
		setresuid(ids.uid, ids.uid, ids.uid) != 0))
		fatal("cannot become user %u: %s", (unsigned)ids.uid,
		    strerror(errno));
	privsep_capabilities_keep(NULL, 0);
	if (ids.uid != 0 && setresuid(0, 0, 0) == 0)
		fatal("could become root again");
}
