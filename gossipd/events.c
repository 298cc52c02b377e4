/* User events; see events.h. */
#include <stdlib.h>

#include "common/log.h"
#include "common/pattern.h"
#include "common/user_event.h"
#include "common/xmalloc.h"
#include "gossipd.h"

#define SERVICES_DEADLINE SECONDS(10)

/* Not listed: a question to run something. */
#define REMOTE_EXEC	 "_rexec"
#define REMOTE_EXEC_TIME SECONDS(10)
#define EVENT_HEARD_TIME SECONDS(10)

static struct events *
events_of(struct daemon *d)
{
	struct gossipd *g = d->state;

	return (&g->events);
}

/* --- Filters (agent/user_event.go, shouldProcessUserEvent). --- */

static bool
matches(struct events *e, struct slice pattern, struct slice text)
{
	enum pattern_result result = pattern_search(pattern, text);

	e->refused += result == PATTERN_BAD;
	return (result == PATTERN_FOUND);
}

static bool
has_tag(
    struct events *e, const struct agent_service *service, struct slice filter)
{
	for (size_t i = 0; i < service->tags.count; i++)
		if (matches(e, filter, service->tags.items[i]))
			return (true);
	return (filter.size == 0);
}

static bool
has_service(struct events *e, const struct agent_services *services,
    const struct user_event_entry *entry)
{
	for (size_t i = 0; i < services->services.count; i++) {
		const struct agent_service *s = &services->services.items[i];

		if (matches(e, entry->service_filter, s->service) &&
		    has_tag(e, s, entry->tag_filter))
			return (true);
	}
	return (false);
}

/* --- Listing. --- */

/* Who waits for another event. */
struct patient {
	struct patient *next;
	struct events *events;
	struct call *call; /* ours to answer */
	struct slice name; /* lent by the call */
};

/* Not one that an earlier process of ours gave. */
static uint64_t
generation_of(struct events *e)
{
	if (e->generation == 0)
		e->generation = (uint64_t)instant_now().ns | 1;
	return (e->generation);
}

static void
list(const struct events *e, struct slice name, struct arena *arena,
    struct user_events *out)
{
	out->events.count = 0;
	out->events.items =
	    arena_array(arena, e->count, sizeof(*out->events.items));
	for (size_t i = 0; i < e->count; i++) {
		const struct user_event_entry *entry =
		    &e->kept[(e->first + i) % EVENTS_KEPT_MAX].entry;

		if (name.size == 0 || slice_equal(name, entry->name))
			out->events.items[out->events.count++] = *entry;
	}
}

static void
list_answer(struct events *e, struct call *call, struct slice name)
{
	struct user_events events = { .generation = generation_of(e) };

	list(e, name, &call->arena, &events);
	call_answer(call, &user_events_type, &events);
}

static void
on_cancel(struct call *call)
{
	struct patient *p = call->keeper, **at = &p->events->patients;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
}

void
events_answer_after(
    struct events *e, struct call *call, struct slice name, uint64_t generation)
{
	struct patient *p;

	if (generation != generation_of(e)) {
		list_answer(e, call, name);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct patient){ e->patients, e, call, name };
	e->patients = p;
	call->on_cancel = on_cancel;
	call->keeper = p;
}

static void
patients_answer(struct events *e)
{
	struct patient *p;

	e->generation = generation_of(e) + 1;
	while ((p = e->patients) != NULL) {
		e->patients = p->next;
		p->call->on_cancel = NULL;
		list_answer(e, p->call, p->name);
		free(p);
	}
}

/* --- Keeping. --- */

static void
keep(struct events *e, const struct user_event_entry *entry)
{
	size_t at = (e->first + e->count) % EVENTS_KEPT_MAX;
	struct kept_event *kept = &e->kept[at];

	if (e->count == EVENTS_KEPT_MAX) {
		arena_deinit(&kept->arena);
		e->first = (e->first + 1) % EVENTS_KEPT_MAX;
	} else
		e->count++;
	arena_init(&kept->arena);
	type_copy(&user_event_entry_type, entry, &kept->arena, &kept->entry);
	patients_answer(e);
	log_debug("agent", "new event", "event_name=%.*s event_id=%.*s",
	    SLICE_ARGS(entry->name), SLICE_ARGS(entry->id));
}

/* --- Remote execution: healthd's affair. --- */

