/*
 * One process beside its declaration: who it is, and what it has given up, on
 * every thread; see audit.h. The core: it looks at nothing itself.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"

#define CAPABILITY_COUNT 64

/* Source: capability.h; what is newer goes by its number. */
static const char *const capability_names[] = { "chown", "dac_override",
	"dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
	"setpcap", "linux_immutable", "net_bind_service", "net_broadcast",
	"net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module",
	"sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin",
	"sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config",
	"mknod", "lease", "audit_write", "audit_control", "setfcap",
	"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend",
	"audit_read", "perfmon", "bpf", "checkpoint_restore" };

#define CAPABILITY_NAMES \
	(sizeof(capability_names) / sizeof(capability_names[0]))

static const char *
names_text(struct arena *arena, uint64_t set)
{
	const char *text = "";

	for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
		const char *comma = *text != '\0' ? "," : "";

		if ((set & (1ULL << i)) == 0)
			continue;
		text = i < CAPABILITY_NAMES
			   ? audit_text(arena, "%s%s%s", text, comma,
				 capability_names[i])
			   : audit_text(arena, "%s%s%zu", text, comma, i);
	}
	return (text);
}

static const char *
set_text(struct arena *arena, uint64_t set)
{
	uint64_t all = (1ULL << CAPABILITY_NAMES) - 1;

	if (set == 0)
		return ("none");
	if ((set & all) == all)
		return ("all");
	if (__builtin_popcountll(set & all) > (int)CAPABILITY_NAMES / 2)
		return (audit_text(
		    arena, "all but %s", names_text(arena, all & ~set)));
	return (names_text(arena, set));
}

/* One number where all four are the same, as they should be. */
static const char *
ids_text(struct arena *arena, const uint32_t ids[4])
{
	if (ids[0] == ids[1] && ids[1] == ids[2] && ids[2] == ids[3])
		return (audit_text(arena, "%u", ids[0]));
	return (
	    audit_text(arena, "real %u, effective %u, saved %u, of files %u",
		ids[0], ids[1], ids[2], ids[3]));
}

static const char *const seccomp_texts[] = { "none", "strict", "filter" };

/* --- Facts of a thread. --- */

typedef const char *fact_fn(struct arena *, const struct audit_thread *);

#define SET_FACT(name, set)                                          \
	static const char *name(                                     \
	    struct arena *arena, const struct audit_thread *thread)  \
	{                                                            \
		return (set_text(arena, thread->capabilities[set])); \
	}

SET_FACT(inheritable_text, AUDIT_INHERITABLE)
SET_FACT(permitted_text, AUDIT_PERMITTED)
SET_FACT(effective_text, AUDIT_EFFECTIVE)
SET_FACT(bounding_text, AUDIT_BOUNDING)
SET_FACT(ambient_text, AUDIT_AMBIENT)

static const char *
user_text(struct arena *arena, const struct audit_thread *thread)
{
	return (ids_text(arena, thread->uids));
}

static const char *
group_text(struct arena *arena, const struct audit_thread *thread)
{
	return (ids_text(arena, thread->gids));
}

static const char *
groups_text(struct arena *arena, const struct audit_thread *thread)
{
	(void)arena;
	return (thread->groups);
}

static const char *
privileges_text(struct arena *arena, const struct audit_thread *thread)
{
	(void)arena;
	return (thread->no_new_privs == 1 ? "yes" : "no");
}

static const char *
seccomp_text(struct arena *arena, const struct audit_thread *thread)
{
	if (thread->seccomp < 0 || thread->seccomp > 2)
		return (audit_text(arena, "mode %d", thread->seccomp));
	return (seccomp_texts[thread->seccomp]);
}

/* What the threads say: one text if they agree, else whose is another. */
static const char *
threads_text(struct arena *arena, const struct audit_process *p, fact_fn *fact)
{
	const char *first = fact(arena, &p->threads[0]), *other = "";
	const char *text;

	for (size_t i = 1; i < p->thread_count; i++) {
		text = fact(arena, &p->threads[i]);
		if (strcmp(text, first) != 0)
			other = audit_text(arena, "%s; %s on thread %d", other,
			    text, (int)p->threads[i].id);
	}
	return (
	    *other != '\0' ? audit_text(arena, "%s%s", first, other) : first);
}

/* `shown` is what is declared, with more to it for people. */
static void
fact_compare_shown(struct audit_report *r, const struct audit_process *p,
    const char *what, fact_fn *fact, const char *declared, const char *shown,
    const char *hint)
{
	const char *found = threads_text(r->arena, p, fact);

	if (strcmp(found, declared) == 0)
		audit_add(r, AUDIT_SAME, what, shown, found, "");
	else
		audit_add(r, AUDIT_DIFFERENT, what, shown, found, hint);
}

static void
fact_compare(struct audit_report *r, const struct audit_process *p,
    const char *what, fact_fn *fact, const char *declared, const char *hint)
{
	fact_compare_shown(r, p, what, fact, declared, declared, hint);
}

