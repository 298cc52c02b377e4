/* Entries of the agent's cache, and who waits for them; see agent_cache.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent_cache.h"
#include "conn.h"
#include "hash.h"
#include "httpd.h"
#include "limits.h"
#include "question.h"
#include "xmalloc.h"

#define BUCKETS	       1024U		  /* a power of two */
#define VIEWS_MAX      4		  /* finished answers of an entry */
#define UNUSED	       SECONDS(72 * 3600) /* Consul's LastGetTTL */
#define FETCH_DEADLINE SECONDS(30)
#define PAUSE_MIN_S    1.0 /* doubled with each failure after some */
#define PAUSE_MAX_S    60.0
#define FAILURES_FREE  3 /* Consul's CacheRefreshBackoffMin */
/* An answer that comes so soon, with nothing new, is not asked for at once
 * again. */
#define TOO_SOON MILLISECONDS(100)

/* Those that are kept fresh, and where their replies have an index. */
static const struct watched {
	enum method method;
	size_t meta_at;
} watched_methods[] = {
	{ METHOD_Catalog_ListServices,
	    offsetof(struct indexed_services, meta) },
	{ METHOD_Catalog_ServiceNodes,
	    offsetof(struct indexed_service_nodes, meta) },
	{ METHOD_Health_ServiceNodes,
	    offsetof(struct indexed_check_service_nodes, meta) },
};

struct finished {
	render_fn *render;
	unsigned flags;
	struct blob *blob; /* a reference */
};

struct entry {
	TAILQ_ENTRY(entry) link;       /* used last first */
	struct entry *next;	       /* in its bucket */
	struct agent_cache *cache;     /* lent */
	const struct watched *watched; /* NULL: a simple one */
	enum method method;
	size_t options_at; /* of the query_options in the request */
	struct buf key;	   /* the method and the request, without index */
	uint64_t hash;
	struct buf body; /* the reply */
	bool has_body;
	uint64_t index;
	struct finished finished[VIEWS_MAX];
	size_t finished_count;
	size_t size; /* as counted in cache->bytes */
	struct instant used;
	struct instant asked;
	struct instant fetched;
	struct instant lost; /* no answer since; 0: all is well */
	uint64_t ask_id;
	unsigned failures;
	double tokens; /* questions that may be asked now */
	struct instant filled;
	ev_timer pause; /* before the next question */
	bool is_busy;	/* its waiters are being answered */
	TAILQ_HEAD(cache_waiters, cache_waiter) waiters;
};

struct cache_waiter {
	TAILQ_ENTRY(cache_waiter) link;
	struct entry *entry; /* lent */
	struct conn *conn;   /* lent; on_gone() when it goes */
	struct view view;    /* note: in `note` */
	struct buf note;
	uint64_t min_index;
	struct duration stale_if_error;
	ev_timer patience;
};

struct agent_cache {
	struct httpd *httpd; /* lent */
	uint64_t seed;
	double fetch_rate; /* questions of an entry a second; 0: any */
	double fetch_burst;
	size_t bytes;
	size_t count;
	TAILQ_HEAD(entry_queue, entry) queue;
	struct entry *buckets[BUCKETS];
};

static void entry_fetch(struct entry *);

static struct ev_loop *
loop_of(const struct agent_cache *cache)
{
	return (cache->httpd->daemon->loop);
}

void
agent_cache_reload(struct agent_cache *cache, const struct config *config)
{
	cache->fetch_rate = config->keys.cache.entry_fetch_rate;
	cache->fetch_burst = (double)config->keys.cache.entry_fetch_max_burst;
}

struct agent_cache *
agent_cache_new(struct httpd *h)
{
	struct agent_cache *cache = xcalloc(1, sizeof(*cache));

	cache->httpd = h;
	cache->seed = hash_seed();
	TAILQ_INIT(&cache->queue);
	agent_cache_reload(cache, h->daemon->config);
	return (cache);
}

/* --- Entries. --- */

static void
finished_drop(struct entry *e)
{
	for (size_t i = 0; i < e->finished_count; i++)
		blob_release(e->finished[i].blob);
	e->finished_count = 0;
}

