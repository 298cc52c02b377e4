/*
 * Landlock's rules and seccomp's calls, which the kernel does not show: the
 * record that a daemon wrote before it gave up the rest, beside what it would
 * write by the tables and the configuration as they are now; see audit.h. The
 * core: it looks at nothing itself.
 */
#include <stdio.h>
#include <string.h>

#include "audit.h"

#define CHANGED                                                          \
	"the configuration or the program has changed since its start: " \
	"restart it"

/* --- Landlock. --- */

static const struct audit_path *
path_find(const struct audit_declared *d, const struct powers_path *p)
{
	for (size_t i = 0; i < d->path_count; i++)
		if (d->paths[i].is_rule && d->paths[i].access == p->access &&
		    strcmp(d->paths[i].path, p->path) == 0)
			return (&d->paths[i]);
	return (NULL);
}

static bool
record_has(const struct powers_record *record, const struct audit_path *path)
{
	for (size_t i = 0; i < record->path_count; i++)
		if (record->paths[i].access == path->access &&
		    strcmp(record->paths[i].path, path->path) == 0)
			return (true);
	return (false);
}

static const char *
rule_text(struct arena *arena, unsigned access, const char *path)
{
	return (audit_text(arena, "%s %s", powers_access_text(access), path));
}

static void
rules_compare(struct audit_report *r, const struct powers_record *record,
    const struct audit_declared *d)
{
	const struct audit_path *path;
	const char *text;

	for (size_t i = 0; i < record->path_count; i++) {
		text = rule_text(
		    r->arena, record->paths[i].access, record->paths[i].path);
		path = path_find(d, &record->paths[i]);
		if (path != NULL)
			audit_add(
			    r, AUDIT_SAME, "landlock", path->why, text, "");
		else
			audit_add(r, AUDIT_DIFFERENT, "landlock",
			    "not declared", text, CHANGED);
	}
	for (size_t i = 0; i < d->path_count; i++) {
		path = &d->paths[i];
		if (!path->is_rule || record_has(record, path))
			continue;
		text = rule_text(r->arena, path->access, path->path);
		audit_add(r, AUDIT_NOTE, "landlock",
		    audit_text(r->arena, "%s: %s", path->why, text),
		    "not allowed",
		    "it was not there, or not configured, at the start: "
		    "restart it to allow it");
	}
}

static const char *
ports_text(struct arena *arena, const uint32_t *ports, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++) {
		const char *comma = i > 0 ? ", " : "";

		if (ports[i] == POWERS_PORT_ANY)
			text = audit_text(arena, "%s%sany port", text, comma);
		else if (ports[i] == 0)
			text =
			    audit_text(arena, "%s%sany free port", text, comma);
		else
			text = audit_text(
			    arena, "%s%sport %u", text, comma, ports[i]);
	}
	return (count == 0 ? "no port" : text);
}

static void
ports_compare(struct audit_report *r, const char *what, const char *declared,
    const char *found)
{
	bool is_same = strcmp(declared, found) == 0;

	audit_add(r, is_same ? AUDIT_SAME : AUDIT_DIFFERENT, what, declared,
	    found, is_same ? "" : CHANGED);
}

/* Nothing of it is less than the kernel has, and what that lacks is told. */
static void
abi_compare(struct audit_report *r, const struct powers_record *record,
    const struct audit_declared *d)
{
	struct arena *arena = r->arena;
	const char *declared =
	    audit_text(arena, "ABI %u", d->record.landlock_abi);
	const char *found = audit_text(arena, "ABI %u", record->landlock_abi);

	audit_add(r,
	    strcmp(declared, found) == 0 ? AUDIT_SAME : AUDIT_DIFFERENT,
	    "landlock", declared, found, "");
	if (record->landlock_missing != NULL)
		audit_add(r, AUDIT_NOTE, "landlock", "all of it",
		    audit_text(arena, "missing: %s", record->landlock_missing),
		    "the kernel lacks it; the rest holds");
	if (record->landlock_abi < 4)
		return;
	ports_compare(r, "TCP bind",
	    ports_text(arena, d->record.binds, d->record.bind_count),
	    ports_text(arena, record->binds, record->bind_count));
	ports_compare(r, "TCP connect",
	    ports_text(arena, d->record.connects, d->record.connect_count),
	    ports_text(arena, record->connects, record->connect_count));
}

/* --- seccomp. --- */

