/* Services and checks of the agent: registering, running, running out. */
#include <string.h>

#include "healthd/local.h"
#include "log.h"
#include "tests/lib/tap.h"

static struct local local;
static struct instant now;
static struct buf why;

static void
begin(void)
{
	static const struct local_config config = {
		.node = SLICE("n1"),
		.datacenter = SLICE("dc1"),
		.output_max = 4096,
	};

	local_init(&local, &config, 42);
	now = (struct instant){ SECONDS(1000).ns };
	buf_reset(&why);
}

static void
end(void)
{
	local_deinit(&local);
}

static void
pass(struct duration d)
{
	now = instant_add(now, d);
	(void)local_due(&local, now);
	local_settle(&local, now);
}

static const struct effect *
effect_last(enum effect_kind kind)
{
	for (size_t i = local.effect_count; i-- > 0;)
		if (local.effects[i].kind == kind)
			return (&local.effects[i]);
	return (NULL);
}

static bool
status_is(const char *check_id, const char *status)
{
	struct local_check *c =
	    local_check_find(&local, slice_of_text(check_id));

	return (c != NULL && slice_is(c->check.status, status));
}

static bool
output_is(const char *check_id, const char *output)
{
	struct local_check *c =
	    local_check_find(&local, slice_of_text(check_id));

	return (c != NULL && slice_is(c->check.output, output));
}

static enum err
register_service(struct service_definition d, bool replaces)
{
	struct service_registration r = {
		.definition = &d,
		.source = SOURCE_API,
		.replaces_checks = replaces,
	};
	enum err err = local_register_service(&local, &r, now, &why);

	local_settle(&local, now);
	return (err);
}

static enum err
register_check(const char *id, const char *service, struct check_type type)
{
	struct check_registration r = {
		.type = &type,
		.source = SOURCE_API,
		.check = {
			.check_id = slice_of_text(id),
			.name = slice_of_text(id),
			.service_id = slice_of_text(service),
			.status = type.status,
		},
	};
	enum err err = local_register_check(&local, &r, now, &why);

	local_settle(&local, now);
	return (err);
}

static void
end_run(const char *id, enum check_status status, const char *output)
{
	struct local_check *c = local_check_find(&local, slice_of_text(id));

	local_run_ended(&local, c->row.id, c->run, RUN_DONE, status,
	    slice_of_text(output), now);
	local_settle(&local, now);
}

/* First run within the interval, then the interval after each end. */
static void
test_schedule(void)
{
	struct check_type t = { .http = SLICE("http://x"),
		.interval = SECONDS(10) };
	const struct effect *run;
	struct local_check *c;
	struct instant first;

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	c = local_check_find(&local, SLICE("c"));
	first = agenda_first(&local.agenda);
	CHECK(!instant_before(first, now));
	CHECK(!instant_before(instant_add(now, SECONDS(10)), first));
	CHECK(effect_last(EFFECT_RUN) == NULL);
	pass(SECONDS(10));
	run = effect_last(EFFECT_RUN);
	CHECK(run != NULL && run->run == c->run && c->run != 0);
	/* Not again while it runs: there is only its latest end. */
	CHECK_EQ(instant_since(agenda_first(&local.agenda), now).ns,
	    CHECK_TIMEOUT.ns + RUN_GRACE.ns);
	now = instant_add(now, SECONDS(3));
	end_run("c", CHECK_PASSING, "fine");
	CHECK(status_is("c", "passing"));
	CHECK_EQ(
	    agenda_first(&local.agenda).ns, instant_add(now, SECONDS(10)).ns);
	end();
}

static void
test_stale_results_are_ignored(void)
{
	struct check_type t = { .tcp = SLICE("h:1"), .interval = SECONDS(1) };
	uint64_t old;

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	pass(SECONDS(1));
	old = local_check_find(&local, SLICE("c"))->run;
	t.interval = SECONDS(2);
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	CHECK_EQ(effect_last(EFFECT_CANCEL)->run, old);
	local_run_ended(&local, SLICE("c"), old, RUN_DONE, CHECK_PASSING,
	    SLICE("late"), now);
	CHECK(status_is("c", "critical"));
	end();
}

static void
test_thresholds_hold_the_status(void)
{
	struct check_type t = { .tcp = SLICE("h:1"),
		.interval = SECONDS(1),
		.failures_before_critical = 2,
		.status = SLICE("passing") };

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	pass(SECONDS(1));
	end_run("c", CHECK_PASSING, "a");
	pass(SECONDS(1));
	end_run("c", CHECK_CRITICAL, "b");
	CHECK(status_is("c", "passing"));
	CHECK(output_is("c", "a"));
	pass(SECONDS(1));
	end_run("c", CHECK_CRITICAL, "b");
	CHECK(status_is("c", "critical"));
	end();
}

