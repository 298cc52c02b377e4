/* Anti-entropy: what is told to the catalog, and in which order. */
#include <string.h>

#include "healthd/sync.h"
#include "log.h"
#include "tests/lib/tap.h"

static struct local local;
static struct sync sync_state;
static struct instant now;
static struct node catalog_node;
static struct node_service catalog_services[4];
static struct health_check catalog_checks[4];
static size_t catalog_service_count, catalog_check_count;

static void
begin(void)
{
	static const struct local_config config = {
		.node = SLICE("n1"),
		.output_max = 4096,
	};
	static const struct sync_node node = {
		.id = SLICE("id"),
		.name = SLICE("n1"),
		.address = SLICE("127.0.0.1"),
		.datacenter = SLICE("dc1"),
	};

	local_init(&local, &config, 7);
	sync_init(&sync_state, &node);
	now = (struct instant){ SECONDS(1000).ns };
	catalog_node = (struct node){
		.id = node.id,
		.node = node.name,
		.address = node.address,
	};
	catalog_service_count = catalog_check_count = 0;
}

static void
end(void)
{
	local_deinit(&local);
}

static void
compare(void)
{
	struct node_service_list services = { .node = &catalog_node };
	struct indexed_health_checks checks = { 0 };

	services.services.items = catalog_services;
	services.services.count = catalog_service_count;
	checks.health_checks.items = catalog_checks;
	checks.health_checks.count = catalog_check_count;
	CHECK(sync_begin(&sync_state));
	sync_compare(&sync_state, &local, &services, &checks, now);
}

static void
add_service(const char *name, struct check_type check)
{
	struct service_definition d = {
		.name = slice_of_text(name),
		.check = check,
	};
	struct service_registration r = {
		.definition = &d,
		.source = SOURCE_API,
	};
	struct buf why = { 0 };

	CHECK_EQ(local_register_service(&local, &r, now, &why), ERR_OK);
	buf_deinit(&why);
}

static void
pushed(struct push *p, bool is_ok, const char *text)
{
	sync_pushed(&sync_state, &local, p, is_ok, slice_of_text(text), now);
}

/* Push everything there is, as the catalog would take it. */
static size_t
push_all(void)
{
	struct push *p;
	size_t count = 0;

	while ((p = sync_next(&sync_state, &local)) != NULL) {
		pushed(p, true, "");
		count++;
	}
	return (count);
}

static void
test_nothing_before_the_first_comparison(void)
{
	begin();
	add_service("a", (struct check_type){ 0 });
	CHECK(sync_next(&sync_state, &local) == NULL);
	CHECK(!sync_is_settled(&sync_state, &local, local.changes));
	compare();
	CHECK_EQ(push_all(), 1);
	CHECK(sync_is_settled(&sync_state, &local, local.changes));
	CHECK(sync_next(&sync_state, &local) == NULL);
	end();
}

static void
test_the_node_comes_first(void)
{
	struct push *p;

	begin();
	catalog_node.address = SLICE("10.0.0.1");
	add_service("a", (struct check_type){ 0 });
	compare();
	p = sync_next(&sync_state, &local);
	CHECK(p != NULL && p->kind == PUSH_NODE);
	CHECK(!p->registration.skip_node_update);
	CHECK(sync_next(&sync_state, &local) == NULL);
	pushed(p, true, "");
	p = sync_next(&sync_state, &local);
	CHECK(p != NULL && p->kind == PUSH_SERVICE);
	CHECK(p->registration.skip_node_update);
	pushed(p, true, "");
	end();
}

static void
test_checks_ride_with_their_service(void)
{
	struct push *p;

	begin();
	add_service("a", (struct check_type){ .ttl = SECONDS(9) });
	compare();
	p = sync_next(&sync_state, &local);
	CHECK(p->kind == PUSH_SERVICE);
	CHECK(p->registration.check != NULL);
	CHECK(slice_is(p->registration.check->check_id, "service:a"));
	CHECK(sync_next(&sync_state, &local) == NULL);
	pushed(p, true, "");
	CHECK(local_check_find(&local, SLICE("service:a"))->mark.is_in_sync);
	end();
}

