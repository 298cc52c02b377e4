/*
 * A semaphore: PREFIX/.lock lists the holders as JSON,
 *
 *	{"Limit":2,"Holders":{"<session>":true}}
 *
 * and each contender has a key PREFIX/<session>, held by its session, so that
 * everybody sees which holders are still alive; see lock.h.
 */
#include "api_types.h"
#include "lock.h"

#define HOLDERS_MAX 4096 /* of a list that others have written */

struct holders {
	int64_t limit;
	struct slice *names;
	size_t count;
};

static enum err
fail(struct lock *l, enum err err, const char *what)
{
	struct buf why = { 0 };

	if (err == ERR_TIMEOUT)
		return (err);
	buf_printf(&why, "%s: %s", what, buf_text(&l->run->why));
	buf_reset(&l->run->why);
	buf_put_slice(&l->run->why, buf_slice(&why));
	buf_deinit(&why);
	return (err);
}

/* --- The list of holders. --- */

static enum err
holders_read(struct lock *l, struct arena *arena, struct slice value,
    struct holders *out)
{
	const struct json *limit, *holders, *holder;
	char why[JSON_WHY_MAX];
	struct json *json;

	*out = (struct holders){ .limit = l->limit };
	out->names = arena_array(arena, HOLDERS_MAX + 1, sizeof(*out->names));
	if (value.size == 0)
		return (ERR_OK);
	if (json_parse_all(value, arena, &json, why) != ERR_OK) {
		buf_printf(&l->run->why, "lock decoding failed: %s", why);
		return (ERR_INVALID);
	}
	limit = json_get(json, "Limit");
	holders = json_get(json, "Holders");
	if (limit != NULL && limit->kind == JSON_NUMBER)
		out->limit = strtoll(arena_text(arena, limit->text), NULL, 10);
	holder = holders == NULL ? NULL : holders->first;
	for (; holder != NULL && out->count < HOLDERS_MAX;
	     holder = holder->next)
		out->names[out->count++] = holder->key;
	return (ERR_OK);
}

static void
holders_remove(struct holders *h, struct slice name)
{
	size_t i, kept = 0;

	for (i = 0; i < h->count; i++) {
		if (!slice_equal(h->names[i], name))
			h->names[kept++] = h->names[i];
	}
	h->count = kept;
}

static bool
holders_have(const struct holders *h, struct slice name)
{
	size_t i;

	for (i = 0; i < h->count; i++) {
		if (slice_equal(h->names[i], name))
			return (true);
	}
	return (false);
}

/* Only those whose contender key is still held. */
static void
holders_prune(struct holders *h, const struct api_kv_pairs *pairs)
{
	size_t i, n, kept = 0;

	for (i = 0; i < h->count; i++) {
		for (n = 0; n < pairs->list.count; n++) {
			if (slice_equal(
				h->names[i], pairs->list.items[n].session))
				break;
		}
		if (n < pairs->list.count)
			h->names[kept++] = h->names[i];
	}
	h->count = kept;
}

/* Write the list if it still is as it was read (index 0: not there). */
static enum err
holders_write(struct lock *l, const struct holders *h, uint64_t modify_index,
    bool *is_written)
{
	struct buf body = { 0 };
	struct request request;
	enum err err;
	size_t i;

	buf_printf(&body, "{\"Limit\":%" PRId64 ",\"Holders\":{", h->limit);
	for (i = 0; i < h->count; i++) {
		if (i > 0)
			buf_put_u8(&body, ',');
		json_put_text(&body, h->names[i]);
		buf_put_text(&body, ":true");
	}
	buf_put_text(&body, "}}");
	request_init(&request, &l->scratch, "PUT", "/v1/kv/%s", l->key);
	request_param_uint(&request, "cas", modify_index);
	request_param_uint(&request, "flags", SEMAPHORE_FLAGS);
	request.body = buf_slice(&body);
	err = lock_write(l, &request, is_written);
	buf_deinit(&body);
	return (err);
}

/* --- All keys of the semaphore. --- */

