/*
 * The store over SQLite: one thread that owns raft.db, and a queue.
 *
 * The thread takes all that has gathered while it was busy, puts the writes of
 * it into one transaction, syncs once, and wakes the loop once. The loop never
 * waits for the disk.
 *
 * Threads  `lock` guards queue, results, and the flags beside them; the
 *          database is the thread's alone once it runs; the rest the loop's
 */
#include "store.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "db.h"
#include "snapshot.h"

enum op_kind {
	OP_WRITE,
	OP_READ,
	OP_SNAPSHOT,
};

struct op {
	struct op *next;
	enum op_kind kind;
	uint64_t epoch;	     /* WRITE: counts failures seen by the loop */
	struct write write;  /* without its entries */
	struct batch *batch; /* WRITE: held, dropped by the loop */
	uint64_t first_index;
	size_t bytes;
	struct snapshot *snapshot; /* owned */
	enum snapshot_origin origin;
};

struct result {
	struct result *next;
	struct store_result result;
	struct op *done; /* to be freed by the loop */
};

struct op_list {
	struct op *first;
	struct op **end;
};

struct store {
	struct db db;
	char snapshots[512]; /* folder; "" in memory */
	void (*wake)(void *arg);
	void *wake_arg;

	/* The loop's. */
	uint64_t epoch;
	uint64_t last_number;

	/* The thread's. */
	uint64_t failed_epoch; /* writes of it are void; starts below 1 */

	pthread_t thread;
	bool is_running;
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	struct op_list queue;
	struct result *results, **results_end;
	uint64_t trim_to;
	bool is_stopping;
};

/* --- Lists. --- */