static bool
has_call(const struct powers_record *record, const struct powers_call *call)
{
	for (size_t i = 0; i < record->call_count; i++)
		if (strcmp(record->calls[i].name, call->name) == 0 &&
		    strcmp(record->calls[i].condition, call->condition) == 0)
			return (true);
	return (false);
}

/* What one has and the other lacks: "+ptrace". */
static const char *
calls_beyond(struct arena *arena, const struct powers_record *one,
    const struct powers_record *other, const char *sign)
{
	const char *text = "";

	for (size_t i = 0; i < one->call_count; i++)
		if (!has_call(other, &one->calls[i]))
			text = audit_text(arena, "%s %s%s%s%s", text, sign,
			    one->calls[i].name,
			    *one->calls[i].condition != '\0' ? ":" : "",
			    one->calls[i].condition);
	return (text);
}

/* A program that was replaced since may have had other calls: that it is to be
 * restarted is said already. */
static void
calls_compare(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	const struct powers_record *record = &p->record;
	const char *more = calls_beyond(r->arena, record, &d->record, "+");
	const char *less = calls_beyond(r->arena, &d->record, record, "-");
	const char *declared =
	    audit_text(r->arena, "%zu calls", d->record.call_count);
	const char *found =
	    audit_text(r->arena, "%zu calls%s%s%s", record->call_count,
		*more != '\0' || *less != '\0' ? ":" : "", more, less);

	if (*more == '\0' && *less == '\0')
		audit_add(r, AUDIT_SAME, "seccomp allows", declared, found, "");
	else if (p->program_was_replaced)
		audit_add(r, AUDIT_NOTE, "seccomp allows", declared, found,
		    "by the program of before");
	else
		audit_add(r, AUDIT_DIFFERENT, "seccomp allows", declared, found,
		    CHANGED);
	if (record->seccomp_missing != NULL)
		audit_add(r, AUDIT_NOTE, "seccomp", "filter",
		    audit_text(
			r->arena, "missing: %s", record->seccomp_missing),
		    "");
}

/* --- The record. --- */

static const char *
limit_text(struct arena *arena, uint64_t soft, uint64_t hard)
{
	if (soft == POWERS_UNLIMITED || hard == POWERS_UNLIMITED)
		return ("unlimited");
	return (audit_text(arena, "%llu to %llu", (unsigned long long)soft,
	    (unsigned long long)hard));
}

/* What it set, and what now is. */
static void
record_limits_compare(struct audit_report *r,
    const struct powers_record *record, const struct audit_process *p)
{
	for (size_t i = 0; i < record->limit_count; i++) {
		const struct powers_limit *limit = &record->limits[i];

		for (size_t k = 0; k < p->limit_count; k++) {
			const struct audit_limit *now = &p->limits[k];

			if (strcmp(now->name, limit->name) != 0 ||
			    (now->soft == limit->soft &&
				now->hard == limit->hard))
				continue;
			audit_add(r, AUDIT_DIFFERENT,
			    audit_text(r->arena, "limit %s", limit->name),
			    audit_text(r->arena, "%s by its record",
				limit_text(r->arena, limit->soft, limit->hard)),
			    limit_text(r->arena, now->soft, now->hard),
			    "changed since its start");
		}
	}
}

void
audit_compare_record(struct audit_report *r, const struct audit_process *p,
    const struct audit_declared *d)
{
	const struct powers_record *record = &p->record;

	if (p->record_err == ERR_IO) {
		audit_add(
		    r, AUDIT_UNSEEN, "record", "RUN/powers", p->record_why, "");
		return;
	}
	if (p->record_err != ERR_OK) {
		audit_add(r, AUDIT_DIFFERENT, "record", "RUN/powers",
		    p->record_why,
		    "it wrote none, or an older program did: restart it");
		return;
	}
	if (record->uid != p->threads[0].uids[1]) {
		audit_add(r, AUDIT_DIFFERENT, "record",
		    audit_text(r->arena, "of user %u", p->threads[0].uids[1]),
		    audit_text(r->arena, "of user %u", record->uid),
		    "it is another process's");
		return;
	}
	if (!d->is_confined) {
		audit_add(r, AUDIT_SAME, "landlock", "none",
		    record->path_count == 0 ? "none" : "some", "");
		return;
	}
	if (!d->has_record) {
		audit_add(r, AUDIT_UNSEEN, "record", "by the configuration",
		    "which cannot be read", "");
		return;
	}
	abi_compare(r, record, d);
	rules_compare(r, record, d);
	calls_compare(r, p, d);
	record_limits_compare(r, record, p);
}
