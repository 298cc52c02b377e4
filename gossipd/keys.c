/* Key rotation; see keys.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "keys.h"
#include "payload.h"

#define NO_KEYRING "No keyring to modify (encryption not enabled)"
#define NO_KEYS	   "Keyring is empty (encryption not enabled)"
/* What a list may take: Serf's query response limit, less its own fields. */
#define LIST_BYTES_MAX	  1024
#define LIST_BYTES_AROUND 128

/* --- Asked by others. --- */

static void
respond(struct pool *pool, const struct gossip_asked *asked, struct buf *answer)
{
	struct gossip_event event = { .kind = GOSSIP_RESPOND };

	event.as.respond.asked = asked->id;
	event.as.respond.payload = buf_slice(answer);
	pool_step(pool, &event);
	buf_deinit(answer);
}

/* The accused does not answer: it would be its own witness. */
static void
conflict_asked(struct pool *pool, const struct gossip_asked *asked)
{
	struct gossip_member member;
	struct buf answer = { 0 };
	bool is_known = gossip_member_find(pool->core, asked->payload, &member);

	if (slice_is(asked->payload, pool->name))
		return;
	conflict_response_put(is_known ? &member : NULL, &answer);
	respond(pool, asked, &answer);
}

/* As many as fit; the message says it if not all do. */
static void
list_fill(struct pool *pool, struct arena *arena, struct key_response *r)
{
	size_t count = keyring_count(pool->keyring);
	size_t bytes = LIST_BYTES_AROUND;

	r->is_ok = true;
	r->keys = arena_array(arena, count, sizeof(*r->keys));
	for (size_t i = 0; i < count; i++) {
		struct buf text = { 0 };

		base64_encode(keyring_key(pool->keyring, i), &text);
		r->keys[i] = arena_copy(arena, buf_slice(&text));
		buf_deinit(&text);
		bytes += r->keys[i].size + 2;
		if (bytes <= LIST_BYTES_MAX)
			r->key_count++;
	}
	r->primary = r->keys[0];
	if (r->key_count < count)
		r->message = arena_printf(arena,
		    "truncated key list response, showing first %zu of %zu "
		    "keys",
		    r->key_count, count);
}

/* After a change; what cannot be kept is an answer, too. */
static const char *
keyring_keep(struct pool *pool)
{
	struct buf why = { 0 };
	enum err err = ERR_OK;

	gossip_set_encrypted(pool->core, pool_is_encrypted(pool));
	if (pool->keyring_path[0] != '\0')
		err = keyring_save(pool->keyring, pool->keyring_path, &why);
	if (err != ERR_OK)
		log_error(pool->serf_log, "serf: Failed to write keyring file",
		    "error=\"%s\"", buf_text(&why));
	buf_deinit(&why);
	return (err == ERR_OK ? NULL : "Failed to write keyring file");
}

typedef const char *keyring_fn(struct keyring *, struct slice key);

static const struct operation {
	const char *name;  /* Serf.Keyring's */
	const char *query; /* Serf's */
	keyring_fn *run;   /* NULL: the list */
} operations[] = {
	{ "list", "_serf_list-keys", NULL },
	{ "install", "_serf_install-key", keyring_install },
	{ "use", "_serf_use-key", keyring_use },
	{ "remove", "_serf_remove-key", keyring_remove },
};
#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))

/* Every one is answered, failures with their reason. */
static void
operation_asked(struct pool *pool, const struct gossip_asked *asked,
    const struct operation *operation)
{
	struct key_response response = { 0 };
	struct arena arena = { 0 };
	struct buf answer = { 0 };
	const char *mistake = NULL;
	struct slice key;

	if (key_request_get(asked->payload, &key) != ERR_OK)
		mistake = "Failed to decode key request";
	else if (!pool_is_encrypted(pool))
		mistake = operation->run == NULL ? NO_KEYS : NO_KEYRING;
	else if (operation->run == NULL)
		list_fill(pool, &arena, &response);
	else if ((mistake = operation->run(pool->keyring, key)) == NULL)
		mistake = keyring_keep(pool);
	if (mistake == NULL)
		response.is_ok = true;
	else
		response.message = slice_of_text(mistake);
	log_info(pool->serf_log, "serf: Received key query",
	    "query=%s from=%.*s error=\"%s\"", operation->query + 6,
	    SLICE_ARGS(asked->from), mistake == NULL ? "" : mistake);
	key_response_put(&response, &answer);
	respond(pool, asked, &answer);
	arena_deinit(&arena);
}

void
keys_asked(struct pool *pool, const struct gossip_asked *asked)
{
	if (slice_is(asked->name, "_serf_conflict"))
		conflict_asked(pool, asked);
	for (size_t i = 0; i < OPERATION_COUNT; i++)
		if (slice_is(asked->name, operations[i].query))
			operation_asked(pool, asked, &operations[i]);
}

/* --- Asked by us. --- */

