/*
 * /v1/agent/: what concerns the agent as a whole; api/http.md 7.
 *
 * api_agent_local.c has its services and checks.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "debug_config.h"
#include "httpd.h"
#include "render.h"

static const struct empty nothing;

/* Ask with no more than the method's name, and say 200 to any answer. */
static void
simple_ask(struct request *r, enum method method)
{
	struct view view = { .render = render_empty };

	ask(r, method, &nothing, &view);
}

/* An address is whatever stands behind the slash, colons and all. */
void
api_agent_join(struct request *r)
{
	struct serf_join_request q = { .addresses = { &r->argument, 1 },
		.is_wan = query_get(&r->query, "wan").size > 0 };
	struct view view = { .render = render_empty };

	if (q.is_wan && !r->httpd->daemon->config->is_server)
		request_text(r, 500, "Must be a server to join WAN cluster");
	else
		ask(r, METHOD_Serf_Join, &q, &view);
}

void
api_agent_force_leave(struct request *r)
{
	struct serf_force_leave_request q = { .node = r->argument,
		.is_prune = query_has(&r->query, "prune") };
	struct view view = { .render = render_empty };

	ask(r, METHOD_Serf_ForceLeave, &q, &view);
}

void
api_agent_leave(struct request *r)
{
	simple_ask(r, METHOD_Serf_Leave);
}

static void
render_reload(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct reload_report *reply = replies[0];

	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	render_list(&reload_change_type, reply->changes.items,
	    reply->changes.count, &out->body);
}

/* Consul's answer is empty; ours tells what was changed to who asks for it. */
void
api_agent_reload(struct request *r)
{
	struct view view = { .render = query_has(&r->query, "report")
					   ? render_reload
					   : render_empty };

	ask(r, METHOD_Agent_Reload, &nothing, &view);
}

/* --- Members. --- */

static void
render_members(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct serf_members *reply = replies[0];

	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	render_list(&serf_member_type, reply->members.items,
	    reply->members.count, &out->body);
}

void
api_agent_members(struct request *r)
{
	struct serf_members_request q = {
		.is_wan = query_get(&r->query, "wan").size > 0
	};
	struct slice segment = query_get(&r->query, "segment");
	bool is_server = r->httpd->daemon->config->is_server;
	struct view view = { .render = render_members };
	bool is_any = segment.size == 0 || slice_is(segment, "_all");

	if (!is_any && q.is_wan)
		request_text(r, 400, "Cannot provide a segment with wan=true");
	else if (q.is_wan && !is_server)
		request_json(r, "null"); /* clients are in no such pool */
	else if (is_any)
		ask(r, METHOD_Serf_Members, &q, &view);
	else if (is_server)
		request_text(r, 500,
		    "Network segments are not supported in this version of "
		    "Consul");
	else
		request_text(
		    r, 500, "segment \"%.*s\" not found", SLICE_ARGS(segment));
}

/* --- Self. --- */

/* Go's name of it. */
#if defined(__x86_64__)
#define PROGRAM_ARCH "amd64"
#elif defined(__aarch64__)
#define PROGRAM_ARCH "arm64"
#else
#define PROGRAM_ARCH "unknown"
#endif

enum self_part {
	SELF_AGENT,
	SELF_HEALTH,
	SELF_SERF,
	SELF_RAFT,
	SELF_MEMBERS,
	SELF_COORDINATES,
	SELF_PART_COUNT,
};

static void
put_named(struct buf *out, const char *name, struct slice value)
{
	if (out->data[out->size - 1] != '{')
		buf_put_u8(out, ',');
	json_put_text(out, slice_of_text(name));
	buf_put_u8(out, ':');
	json_put_text(out, value);
}

static int
section_compare(const void *a, const void *b)
{
	const struct stats_section *const *x = a, *const *y = b;

	return (slice_compare((*x)->name, (*y)->name));
}

static void
put_values(struct buf *out, const struct stats_section *section, bool is_first)
{
	for (size_t i = 0; i < section->values.count; i++) {
		if (i > 0 || !is_first)
			buf_put_u8(out, ',');
		json_put_text(out, section->values.items[i].key);
		buf_put_u8(out, ':');
		json_put_text(out, section->values.items[i].value);
	}
}

/* Sections of several daemons; those of one name become one. */
static void
put_stats(struct buf *out, const struct stats *const *all, size_t count,
    struct arena *arena)
{
	const struct stats_section **sorted;
	size_t total = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		total += all[i]->sections.count;
	sorted = arena_array(arena, total + 1, sizeof(sorted[0]));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < all[i]->sections.count; j++)
			sorted[at++] = &all[i]->sections.items[j];
	qsort(sorted, total, sizeof(sorted[0]), section_compare);
	buf_put_text(out, ",\"Stats\":{");
	for (size_t i = 0; i < total; i++) {
		bool is_first = i == 0 || !slice_equal(sorted[i]->name,
					      sorted[i - 1]->name);
		bool is_last = i + 1 == total || !slice_equal(sorted[i]->name,
						     sorted[i + 1]->name);

		if (is_first) {
			if (i > 0)
				buf_put_u8(out, ',');
			json_put_text(out, sorted[i]->name);
			buf_put_text(out, ":{");
		}
		put_values(out, sorted[i], is_first);
		if (is_last)
			buf_put_u8(out, '}');
	}
	buf_put_u8(out, '}');
}

/* What this program is and runs on. Of the keys of Consul's `runtime` the
 * count of goroutines has nothing to stand for here. */