static void
test_a_timed_out_script_waits_for_its_end(void)
{
	struct slice args[] = { SLICE("sleep") };
	struct check_type t = { .script_args = { args, 1 },
		.interval = SECONDS(1) };
	struct local_check *c;

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_REFUSED);
	CHECK(strcmp(buf_text(&why),
		  "Scripts are disabled on this agent from remote calls; to "
		  "enable, configure 'enable_script_checks' to true") == 0);
	local.config.has_remote_scripts = true;
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	pass(SECONDS(1));
	c = local_check_find(&local, SLICE("c"));
	local_run_ended(&local, c->row.id, c->run, RUN_TIMED_OUT,
	    CHECK_CRITICAL, SLICE("Timed out"), now);
	CHECK(output_is("c", "Timed out"));
	CHECK(!agenda_has(&c->timer));
	local_run_ended(&local, c->row.id, c->run, RUN_GONE, CHECK_CRITICAL,
	    SLICE(""), now);
	CHECK(output_is("c", "Timed out"));
	CHECK(agenda_has(&c->timer));
	end();
}

static void
test_ttl(void)
{
	struct check_type t = { .ttl = SECONDS(5) };

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	CHECK(status_is("c", "critical"));
	CHECK_EQ(local_update_ttl(&local, SLICE("c"), CHECK_PASSING,
		     SLICE("note"), now, &why),
	    ERR_OK);
	CHECK(status_is("c", "passing"));
	CHECK(effect_last(EFFECT_SAVE_STATE) != NULL);
	pass(SECONDS(4));
	CHECK(status_is("c", "passing"));
	pass(SECONDS(1));
	CHECK(status_is("c", "critical"));
	CHECK(output_is(
	    "c", "TTL expired (last output before timeout follows): note"));
	CHECK_EQ(agenda_first(&local.agenda).ns, INSTANT_NEVER.ns);
	CHECK_EQ(local_update_ttl(
		     &local, SLICE("x"), CHECK_PASSING, SLICE(""), now, &why),
	    ERR_REFUSED);
	CHECK(strcmp(buf_text(&why),
		  "CheckID \"x\" does not have associated TTL") == 0);
	end();
}

static void
test_restored_ttl_runs_out_when_it_would_have(void)
{
	struct check_type t = { .ttl = SECONDS(60) };

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	local_restore_ttl(
	    &local, SLICE("c"), CHECK_WARNING, SLICE("old"), SECONDS(5), now);
	CHECK(status_is("c", "warning"));
	pass(SECONDS(5));
	CHECK(status_is("c", "critical"));
	end();
}

static void
test_service_with_checks(void)
{
	struct check_type ttl = { .ttl = SECONDS(5) };
	struct check_type list[] = { { .tcp = SLICE("h:1"),
					 .interval = SECONDS(1) },
		{ .check_id = SLICE("own"), .ttl = SECONDS(1) } };
	struct slice tags[] = { SLICE("a") };
	struct service_definition d = { .id = SLICE("w1"),
		.name = SLICE("web"),
		.check = ttl,
		.tags = { tags, 1 } };
	struct local_check *c;

	begin();
	d.checks.items = list;
	d.checks.count = 2;
	CHECK_EQ(register_service(d, false), ERR_OK);
	c = local_check_find(&local, SLICE("service:w1:1"));
	CHECK(c != NULL && c->kind == CHECK_TTL);
	CHECK(slice_is(c->check.name, "Service 'web' check"));
	CHECK(slice_is(c->check.service_name, "web"));
	CHECK_EQ(c->check.service_tags.count, 1);
	CHECK(slice_is(c->check.node, "n1"));
	CHECK(slice_is(c->check.type, "ttl"));
	CHECK(local_check_find(&local, SLICE("service:w1:2")) != NULL);
	CHECK(local_check_find(&local, SLICE("own")) != NULL);
	CHECK(effect_last(EFFECT_SAVE_SERVICE) != NULL);
	end();
}

