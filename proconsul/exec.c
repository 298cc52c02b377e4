/* `exec`: runs a command on many nodes; see exec.h. */
#include "event_filters.h"
#include "exec.h"
#include "files.h"
#include "path.h"
#include "signals.h"

#define SESSION_TTL "15s"
#define RENEW_EVERY SECONDS(5)

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(exec_options),
	SERVER_FLAGS(exec_options),
	{ "node", FLAG_TEXT, offsetof(struct exec_options, node), "string",
	    "For nodes whose name matches this regular expression.", NULL,
	    false },
	{ "prefix", FLAG_TEXT, offsetof(struct exec_options, prefix), "string",
	    "Where in the KV store the job and its answers are kept.",
	    "_rexec", false },
	{ "service", FLAG_TEXT, offsetof(struct exec_options, service),
	    "string", "For nodes with a service whose name matches.", NULL,
	    false },
	{ "shell", FLAG_BOOL, offsetof(struct exec_options, uses_shell), "",
	    "Run the command by a shell: that of the agent's environment.",
	    "true", false },
	{ "tag", FLAG_TEXT, offsetof(struct exec_options, tag), "string",
	    "For nodes where one of that service's tags matches; with -service "
	    "only.", NULL, false },
	{ "verbose", FLAG_BOOL, offsetof(struct exec_options, is_verbose), "",
	    "Say what is being done.", NULL, false },
	{ "wait", FLAG_DURATION, offsetof(struct exec_options, wait),
	    "duration", "How long nobody says anything before it is over.",
	    "2s", false },
	{ "wait-repl", FLAG_DURATION,
	    offsetof(struct exec_options, replication_wait), "duration",
	    "How long to wait before the event is fired, so that the job has "
	    "come to all servers by then.", "200ms", false },
	FLAGS_END,
};
/* clang-format on */

/* --- What is shared. --- */

const char *
exec_path(const struct exec *x, struct arena *arena, const char *name)
{
	struct slice parts[] = {
		slice_of_text(x->options->prefix),
		slice_of_text(x->session),
		slice_of_text(name),
	};

	return (arena_text(arena, path_join(arena, parts, 3)));
}

/* A renewal that fails is told once, and is the last. */
static void
renewal_turn(struct exec *x)
{
	struct request request;
	struct response response;
	struct buf why = { 0 };

	if (x->renewal != NULL && call_is_done(x->renewal)) {
		x->renew_at = instant_add(instant_now(), RENEW_EVERY);
		if (call_finish(x->renewal, &x->renewal_arena, &response,
			&why) == ERR_OK &&
		    response.status != 200)
			response_why(&response, &why);
		x->renewal = NULL;
		if (why.size > 0) {
			say_error("Session renew failed: %s", buf_text(&why));
			x->renew_at = INSTANT_NEVER;
		}
	} else if (x->renewal == NULL &&
		   !instant_before(instant_now(), x->renew_at)) {
		arena_reset(&x->renewal_arena);
		request_init(&request, &x->renewal_arena, "PUT",
		    "/v1/session/renew/%s", x->session);
		x->renewal = client_start(x->run->client, &request, NULL, NULL);
	}
	buf_deinit(&why);
}

void
exec_pause(struct exec *x, const struct call *call, struct instant until)
{
	struct duration left;

	renewal_turn(x);
	if (call != NULL && call_is_done(call))
		return;
	if (instant_before(x->renew_at, until) && x->renewal == NULL)
		until = x->renew_at;
	left = instant_since(until, instant_now());
	if (left.ns > SECONDS(1).ns)
		left = SECONDS(1);
	client_wait(x->run->client, x->signals,
	    left.ns <= 0 ? 0 : (int)(left.ns / 1000000) + 1);
	x->is_stopped |= signals_came(x->signals);
}

static void
say(const struct exec *x, const char *text, const char *value)
{
	if (x->options->is_verbose)
		printf("%s%s\n", text, value);
}

/* --- The session. --- */

static const char *
self_text(const struct exec *x, const struct json *self, const char *key)
{
	const struct json *config = json_get(self, "Config");
	const struct json *value =
	    config == NULL ? NULL : json_get(config, key);

	return (arena_text(
	    &x->run->arena, value == NULL ? SLICE("") : value->text));
}

/* Who we speak to: a session in another datacenter can't be bound to it. */
static bool
agent_look(struct exec *x)
{
	const char *wanted = x->options->client.datacenter;
	const struct json *self;
	struct request request;
	const char *ours;

	request_init(&request, &x->run->arena, "GET", "/v1/agent/self");
	self = run_get(x->run, &request);
	if (self == NULL) {
		run_fail(x->run, "Error querying Consul agent");
		return (false);
	}
	ours = self_text(x, self, "Datacenter");
	if (wanted == NULL || *wanted == '\0' || strcmp(wanted, ours) == 0)
		return (true);
	say(x, "Remote exec in foreign datacenter, using Session TTL", "");
	x->local_datacenter = ours;
	x->local_node = self_text(x, self, "NodeName");
	return (true);
}