static void
entry_count(struct entry *e)
{
	size_t size = sizeof(*e) + e->key.size + e->body.size;

	for (size_t i = 0; i < e->finished_count; i++)
		size += e->finished[i].blob->size;
	e->cache->bytes += size - e->size;
	e->size = size;
}

static void
entry_unlink(struct entry *e)
{
	struct entry **at = &e->cache->buckets[e->hash % BUCKETS];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	TAILQ_REMOVE(&e->cache->queue, e, link);
	e->cache->bytes -= e->size;
	e->cache->count--;
}

static void
entry_free(struct entry *e)
{
	assert(TAILQ_EMPTY(&e->waiters));
	ev_timer_stop(loop_of(e->cache), &e->pause);
	if (e->ask_id != 0)
		edge_cancel(httpd_catalogd(e->cache->httpd), e->ask_id);
	finished_drop(e);
	buf_deinit(&e->key);
	buf_deinit(&e->body);
	free(e);
}

static void
room_make(struct agent_cache *cache)
{
	struct entry *e = TAILQ_LAST(&cache->queue, entry_queue), *before;

	for (; e != NULL && (cache->bytes > AGENT_CACHE_BYTES_MAX ||
				cache->count > AGENT_CACHE_ENTRIES_MAX);
	     e = before) {
		before = TAILQ_PREV(e, entry_queue, link);
		if (e->is_busy || !TAILQ_EMPTY(&e->waiters))
			continue;
		entry_unlink(e);
		entry_free(e);
	}
}

static struct entry *
entry_find(struct agent_cache *cache, struct slice key, uint64_t hash)
{
	struct entry *e = cache->buckets[hash % BUCKETS];

	while (e != NULL &&
	       (e->hash != hash || !slice_equal(buf_slice(&e->key), key)))
		e = e->next;
	return (e);
}

static void
on_pause_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	entry_fetch(timer->data);
}

static const struct watched *
watched_find(enum method method)
{
	for (size_t i = 0;
	     i < sizeof(watched_methods) / sizeof(watched_methods[0]); i++)
		if (watched_methods[i].method == method)
			return (&watched_methods[i]);
	return (NULL);
}

static struct entry *
entry_new(struct agent_cache *cache, struct slice key, uint64_t hash,
    enum method method, size_t options_at)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->cache = cache;
	e->watched = watched_find(method);
	e->method = method;
	e->options_at = options_at;
	e->hash = hash;
	e->tokens = cache->fetch_burst;
	e->filled = instant_now();
	buf_put_slice(&e->key, key);
	TAILQ_INIT(&e->waiters);
	ev_timer_init(&e->pause, on_pause_over, 0, 0);
	e->pause.data = e;
	e->next = cache->buckets[hash % BUCKETS];
	cache->buckets[hash % BUCKETS] = e;
	TAILQ_INSERT_HEAD(&cache->queue, e, link);
	cache->count++;
	entry_count(e);
	return (e);
}

/* --- Answers. --- */

static struct duration
age_of(const struct entry *e)
{
	struct instant now = instant_now();

	if (e->watched == NULL)
		return (instant_since(now, e->fetched));
	if (e->lost.ns == 0)
		return (SECONDS(0));
	return (instant_since(now, e->lost));
}

/* As this view shows it; a reference is the caller's. */
static struct blob *
entry_render(
    struct entry *e, const struct view *view, bool is_hit, struct slice error)
{
	struct question *q = question_new(e->cache->httpd->asking, view);
	struct piece *piece = question_add(q, e->method);
	struct blob *blob;
	uint64_t index;

	q->is_of_cache = true;
	if (error.size > 0) {
		q->err = ERR_REFUSED;
		buf_put_slice(&q->error_text, error);
	} else {
		buf_put_slice(&piece->body, buf_slice(&e->body));
		q->cache = is_hit ? SLICE("HIT") : SLICE("MISS");
		q->age = is_hit ? age_of(e) : (struct duration){ 0 };
	}
	blob = question_render(q, &index);
	question_free(q);
	return (blob);
}

