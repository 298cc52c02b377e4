/* `members`: the agent's gossip pool as a table. */
#include <arpa/inet.h>

#include "api_types.h"
#include "command.h"
#include "pattern.h"
#include "table.h"

#define EXIT_NO_MEMBERS 2
#define ALL_SEGMENTS	"_all"

struct members_options {
	struct client_options client;
	bool is_detailed;
	bool is_wan;
	const char *segment;
	const char *status;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(members_options),
	{ "detailed", FLAG_BOOL, offsetof(struct members_options, is_detailed),
	    "", "Show every tag of each member instead of the usual columns.",
	    NULL, false },
	{ "segment", FLAG_TEXT, offsetof(struct members_options, segment),
	    "string", "Network segment to show (Consul Enterprise).",
	    "\"_all\"", false },
	{ "status", FLAG_TEXT, offsetof(struct members_options, status),
	    "string", "Show members whose status matches this regular "
	    "expression.", "\".*\"", false },
	{ "wan", FLAG_BOOL, offsetof(struct members_options, is_wan), "",
	    "Show the servers of all datacenters; on a server only.", NULL,
	    false },
	FLAGS_END,
};
/* clang-format on */

static const char *const statuses[] = { "none", "alive", "leaving", "left",
	"failed" };

static const char *
status_name(const struct api_member *m)
{
	if (m->status < 0 ||
	    (size_t)m->status >= sizeof(statuses) / sizeof(statuses[0]))
		return ("unknown");
	return (statuses[m->status]);
}

static struct slice
tag_of(const struct api_member *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->tags.count; i++) {
		if (slice_is(m->tags.items[i].key, name))
			return (m->tags.items[i].value);
	}
	return (SLICE(""));
}

static bool
is_server(const struct api_member *m)
{
	return (slice_is(tag_of(m, "role"), "consul"));
}

/* Members of no segment are shown as being in one. */
static struct slice
segment_of(const struct api_member *m, const struct members_options *o)
{
	struct slice segment = tag_of(m, "segment");

	if (is_server(m) && strcmp(o->segment, ALL_SEGMENTS) == 0)
		return (SLICE("<all>"));
	return (segment.size == 0 ? SLICE("<default>") : segment);
}

static struct slice
address_of(const struct api_member *m, struct arena *arena)
{
	bool is_v6 = slice_find(m->address, ':', 0) != SIZE_MAX;

	return (arena_printf(arena, is_v6 ? "[%.*s]:%" PRIu64 : "%.*s:%" PRIu64,
	    SLICE_ARGS(m->address), m->port));
}

/* "1.8.7:revision" without the revision. */
static struct slice
build_of(const struct api_member *m)
{
	struct slice build = tag_of(m, "build");
	size_t colon = slice_find(build, ':', 0);

	if (build.size == 0)
		return (SLICE("< 0.3"));
	return (colon == SIZE_MAX ? build : slice_head(build, colon));
}

/* By segment, as it is shown, datacenter and name. */
static int
member_compare(const void *a, const void *b, void *options)
{
	const struct api_member *x = a, *y = b;
	int order;

	order = slice_compare(segment_of(x, options), segment_of(y, options));
	if (order == 0)
		order = slice_compare(tag_of(x, "dc"), tag_of(y, "dc"));
	return (order != 0 ? order : slice_compare(x->name, y->name));
}

static void
print_standard(struct run *run, const struct members_options *o,
    const struct api_members *members)
{
	const struct api_member *m;
	struct table t;
	size_t i;

	table_init(&t, &run->arena, 8);
	for (i = 0; i < 8; i++)
		table_add_text(
		    &t, (const char *const[]){ "Node", "Address", "Status",
			    "Type", "Build", "Protocol", "DC", "Segment" }[i]);
	for (i = 0; i < members->list.count; i++) {
		m = &members->list.items[i];
		table_add(&t, m->name);
		table_add(&t, address_of(m, &run->arena));
		table_add_text(&t, status_name(m));
		table_add(&t, is_server(m) ? SLICE("server")
			      : slice_is(tag_of(m, "role"), "node")
				  ? SLICE("client")
				  : SLICE("unknown"));
		table_add(&t, build_of(m));
		table_add(&t, tag_of(m, "vsn"));
		table_add(&t, tag_of(m, "dc"));
		table_add(&t, segment_of(m, o));
	}
	table_print(&t, 2, stdout);
}

