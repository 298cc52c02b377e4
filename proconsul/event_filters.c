/* Filters of events; see event_filters.h. */
#include "event_filters.h"
#include "pattern.h"
#include "say.h"

static bool
is_pattern(struct run *run, const char *what, const char *pattern)
{
	if (pattern_check(slice_of_text(pattern), &run->why) == ERR_OK)
		return (true);
	run_fail(run, "Failed to compile %s filter regexp", what);
	return (false);
}

bool
event_filters_are_good(
    struct run *run, const char *node, const char *service, const char *tag)
{
	if (!is_pattern(run, "node", node) ||
	    !is_pattern(run, "service", service) ||
	    !is_pattern(run, "tag", tag))
		return (false);
	if (*tag == '\0' || *service != '\0')
		return (true);
	say_error("Cannot provide tag filter without service filter.");
	return (false);
}
