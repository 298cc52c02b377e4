/*
 * Runs of checks: what the core wants run goes to the helper that can, and
 * what comes back goes to the core.
 */
#include "errand.h"
#include "healthd.h"
#include "log.h"

static void
run_ended(struct healthd *h, const struct probe_result *r)
{
	if (r->end > RUN_GONE || r->status > CHECK_CRITICAL)
		return; /* not of our making */
	local_run_ended(&h->local, r->check_id, r->run, (enum run_end)r->end,
	    (enum check_status)r->status, r->output, instant_now());
}

/* The prober took what it was doing with it. */
static void
probes_fail(struct healthd *h)
{
	struct slice text = SLICE("The prober died while it ran this check");

	for (size_t i = 0; i < h->local.checks.count; i++) {
		struct local_check *c =
		    (struct local_check *)h->local.checks.rows[i];

		if (c->run != 0 && c->kind != CHECK_SCRIPT)
			local_run_lost(&h->local, c, text, instant_now());
	}
}

static void
on_result(void *arg, const struct probe_result *result)
{
	struct healthd *h = arg;

	if (result->run == 0) {
		probes_fail(h);
		errands_fail_probes(h);
	} else if (result->run & ERRAND_BIT)
		errand_result(h, result);
	else
		run_ended(h, result);
}

/* It can't be forked again once privileges are gone; all of healthd is started
 * anew, and finds its services and checks where they were saved. */
static void
on_gone(void *arg)
{
	struct healthd *h = arg;

	log_error("agent", "The runner has died, starting over", "");
	daemon_stop(h->daemon, 1);
}

void
probe_open(struct healthd *h)
{
	struct ev_loop *loop = h->daemon->loop;

	h->scripts = helper_new(loop, h->ends.scripts, on_result, on_gone, h);
	h->probes = helper_new(loop, h->ends.probes, on_result, on_gone, h);
}

static void
run_start(struct healthd *h, struct local_check *c)
{
	struct helper *helper =
	    c->kind == CHECK_SCRIPT ? h->scripts : h->probes;
	struct probe_request request = {
		.run = c->run,
		.output_max =
		    check_output_max(&c->type, h->local.config.output_max),
		.timeout = check_timeout(&c->type),
		.avoids_link_local =
		    h->daemon->config->keys.disable_link_local_checks,
		.check_id = c->row.id,
		.check = c->type,
	};
	enum err err = helper_send(helper, &request);
	struct slice text = slice_of_text(err_text(err));

	if (err != ERR_OK)
		local_run_ended(&h->local, c->row.id, c->run, RUN_NOT_STARTED,
		    CHECK_CRITICAL, text, instant_now());
}

/* What it was asked for is late by far. It may be somebody else's to kill. */
static void
on_hang(struct healthd *h, const struct effect *e)
{
	log_error("agent", "A helper hangs, starting over", "check=%.*s",
	    SLICE_ARGS(buf_slice(&e->id)));
	daemon_stop(h->daemon, 1);
}

/* The check may be gone: then both helpers forget a run that one has. */
static void
run_cancel(struct healthd *h, uint64_t run)
{
	struct probe_request request = { .run = run, .is_cancel = true };

	if (helper_send(h->scripts, &request) != ERR_OK ||
	    helper_send(h->probes, &request) != ERR_OK)
		log_warn("agent", "Could not cancel a run", "");
}

void
probe_do(struct healthd *h, const struct effect *e)
{
	struct local_check *c = local_check_find(&h->local, buf_slice(&e->id));

	if (e->kind == EFFECT_CANCEL)
		run_cancel(h, e->run);
	else if (e->kind == EFFECT_HANGS)
		on_hang(h, e);
	else if (e->kind == EFFECT_RUN && c != NULL && c->run == e->run)
		run_start(h, c);
}
