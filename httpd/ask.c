/* Questions, folded, and their answers; see ask.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "conn.h"
#include "hash.h"
#include "httpd.h"
#include "question.h"
#include "status.h"
#include "xmalloc.h"

/* Consul's rpc_hold_timeout is in catalogd; this is only a last resort. */
#define ASK_DEADLINE_S 30
#define WAIT_JITTER    16 /* a random part of 1/16 is added */
/* What a blocking question gets beyond the longest wait of a client. */
#define WATCH_GRACE_S 60

struct asking *
asking_new(struct httpd *h)
{
	struct asking *a = xcalloc(1, sizeof(*a));

	a->httpd = h;
	a->seed = hash_seed();
	a->random = hash_seed() | 1;
	return (a);
}

void
asking_turn(struct asking *a)
{
	a->httpd->turn++;
}

/* --- Questions. --- */

/* Where a request of ask_again(), and its reply, have their generation. */
static uint64_t *
generation_at(const struct type *type, void *object)
{
	size_t offset = type_offset(type, KIND_U64, "Generation");

	assert(offset != SIZE_MAX);
	return ((void *)((char *)object + offset));
}

/* Of the answer that came last; 0: it has none. */
static uint64_t
generation_of(const struct question *q)
{
	const struct type *type = method_rows[q->pieces[0].method].reply;
	struct arena *arena = &q->asking->httpd->arena;
	void *reply;

	arena_reset(arena);
	reply = arena_alloc(arena, type->size);
	if (type_decode_all(
		type, buf_slice(&q->pieces[0].body), arena, reply) != ERR_OK)
		return (0);
	return (*generation_at(type, reply));
}

/* Ask for what comes after this generation; 0: for what is there. */
static void
after_set(struct question *q, uint64_t generation)
{
	struct piece *piece = &q->pieces[0];
	const struct type *type = method_rows[piece->method].request;
	struct arena *arena = &q->asking->httpd->arena;
	struct buf wire = { 0 };
	void *request;
	enum err err;

	arena_reset(arena);
	request = arena_alloc(arena, type->size);
	err = type_decode_all(type, buf_slice(&piece->wire), arena, request);
	assert(err == ERR_OK); /* we wrote it */
	*generation_at(type, request) = generation;
	type_encode(type, request, &wire);
	buf_deinit(&piece->wire);
	piece->wire = wire;
}

/* What the client has is still right: wait until it is not, or for so long as
 * the client does. */
static void
wait_on(struct question *q)
{
	struct ev_loop *loop = q->asking->httpd->daemon->loop;
	struct duration left = instant_since(q->patient_until, instant_now());
	uint64_t generation = generation_of(q);

	after_set(q, generation);
	if (!ev_is_active(&q->again)) {
		ev_timer_set(&q->again, duration_seconds(left), 0);
		ev_timer_start(loop, &q->again);
	}
	question_ask(q);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct question *q = timer->data;

	(void)loop;
	(void)events;
	if (q->pieces[0].ask_id != 0)
		edge_cancel(
		    httpd_catalogd(q->asking->httpd), q->pieces[0].ask_id);
	after_set(q, 0);
	question_ask(q);
}

struct question *
question_new(struct asking *a, const struct view *view)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->asking = a;
	q->view = *view;
	buf_put_slice(&q->note, view->note);
	q->view.note = buf_slice(&q->note);
	q->turn = a->httpd->turn;
	TAILQ_INIT(&q->waiters);
	ev_timer_init(&q->again, on_again, 0, 0);
	q->again.data = q;
	return (q);
}

struct piece *
question_add(struct question *q, enum method method)
{
	struct piece *piece;

	assert(q->piece_count < ASK_PARTS_MAX);
	piece = &q->pieces[q->piece_count++];
	piece->method = method;
	piece->question = q;
	return (piece);
}

static void
question_unfold(struct question *q)
{
	struct question **at = &q->asking->buckets[q->hash % QUESTION_BUCKETS];

	if (!q->is_folded)
		return;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->is_folded = false;
}

void
question_fold(struct question *q)
{
	q->next = q->asking->buckets[q->hash % QUESTION_BUCKETS];
	q->asking->buckets[q->hash % QUESTION_BUCKETS] = q;
	q->is_folded = true;
}