/* Hits of fresh entries are made once for each view; lent by the entry, or
 * NULL where that can't be. */
static struct blob *
entry_finished(struct entry *e, const struct view *view)
{
	struct finished *f;

	if (e->watched == NULL || e->lost.ns != 0 || view->note.size > 0)
		return (NULL);
	for (size_t i = 0; i < e->finished_count; i++)
		if (e->finished[i].render == view->render &&
		    e->finished[i].flags == view->flags)
			return (e->finished[i].blob);
	if (e->finished_count == VIEWS_MAX)
		return (NULL);
	f = &e->finished[e->finished_count++];
	*f = (struct finished){ view->render, view->flags,
		entry_render(e, view, true, SLICE("")) };
	entry_count(e);
	return (f->blob);
}

static void
waiter_free(struct cache_waiter *w)
{
	ev_timer_stop(loop_of(w->entry->cache), &w->patience);
	buf_deinit(&w->note);
	free(w);
}

/* The conn may be gone afterwards, and other requests served. */
static void
waiter_answer(struct cache_waiter *w, bool is_hit, struct slice error)
{
	struct blob *blob = entry_render(w->entry, &w->view, is_hit, error);
	struct conn *conn = w->conn;

	if (error.size > 0)
		conn_log_error(conn, error);
	waiter_free(w);
	conn_finish(conn, blob);
	blob_release(blob);
}

/* Whom this news is for: whose index is passed, or on an error, anybody. */
static struct cache_waiter *
waiter_ready(const struct entry *e, bool is_error)
{
	struct cache_waiter *w;

	TAILQ_FOREACH(w, &e->waiters, link)
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): was unlinked */
	if (is_error || w->min_index == 0 || e->index > w->min_index)
		break;
	return (w);
}

static void
waiters_answer(struct entry *e, struct slice error)
{
	struct cache_waiter *w;

	e->is_busy = true;
	while ((w = waiter_ready(e, error.size > 0)) != NULL) {
		bool will_do = error.size > 0 && e->has_body &&
			       w->stale_if_error.ns > age_of(e).ns;

		TAILQ_REMOVE(&e->waiters, w, link);
		waiter_answer(w, will_do, will_do ? SLICE("") : error);
	}
	e->is_busy = false;
}

/* --- Asking. --- */

static uint64_t
index_of(const struct entry *e, struct slice body)
{
	struct arena *arena = &e->cache->httpd->arena;
	const struct type *type = method_rows[e->method].reply;
	const struct query_meta *meta;
	uint8_t *reply;

	if (e->watched == NULL)
		return (0);
	arena_reset(arena);
	reply = arena_alloc(arena, type->size);
	if (type_decode_all(type, body, arena, reply) != ERR_OK)
		return (0);
	meta = (const void *)(reply + e->watched->meta_at);
	return (meta->index);
}

static void
entry_pause(struct entry *e, double seconds)
{
	ev_timer_stop(loop_of(e->cache), &e->pause);
	ev_timer_set(&e->pause, seconds, 0);
	ev_timer_start(loop_of(e->cache), &e->pause);
}

/* What has failed is asked again after a while. */
static void
entry_retry(struct entry *e)
{
	double seconds = PAUSE_MIN_S;

	for (unsigned i = FAILURES_FREE; i < e->failures; i++)
		if (seconds < PAUSE_MAX_S)
			seconds *= 2;
	entry_pause(e, seconds < PAUSE_MAX_S ? seconds : PAUSE_MAX_S);
}

/* Or about to. */
static bool
is_asking(const struct entry *e)
{
	return (e->ask_id != 0 || ev_is_active(&e->pause));
}

static void
on_failed(struct entry *e, const struct answer *answer)
{
	e->failures++;
	if (e->lost.ns == 0)
		e->lost = instant_now();
	finished_drop(e);
	if (!e->has_body) {
		entry_unlink(e);
		waiters_answer(e, answer->text);
		entry_free(e);
		return;
	}
	waiters_answer(e, answer->text);
	if (e->watched != NULL && !is_asking(e))
		entry_retry(e);
}

