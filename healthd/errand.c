/* Who waits for which run; see errand.h. */
#include <stdlib.h>

#include "errand.h"
#include "healthd.h"
#include "log.h"
#include "xmalloc.h"

#define PIECE_BYTES (64 * 1024)

struct errand {
	struct errand *next;
	uint64_t run;
	bool is_probe; /* the prober has it */
	errand_fn *done;
	void *arg;
};

static struct errand **
errand_find(struct healthd *h, uint64_t run)
{
	struct errand **at = &h->errands;

	while (*at != NULL && (*at)->run != run)
		at = &(*at)->next;
	return (at);
}

static void
errand_drop(struct healthd *h, struct errand **at)
{
	struct errand *e = *at;

	*at = e->next;
	h->errand_count--;
	free(e);
}

/* What it is given goes ahead, in pieces that a message has room for. */
static enum err
request_send(struct helper *helper, const struct probe_request *request)
{
	struct probe_request piece = {
		.run = request->run,
		.kind = request->kind,
		.output_max = request->output_max,
		.is_input_more = true,
	};
	struct probe_request last = *request;
	enum err err = ERR_OK;

	while (err == ERR_OK && last.input.size > PIECE_BYTES) {
		piece.input = slice_head(last.input, PIECE_BYTES);
		last.input = slice_tail(last.input, PIECE_BYTES);
		err = helper_send(helper, &piece);
	}
	return (err == ERR_OK ? helper_send(helper, &last) : err);
}

static struct helper *
helper_of(struct healthd *h, bool is_probe)
{
	return (is_probe ? h->probes : h->scripts);
}

static void
cancel_send(struct healthd *h, uint64_t run, bool is_probe)
{
	struct probe_request request = { .run = run, .is_cancel = true };

	if (helper_send(helper_of(h, is_probe), &request) != ERR_OK)
		log_warn("agent", "Could not cancel a run", "");
}

enum err
errand_start(struct healthd *h, const struct probe_request *request,
    errand_fn *done, void *arg, uint64_t *run)
{
	struct probe_request numbered = *request;
	bool is_probe = request->check.http.size > 0;
	struct errand *e;
	enum err err;

	if (h->errand_count >= ERRANDS_MAX)
		return (ERR_FULL);
	if (request->input.size > ERRAND_INPUT_MAX)
		return (ERR_TOO_BIG);
	numbered.run = ++h->last_errand | ERRAND_BIT;
	numbered.avoids_link_local =
	    h->daemon->config->keys.disable_link_local_checks;
	err = request_send(helper_of(h, is_probe), &numbered);
	if (err != ERR_OK) {
		cancel_send(h, numbered.run, is_probe);
		return (err);
	}
	e = xcalloc(1, sizeof(*e));
	e->run = *run = numbered.run;
	e->is_probe = is_probe;
	e->done = done;
	e->arg = arg;
	e->next = h->errands;
	h->errands = e;
	h->errand_count++;
	return (ERR_OK);
}

void
errand_cancel(struct healthd *h, uint64_t run)
{
	struct errand **at = errand_find(h, run);

	if (*at == NULL)
		return;
	cancel_send(h, run, (*at)->is_probe);
	errand_drop(h, at);
}

void
errand_more(struct healthd *h, uint64_t run)
{
	struct probe_request request = { .run = run, .kind = PROBE_MORE };

	if (helper_send(h->scripts, &request) != ERR_OK)
		log_warn("agent", "Could not ask for more output", "");
}

void
errand_result(struct healthd *h, const struct probe_result *result)
{
	struct errand **at = errand_find(h, result->run);
	errand_fn *done;
	void *arg;

	if (*at == NULL)
		return;
	done = (*at)->done;
	arg = (*at)->arg;
	if (result->end != RUN_OUTPUT)
		errand_drop(h, at);
	done(arg, result);
}

void
errands_fail_probes(struct healthd *h)
{
	struct probe_result gone = {
		.end = RUN_NOT_STARTED,
		.output = SLICE("The prober died while it ran this handler"),
	};
	struct errand *e = h->errands;

	while (e != NULL) {
		struct errand *next = e->next;

		gone.run = e->run;
		if (e->is_probe)
			errand_result(h, &gone);
		e = next;
	}
}