void
question_free(struct question *q)
{
	assert(TAILQ_EMPTY(&q->waiters));
	question_unfold(q);
	ev_timer_stop(q->asking->httpd->daemon->loop, &q->again);
	for (size_t i = 0; i < q->piece_count; i++) {
		if (q->pieces[i].ask_id != 0)
			edge_cancel(httpd_catalogd(q->asking->httpd),
			    q->pieces[i].ask_id);
		buf_deinit(&q->pieces[i].wire);
		buf_deinit(&q->pieces[i].body);
	}
	buf_deinit(&q->key);
	buf_deinit(&q->note);
	buf_deinit(&q->error_text);
	free(q);
}

void
waiter_join(struct waiter *w, struct question *q)
{
	assert(w->question == NULL);
	w->question = q;
	TAILQ_INSERT_TAIL(&q->waiters, w, link);
	conn_wait(waiter_conn(w));
}

/* It waits for nothing any more; the question goes on. */
void
waiter_leave(struct waiter *w)
{
	struct ev_loop *loop = w->question->asking->httpd->daemon->loop;

	if (ev_is_active(&w->patience))
		ev_timer_stop(loop, &w->patience);
	TAILQ_REMOVE(&w->question->waiters, w, link);
	w->question = NULL;
}

void
asking_forget(struct waiter *w)
{
	struct question *q = w->question;

	if (q == NULL)
		return;
	waiter_leave(w);
	if (TAILQ_EMPTY(&q->waiters))
		question_free(q);
}

bool
asking_is_watch(const struct waiter *w)
{
	return (w->question != NULL && w->question->min_index > 0);
}

/* --- Answers. --- */

/* A prepared query that is not there. Where the agent's cache has asked for it,
 * Consul does not look. */
static bool
is_no_query(const struct question *q, struct slice text)
{
	enum method method = q->pieces[0].method;

	return (!q->is_of_cache &&
		(method == METHOD_PreparedQuery_Get ||
		    method == METHOD_PreparedQuery_Explain ||
		    method == METHOD_PreparedQuery_Execute) &&
		memmem(text.data, text.size, "Query not found", 15) != NULL);
}

/* Unless the text says so itself (status.h). */
static int
status_of(const struct question *q, struct slice text)
{
	enum err err = q->err;

	if (is_no_query(q, text))
		return (404);
	if (err == ERR_FULL ||
	    memmem(text.data, text.size, "RPC rate limit exceeded", 23) != NULL)
		return (429); /* an early no: DESIGN.md 4 */
	if (memmem(text.data, text.size, "Permission denied", 17) != NULL ||
	    memmem(text.data, text.size, "ACL not found", 13) != NULL)
		return (403);
	return (500);
}

static void
render_error(const struct question *q, struct response *out)
{
	struct slice text = buf_slice(&q->error_text);
	static const struct query_meta unknown;
	int status = status_take(&text, status_of(q, text));

	response_text_slice(out, status, text);
	/* limits.rpc_rate: Consul says it by the status alone. */
	if (status == 429 && q->err == ERR_REFUSED) {
		buf_reset(&out->body);
		out->content = CONTENT_NONE;
	}
	/* Reads have them, but what is not there is answered before. */
	if ((q->view.flags & VIEW_META_ON_ERROR) && status != 404 &&
	    method_rows[q->pieces[0].method].kind != METHOD_WRITE)
		response_meta(out, &unknown);
}

static bool
render_pieces(struct question *q, struct response *out)
{
	struct arena *arena = &q->asking->httpd->arena;
	const void *replies[ASK_PARTS_MAX];

	arena_reset(arena);
	for (size_t i = 0; i < q->piece_count; i++) {
		struct piece *piece = &q->pieces[i];
		const struct type *type = method_rows[piece->method].reply;
		void *reply = arena_alloc(arena, type->size);

		if (type_decode_all(
			type, buf_slice(&piece->body), arena, reply) != ERR_OK)
			return (false);
		replies[i] = reply;
	}
	out->status = 200;
	q->view.render(&q->view, replies, arena, out);
	return (true);
}

