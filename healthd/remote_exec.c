/* Jobs of remote execution; see remote_exec.h. */
#include <stdio.h>
#include <stdlib.h>

#include "errand.h"
#include "healthd.h"
#include "json.h"
#include "log.h"
#include "path.h"
#include "remote_exec.h"
#include "xmalloc.h"

#define LOG_NAME      "agent"
#define ASK_DEADLINE  SECONDS(60)
#define SHELL_DEFAULT "/bin/sh"
#define CODE_NOT_RUN  255
/* Signs of life may be asked for as often as one likes; not by us. */
#define WAIT_MIN MILLISECONDS(100)

struct piece {
	struct piece *next;
	struct buf bytes;
};

struct remote {
	struct healthd *h;    /* lent */
	struct arena arena;   /* of the job */
	struct arena scratch; /* of one write */
	struct remote_event event;
	struct remote_job job;
	bool is_consistent;	     /* the read that is under way */
	uint64_t run;		     /* 0: none */
	struct piece *first, **last; /* owned; output that waits */
	uint64_t number;	     /* of the next piece */
	bool is_writing;
	bool has_ended;
	int64_t exit_code;
	ev_timer quiet; /* a sign of life is due */
};

static void next_write(struct remote *);

static struct edge *
catalogd_edge(const struct remote *r)
{
	return (r->h->daemon->edges[DAEMON_catalogd]);
}

static void
piece_drop(struct remote *r)
{
	struct piece *p = r->first;

	r->first = p->next;
	if (r->first == NULL)
		r->last = &r->first;
	buf_deinit(&p->bytes);
	free(p);
}

static void
remote_free(struct remote *r)
{
	ev_timer_stop(r->h->daemon->loop, &r->quiet);
	while (r->first != NULL)
		piece_drop(r);
	r->h->job_count--;
	arena_deinit(&r->arena);
	arena_deinit(&r->scratch);
	free(r);
}

/* --- Writing into the store. --- */

static struct slice
key_of(struct remote *r, const char *node, struct slice name)
{
	struct slice parts[] = { r->event.prefix, r->event.session,
		slice_of_text(node), name };

	return (path_join(&r->scratch, parts, 4));
}

/* As Consul's: a key can only be had with the session that the job has, so that
 * all goes when that does. */
static void
key_write(
    struct remote *r, struct slice name, struct slice value, answer_fn *done)
{
	const struct config *c = r->h->daemon->config;
	struct kvs_request q = {
		.datacenter = slice_of_text(c->datacenter),
		.op = SLICE("lock"),
		.dir_ent = {
			.key = key_of(r, c->node_name, name),
			.value = value,
			.session = r->event.session,
		},
	};

	r->is_writing = true;
	(void)edge_ask(catalogd_edge(r), METHOD_KVS_Apply, &kvs_request_type,
	    &q, ASK_DEADLINE, done, r);
}

/* True if it was written; else says why not. */
static bool
was_written(struct remote *r, const struct answer *answer, const char *what)
{
	struct boolean reply = { false };
	struct slice why = answer->text;

	r->is_writing = false;
	arena_reset(&r->scratch);
	if (answer->err == ERR_OK &&
	    type_decode_all(&boolean_type, answer->body, &r->scratch, &reply) ==
		ERR_OK &&
	    reply.value)
		return (true);
	if (answer->err == ERR_OK)
		why = SLICE("write failed");
	log_error(LOG_NAME, what, "error=\"%.*s\"", SLICE_ARGS(why));
	return (false);
}

static void
on_exit_written(void *arg, const struct answer *answer)
{
	struct remote *r = arg;

	(void)was_written(
	    r, answer, "failed to write exit code for remote exec job");
	remote_free(r);
}

static void
quiet_again(struct remote *r)
{
	struct ev_loop *loop = r->h->daemon->loop;
	struct duration wait = { r->job.wait };

	if (wait.ns < WAIT_MIN.ns)
		wait = WAIT_MIN;
	ev_timer_stop(loop, &r->quiet);
	ev_now_update(loop);
	ev_timer_set(&r->quiet, duration_seconds(wait), 0);
	ev_timer_start(loop, &r->quiet);
}

