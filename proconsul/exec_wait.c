/* What the nodes say to a job, as it comes; see exec.h. */
#include "exec.h"

#define EXIT_NODE_FAILED 2

/* The keys of the last two answers: what is only in the newer one is new. */
struct listing {
	struct arena arena;
	struct slice *keys; /* sorted, as the store gives them */
	size_t count;
};

struct hearing {
	struct exec *exec;
	const char *folder; /* PREFIX/SESSION/ */
	struct listing lists[2];
	unsigned newer; /* which of the two */
	uint64_t index;
	struct instant heard; /* the last word of a node */
};

/* --- What is shown. --- */

static struct slice
blanks_trim(struct slice text)
{
	while (text.size > 0 &&
	       strchr("\t\n\v\f\r ", text.data[text.size - 1]) != NULL)
		text.size--;
	return (text);
}

/* Each line behind the node's name; blanks at the very end go. */
static void
lines_print(const char *arrow, struct slice node, struct slice text)
{
	struct buf out = { 0 };
	size_t end;

	do {
		end = slice_find(text, '\n', 0);
		buf_printf(&out, "%s %.*s: ", arrow, SLICE_ARGS(node));
		buf_put_slice(
		    &out, end == SIZE_MAX ? text : slice_head(text, end));
		buf_put_u8(&out, '\n');
		if (end != SIZE_MAX)
			text = slice_tail(text, end + 1);
	} while (end != SIZE_MAX);
	fwrite(out.data, 1, blanks_trim(buf_slice(&out)).size, stdout);
	putchar('\n');
	buf_deinit(&out);
}

static void
note(const struct exec *x, struct slice node, const char *text)
{
	if (x->options->is_verbose)
		lines_print("==>", node, slice_of_text(text));
}

/* --- One key. --- */

/* Its value; false where it is gone, or can't be read: that is told. */
static bool
value_read(struct hearing *h, struct slice key, struct slice *value)
{
	struct exec *x = h->exec;
	struct request request;
	struct response response;
	bool is_there;

	request_init(&request, &h->lists[h->newer].arena, "GET", "/v1/kv/%.*s",
	    SLICE_ARGS(key));
	request_param(&request, "raw", "");
	is_there = client_ask_ok(x->run->client, &request, &response,
		       &x->run->why) == ERR_OK;
	if (is_there)
		*value = response.body;
	else
		say_error("Failed to read key '%.*s': %s", SLICE_ARGS(key),
		    buf_text(&x->run->why));
	buf_reset(&x->run->why);
	return (is_there);
}

static void
on_exit_key(struct hearing *h, struct slice key, struct slice node)
{
	struct buf why = { 0 };
	struct slice value;
	char text[64];
	int64_t code;

	if (!value_read(h, key, &value))
		return;
	snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(value));
	if (flag_parse_int(text, &code, &why) != ERR_OK) {
		say_error("Failed to parse exit code '%.*s': %s",
		    SLICE_ARGS(value), buf_text(&why));
		buf_deinit(&why);
		return;
	}
	snprintf(text, sizeof(text), "finished with exit code %" PRId64, code);
	lines_print("==>", node, slice_of_text(text));
	h->exec->exited++;
	h->exec->failed += code != 0;
	h->heard = instant_now();
}

static void
on_output_key(struct hearing *h, struct slice key, struct slice node)
{
	struct slice value;

	if (!value_read(h, key, &value))
		return;
	if (value.size == 0)
		note(h->exec, node, "heartbeat received");
	else
		lines_print("   ", node, value);
	h->heard = instant_now();
}

/* Where the last `what` stands in a key, or SIZE_MAX. */
static size_t
find_last(struct slice key, struct slice what)
{
	for (size_t at = key.size; at-- > 0;)
		if (slice_starts_with(slice_tail(key, at), what))
			return (at);
	return (SIZE_MAX);
}

/* Ends are for the second round: a node's output comes before its end. */
static void
on_key(struct hearing *h, struct slice full, bool is_second)
{
	struct slice key = slice_tail(full, strlen(h->folder));
	size_t out = find_last(key, SLICE("/out/"));
	bool is_end = slice_ends_with(key, SLICE("/exit"));

	if (slice_is(key, EXEC_JOB) || is_end != is_second)
		return;
	if (is_end) {
		on_exit_key(h, full, slice_head(key, key.size - 5));
	} else if (slice_ends_with(key, SLICE("/ack"))) {
		h->exec->acked++;
		h->heard = instant_now();
		note(h->exec, slice_head(key, key.size - 4), "acknowledged");
	} else if (out != SIZE_MAX) {
		on_output_key(h, full, slice_head(key, out));
	} else {
		say_error("Unknown key '%.*s', ignoring.", SLICE_ARGS(key));
	}
}

