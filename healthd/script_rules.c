/* Environment and limits of scripts; see script_rules.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "script_rules.h"
#include "wiring.h"
#include "xmalloc.h"

/* --- The environment. --- */

/* A pattern is a name, or with a * behind it the beginning of one. */
static bool
name_fits(struct slice name, struct slice pattern)
{
	if (slice_ends_with(pattern, SLICE("*")))
		return (slice_starts_with(
		    name, slice_head(pattern, pattern.size - 1)));
	return (slice_equal(name, pattern));
}

static bool
is_kept(struct slice name, const struct slice_list *more)
{
	static const char *const patterns[] = {
#define X(pattern) pattern,
		SCRIPT_ENVIRONMENT(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (name_fits(name, slice_of_text(patterns[i])))
			return (true);
	for (size_t i = 0; i < more->count; i++)
		if (slice_equal(name, more->items[i]))
			return (true);
	return (false);
}

void
script_environment_clean(const struct config_keys *keys, const char *user)
{
	size_t count = 0, kept = 0;
	char **made;

	while (environ[count] != NULL)
		count++;
	made = xcalloc(count + 1, sizeof(*made));
	for (size_t i = 0; i < count; i++) {
		struct slice line = slice_of_text(environ[i]);
		size_t end = slice_find(line, '=', 0);

		if (end != SIZE_MAX &&
		    is_kept(slice_head(line, end), &keys->script_environment))
			made[kept++] = environ[i];
	}
	environ = made;
	/* Whose home the agent's user has is nothing to a user without one. */
	if (user != NULL &&
	    (setenv("USER", user, 1) != 0 || setenv("LOGNAME", user, 1) != 0 ||
		setenv("HOME", "/", 1) != 0))
		fatal("no memory for the environment of scripts");
}

/* --- The limits. --- */

/* select(2) knows no more; who can do with more raises it. */
#define OPEN_FILES_SOFT 1024

static void
limit_add(struct script_limits *limits, bool is_own_user, int resource,
    uint64_t value, enum script_kinds of)
{
	struct script_limit *row = &limits->rows[limits->count];

	if ((value == 0 && resource != RLIMIT_CORE) ||
	    (of == SCRIPTS_OF_OWN_USER && !is_own_user))
		return;
	*row = (struct script_limit){ resource, value, value,
		of == SCRIPTS_OF_CHECKS };
	if (resource == RLIMIT_NOFILE && value > OPEN_FILES_SOFT)
		row->soft = OPEN_FILES_SOFT;
	limits->count++;
}

void
script_limits_from(const struct limits_keys *limits, bool is_own_user,
    struct script_limits *out)
{
	*out = (struct script_limits){ .count = 0 };
#define X(name, value, of) \
	limit_add(out, is_own_user, RLIMIT_##name, value, of);
	SCRIPT_LIMITS(X)
#undef X
}

bool
script_limits_set(const struct script_limits *limits, bool is_check)
{
	for (size_t i = 0; i < limits->count; i++) {
		const struct script_limit *row = &limits->rows[i];
		struct rlimit limit;

		if (row->is_of_checks && !is_check)
			continue;
		if (getrlimit(row->resource, &limit) != 0)
			return (false);
		/* What the agent was given is the most there can be. */
		if (limit.rlim_max > row->hard)
			limit.rlim_max = row->hard;
		if (limit.rlim_cur > row->soft)
			limit.rlim_cur = row->soft;
		if (setrlimit(row->resource, &limit) != 0)
			return (false);
	}
	return (true);
}