/* Registered again: status and output stay; other checks only if asked. */
static void
test_register_again(void)
{
	struct service_definition d = { .name = SLICE("a"),
		.check = { .ttl = SECONDS(5) } };

	begin();
	CHECK_EQ(register_service(d, false), ERR_OK);
	CHECK_EQ(
	    register_check("nn", "a", (struct check_type){ .ttl = SECONDS(5) }),
	    ERR_OK);
	CHECK_EQ(local_update_ttl(&local, SLICE("service:a"), CHECK_PASSING,
		     SLICE("xx"), now, &why),
	    ERR_OK);
	d.port = 3;
	d.check.status = SLICE("warning");
	CHECK_EQ(register_service(d, false), ERR_OK);
	CHECK(status_is("service:a", "passing"));
	CHECK(output_is("service:a", "xx"));
	CHECK(status_is("nn", "critical"));
	CHECK_EQ(local_service_find(&local, SLICE("a"))->service.port, 3);
	CHECK_EQ(register_service(d, true), ERR_OK);
	CHECK(local_check_find(&local, SLICE("nn")) == NULL);
	CHECK(local_check_find(&local, SLICE("service:a")) != NULL);
	end();
}

static void
test_refusals_change_nothing(void)
{
	struct slice args[] = { SLICE("true") };
	struct service_definition d = { .name = SLICE("a"),
		.check = {
		    .script_args = { args, 1 }, .interval = SECONDS(1) } };

	begin();
	CHECK_EQ(register_service(d, false), ERR_REFUSED);
	CHECK(local_service_find(&local, SLICE("a")) == NULL);
	CHECK_EQ(local.effect_count, 0);
	CHECK_EQ(
	    register_check("x", "zz", (struct check_type){ .ttl = SECONDS(5) }),
	    ERR_REFUSED);
	end();
	begin();
	CHECK_EQ(
	    register_check("x", "zz", (struct check_type){ .ttl = SECONDS(5) }),
	    ERR_REFUSED);
	CHECK(strcmp(buf_text(&why), "ServiceID \"zz\" does not exist") == 0);
	end();
}

static void
test_deregister_service_takes_its_checks(void)
{
	struct service_definition d = { .name = SLICE("a"),
		.check = { .tcp = SLICE("h:1"), .interval = SECONDS(1) } };

	begin();
	CHECK_EQ(register_service(d, false), ERR_OK);
	pass(SECONDS(1));
	local_deregister_service(&local, SLICE("a"));
	CHECK(local_service_find(&local, SLICE("a")) == NULL);
	CHECK(local_check_find(&local, SLICE("service:a")) == NULL);
	CHECK(effect_last(EFFECT_DROP_SERVICE) != NULL);
	CHECK(effect_last(EFFECT_DROP_CHECK) != NULL);
	CHECK(effect_last(EFFECT_CANCEL) != NULL);
	CHECK_EQ(agenda_first(&local.agenda).ns, INSTANT_NEVER.ns);
	end();
}

static void
test_critical_for_too_long(void)
{
	struct service_definition d = { .name = SLICE("a"),
		.check = { .tcp = SLICE("h:1"),
		    .interval = SECONDS(1),
		    .deregister_critical_service_after = SECONDS(1) } };

	begin();
	CHECK_EQ(register_service(d, false), ERR_OK);
	pass(SECONDS(1));
	end_run("service:a", CHECK_CRITICAL, "down");
	pass(SECONDS(59));
	CHECK(local_service_find(&local, SLICE("a")) != NULL);
	pass(SECONDS(29)); /* 88 s after the start: the look at 90 s */
	CHECK(local_service_find(&local, SLICE("a")) != NULL);
	pass(SECONDS(3));
	CHECK(local_service_find(&local, SLICE("a")) == NULL);
	end();
}

static void
test_maintenance(void)
{
	struct service_definition d = { .name = SLICE("a") };

	begin();
	CHECK_EQ(register_service(d, false), ERR_OK);
	local_maintenance(&local, local_service_find(&local, SLICE("a")), true,
	    SLICE(""), SLICE(""), now);
	CHECK(status_is("_service_maintenance:a", "critical"));
	CHECK(slice_is(local_check_find(&local, SLICE("_service_maintenance:a"))
			   ->check.notes,
	    "Maintenance mode is enabled for this service, but no reason was "
	    "provided. This is a default message."));
	local_maintenance(&local, NULL, true, SLICE("why"), SLICE(""), now);
	CHECK(slice_is(
	    local_check_find(&local, SLICE("_node_maintenance"))->check.notes,
	    "why"));
	local_maintenance(&local, NULL, false, SLICE(""), SLICE(""), now);
	CHECK(local_check_find(&local, SLICE("_node_maintenance")) == NULL);
	end();
}