/* --- The keys. --- */

static bool
was_there(const struct listing *old, size_t *at, struct slice key)
{
	while (*at < old->count && slice_compare(old->keys[*at], key) < 0)
		(*at)++;
	return (*at < old->count && slice_equal(old->keys[*at], key));
}

static void
listing_tell(struct hearing *h)
{
	const struct listing *now = &h->lists[h->newer];
	const struct listing *old = &h->lists[!h->newer];
	struct slice folder = slice_of_text(h->folder);

	for (int round = 0; round < 2; round++) {
		size_t at = 0;

		for (size_t i = 0; i < now->count; i++)
			if (!was_there(old, &at, now->keys[i]) &&
			    slice_starts_with(now->keys[i], folder))
				on_key(h, now->keys[i], round == 1);
	}
}

static enum err
listing_parse(
    struct hearing *h, struct listing *list, const struct response *response)
{
	struct json *json, *row;
	char why[JSON_WHY_MAX];

	list->count = 0;
	if (response->status == 404)
		return (ERR_OK);
	if (response->status != 200) {
		response_why(response, &h->exec->run->why);
		return (ERR_REFUSED);
	}
	if (json_parse(response->body, &list->arena, &json, NULL, why) !=
	    ERR_OK) {
		buf_put_text(&h->exec->run->why, why);
		return (ERR_INVALID);
	}
	list->keys =
	    arena_array(&list->arena, json->count, sizeof(*list->keys));
	for (row = json->first; row != NULL; row = row->next)
		list->keys[list->count++] = row->text;
	return (ERR_OK);
}

static struct call *
keys_ask(struct hearing *h, struct listing *list)
{
	struct exec *x = h->exec;
	struct request request;

	arena_reset(&list->arena);
	list->count = 0;
	request_init(&request, &list->arena, "GET", "/v1/kv/%s", h->folder);
	request_param(&request, "keys", "");
	if (h->index != 0)
		request_param_uint(&request, "index", h->index);
	if (x->options->wait.ns > 0)
		request_param(&request, "wait",
		    arena_text(&list->arena,
			arena_printf(&list->arena, "%" PRId64 "ms",
			    x->options->wait.ns / 1000000)));
	return (client_start(x->run->client, &request, NULL, NULL));
}

/* Twice as long while a node is known to be at work. */
static struct instant
patience_end(const struct hearing *h)
{
	const struct exec *x = h->exec;
	struct duration wait = x->options->wait;

	if (x->acked > x->exited)
		wait.ns *= 2;
	return (instant_add(h->heard, wait));
}

/* One answer; false when it is over. */
static bool
hear(struct hearing *h, enum err *err)
{
	struct exec *x = h->exec;
	struct listing *list = &h->lists[!h->newer];
	struct call *call = keys_ask(h, list);
	struct instant end = patience_end(h);
	struct response response;

	while (!call_is_done(call) && !x->is_stopped &&
	       instant_before(instant_now(), end))
		exec_pause(x, call, end);
	if (!call_is_done(call)) {
		call_cancel(call);
		return (false);
	}
	*err = call_finish(call, &list->arena, &response, &x->run->why);
	if (*err == ERR_OK)
		*err = listing_parse(h, list, &response);
	if (*err != ERR_OK)
		return (false);
	if (response.index == h->index)
		return (instant_before(instant_now(), end));
	h->index = response.index;
	h->newer = !h->newer;
	listing_tell(h);
	return (!x->is_stopped);
}

static int
summary(const struct exec *x, struct instant start)
{
	printf(
	    "%u / %u node(s) completed / acknowledged\n", x->exited, x->acked);
	if (x->options->is_verbose)
		printf("Completed in %0.2f seconds\n",
		    duration_seconds(instant_since(instant_now(), start)));
	return (x->failed > 0 || x->exited < x->acked ? EXIT_NODE_FAILED : 0);
}

int
exec_wait(struct exec *x)
{
	struct instant start = instant_now();
	struct hearing h = { .exec = x, .heard = start };
	enum err err = ERR_OK;
	int status = 1;

	arena_init(&h.lists[0].arena);
	arena_init(&h.lists[1].arena);
	h.folder =
	    arena_text(&x->run->arena, arena_printf(&x->run->arena, "%s/",
					   exec_path(x, &x->run->arena, "")));
	while (hear(&h, &err))
		continue;
	if (err != ERR_OK)
		run_fail(x->run, "Failed to read results");
	else if (!x->is_stopped)
		status = summary(x, start);
	arena_deinit(&h.lists[0].arena);
	arena_deinit(&h.lists[1].arena);
	return (status);
}