static void
ops_init(struct op_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void
ops_free(struct op *op)
{
	while (op != NULL) {
		struct op *next = op->next;

		batch_drop(op->batch);
		free(op->snapshot);
		free(op);
		op = next;
	}
}

/* --- The thread. --- */

static void
give_result(
    struct store *store, const struct store_result *what, struct op *done)
{
	struct result *result = xmalloc(sizeof(*result));

	*result = (struct result){ NULL, *what, done };
	pthread_mutex_lock(&store->lock);
	*store->results_end = result;
	store->results_end = &result->next;
	pthread_mutex_unlock(&store->lock);
	store->wake(store->wake_arg);
}

static enum err
put_writes(struct store *store, const struct op *op, const struct op *end)
{
	const struct op *last = op;
	enum err err = db_begin(&store->db);

	for (; err == ERR_OK && op != end; op = op->next) {
		last = op;
		if (op->batch != NULL)
			err = db_put_entries(&store->db, op->batch);
	}
	/* Terms only rise, so the last one's is what all leave behind. */
	if (err == ERR_OK)
		err = db_put_state(
		    &store->db, last->write.term, &last->write.vote);
	return (err == ERR_OK ? db_commit(&store->db) : err);
}

/* Writes of an epoch that has failed are void; the loop knows them lost. */
static bool
is_void(const struct store *store, const struct op *op)
{
	return (op->epoch <= store->failed_epoch);
}

/* From `first` on all writes up to the first other thing are one transaction.
 * Returns what comes behind them. */
static struct op *
run_writes(struct store *store, struct op *first)
{
	struct store_result result = { .kind = STORE_WRITTEN };
	struct op *last = first, *end;

	while (last->next != NULL && last->next->kind == OP_WRITE &&
	       last->next->epoch == first->epoch)
		last = last->next;
	end = last->next;
	if (is_void(store, first)) {
		/* Nothing to say, but the memory is the loop's to free. */
		result.kind = STORE_FAILED;
		result.number = 0;
	} else if (put_writes(store, first, end) == ERR_OK) {
		result.number = last->write.number;
		result.last_index = last->write.last_index;
		result.last_term = last->write.last_term;
	} else {
		db_rollback(&store->db);
		store->failed_epoch = first->epoch;
		result.kind = STORE_FAILED;
		result.number = last->write.number;
		snprintf(
		    result.why, sizeof(result.why), "%s", db_why(&store->db));
	}
	last->next = NULL;
	give_result(store, &result, first);
	return (end);
}

static void
run_read(struct store *store, struct op *op)
{
	struct store_result result = { .kind = STORE_ENTRIES };

	if (db_read(&store->db, op->first_index, op->bytes, &result.batch) !=
	    ERR_OK)
		snprintf(
		    result.why, sizeof(result.why), "%s", db_why(&store->db));
	give_result(store, &result, op);
}

static void
run_snapshot(struct store *store, struct op *op)
{
	struct store_result result = {
		.kind = STORE_SNAPSHOT_KEPT,
		.snapshot = op->snapshot, /* given away */
		.origin = op->origin,
	};
	enum err err = snapshot_publish(store->snapshots, op->snapshot->name,
	    result.why, sizeof(result.why));

	if (err == ERR_OK) {
		err = db_put_snapshot(&store->db, op->snapshot, op->origin);
		if (err != ERR_OK)
			snprintf(result.why, sizeof(result.why), "%s",
			    db_why(&store->db));
	}
	if (err != ERR_OK)
		result.kind = STORE_SNAPSHOT_FAILED;
	op->snapshot = NULL;
	give_result(store, &result, op);
}

static void
run_ops(struct store *store, struct op *op)
{
	while (op != NULL) {
		struct op *next = op->next;

		if (op->kind == OP_WRITE) {
			op = run_writes(store, op);
			continue;
		}
		op->next = NULL;
		if (op->kind == OP_READ)
			run_read(store, op);
		else
			run_snapshot(store, op);
		op = next;
	}
}

/* A bit of trimming; what fails is tried again with the next snapshot. */
static void
trim_some(struct store *store, uint64_t to)
{
	bool is_done = true;
	enum err err = db_trim_some(&store->db, to, &is_done);

	if (err != ERR_OK)
		db_rollback(&store->db);
	if (err == ERR_OK && !is_done)
		return;
	pthread_mutex_lock(&store->lock);
	if (store->trim_to == to)
		store->trim_to = 0;
	pthread_mutex_unlock(&store->lock);
}

static void *
work(void *arg)
{
	struct store *store = arg;
	uint64_t trim_to;
	struct op *ops;

	for (;;) {
		pthread_mutex_lock(&store->lock);
		while (store->queue.first == NULL && store->trim_to == 0 &&
		       !store->is_stopping)
			pthread_cond_wait(&store->has_work, &store->lock);
		ops = store->queue.first;
		trim_to = store->trim_to;
		ops_init(&store->queue);
		if (ops == NULL && store->is_stopping) {
			pthread_mutex_unlock(&store->lock);
			return (NULL);
		}
		pthread_mutex_unlock(&store->lock);
		run_ops(store, ops);
		if (trim_to != 0)
			trim_some(store, trim_to);
	}
}

/* --- The loop's side. --- */

enum err
store_open(
    const struct store_options *options, struct store **out, struct buf *why)
{
	struct store *store = xcalloc(1, sizeof(*store));
	enum err err = db_open(&store->db, options->folder);

	if (err != ERR_OK) {
		buf_put_text(why, db_why(&store->db));
		db_close(&store->db);
		free(store);
		return (err);
	}
	if (options->folder[0] != '\0')
		snprintf(store->snapshots, sizeof(store->snapshots),
		    "%s/snapshots", options->folder);
	store->wake = options->wake;
	store->wake_arg = options->wake_arg;
	store->epoch = 1;
	ops_init(&store->queue);
	store->results_end = &store->results;
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->has_work, NULL);
	*out = store;
	return (ERR_OK);
}

enum err
store_load(struct store *store, struct raft *raft, struct snapshot *newest,
    struct buf *why)
{
	enum err err;