/* A number, with the name that the tables have for it. */
static void
id_compare(struct audit_report *r, const struct audit_process *p,
    const char *what, fact_fn *fact, uint32_t id, const char *name,
    const char *hint)
{
	const char *declared = audit_text(r->arena, "%u", id);

	fact_compare_shown(r, p, what, fact, declared,
	    *name != '\0' ? audit_text(r->arena, "%u (%s)", id, name)
			  : declared,
	    hint);
}

/* Whoever started it may have laid a filter on what needs none. */
static void
seccomp_compare(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	if (d->is_confined && d->record.seccomp_missing != NULL)
		audit_add(r, AUDIT_NOTE, "seccomp", "filter",
		    threads_text(r->arena, p, seccomp_text),
		    "the kernel has none; the rest holds");
	else if (d->is_confined)
		fact_compare(r, p, "seccomp", seccomp_text, "filter", "");
	else
		audit_add(r, AUDIT_SAME, "seccomp", "none needed",
		    threads_text(r->arena, p, seccomp_text), "");
}

static bool
all_without_new_privileges(const struct audit_process *p)
{
	for (size_t i = 0; i < p->thread_count; i++)
		if (p->threads[i].no_new_privs != 1)
			return (false);
	return (true);
}

/* Only who has CAP_SETPCAP can narrow it, and without new privileges nothing
 * comes of it: root's launcher leaves nothing of it, others may have to. */
static void
bounding_compare(struct audit_report *r, const struct audit_process *p)
{
	const char *found = threads_text(r->arena, p, bounding_text);

	if (strcmp(found, "none") == 0)
		audit_add(r, AUDIT_SAME, "bounding set", "none", found, "");
	else if (!p->has_launcher && all_without_new_privileges(p))
		audit_add(r, AUDIT_NOTE, "bounding set", "none", found,
		    "whoever started it left it, and it could not drop it; of "
		    "no use without new privileges");
	else
		audit_add(
		    r, AUDIT_DIFFERENT, "bounding set", "none", found, "");
}

static void
users_compare(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	const char *name = d->is_shared ? "" : d->row->user;
	const char *hint = d->is_shared ? ""
			   : d->subject < DAEMON_COUNT
			       ? "start it as root, or as that user"
			       : "healthd may not change users: start "
				 "it as root, or with CAP_SETUID and "
				 "CAP_SETGID";

	id_compare(r, p, "user", user_text, d->uid, name, hint);
	id_compare(r, p, "group", group_text, d->gid, name, hint);
	if (d->is_shared)
		audit_add(r, AUDIT_SAME, "groups", "those of its user",
		    threads_text(r->arena, p, groups_text), "");
	else if (d->has_page_group)
		id_compare(r, p, "groups", groups_text, d->page_gid,
		    "_proconsul", hint);
	else
		fact_compare(r, p, "groups", groups_text, "none", hint);
}

/* --- Facts of the process. --- */

static void
yes_compare(struct audit_report *r, const char *what, bool is_yes,
    const char *good, const char *bad, const char *hint)
{
	audit_add(r, is_yes ? AUDIT_SAME : AUDIT_DIFFERENT, what, good,
	    is_yes ? good : bad, is_yes ? "" : hint);
}

/* Of root's own processes the owner tells nothing. */
static void
dumpable_compare(struct audit_report *r, const struct audit_process *p)
{
	if (p->threads[0].uids[1] == 0)
		audit_add(r, AUDIT_NOTE, "dumpable", "no", "cannot be told",
		    "it runs as root");
	else
		yes_compare(r, "dumpable", p->proc_uid != p->threads[0].uids[1],
		    "no", "yes", "");
}

static const char *
program_name(size_t subject)
{
	if (subject == DAEMON_COUNT + HELPER_prober)
		return ("healthd-prober");
	return (daemon_name(
	    subject < DAEMON_COUNT ? (enum daemon_id)subject : DAEMON_healthd));
}

/* "/usr/libexec/proconsul/dnsd (deleted)" is dnsd, too. */
static bool
is_own_program(const struct audit_process *p)
{
	const char *name = strrchr(p->program, '/');
	const char *own = program_name(p->subject);
	size_t size = strlen(own);

	return (name != NULL && strncmp(name + 1, own, size) == 0 &&
		(name[size + 1] == '\0' || name[size + 1] == ' '));
}