/* Who asked may be gone: then the job goes on unheard. */
static void
on_output_written(void *arg, const struct answer *answer)
{
	struct remote *r = arg;

	if (!was_written(
		r, answer, "failed to write output for remote exec job")) {
		if (!r->has_ended)
			errand_cancel(r->h, r->run);
		r->has_ended = true;
		r->exit_code = CODE_NOT_RUN;
		while (r->first != NULL)
			piece_drop(r);
	} else if (!r->has_ended)
		quiet_again(r);
	next_write(r);
}

static void
output_write(struct remote *r, struct slice bytes)
{
	char name[32];

	snprintf(
	    name, sizeof(name), "out/%05llx", (unsigned long long)r->number++);
	key_write(r, slice_of_text(name), bytes, on_output_written);
}

/* One at a time, in order; the exit code is the last. */
static void
next_write(struct remote *r)
{
	struct piece *p = r->first;
	char text[24];

	if (r->is_writing)
		return;
	if (p != NULL) {
		ev_timer_stop(r->h->daemon->loop, &r->quiet);
		output_write(r, buf_slice(&p->bytes));
		piece_drop(r);
		if (!r->has_ended)
			errand_more(r->h, r->run);
	} else if (r->has_ended) {
		snprintf(text, sizeof(text), "%lld", (long long)r->exit_code);
		key_write(
		    r, SLICE("exit"), slice_of_text(text), on_exit_written);
	}
}

static void
on_quiet(struct ev_loop *loop, ev_timer *w, int events)
{
	struct remote *r = w->data;

	(void)loop;
	(void)events;
	if (!r->is_writing && !r->has_ended)
		output_write(r, SLICE(""));
}

/* --- The run. --- */

static void
on_result(void *arg, const struct probe_result *result)
{
	struct remote *r = arg;
	struct piece *p;

	if (result->end == RUN_OUTPUT) {
		p = xcalloc(1, sizeof(*p));
		buf_put_slice(&p->bytes, result->output);
		*r->last = p;
		r->last = &p->next;
	} else {
		r->has_ended = true;
		/* Of signals Go's ExitStatus only says that it was one. */
		r->exit_code = result->end == RUN_NOT_STARTED ? CODE_NOT_RUN
			       : result->exit_code < 0	      ? -1
						       : result->exit_code;
		if (result->end == RUN_NOT_STARTED)
			log_debug(LOG_NAME, "failed to start remote exec",
			    "error=\"%.*s\"", SLICE_ARGS(result->output));
	}
	next_write(r);
}

/* Arguments run as they are; a line, or the file of a script, by a shell. */
static struct slice_list
arguments_of(struct remote *r)
{
	struct slice_list args = r->job.args;
	const char *shell = getenv("SHELL");

	if (args.count > 0)
		return (args);
	args.items = arena_array(&r->arena, 3, sizeof(*args.items));
	args.items[args.count++] = slice_of_text(
	    shell != NULL && *shell != '\0' ? shell : SHELL_DEFAULT);
	args.items[args.count++] = SLICE("-c");
	if (r->job.script.size == 0)
		args.items[args.count++] = r->job.command;
	return (args);
}

static void
run_start(struct remote *r)
{
	struct probe_request request = {
		.kind = PROBE_JOB,
		.check = { .script_args = arguments_of(r) },
	};
	enum err err;

	if (r->job.args.count == 0)
		request.input = r->job.script;
	log_info(LOG_NAME, "remote exec script", "script=\"%.*s\"",
	    SLICE_ARGS(r->job.command));
	err = errand_start(r->h, &request, on_result, r, &r->run);
	if (err == ERR_OK) {
		quiet_again(r);
		return;
	}
	log_debug(LOG_NAME, "failed to start remote exec", "error=\"%s\"",
	    err_text(err));
	r->has_ended = true;
	r->exit_code = CODE_NOT_RUN;
	next_write(r);
}

static void
on_ack_written(void *arg, const struct answer *answer)
{
	struct remote *r = arg;

	if (was_written(r, answer, "failed to ack remote exec job"))
		run_start(r);
	else
		remote_free(r);
}