static void
test_alias(void)
{
	struct service_definition d = { .name = SLICE("a") };
	struct check_type alias = { .alias_service = SLICE("a") };

	begin();
	CHECK_EQ(register_check("al", "", alias), ERR_OK);
	CHECK(output_is("al", "Service a could not be found on node "));
	CHECK_EQ(register_service(d, false), ERR_OK);
	CHECK(status_is("al", "passing"));
	CHECK(output_is("al", "No checks found."));
	CHECK_EQ(register_check(
		     "one", "a", (struct check_type){ .ttl = SECONDS(5) }),
	    ERR_OK);
	CHECK(status_is("al", "critical"));
	CHECK(output_is("al", "Aliased check \"one\" failing: "));
	CHECK_EQ(local_update_ttl(&local, SLICE("one"), CHECK_WARNING,
		     SLICE("hm"), now, &why),
	    ERR_OK);
	local_settle(&local, now);
	CHECK(status_is("al", "warning"));
	CHECK(output_is("al", "Aliased check \"one\" failing: hm"));
	CHECK_EQ(local_update_ttl(&local, SLICE("one"), CHECK_PASSING,
		     SLICE("ok"), now, &why),
	    ERR_OK);
	local_settle(&local, now);
	CHECK(output_is("al", "All checks passing."));
	end();
}

/* Two that stand for each other must come to rest. */
static void
test_aliases_of_aliases_end(void)
{
	struct service_definition d = { .name = SLICE("a"),
		.check = { .alias_service = SLICE("b") } };

	begin();
	CHECK_EQ(register_service(d, false), ERR_OK);
	d.name = SLICE("b");
	d.check.alias_service = SLICE("a");
	CHECK_EQ(register_service(d, false), ERR_OK);
	for (int i = 0; i < 2000; i++) {
		local.has_stale_aliases = true;
		local_settle(&local, now);
	}
	CHECK(
	    local_check_find(&local, SLICE("service:a"))->output.size <= 4096);
	end();
}

static void
test_output_alone_is_told_late(void)
{
	struct check_type t = { .ttl = SECONDS(5000) };
	struct local_check *c;

	begin();
	local.config.update_interval = SECONDS(300);
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	c = local_check_find(&local, SLICE("c"));
	c->mark.is_in_sync = true;
	CHECK_EQ(local_update_ttl(&local, SLICE("c"), CHECK_CRITICAL,
		     SLICE("new"), now, &why),
	    ERR_OK);
	CHECK(output_is("c", "new"));
	CHECK(c->mark.is_in_sync);
	pass(SECONDS(149));
	CHECK(c->mark.is_in_sync);
	pass(SECONDS(302));
	CHECK(!c->mark.is_in_sync);
	c->mark.is_in_sync = true;
	CHECK_EQ(local_update_ttl(&local, SLICE("c"), CHECK_PASSING,
		     SLICE("new"), now, &why),
	    ERR_OK);
	CHECK(!c->mark.is_in_sync);
	end();
}

static enum err
reload(struct service_definition *services, size_t service_count,
    struct check_definition *checks, size_t check_count)
{
	struct definitions all = { services, service_count, checks,
		check_count };
	enum err err = local_reload(&local, &all, now, &why);

	local_settle(&local, now);
	return (err);
}

static void
test_reload_is_a_diff(void)
{
	struct check_type tcp = { .tcp = SLICE("h:1"),
		.interval = SECONDS(10) };
	struct service_definition files[] = { { .name = SLICE("same"),
						  .check = tcp },
		{ .name = SLICE("other"), .check = tcp } };
	struct check_definition checks[] = { { .name = SLICE("node"),
	    .ttl = SECONDS(60) } };
	struct service_definition api = { .name = SLICE("api") };
	struct instant due;
	uint64_t change;

	begin();
	CHECK_EQ(reload(files, 2, checks, 1), ERR_OK);
	CHECK_EQ(register_service(api, false), ERR_OK);
	due = local_check_find(&local, SLICE("service:same"))->timer.due;
	change = local_service_find(&local, SLICE("same"))->mark.change;
	pass(SECONDS(1));
	local_check_find(&local, SLICE("service:other"))->run = 0;
	local_set_status(&local,
	    local_check_find(&local, SLICE("service:other")), CHECK_WARNING,
	    SLICE("kept"), now);
	files[1].port = 99;
	CHECK_EQ(reload(files, 2, checks, 1), ERR_OK);
	CHECK_EQ(local_check_find(&local, SLICE("service:same"))->timer.due.ns,
	    due.ns);
	CHECK_EQ(
	    local_service_find(&local, SLICE("same"))->mark.change, change);
	CHECK_EQ(local_service_find(&local, SLICE("other"))->service.port, 99);
	CHECK(status_is("service:other", "warning"));
	CHECK(output_is("service:other", "kept"));
	CHECK_EQ(reload(files, 1, NULL, 0), ERR_OK);
	CHECK(local_service_find(&local, SLICE("other")) == NULL);
	CHECK(local_check_find(&local, SLICE("service:other")) == NULL);
	CHECK(local_check_find(&local, SLICE("node")) == NULL);
	CHECK(local_service_find(&local, SLICE("api")) != NULL);
	end();
}

