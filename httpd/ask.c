/* Questions, folded, and their answers; see ask.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "ask.h"
#include "conn.h"
#include "hash.h"
#include "httpd.h"
#include "status.h"
#include "xmalloc.h"

#define BUCKETS 1024U /* of open questions; a power of two */
/* Consul's rpc_hold_timeout is in catalogd; this is only a last resort. */
#define ASK_DEADLINE_S 30
/* default_query_time, max_query_time; api/http.md 1.6. */
#define WAIT_DEFAULT_S 300
#define WAIT_MAX_S     600
#define WAIT_JITTER    16  /* a random part of 1/16 is added */
#define AGAIN_S	       0.5 /* between the looks of ask_again() */
/* A blocking question waits as long as any client may. */
#define WATCH_DEADLINE_S (WAIT_MAX_S + WAIT_MAX_S / WAIT_JITTER + 30)

struct piece {
	enum method method;
	uint64_t ask_id; /* 0: answered */
	struct question *question;
	struct buf wire; /* the request, for asking again */
	struct buf body; /* the reply */
};

struct question {
	struct question *next; /* in its bucket; folded ones only */
	struct asking *asking; /* lent */
	TAILQ_HEAD(, waiter) waiters;
	struct view view; /* note: in `key` */
	struct buf key;	  /* of a kept answer; see key_make() */
	struct buf note;
	uint64_t hash;	    /* of the key and the index */
	uint64_t min_index; /* 0: does not block */
	uint64_t epoch;	    /* of the page when it was asked */
	uint64_t turn;	    /* when it was asked */
	bool is_folded;	    /* it is in a bucket */
	bool may_be_kept;
	bool may_ask_again;
	size_t piece_count;
	size_t open_count;
	struct piece pieces[ASK_PARTS_MAX];
	struct instant patient_until; /* of ask_again(); else 0 */
	ev_timer again;
	enum err err; /* of the piece that failed first */
	struct buf error_text;
};

struct asking {
	struct httpd *httpd; /* lent */
	uint64_t seed;
	uint64_t random; /* state of the jitter */
	struct question *buckets[BUCKETS];
};

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

static void question_ask(struct question *);

static void
on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct question *q = timer->data;

	(void)loop;
	(void)events;
	question_ask(q);
}

static struct question *
question_new(struct asking *a, const struct view *view)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->asking = a;
	q->view = *view;
	buf_put_slice(&q->note, view->note);
	q->view.note = buf_slice(&q->note);
	q->turn = a->httpd->turn;
	TAILQ_INIT(&q->waiters);
	ev_timer_init(&q->again, on_again, AGAIN_S, 0);
	q->again.data = q;
	return (q);
}

static struct piece *
piece_add(struct question *q, enum method method)
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
	struct question **at = &q->asking->buckets[q->hash % BUCKETS];

	if (!q->is_folded)
		return;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->is_folded = false;
}

static void
question_fold(struct question *q)
{
	q->next = q->asking->buckets[q->hash % BUCKETS];
	q->asking->buckets[q->hash % BUCKETS] = q;
	q->is_folded = true;
}

static void
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

static void
waiter_join(struct waiter *w, struct question *q)
{
	assert(w->question == NULL);
	w->question = q;
	TAILQ_INSERT_TAIL(&q->waiters, w, link);
	conn_wait(waiter_conn(w));
}

/* It waits for nothing any more; the question goes on. */
static void
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