static enum err
pairs_parse(struct lock *l, struct arena *arena,
    const struct response *response, struct api_kv_pairs *pairs)
{
	char why[JSON_WHY_MAX];
	struct json *json;

	*pairs = (struct api_kv_pairs){ 0 };
	if (response->status == 404)
		return (ERR_OK);
	if (response->status != 200) {
		buf_printf(&l->run->why, "Unexpected response code: %u",
		    response->status);
		return (ERR_REFUSED);
	}
	if (json_parse(response->body, arena, &json, NULL, why) != ERR_OK ||
	    json_to_type(json, JSON_API_LAX, &api_kv_pairs_type, arena, pairs,
		why) != ERR_OK) {
		buf_put_text(&l->run->why, why);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

/* The list's key among them, its holders alive, or no key at all. */
static enum err
holders_find(struct lock *l, struct arena *arena,
    const struct api_kv_pairs *pairs, struct holders *holders,
    uint64_t *modify_index)
{
	const struct api_kv_pair *pair = NULL;
	enum err err;
	size_t i;

	*modify_index = 0;
	for (i = 0; i < pairs->list.count; i++) {
		if (slice_is(pairs->list.items[i].key, l->key))
			pair = &pairs->list.items[i];
	}
	if (pair != NULL && pair->flags != SEMAPHORE_FLAGS) {
		buf_put_text(
		    &l->run->why, "Existing key does not match semaphore use");
		return (ERR_INVALID);
	}
	err = holders_read(
	    l, arena, pair == NULL ? SLICE("") : pair->value, holders);
	if (err != ERR_OK)
		return (err);
	if (pair != NULL)
		*modify_index = pair->modify_index;
	holders_prune(holders, pairs);
	return (ERR_OK);
}

static enum err
pairs_read(struct lock *l, uint64_t *index, int64_t wait_ms, bool is_patient,
    struct api_kv_pairs *pairs)
{
	struct request request;
	struct response response;
	enum err err;

	request_init(&request, &l->scratch, "GET", "/v1/kv/%s", l->prefix);
	request_param(&request, "recurse", "");
	if (*index != 0)
		request_param_uint(&request, "index", *index);
	if (wait_ms > 0)
		request_param(&request, "wait",
		    arena_text(&l->scratch,
			arena_printf(&l->scratch, "%" PRId64 "ms", wait_ms)));
	err = lock_ask(l, &request, is_patient, &response);
	if (err == ERR_OK)
		err = pairs_parse(l, &l->scratch, &response, pairs);
	if (err != ERR_OK)
		return (fail(l, err, "failed to read prefix"));
	*index = response.index;
	return (ERR_OK);
}

/* PREFIX/<session>: the list's key with another last word. */
static void
contender_request(struct lock *l, const char *method, struct request *request)
{
	request_init(request, &l->scratch, method, "/v1/kv/%.*s%s",
	    (int)(strlen(l->key) - strlen(LOCK_KEY)), l->key, l->session);
}

static enum err
contender_make(struct lock *l)
{
	struct request request;
	bool is_made;
	enum err err;

	contender_request(l, "PUT", &request);
	request_param(&request, "acquire", l->session);
	request_param_uint(&request, "flags", SEMAPHORE_FLAGS);
	err = lock_write(l, &request, &is_made);
	if (err == ERR_OK && !is_made) {
		buf_put_text(&l->run->why, "the key is held already");
		err = ERR_EXISTS;
	}
	if (err != ERR_OK)
		return (fail(l, err, "failed to make contender entry"));
	return (ERR_OK);
}

/* Join the holders if there is room. *index stays for waiting if there is
 * none, and is 0 where another was faster. */
static enum err
holders_join(struct lock *l, const struct api_kv_pairs *pairs, uint64_t *index,
    bool *is_held)
{
	struct holders holders;
	uint64_t modify_index;
	enum err err;

	err = holders_find(l, &l->scratch, pairs, &holders, &modify_index);
	if (err != ERR_OK)
		return (err);
	if (holders.limit != l->limit) {
		buf_printf(&l->run->why,
		    "semaphore limit conflict (lock: %" PRId64
		    ", local: %" PRId64 ")",
		    holders.limit, l->limit);
		return (ERR_INVALID);
	}
	*is_held = false;
	if (holders.count >= (size_t)l->limit)
		return (ERR_OK);
	if (!holders_have(&holders, slice_of_text(l->session)))
		holders.names[holders.count++] = slice_of_text(l->session);
	err = holders_write(l, &holders, modify_index, is_held);
	if (err != ERR_OK)
		return (fail(l, err, "failed to update lock"));
	if (!*is_held)
		*index = 0;
	return (ERR_OK);
}

enum lock_outcome
lock_semaphore_acquire(struct lock *l)
{
	struct instant start = instant_now();
	struct api_kv_pairs pairs;
	bool is_first = true, is_held;
	uint64_t index = 0;
	int64_t wait_ms;
	enum err err;

	if (contender_make(l) != ERR_OK)
		return (LOCK_FAILED);
	while (!l->is_stopped && lock_time_left(l, start, is_first, &wait_ms)) {
		is_first = false;
		arena_reset(&l->scratch);
		err = pairs_read(l, &index, wait_ms, false, &pairs);
		if (err == ERR_OK)
			err = holders_join(l, &pairs, &index, &is_held);
		if (err == ERR_TIMEOUT)
			break;
		if (err != ERR_OK)
			return (LOCK_FAILED);
		if (is_held)
			return (LOCK_HELD);
	}
	return (LOCK_GIVEN_UP);
}

void
lock_semaphore_watch(struct lock *l, struct arena *arena, uint64_t index,
    struct request *request)
{
	request_init(request, arena, "GET", "/v1/kv/%s", l->prefix);
	request_param(request, "recurse", "");
	request_param(request, "consistent", "");
	if (index != 0)
		request_param_uint(request, "index", index);
}

bool
lock_semaphore_is_held(
    struct lock *l, struct arena *arena, const struct response *response)
{
	struct api_kv_pairs pairs;
	struct holders holders;
	uint64_t modify_index;

	if (pairs_parse(l, arena, response, &pairs) != ERR_OK ||
	    holders_find(l, arena, &pairs, &holders, &modify_index) != ERR_OK) {
		buf_reset(&l->run->why);
		return (false);
	}
	return (holders_have(&holders, slice_of_text(l->session)));
}

enum err
lock_semaphore_release(struct lock *l)
{
	struct api_kv_pairs pairs;
	struct holders holders;
	struct request request;
	uint64_t modify_index, index;
	bool is_written = false;
	enum err err;

	while (!is_written) {
		index = 0;
		err = pairs_read(l, &index, 0, true, &pairs);
		if (err == ERR_OK)
			err = holders_find(
			    l, &l->scratch, &pairs, &holders, &modify_index);
		if (err != ERR_OK)
			return (err);
		if (!holders_have(&holders, slice_of_text(l->session)))
			break;
		holders_remove(&holders, slice_of_text(l->session));
		err = holders_write(l, &holders, modify_index, &is_written);
		if (err != ERR_OK)
			return (fail(l, err, "failed to update lock"));
	}
	contender_request(l, "DELETE", &request);
	err = lock_write(l, &request, &is_written);
	if (err != ERR_OK)
		return (fail(l, err, "failed to remove contender entry"));
	return (ERR_OK);
}

enum err
lock_semaphore_remove(struct lock *l)
{
	struct api_kv_pairs pairs;
	struct holders holders;
	struct request request;
	uint64_t modify_index = 0, index = 0;
	bool is_removed;
	enum err err;

	err = pairs_read(l, &index, 0, true, &pairs);
	if (err == ERR_OK)
		err = holders_find(
		    l, &l->scratch, &pairs, &holders, &modify_index);
	if (err != ERR_OK || modify_index == 0)
		return (err);
	if (holders.count > 0)
		return (ERR_EXISTS);
	request_init(&request, &l->scratch, "DELETE", "/v1/kv/%s", l->key);
	request_param_uint(&request, "cas", modify_index);
	err = lock_write(l, &request, &is_removed);
	if (err != ERR_OK)
		return (fail(l, err, "failed to remove semaphore"));
	return (is_removed ? ERR_OK : ERR_EXISTS);
}