static void
on_remote_told(void *arg, const struct answer *answer)
{
	(void)arg;
	if (answer->err != ERR_OK)
		log_error("agent", "Could not hand on a remote exec event",
		    "error=\"%.*s\"", SLICE_ARGS(answer->text));
}

static void
remote_exec(struct daemon *d, const struct user_event_entry *entry)
{
	if (d->config->keys.disable_remote_exec) {
		log_info("agent", "ignoring remote exec event, disabled.",
		    "event_name=%.*s event_id=%.*s", SLICE_ARGS(entry->name),
		    SLICE_ARGS(entry->id));
		return;
	}
	(void)edge_ask(d->edges[DAEMON_catalogd], METHOD_Agent_RemoteExec,
	    &user_event_entry_type, entry, REMOTE_EXEC_TIME, on_remote_told,
	    NULL);
}

/* A watch that has missed one hears of it with the next. */
static void
on_event_told(void *arg, const struct answer *answer)
{
	(void)arg;
	(void)answer;
}

/* It is for this agent. */
static void
ours(struct daemon *d, const struct user_event_entry *entry)
{
	const struct empty nothing = {};

	if (slice_is(entry->name, REMOTE_EXEC)) {
		remote_exec(d, entry);
		return;
	}
	keep(events_of(d), entry);
	/* For watches of the agent. */
	(void)edge_ask(d->edges[DAEMON_catalogd], METHOD_Agent_EventHeard,
	    &empty_type, &nothing, EVENT_HEARD_TIME, on_event_told, NULL);
}

/* --- What services this agent has. --- */

/* An event that waits for the list of services. */
struct waiting {
	struct daemon *daemon; /* lent */
	struct user_event_entry entry;
	struct arena arena;
};

static void
on_services(void *arg, const struct answer *answer)
{
	struct waiting *w = arg;
	struct agent_services services;

	if (answer->err != ERR_OK ||
	    type_decode_all(&agent_services_type, answer->body, &w->arena,
		&services) != ERR_OK)
		log_error("agent", "Could not filter an event by services",
		    "event_name=%.*s error=\"%.*s\"", SLICE_ARGS(w->entry.name),
		    SLICE_ARGS(answer->text));
	else if (has_service(events_of(w->daemon), &services, &w->entry))
		ours(w->daemon, &w->entry);
	arena_deinit(&w->arena);
	free(w);
}

static void
services_ask(struct daemon *d, const struct user_event_entry *entry)
{
	struct waiting *w = xcalloc(1, sizeof(*w));
	struct empty nothing;

	w->daemon = d;
	arena_init(&w->arena);
	type_copy(&user_event_entry_type, entry, &w->arena, &w->entry);
	(void)edge_ask(d->edges[DAEMON_catalogd], METHOD_Agent_Services,
	    &empty_type, &nothing, SERVICES_DEADLINE, on_services, w);
}

void
events_heard(struct daemon *d, const struct user_event *event)
{
	struct events *e = events_of(d);
	struct user_event_entry entry;

	if (user_event_decode(event->payload, &entry) != ERR_OK) {
		log_error("agent", "Failed to decode event", "event=%.*s",
		    SLICE_ARGS(event->name));
		return;
	}
	entry.ltime = event->ltime;
	if (entry.node_filter.size > 0 &&
	    !matches(e, entry.node_filter, slice_of_text(d->config->node_name)))
		return;
	if (entry.service_filter.size > 0)
		services_ask(d, &entry);
	else
		ours(d, &entry);
}

/* --- Before one is fired. --- */

static struct slice
filter_mistake(const char *what, struct slice filter, struct arena *arena)
{
	if (filter.size == 0 ||
	    pattern_search(filter, SLICE("")) != PATTERN_BAD)
		return (SLICE(""));
	return (arena_printf(arena,
	    "Invalid %s filter: error parsing regexp: `%.*s`", what,
	    SLICE_ARGS(filter)));
}

struct slice
events_mistake(struct slice name, struct slice payload, struct arena *arena)
{
	struct user_event_entry entry;
	struct slice mistake = SLICE("");

	if (!slice_starts_with(name, slice_of_text(USER_EVENT_PREFIX)) ||
	    user_event_decode(payload, &entry) != ERR_OK)
		return (mistake);
	mistake = filter_mistake("node", entry.node_filter, arena);
	if (mistake.size == 0)
		mistake =
		    filter_mistake("service", entry.service_filter, arena);
	if (mistake.size == 0)
		mistake = filter_mistake("tag", entry.tag_filter, arena);
	return (mistake);
}