static int
pair_compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (slice_compare(x->key, y->key));
}

/* "acls=0,build=1.8.7:,..."; the segment always is one of them. */
static struct slice
tags_text(const struct api_member *m, const struct members_options *o,
    struct arena *arena)
{
	struct pair *tags =
	    arena_array(arena, m->tags.count + 1, sizeof(*tags));
	struct buf text = { 0 };
	struct slice kept;
	size_t i, count = 0;

	for (i = 0; i < m->tags.count; i++) {
		if (!slice_is(m->tags.items[i].key, "segment"))
			tags[count++] = m->tags.items[i];
	}
	tags[count++] = (struct pair){ SLICE("segment"), segment_of(m, o) };
	qsort(tags, count, sizeof(*tags), pair_compare);
	for (i = 0; i < count; i++)
		buf_printf(&text, "%s%.*s=%.*s", i > 0 ? "," : "",
		    SLICE_ARGS(tags[i].key), SLICE_ARGS(tags[i].value));
	kept = arena_copy(arena, buf_slice(&text));
	buf_deinit(&text);
	return (kept);
}

static void
print_detailed(struct run *run, const struct members_options *o,
    const struct api_members *members)
{
	const struct api_member *m;
	struct table t;
	size_t i;

	table_init(&t, &run->arena, 4);
	table_add_text(&t, "Node");
	table_add_text(&t, "Address");
	table_add_text(&t, "Status");
	table_add_text(&t, "Tags");
	for (i = 0; i < members->list.count; i++) {
		m = &members->list.items[i];
		table_add(&t, m->name);
		table_add(&t, address_of(m, &run->arena));
		table_add_text(&t, status_name(m));
		table_add(&t, tags_text(m, o, &run->arena));
	}
	table_print(&t, 2, stdout);
}

/* Keep the members whose status matches. */
static void
keep_matching(struct api_members *members, struct slice status)
{
	const char *name;
	size_t i, kept = 0;

	for (i = 0; i < members->list.count; i++) {
		name = status_name(&members->list.items[i]);
		if (pattern_search(status, slice_of_text(name)) ==
		    PATTERN_FOUND)
			members->list.items[kept++] = members->list.items[i];
	}
	members->list.count = kept;
}

static int
members_show(struct run *run, const struct members_options *o)
{
	struct members_options order = *o; /* for qsort_r, which has no const */
	struct api_members members = { 0 };
	struct request request;
	struct response response;

	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "GET", "/v1/agent/members");
	request_param(&request, "segment", o->segment);
	if (o->is_wan)
		request_param(&request, "wan", "1");
	if (run_get_type(run, &request, &api_members_type, &members,
		&response) != ERR_OK)
		return (run_fail(run, "Error retrieving members"));
	keep_matching(&members, slice_of_text(o->status));
	if (members.list.count == 0)
		return (EXIT_NO_MEMBERS);
	qsort_r(members.list.items, members.list.count,
	    sizeof(struct api_member), member_compare, &order);
	if (o->is_detailed)
		print_detailed(run, o, &members);
	else
		print_standard(run, o, &members);
	return (0);
}

static int
members_work(struct run *run, const void *options)
{
	const struct members_options *o = options;

	if (pattern_check(slice_of_text(o->status), &run->why) != ERR_OK)
		return (run_fail(run, "Failed to compile status regexp"));
	return (members_show(run, o));
}

static const struct command_spec spec = {
	.usage = "members [options]",
	.about = "Lists the members of the pool the agent is in, with "
		 "their status.",
	.flags = flags,
	.work = members_work,
};

int
members_run(int argc, char **argv)
{
	struct members_options options = { .segment = ALL_SEGMENTS,
		.status = ".*" };

	return (command_main(&spec, argc, argv, &options));
}
