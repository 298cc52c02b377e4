/* Who may be in a pool (gossipd/rule.c, meta.c). */
#include "common/msgpack.h"
#include "member.h"
#include "tests/lib/tap.h"

#define ID_MINE	 "11111111-1111-1111-1111-111111111111"
#define ID_OTHER "22222222-2222-2222-2222-222222222222"

/* Tags as Serf encodes them, of pairs that a NULL ends. */
static struct slice
tags_of(struct buf *out, const char *const *pairs)
{
	size_t count = 0;

	while (pairs[2 * count] != NULL)
		count++;
	buf_init(out);
	buf_put_u8(out, 0xff);
	pack_map(out, count);
	for (size_t i = 0; i < 2 * count; i++)
		pack_text(out, pairs[i]);
	return (buf_slice(out));
}

static void
begin(struct member_test *t, enum gossip_rule rule)
{
	struct gossip_options options = member_options();

	options.rule = rule;
	options.datacenter = SLICE("dc1");
	options.node_id = SLICE(ID_MINE);
	member_begin_with(t, &options);
}

/* Does an alive with these tags bring a member? */
static bool
is_let_in(struct member_test *t, const char *const *pairs)
{
	struct message alive = make_alive("a", 2, 1);
	struct buf tags;
	bool is_in;

	alive.as.alive.meta = tags_of(&tags, pairs);
	member_hears(t, 2, alive);
	is_in = member_sees(t, "a").status == MEMBER_ALIVE;
	buf_deinit(&tags);
	return (is_in);
}

static bool
lan_lets_in(const char *const *pairs, const char *why)
{
	struct member_test t;
	bool is_in;

	begin(&t, RULE_CONSUL_LAN);
	is_in = is_let_in(&t, pairs);
	if (!is_in) {
		CHECK(has_noted(&t, GOSSIP_NOTE_REFUSED));
		CHECK(slice_is(t.fx.notes.items[0].text, why));
	}
	member_end(&t);
	return (is_in);
}

static void
test_lan(void)
{
	static const char *const client[] = { "role", "node", "dc", "dc1", "id",
		ID_OTHER, "segment", "", NULL };
	static const char *const elsewhere[] = { "role", "node", "dc", "dc2",
		"segment", "", NULL };
	static const char *const twin[] = { "role", "node", "dc", "dc1", "id",
		ID_MINE, NULL };
	static const char *const segment[] = { "role", "node", "dc", "dc1",
		"segment", "x", NULL };
	static const char *const server[] = { "role", "consul", "dc", "dc2",
		"port", "8300", "vsn", "2", "build", "1.8.7:", NULL };
	static const char *const no_server[] = { "role", "consul", "dc", "dc2",
		NULL };

	CHECK(lan_lets_in(client, ""));
	CHECK(!lan_lets_in(
	    elsewhere, "Member 'a' part of wrong datacenter 'dc2'"));
	CHECK(!lan_lets_in(twin, "Member 'a' has conflicting node ID '" ID_MINE
				 "' with this agent's ID"));
	CHECK(!lan_lets_in(
	    segment, "Member 'a' part of wrong segment 'x' (expected '')"));
	CHECK(
	    !lan_lets_in(server, "Member 'a' part of wrong datacenter 'dc2'"));
	CHECK(lan_lets_in(no_server, "")); /* nor a client: not judged */
}

static void
test_versions_must_be_there(void)
{
	struct member_test t;
	struct message alive = make_alive("a", 2, 1);

	begin(&t, RULE_CONSUL_LAN);
	alive.as.alive.versions.count = 3;
	member_hears(&t, 2, alive);
	CHECK(has_noted(&t, GOSSIP_NOTE_BAD_VERSION));
	member_end(&t);
}

