/* Reads: kept, folded, blocking; see ask.h. */
#include <string.h>

#include "agent_cache.h"
#include "answer.h"
#include "conn.h"
#include "hash.h"
#include "httpd.h"
#include "question.h"

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
	struct staleness staleness;
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
	struct question *q = a->buckets[hash % QUESTION_BUCKETS];

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
	struct piece *piece = question_add(q, read->method);

	buf_put_slice(&q->key, read->key);
	buf_put_slice(&piece->wire, read->wire);
	q->hash = hash;
	q->min_index = read->min_index;
	q->staleness = read->staleness;
	q->may_be_kept = !read->is_consistent;
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
		.staleness = watch->staleness,
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

/* False: nothing stands that would do. */
static bool
send_kept(struct request *r, const struct read *read,
    const struct query_options *options)
{
	struct httpd *h = r->httpd;
	struct instant now = instant_now();
	struct duration contact;
	struct blob *kept;
	uint64_t index = 0;

	if (read->is_consistent)
		return (false);
	kept = answers_find(h->answers, read->key, h->page, now, &index);
	if (kept != NULL && (read->min_index == 0 || index > read->min_index)) {
		conn_send(r->conn, kept);
		return (true);
	}
	if (!options->allow_stale)
		return (false);
	kept = answers_find_stale(h->answers, read->key, h->page, now,
	    options->max_stale_duration, &contact, &index);
	if (kept == NULL || (read->min_index > 0 && index <= read->min_index))
		return (false);
	conn_send_stale(r->conn, kept, contact);
	return (true);
}

void
ask_read(struct request *r, enum method method, void *request,
    struct query_options *options, const struct view *view)
{
	struct httpd *h = r->httpd;
	struct read read = { .method = method,
		.view = view_of(r, view),
		.min_index = options->min_query_index,
		.is_consistent = options->require_consistent,
		.staleness = { .most = options->max_stale_duration,
		    .options_at = (size_t)((const uint8_t *)options -
					   (const uint8_t *)request) } };
	struct duration wait = options->max_query_time;
	struct buf wire = { 0 };

	options->min_query_index = 0;
	options->max_query_time = (struct duration){ 0 };
	options->use_cache = false;
	read.view.flags |= consistency_flags(options);
	key_make(&read, request, &h->scratch);
	read.key = buf_slice(&h->scratch);
	read.wire = key_request(&read);
	if (send_kept(r, &read, options))
		return;
	if (read.min_index > 0) {
		options->min_query_index = read.min_index;
		options->max_query_time = h->policy.wait_max;
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
	if (agent_cache_is_wanted(r, options))
		agent_cache_ask(r, method, request, options, view);
	else
		ask_read(r, method, request, options, view);
}