/* --- The job. --- */

static void job_read(struct remote *);

static bool
job_decode(struct remote *r, struct slice text)
{
	char why[JSON_WHY_MAX];
	struct json *json;
	enum err err;

	err =
	    json_parse_all(arena_copy(&r->arena, text), &r->arena, &json, why);
	if (err == ERR_OK)
		err = json_to_type(json, JSON_API_LAX, &remote_job_type,
		    &r->arena, &r->job, why);
	if (err != ERR_OK)
		log_error(LOG_NAME, "failed to decode remote exec spec",
		    "error=\"%s\"", why);
	return (err == ERR_OK);
}

/* What any server has is good enough, unless it has nothing yet. */
static void
on_job(void *arg, const struct answer *answer)
{
	struct indexed_dir_entries reply;
	struct remote *r = arg;

	if (answer->err != ERR_OK ||
	    type_decode_all(&indexed_dir_entries_type, answer->body, &r->arena,
		&reply) != ERR_OK) {
		log_error(LOG_NAME, "failed to get remote exec job",
		    "error=\"%.*s\"", SLICE_ARGS(answer->text));
		remote_free(r);
	} else if (reply.entries.count == 0 && !r->is_consistent) {
		log_debug(LOG_NAME,
		    "trying consistent fetch of remote exec job spec", "");
		r->is_consistent = true;
		job_read(r);
	} else if (reply.entries.count == 0) {
		log_debug(
		    LOG_NAME, "remote exec aborted, job spec missing", "");
		remote_free(r);
	} else if (job_decode(r, reply.entries.items[0].value))
		key_write(r, SLICE("ack"), SLICE(""), on_ack_written);
	else
		remote_free(r);
}

static void
job_read(struct remote *r)
{
	struct slice parts[] = { r->event.prefix, r->event.session,
		SLICE("job") };
	struct key_request q = {
		.datacenter = slice_of_text(r->h->daemon->config->datacenter),
		.key = path_join(&r->arena, parts, 3),
		.options = { .allow_stale = !r->is_consistent },
	};

	(void)edge_ask(catalogd_edge(r), METHOD_KVS_Get, &key_request_type, &q,
	    ASK_DEADLINE, on_job, r);
}

/* --- The event. --- */

static bool
event_decode(struct remote *r, struct slice payload)
{
	char why[JSON_WHY_MAX];
	struct json *json;
	enum err err;

	err = json_parse_all(
	    arena_copy(&r->arena, payload), &r->arena, &json, why);
	if (err == ERR_OK)
		err = json_to_type(json, JSON_API_LAX, &remote_event_type,
		    &r->arena, &r->event, why);
	if (err != ERR_OK)
		log_error(LOG_NAME, "failed to decode remote exec event",
		    "error=\"%s\"", why);
	return (err == ERR_OK);
}

static void
remote_begin(struct healthd *h, struct slice payload)
{
	struct remote *r = xcalloc(1, sizeof(*r));

	r->h = h;
	r->last = &r->first;
	arena_init(&r->arena);
	arena_init(&r->scratch);
	ev_timer_init(&r->quiet, on_quiet, 0, 0);
	r->quiet.data = r;
	h->job_count++;
	if (event_decode(r, payload))
		job_read(r);
	else
		remote_free(r);
}

void
on_remote_exec(struct daemon *d, struct call *call, const void *request)
{
	const struct user_event_entry *event = request;
	struct healthd *h = d->state;
	struct empty nothing;

	/* gossipd has looked, but this is the one that runs things. */
	if (d->config->keys.disable_remote_exec)
		log_warn(LOG_NAME, "ignoring remote exec event, disabled.",
		    "event_id=%.*s", SLICE_ARGS(event->id));
	else if (h->job_count >= JOBS_MAX)
		log_warn(LOG_NAME, "ignoring remote exec event, too many",
		    "event_id=%.*s", SLICE_ARGS(event->id));
	else {
		log_debug(LOG_NAME, "received remote exec event", "id=%.*s",
		    SLICE_ARGS(event->id));
		remote_begin(h, event->payload);
	}
	call_answer(call, &empty_type, &nothing);
}