/* A key, and how many said it. */
struct tally {
	struct int_entry *items; /* owned; keys in the arena of the call */
	size_t count;
};

struct asking {
	struct call *call; /* NULL: it has been answered */
	struct tally keys, primaries;
	struct pair *messages; /* owned */
	size_t message_count;
	size_t node_count, answer_count, error_count;
};

static void
tally_add(struct tally *t, struct arena *arena, struct slice key)
{
	for (size_t i = 0; i < t->count; i++)
		if (slice_equal(t->items[i].key, key)) {
			t->items[i].value++;
			return;
		}
	t->items = xreallocarray(t->items, t->count + 1, sizeof(*t->items));
	t->items[t->count++] = (struct int_entry){ arena_copy(arena, key), 1 };
}

static void
message_add(struct asking *a, struct slice from, struct slice text)
{
	struct arena *arena = &a->call->arena;

	a->messages = xreallocarray(
	    a->messages, a->message_count + 1, sizeof(*a->messages));
	a->messages[a->message_count++] =
	    (struct pair){ arena_copy(arena, from), arena_copy(arena, text) };
}

static struct slice
error_text(const struct asking *a, struct arena *arena)
{
	if (a->error_count > 0)
		return (arena_printf(arena, "%zu/%zu nodes reported failure",
		    a->error_count, a->node_count));
	if (a->answer_count != a->node_count)
		return (arena_printf(arena, "%zu/%zu nodes reported success",
		    a->answer_count, a->node_count));
	return (SLICE(""));
}

static void
asking_answer(struct asking *a)
{
	struct serf_keyring_reply reply = {
		.messages = { a->messages, a->message_count },
		.keys = { a->keys.items, a->keys.count },
		.primary_keys = { a->primaries.items, a->primaries.count },
		.node_count = (int64_t)a->node_count,
		.error = error_text(a, &a->call->arena),
	};

	call_answer(a->call, &serf_keyring_reply_type, &reply);
	a->call = NULL;
}

static void
response_take(struct asking *a, struct slice from, const struct key_response *r)
{
	struct arena *arena = &a->call->arena;

	a->error_count += !r->is_ok;
	if (r->message.size > 0)
		message_add(a, from, r->message);
	for (size_t i = 0; i < r->key_count; i++)
		tally_add(&a->keys, arena, r->keys[i]);
	if (r->primary.size > 0)
		tally_add(&a->primaries, arena, r->primary);
}

static void
on_reply(void *arg, const struct gossip_reply *reply)
{
	struct asking *a = arg;
	struct key_response response;
	struct arena arena = { 0 };

	if (a->call == NULL || reply->is_ack)
		return;
	a->answer_count++;
	if (key_response_get(reply->payload, &arena, &response) == ERR_OK)
		response_take(a, reply->from, &response);
	else {
		a->error_count++;
		message_add(a, reply->from,
		    SLICE("Failed to decode key query response"));
	}
	arena_deinit(&arena);
	if (a->answer_count == a->node_count)
		asking_answer(a);
}

static void
on_done(void *arg, bool is_ok, struct slice why)
{
	struct asking *a = arg;

	if (a->call != NULL && !is_ok)
		call_fail_text(a->call, why);
	else if (a->call != NULL)
		asking_answer(a);
	free(a->keys.items);
	free(a->primaries.items);
	free(a->messages);
	free(a);
}

static void
query_start(struct pool *pool, struct call *call, const struct operation *o,
    struct slice key, uint8_t relay_factor)
{
	struct gossip_event event = { .kind = GOSSIP_QUERY };
	struct asking *a = xcalloc(1, sizeof(*a));
	struct gossip_stats stats;
	struct buf payload = { 0 };

	gossip_stats(pool->core, &stats);
	a->call = call;
	a->node_count = stats.alive;
	key_request_put(key, &payload);
	event.as.query.name = slice_of_text(o->query);
	event.as.query.payload = buf_slice(&payload);
	event.as.query.relay_factor = relay_factor;
	pool_command(pool, &event,
	    &(struct pool_command){
		.done = on_done, .reply = on_reply, .arg = a });
	buf_deinit(&payload);
}

void
keys_ask(
    struct pool *pool, struct call *call, const struct serf_keyring_request *q)
{
	const struct operation *o = operations;
	struct buf key = { 0 };

	while (o < operations + OPERATION_COUNT &&
	       !slice_is(q->operation, o->name))
		o++;
	if (o == operations + OPERATION_COUNT)
		call_fail(call, "no such operation");
	else if (base64_decode(q->key, &key) != ERR_OK)
		call_fail(call, "illegal base64 data at input byte 0");
	else
		query_start(pool, call, o, buf_slice(&key),
		    (uint8_t)(q->relay_factor > 5 ? 5 : q->relay_factor));
	if (key.data != NULL)
		explicit_bzero(key.data, key.capacity);
	buf_deinit(&key);
}