static void
entry_refresh(struct entry *e, uint64_t old_index)
{
	struct instant now = instant_now();

	if (instant_since(now, e->used).ns > UNUSED.ns &&
	    TAILQ_EMPTY(&e->waiters)) {
		entry_unlink(e);
		entry_free(e);
	} else if (e->index == old_index &&
		   instant_since(now, e->asked).ns < TOO_SOON.ns)
		entry_pause(e, PAUSE_MIN_S);
	else
		entry_fetch(e);
}

static void
on_fetched(void *arg, const struct answer *answer)
{
	struct entry *e = arg;
	struct agent_cache *cache = e->cache;
	uint64_t old_index = e->index;

	e->ask_id = 0;
	if (answer->err != ERR_OK) {
		on_failed(e, answer);
		return;
	}
	finished_drop(e);
	buf_reset(&e->body);
	buf_put_slice(&e->body, answer->body);
	e->has_body = true;
	e->index = index_of(e, answer->body);
	e->fetched = instant_now();
	e->lost = (struct instant){ 0 };
	e->failures = 0;
	entry_count(e);
	waiters_answer(e, SLICE(""));
	if (e->watched != NULL && !is_asking(e))
		entry_refresh(e, old_index);
	room_make(cache);
}

/* The request, with what the servers are to know besides: the index that we
 * have. Any server may answer what gets old here anyway. */
static void
entry_request(const struct entry *e, struct buf *wire)
{
	struct arena *arena = &e->cache->httpd->arena;
	const struct type *type = method_rows[e->method].request;
	struct slice key = slice_tail(buf_slice(&e->key), sizeof(enum method));
	struct query_options *options;
	uint8_t *request;
	enum err err;

	arena_reset(arena);
	request = arena_alloc(arena, type->size);
	err = type_decode_all(type, key, arena, request);
	assert(err == ERR_OK); /* we wrote it */
	options = (void *)(request + e->options_at);
	if (e->watched != NULL) {
		options->allow_stale = true;
		options->min_query_index = e->index;
		options->max_query_time = e->cache->httpd->policy.wait_max;
	}
	type_encode(type, request, wire);
}

/* False: not yet; the pause runs. */
static bool
token_take(struct entry *e)
{
	const struct agent_cache *cache = e->cache;
	struct instant now = instant_now();

	if (cache->fetch_rate <= 0)
		return (true);
	e->tokens +=
	    duration_seconds(instant_since(now, e->filled)) * cache->fetch_rate;
	if (e->tokens > cache->fetch_burst)
		e->tokens = cache->fetch_burst;
	e->filled = now;
	if (e->tokens < 1) {
		entry_pause(e, (1 - e->tokens) / cache->fetch_rate);
		return (false);
	}
	e->tokens -= 1;
	return (true);
}

static void
entry_fetch(struct entry *e)
{
	struct httpd *h = e->cache->httpd;
	struct duration deadline = FETCH_DEADLINE;
	struct buf wire = { 0 };

	assert(e->ask_id == 0);
	if (!token_take(e))
		return;
	if (e->index > 0)
		deadline.ns += 2 * h->policy.wait_max.ns;
	e->asked = instant_now();
	entry_request(e, &wire);
	e->ask_id = edge_ask_bytes(httpd_catalogd(h), e->method,
	    buf_slice(&wire), deadline, on_fetched, e);
	buf_deinit(&wire);
}

/* --- Clients. --- */

static void
on_gone(void *arg)
{
	struct cache_waiter *w = arg;

	TAILQ_REMOVE(&w->entry->waiters, w, link);
	waiter_free(w);
}

/* A blocking client's time is up: it gets what there is. */
static void
on_impatient(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct cache_waiter *w = timer->data;

	(void)loop;
	(void)events;
	if (!w->entry->has_body)
		return; /* what is being fetched will be its answer */
	TAILQ_REMOVE(&w->entry->waiters, w, link);
	waiter_answer(w, false, SLICE(""));
}