static void
program_compare(struct audit_report *r, const struct audit_process *p)
{
	if (!p->is_open) {
		audit_add(r, AUDIT_UNSEEN, "program", "writable by root alone",
		    "hidden", "");
		return;
	}
	if (!is_own_program(p))
		audit_add(r, AUDIT_DIFFERENT, "program",
		    program_name(p->subject), p->program,
		    "it only calls itself so");
	else
		yes_compare(r, "program", !p->program_is_loose,
		    "writable by root alone",
		    audit_text(r->arena, "%s: others may write it", p->program),
		    "chmod o-w, chown root");
	if (p->program_was_replaced)
		audit_add(r, AUDIT_NOTE, "program", "the one on disk",
		    p->program,
		    "it was replaced since the start: restart it to run the "
		    "new one");
	if (p->replaced_code != NULL && *p->replaced_code != '\0')
		audit_add(r, AUDIT_NOTE, "libraries", "those on disk",
		    p->replaced_code,
		    "they were replaced since the start: restart it to run "
		    "the new ones");
	if (p->writable_code == NULL) {
		audit_add(r, AUDIT_UNSEEN, "code in memory", "not writable",
		    "cannot be read, or not to the end", "");
		return;
	}
	yes_compare(r, "code in memory", *p->writable_code == '\0',
	    "not writable",
	    audit_text(r->arena, "writable: %s", p->writable_code), "");
}

/* Daemons empty it once they have read it; scripts, and what probes for checks
 * through a proxy, get the agent's. */
static void
environment_compare(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	const char *found = p->environment == NULL
				? "cannot be read, or not to the end"
			    : *p->environment != '\0' ? p->environment
						      : "empty";

	if (p->environment == NULL)
		audit_add(r, AUDIT_UNSEEN, "environment", "empty", found, "");
	else if (!p->is_open)
		audit_add(
		    r, AUDIT_UNSEEN, "environment", "empty", "hidden", "");
	else if (d->subject >= DAEMON_COUNT)
		audit_add(
		    r, AUDIT_SAME, "environment", "the agent's", found, "");
	else
		yes_compare(r, "environment", *p->environment == '\0', "empty",
		    found, "");
}

/* --- Limits. --- */

static const char *
limit_text(struct arena *arena, uint64_t soft, uint64_t hard)
{
	uint64_t values[2] = { soft, hard };
	const char *texts[2];

	for (int i = 0; i < 2; i++)
		texts[i] = values[i] == POWERS_UNLIMITED
			       ? "unlimited"
			       : audit_text(arena, "%llu",
				     (unsigned long long)values[i]);
	return (soft == hard
		    ? texts[0]
		    : audit_text(arena, "%s, at most %s", texts[0], texts[1]));
}

static const struct audit_limit *
limit_find(const struct audit_process *p, const char *name)
{
	for (size_t i = 0; i < p->limit_count; i++)
		if (strcmp(p->limits[i].name, name) == 0)
			return (&p->limits[i]);
	return (NULL);
}

/* A limit to the size of files would end a log that is one. */
static bool
logs_to_file(const struct audit_process *p)
{
	for (size_t i = 0; i < p->handle_count; i++)
		if ((p->handles[i].number == 1 || p->handles[i].number == 2) &&
		    p->handles[i].target[0] == '/' && p->handles[i].writes)
			return (true);
	return (false);
}

/* What is declared is a most: who starts it may have allowed less. */
static void
limits_compare(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	for (size_t i = 0; i < d->record.limit_count; i++) {
		const struct powers_limit *most = &d->record.limits[i];
		const struct audit_limit *limit = limit_find(p, most->name);
		const char *what = audit_text(r->arena, "limit %s", most->name);
		const char *declared = audit_text(r->arena, "at most %s",
		    limit_text(r->arena, most->soft, most->hard));
		const char *found =
		    limit == NULL
			? "unknown"
			: limit_text(r->arena, limit->soft, limit->hard);

		if (limit != NULL && limit->soft <= most->soft &&
		    limit->hard <= most->hard)
			audit_add(r, AUDIT_SAME, what, declared, found, "");
		else if (strcmp(most->name, "fsize") == 0 && !p->is_open)
			audit_add(r, AUDIT_UNSEEN, what, declared, found,
			    "right only if its log is a file, which is hidden");
		else if (strcmp(most->name, "fsize") == 0 && logs_to_file(p))
			audit_add(r, AUDIT_NOTE, what, declared, found,
			    "its log is a file, which would end with it");
		else
			audit_add(
			    r, AUDIT_DIFFERENT, what, declared, found, "");
	}
}

void
audit_compare_process(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	users_compare(r, p, d);
	fact_compare(r, p, "inheritable set", inheritable_text, "none", "");
	fact_compare(r, p, "permitted set", permitted_text, "none", "");
	fact_compare(r, p, "effective set", effective_text, "none", "");
	bounding_compare(r, p);
	fact_compare(r, p, "ambient set", ambient_text, "none", "");
	fact_compare(r, p, "no new privileges", privileges_text, "yes", "");
	seccomp_compare(r, p, d);
	if (p->threads_why != NULL)
		audit_add(r, AUDIT_UNSEEN, "threads", "all of them",
		    p->threads_why, "");
	else
		audit_add(r, AUDIT_SAME, "threads", "all of them",
		    audit_text(r->arena, "%zu", p->thread_count), "");
	dumpable_compare(r, p);
	program_compare(r, p);
	environment_compare(r, p, d);
	limits_compare(r, p, d);
}