/* What changed while it was on its way is told once more. */
static void
test_a_change_on_the_way(void)
{
	struct push *p, *later;
	struct buf why = { 0 };

	begin();
	add_service("a", (struct check_type){ .ttl = SECONDS(9) });
	compare();
	p = sync_next(&sync_state, &local);
	CHECK_EQ(local_update_ttl(&local, SLICE("service:a"), CHECK_PASSING,
		     SLICE("x"), now, &why),
	    ERR_OK);
	later = sync_next(&sync_state, &local);
	CHECK(later != NULL && later->kind == PUSH_CHECK);
	CHECK(later->registration.service != NULL);
	CHECK(slice_is(later->registration.check->status, "passing"));
	pushed(p, true, "");
	CHECK(!sync_is_settled(&sync_state, &local, local.changes));
	pushed(later, true, "");
	CHECK(sync_is_settled(&sync_state, &local, local.changes));
	CHECK_EQ(push_all(), 0);
	buf_deinit(&why);
	end();
}

static void
test_what_only_the_catalog_knows_goes(void)
{
	struct push *p;

	begin();
	catalog_services[0] = (struct node_service){ .id = SLICE("consul") };
	catalog_services[1] = (struct node_service){ .id = SLICE("old") };
	catalog_service_count = 2;
	catalog_checks[0] =
	    (struct health_check){ .check_id = SLICE("serfHealth") };
	catalog_checks[1] = (struct health_check){ .check_id = SLICE("oc"),
		.service_id = SLICE("old") };
	catalog_checks[2] = (struct health_check){ .check_id = SLICE("nc") };
	catalog_check_count = 3;
	compare();
	p = sync_next(&sync_state, &local);
	CHECK(p->kind == PUSH_SERVICE_GONE);
	CHECK(slice_is(p->deregistration.service_id, "old"));
	pushed(p, true, "");
	p = sync_next(&sync_state, &local);
	CHECK(p->kind == PUSH_CHECK_GONE);
	CHECK(slice_is(p->deregistration.check_id, "nc"));
	pushed(p, false, "Unknown check 'nc'");
	CHECK(sync_next(&sync_state, &local) == NULL);
	CHECK_EQ(local.services.count, 0);
	CHECK_EQ(local.checks.count, 0);
	end();
}

static void
test_what_is_the_same_stays(void)
{
	struct node_service *theirs = &catalog_services[0];

	begin();
	add_service("a", (struct check_type){ .ttl = SECONDS(9) });
	*theirs = local_service_find(&local, SLICE("a"))->service;
	theirs->indexes = (struct raft_index){ 5, 6 };
	catalog_service_count = 1;
	catalog_checks[0] = local_check_find(&local, SLICE("service:a"))->check;
	catalog_checks[0].type = SLICE("");
	catalog_check_count = 1;
	compare();
	CHECK_EQ(push_all(), 0);
	theirs->port = 7;
	compare();
	CHECK_EQ(push_all(), 1);
	catalog_checks[0].status = SLICE("warning");
	theirs->port = 0;
	compare();
	CHECK_EQ(push_all(), 1);
	end();
}

static void
test_tags_that_may_be_overridden(void)
{
	struct slice tags[] = { SLICE("theirs") };
	struct local_service *s;

	begin();
	add_service("a", (struct check_type){ 0 });
	s = local_service_find(&local, SLICE("a"));
	s->service.enable_tag_override = true;
	catalog_services[0] = s->service;
	catalog_services[0].tags.items = tags;
	catalog_services[0].tags.count = 1;
	catalog_services[0].port = 9;
	catalog_service_count = 1;
	compare();
	CHECK_EQ(s->service.tags.count, 1);
	CHECK(slice_is(s->service.tags.items[0], "theirs"));
	CHECK_EQ(push_all(), 1); /* the port is ours */
	end();
}

static void
test_failures_wait(void)
{
	struct push *p;

	begin();
	add_service("a", (struct check_type){ 0 });
	compare();
	p = sync_next(&sync_state, &local);
	pushed(p, false, "disk on fire");
	CHECK(sync_next(&sync_state, &local) == NULL);
	CHECK(sync_is_settled(&sync_state, &local, local.changes));
	CHECK(instant_before(
	    sync_state.timer.due, instant_add(now, SECONDS(31))));
	CHECK(!instant_before(
	    sync_state.timer.due, instant_add(now, SECONDS(15))));
	compare();
	CHECK_EQ(push_all(), 1);
	end();
}