static void
test_reload_refuses_all_or_nothing(void)
{
	struct service_definition files[] = { { .name = SLICE("good") },
		{ .name = SLICE("x"), .check = { .http = SLICE("x") } } };

	begin();
	CHECK_EQ(reload(files, 2, NULL, 0), ERR_REFUSED);
	CHECK(local_service_find(&local, SLICE("good")) == NULL);
	CHECK(strcmp(buf_text(&why),
		  "Failed to register service \"x\": Invalid check: Interval "
		  "must be > 0 for Script, HTTP, or TCP checks") == 0);
	end();
}

/* What a file says replaces what the API said, and its saved copy. */
static void
test_files_win(void)
{
	struct service_definition d = { .name = SLICE("a"), .port = 1 };

	begin();
	CHECK_EQ(register_service(d, false), ERR_OK);
	local_effects_clear(&local);
	d.port = 2;
	CHECK_EQ(reload(&d, 1, NULL, 0), ERR_OK);
	CHECK_EQ(local_service_find(&local, SLICE("a"))->service.port, 2);
	CHECK(effect_last(EFFECT_DROP_SERVICE) != NULL);
	CHECK(effect_last(EFFECT_SAVE_SERVICE) == NULL);
	end();
}

/* Not the check is at fault, when its helper dies; but perhaps when the next
 * one dies, too. */
static void
test_a_run_that_is_lost_is_repeated_once(void)
{
	struct check_type t = { .http = SLICE("http://x"),
		.interval = SECONDS(10) };
	struct local_check *c;

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	c = local_check_find(&local, SLICE("c"));
	pass(SECONDS(10));
	end_run("c", CHECK_PASSING, "fine");
	pass(SECONDS(10));
	local_run_lost(&local, c, SLICE("died"), now);
	CHECK(status_is("c", "passing"));
	CHECK_EQ(c->run, 0);
	pass(SECONDS(0));
	CHECK(c->run != 0);
	local_run_lost(&local, c, SLICE("died"), now);
	CHECK(status_is("c", "critical"));
	pass(SECONDS(10));
	end_run("c", CHECK_PASSING, "fine");
	pass(SECONDS(10));
	local_run_lost(&local, c, SLICE("died"), now);
	CHECK(status_is("c", "passing"));
	end();
}

static void
test_a_helper_that_hangs_is_told(void)
{
	struct check_type t = { .http = SLICE("http://x"),
		.interval = SECONDS(10) };

	begin();
	CHECK_EQ(register_check("c", "", t), ERR_OK);
	pass(SECONDS(10));
	pass(SECONDS(39));
	CHECK(effect_last(EFFECT_HANGS) == NULL);
	pass(SECONDS(1));
	CHECK(effect_last(EFFECT_HANGS) != NULL);
	end();
}

int
main(void)
{
	log_set_level(LOG_LEVEL_NONE);
	RUN(test_schedule);
	RUN(test_stale_results_are_ignored);
	RUN(test_thresholds_hold_the_status);
	RUN(test_a_timed_out_script_waits_for_its_end);
	RUN(test_ttl);
	RUN(test_restored_ttl_runs_out_when_it_would_have);
	RUN(test_service_with_checks);
	RUN(test_register_again);
	RUN(test_refusals_change_nothing);
	RUN(test_deregister_service_takes_its_checks);
	RUN(test_critical_for_too_long);
	RUN(test_maintenance);
	RUN(test_alias);
	RUN(test_aliases_of_aliases_end);
	RUN(test_output_alone_is_told_late);
	RUN(test_reload_is_a_diff);
	RUN(test_reload_refuses_all_or_nothing);
	RUN(test_files_win);
	RUN(test_a_run_that_is_lost_is_repeated_once);
	RUN(test_a_helper_that_hangs_is_told);
	buf_deinit(&why);
	return (tap_done());
}