/* Unless the text says so itself (status.h). */
static int
status_of(enum err err, struct slice text)
{
	if (err == ERR_FULL)
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
	int status = status_take(&text, status_of(q->err, text));

	response_text_slice(out, status, text);
	if (q->view.flags & VIEW_META_ON_ERROR)
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

/* `is_kept`: as it looks to those who get it from memory later. NULL: not yet;
 * look again. */
static struct blob *
question_render(struct question *q, bool is_kept, uint64_t *index)
{
	struct httpd *h = q->asking->httpd;
	struct response out = { .is_api = true };
	struct render_options options = {
		.is_pretty = (q->view.flags & VIEW_PRETTY) != 0,
		.wants_gzip = (q->view.flags & VIEW_GZIP) != 0,
		.gzip = h->gzip,
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
	out.is_api = true;
	if ((q->view.flags & VIEW_CACHED) != 0 && q->err == ERR_OK)
		out.cache = is_kept ? SLICE("HIT") : SLICE("MISS");
	*index = out.index;
	return (blob_new(&out, &options));
}

static void
question_keep(struct question *q, struct blob *blob, uint64_t index,
    const struct answer *answer)
{
	struct blob *kept = NULL;

	if (q->view.flags & VIEW_CACHED)
		blob = kept = question_render(q, true, &index);
	answers_keep(q->asking->httpd->answers, buf_slice(&q->key), blob, index,
	    q->epoch, answer->stamps, answer->stamp_count);
	blob_release(kept);
}

/* Send one answer to all who wait. */
static void
question_finish(struct question *q, const struct answer *answer)
{
	struct waiter *w;
	uint64_t index;
	struct blob *blob;

	question_unfold(q);
	blob = question_render(q, false, &index);
	if (blob == NULL) {
		ev_timer_start(q->asking->httpd->daemon->loop, &q->again);
		return;
	}
	if (q->may_be_kept && q->err == ERR_OK && answer->stamp_count > 0)
		question_keep(q, blob, index, answer);
	while ((w = TAILQ_FIRST(&q->waiters)) != NULL) {
		waiter_leave(w);
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

static void
on_piece(void *arg, const struct answer *answer)
{
	struct piece *piece = arg;
	struct question *q = piece->question;

	piece->ask_id = 0;
	/* catalogd died. Nothing was changed: ask the next one. */
	if (answer->err == ERR_PEER_GONE && q->may_ask_again) {
		piece->ask_id = edge_ask_bytes(httpd_catalogd(q->asking->httpd),
		    piece->method, buf_slice(&piece->wire),
		    SECONDS(ASK_DEADLINE_S), on_piece, piece);
		return;
	}
	if (answer->err != ERR_OK)
		question_fail(q, answer);
	else
		buf_put_slice(&piece->body, answer->body);
	if (--q->open_count == 0)
		question_finish(q, answer);
}

static void
question_ask(struct question *q)
{
	struct httpd *h = q->asking->httpd;
	struct duration deadline =
	    SECONDS(q->min_index > 0 ? WATCH_DEADLINE_S : ASK_DEADLINE_S);

	q->epoch = h->page != NULL ? genpage_epoch(h->page) : 0;
	q->open_count = q->piece_count;
	for (size_t i = 0; i < q->piece_count; i++) {
		struct piece *piece = &q->pieces[i];

		buf_reset(&piece->body);
		piece->ask_id = edge_ask_bytes(httpd_catalogd(h), piece->method,
		    buf_slice(&piece->wire), deadline, on_piece, piece);
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
static struct duration
patience(struct asking *a, struct duration wait)
{
	if (wait.ns <= 0)
		wait = SECONDS(WAIT_DEFAULT_S);
	if (wait.ns > SECONDS(WAIT_MAX_S).ns)
		wait = SECONDS(WAIT_MAX_S);
	wait.ns +=
	    (int64_t)(random_next(a) % (uint64_t)(wait.ns / WAIT_JITTER + 1));
	return (wait);
}

/* --- What handlers call. --- */

static struct view
view_of(struct request *r, const struct view *view)
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
		struct piece *piece = piece_add(q, parts[i].method);

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

/* --- Reads. --- */

/* What a key begins with; the note follows, and then the request, encoded
 * without index and wait: all that decides an answer, and nothing else. */
struct key_head {
	render_fn *render;
	uint32_t method;
	uint32_t flags;
	uint64_t note_size;
};

struct read {
	enum method method;
	struct view view;
	struct slice key;
	struct slice wire; /* the request to send */
	uint64_t min_index;
	bool is_consistent; /* neither kept nor folded */
};

static struct slice
key_request(const struct read *read)
{
	return (slice_tail(
	    read->key, sizeof(struct key_head) + read->view.note.size));
}

static void
key_make(const struct read *read, const void *request, struct buf *out)
{
	struct key_head head;

	memset(&head, 0, sizeof(head));
	head.render = read->view.render;
	head.method = read->method;
	head.flags = read->view.flags;
	head.note_size = read->view.note.size;
	buf_reset(out);
	buf_put(out, &head, sizeof(head));
	buf_put_slice(out, read->view.note);
	type_encode(method_rows[read->method].request, request, out);
}

/* An open question that this read may share. */
static struct question *
question_find(struct asking *a, const struct read *read, uint64_t hash)
{
	struct question *q = a->buckets[hash % BUCKETS];

	if (read->is_consistent)
		return (NULL);
	while (
	    q != NULL && (q->hash != hash || q->min_index != read->min_index ||
			     (q->min_index == 0 && q->turn != a->httpd->turn) ||
			     !slice_equal(buf_slice(&q->key), read->key)))
		q = q->next;
	return (q);
}

static struct question *
question_open(struct asking *a, const struct read *read, uint64_t hash)
{
	struct question *q = question_new(a, &read->view);
	struct piece *piece = piece_add(q, read->method);

	buf_put_slice(&q->key, read->key);
	buf_put_slice(&piece->wire, read->wire);
	q->hash = hash;
	q->min_index = read->min_index;
	q->may_be_kept = !read->is_consistent;
	q->may_ask_again = true;
	question_fold(q);
	return (q);
}

/* Wait with others for the answer, or be the first to ask. */
static struct question *
read_join(struct asking *a, const struct read *read, struct waiter *w)
{
	uint64_t hash = hash_bytes(a->seed + read->min_index, read->key);
	struct question *q = question_find(a, read, hash);

	if (q == NULL) {
		q = question_open(a, read, hash);
		waiter_join(w, q);
		question_ask(q);
	} else
		waiter_join(w, q);
	return (q);
}

/* --- Blocking. --- */

/* A client's time is up: it gets what is there now. */
static void
on_impatient(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct waiter *w = timer->data;
	struct question *watch = w->question;
	struct asking *a = watch->asking;
	struct read read = { .method = watch->pieces[0].method,
		.view = watch->view,
		.key = buf_slice(&watch->key),
		.is_consistent = !watch->may_be_kept };
	struct blob *kept;
	uint64_t index;

	(void)loop;
	(void)events;
	read.wire = key_request(&read);
	waiter_leave(w);
	kept = answers_find(
	    a->httpd->answers, read.key, a->httpd->page, instant_now(), &index);
	if (kept != NULL && !read.is_consistent)
		conn_finish(waiter_conn(w), kept);
	else
		read_join(a, &read, w);
	if (TAILQ_EMPTY(&watch->waiters))
		question_free(watch);
}

static void
patience_start(struct asking *a, struct waiter *w, struct duration wait)
{
	ev_timer_init(
	    &w->patience, on_impatient, duration_seconds(patience(a, wait)), 0);
	w->patience.data = w;
	ev_timer_start(a->httpd->daemon->loop, &w->patience);
}

static unsigned
consistency_flags(const struct query_options *options)
{
	if (options->require_consistent)
		return (VIEW_CONSISTENT);
	return (options->allow_stale ? VIEW_STALE : 0);
}

void
ask_read(struct request *r, enum method method, void *request,
    struct query_options *options, const struct view *view)
{
	struct httpd *h = r->httpd;
	struct read read = { .method = method,
		.view = view_of(r, view),
		.min_index = options->min_query_index,
		.is_consistent = options->require_consistent };
	struct duration wait = options->max_query_time;
	struct buf wire = { 0 };
	struct blob *kept = NULL;
	uint64_t index;

	options->min_query_index = 0;
	options->max_query_time = (struct duration){ 0 };
	options->use_cache = false;
	read.view.flags |= consistency_flags(options);
	key_make(&read, request, &h->scratch);
	read.key = buf_slice(&h->scratch);
	read.wire = key_request(&read);
	if (!read.is_consistent)
		kept = answers_find(
		    h->answers, read.key, h->page, instant_now(), &index);
	if (kept != NULL && (read.min_index == 0 || index > read.min_index)) {
		conn_send(r->conn, kept);
		return;
	}
	if (read.min_index > 0) {
		options->min_query_index = read.min_index;
		options->max_query_time = SECONDS(WAIT_MAX_S);
		type_encode(method_rows[method].request, request, &wire);
		read.wire = buf_slice(&wire);
	}
	read_join(h->asking, &read, conn_waiter(r->conn));
	if (read.min_index > 0)
		patience_start(h->asking, conn_waiter(r->conn), wait);
	buf_deinit(&wire);
}

void
ask_cached(struct request *r, enum method method, void *request,
    struct query_options *options, const struct view *view)
{
	struct view full = *view;

	if (options->use_cache)
		full.flags |= VIEW_CACHED;
	ask_read(r, method, request, options, &full);
}