static void
test_refused_by_acls_counts_as_told(void)
{
	begin();
	add_service("a", (struct check_type){ 0 });
	compare();
	pushed(sync_next(&sync_state, &local), false,
	    "rpc error making call: Permission denied");
	CHECK(local_service_find(&local, SLICE("a"))->mark.is_in_sync);
	end();
}

static void
test_no_catalog_lets_nobody_wait(void)
{
	begin();
	add_service("a", (struct check_type){ 0 });
	CHECK(sync_begin(&sync_state));
	CHECK(!sync_begin(&sync_state));
	sync_compare_failed(
	    &sync_state, &local, SLICE("No cluster leader"), now);
	CHECK(sync_is_settled(&sync_state, &local, local.changes));
	CHECK(!instant_before(
	    instant_add(now, SECONDS(3)), sync_state.timer.due));
	compare();
	CHECK_EQ(push_all(), 1);
	end();
}

static void
test_gone_and_back_again(void)
{
	struct push *gone, *back;

	begin();
	compare();
	add_service("a", (struct check_type){ 0 });
	CHECK_EQ(push_all(), 1);
	local_deregister_service(&local, SLICE("a"));
	gone = sync_next(&sync_state, &local);
	CHECK(gone->kind == PUSH_SERVICE_GONE);
	add_service("a", (struct check_type){ 0 });
	back = sync_next(&sync_state, &local);
	CHECK(back->kind == PUSH_SERVICE);
	pushed(gone, true, "");
	pushed(back, true, "");
	CHECK(local_service_find(&local, SLICE("a"))->mark.is_in_sync);
	end();
}

/* healthd alone was restarted: what was found before holds until a run. */
static void
test_status_is_taken_over(void)
{
	struct check_type http = { .http = SLICE("http://127.0.0.1/"),
		.interval = SECONDS(10) };
	struct local_check *c;

	begin();
	add_service("a", http);
	c = local_check_find(&local, SLICE("service:a"));
	CHECK_EQ(c->status, CHECK_CRITICAL);
	catalog_checks[0] = c->check;
	catalog_checks[0].status = SLICE("passing");
	catalog_checks[0].output = SLICE("fine");
	catalog_check_count = 1;
	local_resume(&local);
	compare();
	CHECK_EQ(c->status, CHECK_PASSING);
	CHECK(slice_is(c->check.output, "fine"));
	CHECK(c->mark.is_in_sync);
	/* But once: from here on this agent is right. */
	catalog_checks[0].status = SLICE("critical");
	compare();
	CHECK_EQ(c->status, CHECK_PASSING);
	end();
}

/* The whole agent was started: as in Consul, healthy it must show itself. */
static void
test_status_is_not_taken_over(void)
{
	struct check_type http = { .http = SLICE("http://127.0.0.1/"),
		.interval = SECONDS(10) };
	struct local_check *c;

	begin();
	add_service("a", http);
	c = local_check_find(&local, SLICE("service:a"));
	catalog_checks[0] = c->check;
	catalog_checks[0].status = SLICE("passing");
	catalog_check_count = 1;
	compare();
	CHECK_EQ(c->status, CHECK_CRITICAL);
	CHECK(!c->mark.is_in_sync);
	end();
}

static void
test_rhythm(void)
{
	begin();
	compare();
	CHECK(!instant_before(
	    sync_state.timer.due, instant_add(now, SECONDS(60))));
	CHECK(!instant_before(
	    instant_add(now, SECONDS(120)), sync_state.timer.due));
	now = instant_add(now, SECONDS(120));
	CHECK(local_due(&local, now));
	end();
}

int
main(void)
{
	log_set_level(LOG_LEVEL_NONE);
	RUN(test_nothing_before_the_first_comparison);
	RUN(test_the_node_comes_first);
	RUN(test_checks_ride_with_their_service);
	RUN(test_a_change_on_the_way);
	RUN(test_what_only_the_catalog_knows_goes);
	RUN(test_what_is_the_same_stays);
	RUN(test_tags_that_may_be_overridden);
	RUN(test_failures_wait);
	RUN(test_refused_by_acls_counts_as_told);
	RUN(test_no_catalog_lets_nobody_wait);
	RUN(test_gone_and_back_again);
	RUN(test_status_is_taken_over);
	RUN(test_status_is_not_taken_over);
	RUN(test_rhythm);
	return (tap_done());
}