static struct stats
program_stats(const struct httpd *h, struct arena *arena)
{
	struct slice cpus = arena_printf(arena, "%u", h->cpu_count);
	const struct pair build[] = {
		{ SLICE("prerelease"), SLICE("") },
		{ SLICE("revision"), SLICE("") },
		{ SLICE("version"), slice_of_text(h->daemon->config->version) },
	};
	const struct pair runtime[] = {
		{ SLICE("arch"), SLICE(PROGRAM_ARCH) },
		{ SLICE("cpu_count"), cpus },
		{ SLICE("max_procs"), cpus },
		{ SLICE("os"), SLICE("linux") },
		{ SLICE("version"), SLICE("C " __VERSION__) },
	};
	struct stats_section *sections =
	    arena_array(arena, 2, sizeof(*sections));
	struct pair *values =
	    arena_alloc(arena, sizeof(build) + sizeof(runtime));

	memcpy(values, build, sizeof(build));
	memcpy(values + 3, runtime, sizeof(runtime));
	sections[0] = (struct stats_section){ SLICE("build"), { values, 3 } };
	sections[1] =
	    (struct stats_section){ SLICE("runtime"), { values + 3, 5 } };
	return ((struct stats){ .sections = { sections, 2 } });
}

/* The member that is this agent: the one of that name. */
static void
put_member(
    struct buf *out, const struct serf_members *members, struct slice name)
{
	buf_put_text(out, ",\"Member\":");
	for (size_t i = 0; i < members->members.count; i++)
		if (slice_equal(members->members.items[i].name, name)) {
			json_from_type(
			    &serf_member_type, &members->members.items[i], out);
			return;
		}
	buf_put_text(out, "null");
}

/* Where this agent is, as its gossip has learnt it; null where no coordinates
 * are kept. */
static void
put_coordinate(
    struct buf *out, const struct coordinates *all, const struct config *config)
{
	const struct vivaldi_coord *coord = NULL;
	struct slice name = slice_of_text(config->node_name);

	for (size_t i = 0; i < all->value.count; i++)
		if (slice_equal(all->value.items[i].node, name))
			coord = all->value.items[i].coord;
	buf_put_text(out, ",\"Coord\":");
	if (coord == NULL || config->keys.disable_coordinates)
		buf_put_text(out, "null");
	else
		json_from_type(&vivaldi_coord_type, coord, out);
}

static void
put_config(struct buf *out, const struct config *config)
{
	buf_put_text(out, "{\"Config\":{");
	put_named(out, "Datacenter", slice_of_text(config->datacenter));
	put_named(out, "NodeName", slice_of_text(config->node_name));
	put_named(out, "NodeID", slice_of_text(config->node_id));
	put_named(out, "Revision", (struct slice){ 0 });
	buf_printf(out, ",\"Server\":%s", config->is_server ? "true" : "false");
	put_named(out, "Version", slice_of_text(config->version));
	buf_put_u8(out, '}');
}

static int
pair_compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (slice_compare(x->key, y->key));
}

static void
put_meta(struct buf *out, const struct pair_list *meta, struct arena *arena)
{
	struct pair *sorted =
	    arena_array(arena, meta->count + 1, sizeof(*sorted));

	if (meta->count > 0)
		memcpy(sorted, meta->items, meta->count * sizeof(*sorted));
	qsort(sorted, meta->count, sizeof(*sorted), pair_compare);
	buf_put_text(out, ",\"Meta\":{");
	for (size_t i = 0; i < meta->count; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		json_put_text(out, sorted[i].key);
		buf_put_u8(out, ':');
		json_put_text(out, sorted[i].value);
	}
	buf_put_text(out, "}}");
}

/* The note is the pointer to the configuration: it lives as long as we do. */
static void
render_self(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct httpd *h;
	const struct config *config;
	struct stats program;
	const struct stats *stats[] = { replies[SELF_AGENT],
		replies[SELF_HEALTH], replies[SELF_SERF], replies[SELF_RAFT],
		&program };

	memcpy(&h, view->note.data, sizeof(h));
	program = program_stats(h, arena);
	config = h->daemon->config;
	out->content = CONTENT_JSON;
	put_config(&out->body, config);
	buf_put_text(&out->body, ",\"DebugConfig\":");
	debug_config_put(config, &out->body);
	put_coordinate(&out->body, replies[SELF_COORDINATES], config);
	put_member(&out->body, replies[SELF_MEMBERS],
	    slice_of_text(config->node_name));
	put_stats(&out->body, stats, sizeof(stats) / sizeof(stats[0]), arena);
	put_meta(&out->body, &config->node_meta, arena);
}

void
api_agent_self(struct request *r)
{
	static const struct serf_members_request lan = { .is_wan = false };
	static const struct part parts[SELF_PART_COUNT] = {
		[SELF_AGENT] = { METHOD_Agent_Stats, &nothing },
		[SELF_HEALTH] = { METHOD_Agent_HealthStats, &nothing },
		[SELF_SERF] = { METHOD_Serf_Stats, &nothing },
		[SELF_RAFT] = { METHOD_Raft_Stats, &nothing },
		[SELF_MEMBERS] = { METHOD_Serf_Members, &lan },
		[SELF_COORDINATES] = { METHOD_Serf_Coordinates, &lan },
	};
	struct view view = { .render = render_self,
		.note = slice(&r->httpd, sizeof(r->httpd)) };

	ask_parts(r, parts, SELF_PART_COUNT, &view);
}