/* A server of the other datacenter, to bind the session to. */
static enum err
foreign_node_find(struct exec *x, struct slice *out)
{
	static const char text[] =
	    "Failed to find Consul server in remote datacenter";
	struct run *run = x->run;
	const struct json *rows, *node;
	struct request request;
	struct buf why = { 0 };

	request_init(&request, &run->arena, "GET", "/v1/health/service/consul");
	request_param(&request, "passing", "1");
	rows = run_get(run, &request);
	node = rows == NULL || rows->first == NULL
		   ? NULL
		   : json_get(rows->first, "Node");
	node = node == NULL ? NULL : json_get(node, "Node");
	if (node != NULL) {
		*out = node->text;
		return (ERR_OK);
	}
	buf_put_slice(&why, buf_slice(&run->why));
	buf_reset(&run->why);
	buf_printf(&run->why, "%s%s%s", text, why.size > 0 ? ": " : "",
	    buf_text(&why));
	buf_deinit(&why);
	return (ERR_NOT_FOUND);
}

static enum err
session_body(struct exec *x, struct buf *body)
{
	struct slice node, name;
	enum err err;

	if (x->local_datacenter == NULL) {
		buf_put_text(body,
		    "{\"Behavior\":\"delete\",\"Name\":\"Remote Exec\","
		    "\"TTL\":\"" SESSION_TTL "\"}");
		return (ERR_OK);
	}
	err = foreign_node_find(x, &node);
	if (err != ERR_OK)
		return (err);
	if (x->options->is_verbose)
		printf("Binding session to remote node %.*s@%s\n",
		    SLICE_ARGS(node), x->options->client.datacenter);
	name = arena_printf(&x->run->arena, "Remote Exec via %s@%s",
	    x->local_node, x->local_datacenter);
	buf_put_text(body, "{\"Behavior\":\"delete\",\"Checks\":[],\"Name\":");
	json_put_text(body, name);
	buf_put_text(body, ",\"Node\":");
	json_put_text(body, node);
	buf_put_text(body, ",\"TTL\":\"" SESSION_TTL "\"}");
	return (ERR_OK);
}

/* A PUT whose JSON answer has an "ID". */
static enum err
put_for_id(struct run *run, struct request *request, const char **out)
{
	const struct json *json = run_get(run, request);
	const struct json *id = json == NULL ? NULL : json_get(json, "ID");

	if (json == NULL)
		return (ERR_REFUSED);
	*out = arena_text(&run->arena, id == NULL ? SLICE("") : id->text);
	return (ERR_OK);
}

static enum err
session_create(struct exec *x)
{
	struct run *run = x->run;
	struct buf body = { 0 };
	struct request request;
	enum err err;

	request_init(&request, &run->arena, "PUT", "/v1/session/create");
	err = session_body(x, &body);
	request.body = buf_slice(&body);
	if (err == ERR_OK)
		err = put_for_id(run, &request, &x->session);
	buf_deinit(&body);
	if (err == ERR_OK)
		x->renew_at = instant_add(instant_now(), RENEW_EVERY);
	return (err);
}

/* The keys go with it, and no agent can write another. What fails here the
 * session's TTL does. */
static void
session_destroy(struct exec *x)
{
	struct request request;
	struct response response;

	call_cancel(x->renewal);
	x->renewal = NULL;
	x->renew_at = INSTANT_NEVER;
	request_init(&request, &x->run->arena, "PUT", "/v1/session/destroy/%s",
	    x->session);
	if (client_ask_ok(x->run->client, &request, &response, &x->run->why) !=
	    ERR_OK)
		buf_reset(&x->run->why);
}

/* --- The job. --- */

static void
job_put(const struct exec *x, struct buf *out)
{
	const struct run *run = x->run;
	bool has_args = *x->command == '\0' && x->script.size == 0;

	buf_put_u8(out, '{');
	if (*x->command != '\0') {
		buf_put_text(out, "\"Command\":");
		json_put_text(out, slice_of_text(x->command));
		buf_put_u8(out, ',');
	}
	for (int i = 0; has_args && i < run->argc; i++) {
		buf_put_text(out, i == 0 ? "\"Args\":[" : ",");
		json_put_text(out, slice_of_text(run->argv[i]));
	}
	if (has_args)
		buf_put_text(out, "],");
	if (x->script.size > 0) {
		buf_put_text(out, "\"Script\":");
		json_put_base64(out, buf_slice(&x->script));
		buf_put_u8(out, ',');
	}
	buf_printf(out, "\"Wait\":%" PRId64 "}", x->options->wait.ns);
}

static enum err
job_upload(struct exec *x)
{
	struct run *run = x->run;
	const char *key = exec_path(x, &run->arena, EXEC_JOB);
	struct buf body = { 0 };
	struct request request;
	struct response response;
	enum err err;

	if (*key == '/') {
		buf_printf(&run->why,
		    "Invalid key. Key must not begin with a '/': %s", key);
		return (ERR_INVALID);
	}
	job_put(x, &body);
	request_init(&request, &run->arena, "PUT", "/v1/kv/%s", key);
	request_param(&request, "acquire", x->session);
	request.body = buf_slice(&body);
	err = client_ask_ok(run->client, &request, &response, &run->why);
	buf_deinit(&body);
	if (err == ERR_OK && !slice_starts_with(response.body, SLICE("true"))) {
		buf_printf(&run->why, "failed to acquire key %s", key);
		err = ERR_REFUSED;
	}
	return (err);
}