	assert(!store->is_running);
	err = db_load(&store->db, raft, newest);
	if (err != ERR_OK)
		buf_put_text(why, db_why(&store->db));
	return (err);
}

enum err
store_recover(struct store *store, uint64_t index,
    const struct membership *membership, struct buf *why)
{
	enum err err;

	assert(!store->is_running);
	err = db_put_recovered(&store->db, index, membership);
	if (err != ERR_OK)
		buf_put_text(why, db_why(&store->db));
	return (err);
}

static void
start_thread(struct store *store)
{
	int code = pthread_create(&store->thread, NULL, work, store);

	if (code != 0)
		fatal("cannot start the log's writer: %s", strerror(code));
	store->is_running = true;
}

static void
queue(struct store *store, struct op *op)
{
	if (!store->is_running)
		start_thread(store);
	pthread_mutex_lock(&store->lock);
	*store->queue.end = op;
	store->queue.end = &op->next;
	pthread_mutex_unlock(&store->lock);
	pthread_cond_signal(&store->has_work); /* it finds the lock free */
}

void
store_write(struct store *store, const struct write *write, struct batch *batch)
{
	struct op *op = xcalloc(1, sizeof(*op));

	assert(write->number > store->last_number);
	store->last_number = write->number;
	op->kind = OP_WRITE;
	op->epoch = store->epoch;
	op->write = *write;
	op->write.entries = NULL;
	op->batch = batch == NULL ? NULL : batch_hold(batch);
	queue(store, op);
}

void
store_read(struct store *store, uint64_t first_index, size_t bytes)
{
	struct op *op = xcalloc(1, sizeof(*op));

	op->kind = OP_READ;
	op->first_index = first_index;
	op->bytes = bytes;
	queue(store, op);
}

void
store_keep_snapshot(struct store *store, const struct snapshot *snapshot,
    enum snapshot_origin origin)
{
	struct op *op = xcalloc(1, sizeof(*op));

	op->kind = OP_SNAPSHOT;
	op->snapshot = xmalloc(sizeof(*snapshot));
	*op->snapshot = *snapshot;
	op->origin = origin;
	queue(store, op);
}

void
store_trim(struct store *store, uint64_t to)
{
	if (!store->is_running)
		start_thread(store);
	pthread_mutex_lock(&store->lock);
	store->trim_to = to;
	pthread_cond_signal(&store->has_work);
	pthread_mutex_unlock(&store->lock);
}

static struct result *
take_result(struct store *store)
{
	struct result *result;

	pthread_mutex_lock(&store->lock);
	result = store->results;
	if (result != NULL) {
		store->results = result->next;
		if (store->results == NULL)
			store->results_end = &store->results;
	}
	pthread_mutex_unlock(&store->lock);
	return (result);
}

bool
store_next(struct store *store, struct store_result *out)
{
	struct result *result;

	while ((result = take_result(store)) != NULL) {
		bool is_news = result->result.kind != STORE_FAILED ||
			       result->result.number != 0;

		*out = result->result;
		ops_free(result->done);
		free(result);
		if (!is_news)
			continue;
		/* From here on the caller knows: new writes build on what is
		 * on disk, those before on what is lost. */
		if (out->kind == STORE_FAILED) {
			out->number = store->last_number;
			store->epoch++;
		}
		return (true);
	}
	return (false);
}

void
store_close(struct store *store)
{
	struct store_result result;

	if (store == NULL)
		return;
	pthread_mutex_lock(&store->lock);
	store->is_stopping = true;
	pthread_cond_signal(&store->has_work);
	pthread_mutex_unlock(&store->lock);
	if (store->is_running)
		pthread_join(store->thread, NULL);
	while (store_next(store, &result)) {
		batch_drop(result.batch);
		free(result.snapshot);
	}
	db_close(&store->db);
	pthread_mutex_destroy(&store->lock);
	pthread_cond_destroy(&store->has_work);
	free(store);
}