/* ?max_stale and discovery_max_stale: only discovery looks at them. */
static bool
is_too_stale(const struct question *q, const struct response *out)
{
	return (q->staleness.most.ns > 0 && out->consistency != NULL &&
		out->last_contact.ns > q->staleness.most.ns);
}

/* NULL: not yet; look again. */
struct blob *
question_render(struct question *q, uint64_t *index)
{
	struct httpd *h = q->asking->httpd;
	struct response out = { .is_api = true };
	struct render_options options = {
		.is_pretty = (q->view.flags & VIEW_PRETTY) != 0,
		.wants_gzip = (q->view.flags & VIEW_GZIP) != 0,
		.gzip = h->gzip,
		.extra_headers = h->policy.api_headers,
	};

	if (q->err == ERR_OK && !render_pieces(q, &out)) {
		response_deinit(&out);
		out = (struct response){ .is_api = true };
		q->err = ERR_INVALID;
		buf_put_text(&q->error_text, "malformed answer of a daemon");
	}
	if (q->err != ERR_OK)
		render_error(q, &out);
	if (out.is_unchanged &&
	    instant_before(instant_now(), q->patient_until)) {
		response_deinit(&out);
		return (NULL);
	}
	q->is_too_stale = is_too_stale(q, &out);
	if (q->is_too_stale) {
		response_deinit(&out);
		return (NULL);
	}
	out.is_api = true;
	if (q->err == ERR_OK) {
		out.cache = q->cache;
		out.age = q->age;
	}
	*index = out.index;
	return (blob_new(&out, &options));
}

static void
error_log(const struct question *q, const struct conn *conn)
{
	struct slice text = buf_slice(&q->error_text);

	if (q->err == ERR_OK)
		return;
	(void)status_take(&text, 0); /* only people read it here */
	conn_log_error(conn, text);
}

/* What was asked of any server, now of the leader alone. */
static void
question_ask_leader(struct question *q)
{
	struct piece *piece = &q->pieces[0];
	struct arena *arena = &q->asking->httpd->arena;
	const struct type *type = method_rows[piece->method].request;
	struct query_options *options;
	struct buf wire = { 0 };
	uint8_t *request;
	enum err err;

	arena_reset(arena);
	request = arena_alloc(arena, type->size);
	err = type_decode_all(type, buf_slice(&piece->wire), arena, request);
	assert(err == ERR_OK); /* we wrote it */
	options = (void *)(request + q->staleness.options_at);
	options->allow_stale = false;
	options->max_stale_duration = (struct duration){ 0 };
	type_encode(type, request, &wire);
	buf_deinit(&piece->wire);
	piece->wire = wire;
	q->view.flags &= ~(unsigned)VIEW_STALE;
	q->staleness = (struct staleness){ 0 };
	q->may_be_kept = false; /* its key says stale */
	question_ask(q);
}

static bool
may_be_kept(const struct question *q, const struct answer *answer)
{
	return (q->may_be_kept && q->err == ERR_OK && answer->stamp_count > 0);
}

/* Send one answer to all who wait. */
static void
question_finish(struct question *q, const struct answer *answer)
{
	struct waiter *w;
	uint64_t index;
	struct blob *blob;

	question_unfold(q);
	blob = question_render(q, &index);
	if (blob == NULL && q->is_too_stale) {
		question_ask_leader(q);
		return;
	}
	if (blob == NULL) {
		wait_on(q);
		return;
	}
	if (may_be_kept(q, answer))
		answers_keep(q->asking->httpd->answers, buf_slice(&q->key),
		    blob, index, q->epoch, answer->stamps, answer->stamp_count);
	while ((w = TAILQ_FIRST(&q->waiters)) != NULL) {
		waiter_leave(w);
		error_log(q, waiter_conn(w));
		conn_finish(waiter_conn(w), blob);
	}
	blob_release(blob);
	question_free(q);
}

static void
question_fail(struct question *q, const struct answer *answer)
{
	if (q->err != ERR_OK)
		return;
	q->err = answer->err;
	buf_put_slice(&q->error_text, answer->text);
}