static void
job_remove(struct exec *x)
{
	struct request request;
	struct response response;

	request_init(&request, &x->run->arena, "DELETE", "/v1/kv/%s",
	    exec_path(x, &x->run->arena, ""));
	request_param(&request, "recurse", "");
	if (client_ask_ok(x->run->client, &request, &response, &x->run->why) !=
	    ERR_OK)
		buf_reset(&x->run->why);
}

static void
param_unless_empty(struct request *request, const char *name, const char *value)
{
	if (*value != '\0')
		request_param(request, name, value);
}

static enum err
event_fire(struct exec *x, const char **id)
{
	const struct exec_options *o = x->options;
	struct buf body = { 0 };
	struct request request;
	enum err err;

	buf_put_text(&body, "{\"Prefix\":");
	json_put_text(&body, slice_of_text(o->prefix));
	buf_put_text(&body, ",\"Session\":");
	json_put_text(&body, slice_of_text(x->session));
	buf_put_u8(&body, '}');
	request_init(&request, &x->run->arena, "PUT", "/v1/event/fire/_rexec");
	param_unless_empty(&request, "node", o->node);
	param_unless_empty(&request, "service", o->service);
	param_unless_empty(&request, "tag", o->tag);
	request.body = buf_slice(&body);
	err = put_for_id(x->run, &request, id);
	buf_deinit(&body);
	return (err);
}

/* --- The command. --- */

/* What to run: a line for a shell, the arguments, or standard input. */
static bool
command_read(struct exec *x)
{
	struct run *run = x->run;
	struct buf line = { 0 };

	for (int i = 0; i < run->argc; i++)
		buf_printf(&line, "%s%s", i > 0 ? " " : "", run->argv[i]);
	x->command = arena_text(&run->arena, buf_slice(&line));
	buf_deinit(&line);
	if (strcmp(x->command, "-") == 0) {
		if (!x->options->uses_shell) {
			say_error("Cannot configure -shell=false when reading "
				  "from stdin");
			return (false);
		}
		if (argument_read("-", &x->script, &run->why) != ERR_OK) {
			run_fail(run, "%s", "");
			return (false);
		}
		x->command = "";
	} else if (!x->options->uses_shell)
		x->command = "";
	if (*x->command != '\0' || x->script.size > 0 ||
	    (!x->options->uses_shell && run->argc > 0))
		return (true);
	say_error("Must specify a command to execute\n");
	command_usage(stderr, run->spec);
	return (false);
}

/* From the job in the store to the last word of the nodes. */
static int
job_run(struct exec *x)
{
	struct instant fire_at;
	const char *id;

	if (job_upload(x) != ERR_OK)
		return (run_fail(x->run, "Failed to create job file"));
	say(x, "Uploaded remote execution spec", "");
	fire_at = instant_add(instant_now(), x->options->replication_wait);
	while (!x->is_stopped && instant_before(instant_now(), fire_at))
		exec_pause(x, NULL, fire_at);
	if (x->is_stopped)
		return (1);
	if (event_fire(x, &id) != ERR_OK)
		return (run_fail(x->run, "Failed to fire event"));
	say(x, "Fired remote execution event: ", id);
	return (exec_wait(x));
}

static int
job_begin(struct exec *x)
{
	int status;

	if (session_create(x) != ERR_OK)
		return (run_fail(x->run, "Failed to create session"));
	say(x, "Created remote execution session: ", x->session);
	x->signals = signals_open();
	setvbuf(stdout, NULL, _IOLBF, 0); /* what nodes say is shown at once */
	status = job_run(x);
	session_destroy(x);
	job_remove(x);
	return (status);
}

static int
exec_work(struct run *run, const void *options)
{
	const struct exec_options *o = options;
	struct exec x = { .run = run, .options = o, .renew_at = INSTANT_NEVER };
	int status = 1;

	arena_init(&x.renewal_arena);
	if (command_read(&x) &&
	    event_filters_are_good(run, o->node, o->service, o->tag) &&
	    run_connect(run, &o->client) && agent_look(&x))
		status = job_begin(&x);
	arena_deinit(&x.renewal_arena);
	buf_deinit(&x.script);
	return (status);
}

static const struct command_spec spec = {
	.usage = "exec [options] [-|command...]",
	.about = "Runs a command on all nodes, or on those that the filters "
		 "match, and shows what it says there. With -, a script is "
		 "read from standard input. Agents take part only where "
		 "disable_remote_exec is false. The status is 2 where a node "
		 "failed.",
	.flags = flags,
	.work = exec_work,
};

int
exec_run(int argc, char **argv)
{
	struct exec_options options = {
		.node = "",
		.service = "",
		.tag = "",
		.prefix = "_rexec",
		.uses_shell = true,
		.wait = SECONDS(2),
		.replication_wait = MILLISECONDS(200),
	};

	return (command_main(&spec, argc, argv, &options));
}