static bool
wan_lets_in(const char *key, const char *value)
{
	const char *pairs[] = { "role", "consul", "port", "8300", "vsn", "2",
		"build", "1.8.7:abc", "dc", "dc2", NULL, NULL, NULL };
	struct member_test t;
	bool is_in;
	size_t i = 0;

	while (pairs[i] != NULL && strcmp(pairs[i], key) != 0)
		i += 2;
	pairs[i] = key;
	pairs[i + 1] = value;
	begin(&t, RULE_CONSUL_WAN);
	is_in = is_let_in(&t, pairs);
	member_end(&t);
	return (is_in);
}

static void
test_wan(void)
{
	CHECK(wan_lets_in("dc", "dc3"));
	CHECK(!wan_lets_in("role", "node"));
	CHECK(!wan_lets_in("port", "eighty"));
	CHECK(!wan_lets_in("port", ""));
	CHECK(!wan_lets_in("vsn", "x"));
	CHECK(!wan_lets_in("build", "1.8"));
	CHECK(!wan_lets_in("build", ""));
	CHECK(wan_lets_in("build", "v1.10.0-beta"));
	CHECK(wan_lets_in("expect", "3"));
	CHECK(!wan_lets_in("expect", "many"));
	CHECK(wan_lets_in("ft_fs", "1"));
	CHECK(!wan_lets_in("ft_fs", "yes"));
}

/* On a join all of them are judged, and together. */
static void
test_join_with_twins(void)
{
	static const char *const pairs[] = { "role", "node", "dc", "dc1", "id",
		ID_OTHER, NULL };
	struct member_test t;
	struct buf tags;
	struct push_node nodes[2];
	struct push_pull state = {
		.is_join = true, .nodes = nodes, .node_count = 2
	};
	struct gossip_event event = { .kind = GOSSIP_PUSH_PULL };

	begin(&t, RULE_CONSUL_LAN);
	for (unsigned i = 0; i < 2; i++)
		nodes[i] = (struct push_node){
			.name = i == 0 ? SLICE("a") : SLICE("b"),
			.address = address_of(2 + i),
			.versions = { { 1, 5, 2, 2, 5, 4 }, 6 },
			.incarnation = 1,
		};
	nodes[0].meta = nodes[1].meta = tags_of(&tags, pairs);
	event.as.push_pull.state = &state;
	member_step(&t, event);
	CHECK(has_noted(&t, GOSSIP_NOTE_MERGE_REFUSED));
	CHECK(slice_is(t.fx.notes.items[0].text,
	    "Member 'b' has conflicting node ID '" ID_OTHER
	    "' with member 'a'"));
	CHECK_EQ(gossip_member_count(t.g), 1);
	/* Unless one of them has left. */
	nodes[0].state = SWIM_LEFT;
	member_step(&t, event);
	CHECK_EQ(member_sees(&t, "b").status, MEMBER_ALIVE);
	buf_deinit(&tags);
	member_end(&t);
}

static void
test_tags(void)
{
	static const char *const pairs[] = { "a", "1", "bb", "", "role", "x",
		NULL };
	struct buf tags;
	struct slice value, meta = tags_of(&tags, pairs);

	CHECK(gossip_meta_tag(meta, "a", &value) && slice_is(value, "1"));
	CHECK(gossip_meta_tag(meta, "bb", &value) && value.size == 0);
	CHECK(!gossip_meta_tag(meta, "b", &value));
	CHECK(gossip_meta_tag(SLICE("web"), "role", &value) &&
	      slice_is(value, "web"));
	CHECK(!gossip_meta_tag(SLICE("web"), "a", &value));
	CHECK(gossip_meta_tag((struct slice){ 0 }, "role", &value) &&
	      value.size == 0);
	/* Cut anywhere, it only says less. */
	for (size_t i = 1; i < meta.size; i++)
		CHECK(!gossip_meta_tag(slice_head(meta, i), "role", &value));
	buf_deinit(&tags);
}

int
main(void)
{
	RUN(test_lan);
	RUN(test_versions_must_be_there);
	RUN(test_wan);
	RUN(test_join_with_twins);
	RUN(test_tags);
	return (tap_done());
}