static struct duration
deadline_of(const struct question *q)
{
	if (q->min_index == 0 && q->patient_until.ns == 0)
		return (SECONDS(ASK_DEADLINE_S));
	return ((struct duration){ 2 * q->asking->httpd->policy.wait_max.ns +
				   SECONDS(WATCH_GRACE_S).ns });
}

/* An event that is fired twice is seen twice. */
static bool
may_ask_again(enum method method)
{
	enum method_kind kind = method_rows[method].kind;

	return ((kind == METHOD_READ || kind == METHOD_AGAIN) &&
		method != METHOD_Internal_EventFire);
}

static void
on_piece(void *arg, const struct answer *answer)
{
	struct piece *piece = arg;
	struct question *q = piece->question;

	piece->ask_id = 0;
	/* catalogd died, and once more does no harm: ask the next one. */
	if (answer->err == ERR_PEER_GONE && may_ask_again(piece->method)) {
		piece->ask_id = edge_ask_bytes(httpd_catalogd(q->asking->httpd),
		    piece->method, buf_slice(&piece->wire), deadline_of(q),
		    on_piece, piece);
		return;
	}
	if (answer->err != ERR_OK)
		question_fail(q, answer);
	else
		buf_put_slice(&piece->body, answer->body);
	if (--q->open_count == 0)
		question_finish(q, answer);
}

void
question_ask(struct question *q)
{
	struct httpd *h = q->asking->httpd;
	q->epoch = h->page != NULL ? genpage_epoch(h->page) : 0;
	q->open_count = q->piece_count;
	for (size_t i = 0; i < q->piece_count; i++) {
		struct piece *piece = &q->pieces[i];

		buf_reset(&piece->body);
		piece->ask_id = edge_ask_bytes(httpd_catalogd(h), piece->method,
		    buf_slice(&piece->wire), deadline_of(q), on_piece, piece);
	}
}

/* --- Time. --- */

/* xorshift64*: spreads clients out; nothing secret. */
static uint64_t
random_next(struct asking *a)
{
	a->random ^= a->random >> 12;
	a->random ^= a->random << 25;
	a->random ^= a->random >> 27;
	return (a->random * 0x2545f4914f6cdd1dU);
}

/* How long a client that asked for `wait` is made to wait. */
struct duration
patience(struct asking *a, struct duration wait)
{
	const struct policy *policy = &a->httpd->policy;

	if (wait.ns <= 0)
		wait = policy->wait_default;
	if (wait.ns > policy->wait_max.ns)
		wait = policy->wait_max;
	wait.ns +=
	    (int64_t)(random_next(a) % (uint64_t)(wait.ns / WAIT_JITTER + 1));
	return (wait);
}

/* --- What handlers call. --- */

struct view
view_of(const struct request *r, const struct view *view)
{
	struct view full = *view;

	if (r->httpd->is_pretty || query_has(&r->query, "pretty"))
		full.flags |= VIEW_PRETTY;
	if (r->head->accepts_gzip)
		full.flags |= VIEW_GZIP;
	if (r->route->flags & ROUTE_META_ON_ERROR)
		full.flags |= VIEW_META_ON_ERROR;
	return (full);
}

void
ask_parts(struct request *r, const struct part *parts, size_t count,
    const struct view *view)
{
	struct view full = view_of(r, view);
	struct question *q = question_new(r->httpd->asking, &full);

	for (size_t i = 0; i < count; i++) {
		struct piece *piece = question_add(q, parts[i].method);

		type_encode(method_rows[parts[i].method].request,
		    parts[i].request, &piece->wire);
	}
	waiter_join(conn_waiter(r->conn), q);
	question_ask(q);
}

void
ask(struct request *r, enum method method, const void *request,
    const struct view *view)
{
	struct part part = { .method = method, .request = request };

	ask_parts(r, &part, 1, view);
}

void
ask_again(struct request *r, enum method method, const void *request,
    struct duration wait, const struct view *view)
{
	struct asking *a = r->httpd->asking;
	struct question *q;

	ask(r, method, request, view);
	q = conn_waiter(r->conn)->question;
	q->patient_until = instant_add(instant_now(), patience(a, wait));
}
