/* The session behind a lock, kept alive under every question; see lock.h. */
#include <assert.h>

#include "lock.h"
#include "signals.h"

#define RENEW_EVERY MILLISECONDS(7500) /* half the TTL */
#define RENEW_RETRY SECONDS(1)

enum err
lock_session_create(struct lock *l)
{
	struct run *run = l->run;
	struct buf body = { 0 };
	const struct json *id;
	struct request request;
	struct response response;
	char why[JSON_WHY_MAX];
	struct json *json;
	enum err err;

	/* A contender of a semaphore goes with its session. */
	buf_put_text(&body,
	    l->limit > 1 ? "{\"Behavior\":\"delete\",\"Name\":" : "{\"Name\":");
	json_put_text(&body, slice_of_text(l->name));
	buf_put_text(&body, ",\"TTL\":\"" LOCK_TTL "\"}");
	request_init(&request, &run->arena, "PUT", "/v1/session/create");
	request.body = buf_slice(&body);
	err = client_ask_ok(run->client, &request, &response, &run->why);
	buf_deinit(&body);
	if (err != ERR_OK)
		return (err);
	err = json_parse(response.body, &run->arena, &json, NULL, why);
	id = err == ERR_OK ? json_get(json, "ID") : NULL;
	if (id == NULL) {
		buf_put_text(&run->why, err == ERR_OK ? "no session ID" : why);
		return (ERR_INVALID);
	}
	l->session = arena_text(&run->arena, id->text);
	l->renew_at = instant_add(instant_now(), RENEW_EVERY);
	return (ERR_OK);
}

void
lock_session_destroy(struct lock *l)
{
	struct request request;
	struct response response;

	if (l->session == NULL)
		return;
	call_cancel(l->renewal);
	l->renewal = NULL;
	request_init(&request, &l->run->arena, "PUT", "/v1/session/destroy/%s",
	    l->session);
	/* If it fails, the TTL does it. */
	if (client_ask_ok(l->run->client, &request, &response, &l->run->why) !=
	    ERR_OK)
		buf_reset(&l->run->why);
	l->session = NULL;
}

/* Start or finish a renewal. One that fails is tried again soon; whether the
 * session is lost is seen by its lock. */
static void
renewal_turn(struct lock *l)
{
	struct buf why = { 0 };
	struct request request;
	struct response response;
	bool is_good;

	if (l->session == NULL)
		return;
	if (l->renewal == NULL && !instant_before(instant_now(), l->renew_at)) {
		arena_reset(&l->renewal_arena);
		request_init(&request, &l->renewal_arena, "PUT",
		    "/v1/session/renew/%s", l->session);
		l->renewal = client_start(l->run->client, &request, NULL, NULL);
	} else if (l->renewal != NULL && call_is_done(l->renewal)) {
		is_good = call_finish(l->renewal, &l->renewal_arena, &response,
			      &why) == ERR_OK &&
			  response.status == 200;
		l->renewal = NULL;
		l->renew_at = instant_add(
		    instant_now(), is_good ? RENEW_EVERY : RENEW_RETRY);
	}
	buf_deinit(&why);
}

static int
wait_ms_until(struct instant until)
{
	struct duration left = instant_since(until, instant_now());

	if (left.ns <= 0)
		return (0);
	return (left.ns < SECONDS(1).ns ? (int)(left.ns / 1000000) + 1 : 1000);
}

void
lock_wait(struct lock *l, const struct call *call, struct instant until)
{
	renewal_turn(l);
	if (call == NULL || !call_is_done(call)) {
		client_wait(l->run->client, l->signals, wait_ms_until(until));
		renewal_turn(l);
	}
	if (signals_came(l->signals))
		l->is_stopped = true;
}

enum err
lock_ask(struct lock *l, const struct request *request, bool is_patient,
    struct response *response)
{
	struct call *call;

	call = client_start(l->run->client, request, NULL, NULL);
	while (!call_is_done(call)) {
		lock_wait(l, call, INSTANT_NEVER);
		if (l->is_stopped && !is_patient) {
			call_cancel(call);
			return (ERR_TIMEOUT);
		}
	}
	return (call_finish(call, request->arena, response, &l->run->why));
}

bool
lock_sleep(struct lock *l, struct duration span)
{
	struct instant until = instant_add(instant_now(), span);

	while (!l->is_stopped && instant_before(instant_now(), until))
		lock_wait(l, NULL, until);
	return (!l->is_stopped);
}

bool
lock_time_left(
    const struct lock *l, struct instant start, bool is_first, int64_t *wait_ms)
{
	int64_t left;

	*wait_ms = LOCK_WAIT_MS;
	if (l->timeout.ns == 0)
		return (true);
	left = l->timeout.ns;
	if (!is_first)
		left -= instant_since(instant_now(), start).ns;
	*wait_ms = left / 1000000;
	return (left > 0);
}

enum err
lock_write(struct lock *l, const struct request *request, bool *is_written)
{
	struct response response;
	enum err err;

	err = lock_ask(l, request, true, &response);
	if (err == ERR_OK && response.status != 200) {
		response_why(&response, &l->run->why);
		err = ERR_REFUSED;
	}
	if (err == ERR_OK)
		*is_written = slice_starts_with(response.body, SLICE("true"));
	return (err);
}