/* What a client has said of the answer's age. */
struct wish {
	uint64_t min_index;
	struct duration wait;
	struct cache_control control;
};

static bool
is_hit(const struct entry *e, const struct wish *wish)
{
	const struct cache_control *control = &wish->control;

	if (!e->has_body || (wish->min_index > 0 && e->watched != NULL &&
				e->index <= wish->min_index))
		return (false);
	if (e->watched != NULL)
		return (true);
	return (
	    !control->must_revalidate &&
	    (control->max_age.ns == 0 || age_of(e).ns <= control->max_age.ns));
}

static void
entry_wait(struct entry *e, struct request *r, const struct view *view,
    const struct wish *wish)
{
	struct cache_waiter *w = xcalloc(1, sizeof(*w));
	struct duration most = patience(r->httpd->asking, wish->wait);

	w->entry = e;
	w->conn = r->conn;
	w->view = *view;
	buf_put_slice(&w->note, view->note);
	w->view.note = buf_slice(&w->note);
	w->min_index = e->watched != NULL ? wish->min_index : 0;
	w->stale_if_error = wish->control.stale_if_error;
	ev_timer_init(&w->patience, on_impatient, duration_seconds(most), 0);
	w->patience.data = w;
	if (w->min_index > 0)
		ev_timer_start(loop_of(e->cache), &w->patience);
	TAILQ_INSERT_TAIL(&e->waiters, w, link);
	conn_own(r->conn, NULL, on_gone, w);
	conn_watch(r->conn);
	if (!is_asking(e))
		entry_fetch(e);
}

static void
entry_answer(struct entry *e, struct request *r, const struct view *view,
    const struct wish *wish)
{
	struct blob *blob;

	if (!is_hit(e, wish)) {
		entry_wait(e, r, view, wish);
		return;
	}
	blob = entry_finished(e, view);
	if (blob != NULL) {
		conn_send(r->conn, blob);
		return;
	}
	blob = entry_render(e, view, true, SLICE(""));
	conn_send(r->conn, blob);
	blob_release(blob);
}

/* What decides the reply, and not how or when it is asked for. */
static struct slice
key_make(struct httpd *h, enum method method, void *request,
    struct query_options *options)
{
	options->allow_stale = options->use_cache = false;
	options->max_stale_duration = (struct duration){ 0 };
	options->min_query_index = 0;
	options->max_query_time = (struct duration){ 0 };
	buf_reset(&h->scratch);
	buf_put(&h->scratch, &method, sizeof(method));
	type_encode(method_rows[method].request, request, &h->scratch);
	return (buf_slice(&h->scratch));
}

bool
agent_cache_is_wanted(
    const struct request *r, const struct query_options *options)
{
	return (options->use_cache && r->httpd->policy.has_cache);
}

void
agent_cache_ask(struct request *r, enum method method, void *request,
    struct query_options *options, const struct view *view)
{
	struct agent_cache *cache = r->httpd->agent_cache;
	struct instant now = instant_now();
	struct view full = view_of(r, view);
	struct wish wish = { .min_index = options->min_query_index,
		.wait = options->max_query_time };
	struct entry *e;
	struct slice key;
	uint64_t hash;

	if (options->allow_stale)
		full.flags |= VIEW_STALE;
	if (!query_cache_control_parse(r->head->cache_control, &wish.control))
		wish.control = (struct cache_control){ 0 }; /* was refused */
	key = key_make(r->httpd, method, request, options);
	hash = hash_bytes(cache->seed, key);
	e = entry_find(cache, key, hash);
	if (e == NULL)
		e = entry_new(cache, key, hash, method,
		    (size_t)((const uint8_t *)options -
			     (const uint8_t *)request));
	else if (e->watched == NULL &&
		 instant_since(now, e->used).ns > UNUSED.ns)
		e->has_body = false;
	e->used = now;
	TAILQ_REMOVE(&cache->queue, e, link);
	TAILQ_INSERT_HEAD(&cache->queue, e, link);
	entry_answer(e, r, &full, &wish);
	room_make(cache);
}
