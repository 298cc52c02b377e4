/* A lock: one key, held by one session; see lock.h. */
#include "api_types.h"
#include "lock.h"

#define LOCK_DELAY_PAUSE SECONDS(5) /* before trying again under lock-delay */

/* Read the key; pair->key is empty where there is none. */
static enum err
pair_parse(struct lock *l, struct arena *arena, const struct response *response,
    struct api_kv_pair *pair)
{
	struct api_kv_pairs pairs = { 0 };
	char why[JSON_WHY_MAX];
	struct json *json;

	*pair = (struct api_kv_pair){ 0 };
	if (response->status == 404)
		return (ERR_OK);
	if (response->status != 200) {
		buf_printf(&l->run->why, "Unexpected response code: %u",
		    response->status);
		return (ERR_REFUSED);
	}
	if (json_parse(response->body, arena, &json, NULL, why) != ERR_OK ||
	    json_to_type(json, JSON_API_LAX, &api_kv_pairs_type, arena, &pairs,
		why) != ERR_OK) {
		buf_put_text(&l->run->why, why);
		return (ERR_INVALID);
	}
	if (pairs.list.count > 0)
		*pair = pairs.list.items[0];
	return (ERR_OK);
}

static enum err
pair_read(struct lock *l, uint64_t *index, int64_t wait_ms, bool is_patient,
    struct api_kv_pair *pair)
{
	struct request request;
	struct response response;
	enum err err;

	request_init(&request, &l->scratch, "GET", "/v1/kv/%s", l->key);
	if (*index != 0)
		request_param_uint(&request, "index", *index);
	if (wait_ms > 0)
		request_param(&request, "wait",
		    arena_text(&l->scratch,
			arena_printf(&l->scratch, "%" PRId64 "ms", wait_ms)));
	err = lock_ask(l, &request, is_patient, &response);
	if (err != ERR_OK)
		return (err);
	*index = response.index;
	return (pair_parse(l, &l->scratch, &response, pair));
}

/* The key with `operation` (acquire, release) by our session, and no value. */
static enum err
pair_write(struct lock *l, const char *operation, bool *is_written)
{
	struct request request;

	request_init(&request, &l->scratch, "PUT", "/v1/kv/%s", l->key);
	request_param_uint(&request, "flags", LOCK_FLAGS);
	request_param(&request, operation, l->session);
	return (lock_write(l, &request, is_written));
}

static enum lock_outcome
fail(struct lock *l, enum err err, const char *what)
{
	struct buf why = { 0 };

	if (err == ERR_TIMEOUT)
		return (LOCK_GIVEN_UP);
	buf_printf(&why, "%s: %s", what, buf_text(&l->run->why));
	buf_reset(&l->run->why);
	buf_put_slice(&l->run->why, buf_slice(&why));
	buf_deinit(&why);
	return (LOCK_FAILED);
}

/* One try on a key that looks free; *index is what to wait for if it failed,
 * 0 where only time helps. */
static enum lock_outcome
try_free(struct lock *l, uint64_t *index)
{
	struct api_kv_pair pair;
	bool is_ours;
	enum err err;

	err = pair_write(l, "acquire", &is_ours);
	if (err != ERR_OK)
		return (fail(l, err, "failed to acquire lock"));
	if (is_ours)
		return (LOCK_HELD);
	*index = 0;
	err = pair_read(l, index, 0, false, &pair);
	if (err != ERR_OK)
		return (fail(l, err, "failed to read lock"));
	/* Held by nobody, yet refused: its last holder was lost, and the
	 * lock-delay has not passed. */
	if (pair.session.size == 0) {
		*index = 0;
		lock_sleep(l, LOCK_DELAY_PAUSE);
	}
	return (LOCK_GIVEN_UP);
}

enum lock_outcome
lock_key_acquire(struct lock *l)
{
	struct instant start = instant_now();
	enum lock_outcome outcome;
	struct api_kv_pair pair;
	uint64_t index = 0;
	bool is_first = true;
	int64_t wait_ms;
	enum err err;

	while (!l->is_stopped && lock_time_left(l, start, is_first, &wait_ms)) {
		is_first = false;
		arena_reset(&l->scratch);
		err = pair_read(l, &index, wait_ms, false, &pair);
		if (err != ERR_OK)
			return (fail(l, err, "failed to read lock"));
		if (pair.key.size > 0 && pair.flags != LOCK_FLAGS) {
			buf_put_text(&l->run->why,
			    "Existing key does not match lock use");
			return (LOCK_FAILED);
		}
		if (slice_is(pair.session, l->session))
			return (LOCK_HELD);
		if (pair.session.size > 0)
			continue; /* wait until that changes */
		outcome = try_free(l, &index);
		if (outcome != LOCK_GIVEN_UP)
			return (outcome);
	}
	return (LOCK_GIVEN_UP);
}

void
lock_key_watch(struct lock *l, struct arena *arena, uint64_t index,
    struct request *request)
{
	request_init(request, arena, "GET", "/v1/kv/%s", l->key);
	request_param(request, "consistent", "");
	if (index != 0)
		request_param_uint(request, "index", index);
}

bool
lock_key_is_held(
    struct lock *l, struct arena *arena, const struct response *response)
{
	struct api_kv_pair pair;

	if (pair_parse(l, arena, response, &pair) != ERR_OK) {
		buf_reset(&l->run->why);
		return (false);
	}
	return (slice_is(pair.session, l->session));
}

enum err
lock_key_release(struct lock *l)
{
	bool is_released;
	enum err err;

	err = pair_write(l, "release", &is_released);
	if (err != ERR_OK)
		(void)fail(l, err, "failed to release lock");
	return (err);
}

enum err
lock_key_remove(struct lock *l)
{
	struct api_kv_pair pair;
	struct request request;
	bool is_removed;
	uint64_t index = 0;
	enum err err;

	err = pair_read(l, &index, 0, true, &pair);
	if (err != ERR_OK) {
		(void)fail(l, err, "failed to read lock");
		return (err);
	}
	if (pair.key.size == 0)
		return (ERR_OK);
	if (pair.flags != LOCK_FLAGS) {
		buf_put_text(
		    &l->run->why, "Existing key does not match lock use");
		return (ERR_INVALID);
	}
	if (pair.session.size > 0)
		return (ERR_EXISTS);
	request_init(&request, &l->scratch, "DELETE", "/v1/kv/%s", l->key);
	request_param_uint(&request, "cas", pair.modify_index);
	err = lock_write(l, &request, &is_removed);
	if (err != ERR_OK) {
		(void)fail(l, err, "failed to remove lock");
		return (err);
	}
	return (is_removed ? ERR_OK : ERR_EXISTS);
}
