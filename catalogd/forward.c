/* Who answers, and what is handed on; see forward.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "catalogd.h"
#include "log.h"
#include "metrics.h"
#include "servers.h"

#define PAUSE_SHARE   16 /* Consul's jitterFraction */
#define RATE_EXCEEDED SLICE("RPC rate limit exceeded")
#define NO_LEADER     SLICE("No cluster leader")
#define NO_SERVERS    SLICE("No known Consul servers")
#define NOT_SENT      SLICE("rpc error getting client: ")
#define NOT_READY     SLICE("Not ready to serve consistent reads")
#define MAKING	      SLICE("rpc error making call: ")
#define NODE_GONE     SLICE("rpc error making call: EOF")

/* Of a call that is not answered here and now; in the call's arena. */
struct forward {
	TAILQ_ENTRY(forward) entry; /* of the list it is in */
	struct catalogd *owner;	    /* lent */
	struct call *call;
	const void *request;  /* lives as the call does */
	struct instant until; /* how long it is tried; of the first failure */
	struct slice why;     /* the last failure */
	struct slice address; /* where it was put */
	struct instant put_at;
	uint64_t ask; /* open Peer.Forward; else 0 */
	unsigned servers_tried;
	bool is_listed;
	ev_timer timer;
};

/* --- Methods that differ from the rule. --- */

enum where {
	BY_KIND,
	ANYWHERE,  /* any server says what it knows itself */
	AT_LEADER, /* though it reads */
};

static enum where
where_of(enum method method)
{
	static const struct {
		enum method method;
		enum where where;
	} rows[] = {
		{ METHOD_Catalog_ListDatacenters, ANYWHERE },
		{ METHOD_Status_Leader, ANYWHERE },
		{ METHOD_Status_Peers, ANYWHERE },
		{ METHOD_Status_Ping, ANYWHERE },
		/* The leader's timers are all that it touches. */
		{ METHOD_Session_Renew, AT_LEADER },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].method == method)
			return (rows[i].where);
	return (BY_KIND);
}

bool
forward_has_door(enum method method)
{
	const struct method_row *row = &method_rows[method];

	return (row->owner == DAEMON_catalogd &&
		(row->kind == METHOD_READ || row->kind == METHOD_WRITE));
}

static struct slice
datacenter_of(const struct forward *f)
{
	const struct door *door = &f->owner->forwarding.doors[f->call->method];

	if (door->datacenter == SIZE_MAX)
		return (SLICE(""));
	return (*(const struct slice *)(const void *)((const char *)f->request +
						      door->datacenter));
}

/* NULL where there are none. */
static const struct query_options *
options_of(const struct forward *f)
{
	const struct door *door = &f->owner->forwarding.doors[f->call->method];

	if (door->options == SIZE_MAX)
		return (NULL);
	return ((const void *)((const char *)f->request + door->options));
}

static bool
is_read(const struct forward *f)
{
	return (method_rows[f->call->method].kind == METHOD_READ);
}

/* --- Waiting. --- */

static void try(struct forward *);

static void
list_leave(struct forward *f)
{
	struct forwarding *all = &f->owner->forwarding;

	if (f->is_listed && f->ask != 0)
		TAILQ_REMOVE(&all->sent, f, entry);
	else if (f->is_listed)
		TAILQ_REMOVE(&all->waiting, f, entry);
	f->is_listed = false;
	ev_timer_stop(f->owner->daemon->loop, &f->timer);
	f->call->on_cancel = NULL;
	f->call->keeper = NULL;
}

static void
on_cancel(struct call *call)
{
	struct forward *f = call->keeper;
	struct daemon *d = f->owner->daemon;
	uint64_t ask = f->ask;

	list_leave(f);
	if (ask != 0)
		edge_cancel(d->edges[DAEMON_raftd], ask);
}

static void
list_enter(struct forward *f, struct forwards *list)
{
	TAILQ_INSERT_TAIL(list, f, entry);
	f->is_listed = true;
	f->call->on_cancel = on_cancel;
	f->call->keeper = f;
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct forward *f = w->data;

	(void)loop;
	(void)events;
	list_leave(f);
	try(f);
}

/* At most `pause`, or until raft has news. */
static void
wait_for(struct forward *f, struct duration pause)
{
	struct duration left = instant_since(f->until, instant_now());

	list_enter(f, &f->owner->forwarding.waiting);
	if (pause.ns > left.ns)
		pause = left;
	ev_timer_set(&f->timer, pause.ns > 0 ? duration_seconds(pause) : 0, 0);
	ev_timer_start(f->owner->daemon->loop, &f->timer);
}

static struct duration
hold_timeout(const struct forward *f)
{
	return (f->owner->daemon->config->keys.performance.rpc_hold_timeout);
}

static struct duration
pause_random(const struct forward *f)
{
	int64_t ms = hold_timeout(f).ns / PAUSE_SHARE / 1000000;

	if (ms > UINT32_MAX)
		ms = UINT32_MAX;
	return (MILLISECONDS(1 + arc4random_uniform((uint32_t)ms)));
}

/* It can't be answered now. True: it is over, and the call was answered. */
static bool
has_ended(struct forward *f, struct slice why)
{
	struct instant now = instant_now();

	if (why.data != f->why.data)
		f->why = arena_copy(&f->call->arena, why);
	if (f->until.ns == 0)
		f->until = instant_add(now, hold_timeout(f));
	if (instant_before(now, f->until))
		return (false);
	call_fail_text(f->call, f->why);
	return (true);
}

/* --- Handing on. --- */

static bool
says_no_leader(struct slice text)
{
	return (memmem(text.data, text.size, "No cluster leader", 17) != NULL);
}

/* What the last of those who handed it on has said. */
static struct slice
last_words(struct slice why)
{
	while (slice_starts_with(why, MAKING))
		why = slice_tail(why, MAKING.size);
	return (why);
}

/* Nobody did anything for it: not we, nor whoever it was to be handed on by. */
static bool
was_not_taken(struct slice why)
{
	return (says_no_leader(why) ||
		slice_starts_with(last_words(why), NOT_SENT));
}

/* Consul's canRetry; and what was not sent can always be put again. */
static bool
may_try_again(const struct forward *f, struct slice why)
{
	static const char *const broken[] = { "EOF", "stream closed",
		"session shutdown", "keepalive timeout",
		"connection write timeout" };

	if (was_not_taken(why))
		return (true);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		if (slice_ends_with(why, slice_of_text(broken[i])))
			return (is_read(f));
	return (false);
}

/* Text of a failure of the edge to raftd. */
static struct slice
failure_text(const struct answer *answer)
{
	switch (answer->err) {
	case ERR_REFUSED:
		return (answer->text);
	case ERR_PEER_GONE:
		return (NODE_GONE);
	case ERR_FULL:
		return (RATE_EXCEEDED);
	default:
		return (slice_of_text(err_text(answer->err)));
	}
}

/* The other end has held it itself before it says that nobody leads. Any other
 * failure after a long time is the first of its kind: that of a blocking read,
 * say, which now loses its leader. */
static void
until_set(struct forward *f, struct slice why)
{
	struct instant held = instant_add(f->put_at, hold_timeout(f));

	if (was_not_taken(why) && !slice_starts_with(why, NOT_SENT))
		f->until = f->until.ns == 0 ? held : f->until;
	else if (instant_before(held, instant_now()))
		f->until.ns = 0;
}

static void
put_failed(struct forward *f, struct slice why)
{
	struct catalogd *c = f->owner;
	bool is_client = !c->daemon->config->is_server;

	if (is_client) {
		log_error("agent.client", "RPC failed to server",
		    "method=%s server=%.*s error=\"%.*s\"",
		    method_rows[f->call->method].name, SLICE_ARGS(f->address),
		    SLICE_ARGS(why));
		metrics_add_for(METRIC_client_failed, f->address);
		if (may_try_again(f, why))
			servers_failed(&c->servers, f->address);
	}
	if (!may_try_again(f, why)) {
		call_fail_text(f->call, why);
		return;
	}
	until_set(f, why);
	if (has_ended(f, why))
		return;
	/* Another server may have no fault. */
	if (is_client && slice_starts_with(why, NOT_SENT) &&
	    ++f->servers_tried < servers_count(&c->servers))
		try(f);
	else
		wait_for(f, pause_random(f));
}

static void
on_reply(void *arg, const struct answer *answer)
{
	struct forward *f = arg;

	list_leave(f);
	f->ask = 0;
	if (answer->err == ERR_OK)
		call_answer_bytes(f->call, answer->body);
	else
		put_failed(f, failure_text(answer));
}

static uint64_t
peer_ask_bytes(struct catalogd *c, struct slice address, enum method method,
    struct slice body, struct duration deadline, answer_fn *done, void *arg)
{
	const struct peer_forward wanted = {
		.address = address,
		.method = slice_of_text(method_rows[method].name),
		.body = body,
	};

	return (edge_ask(c->daemon->edges[DAEMON_raftd], METHOD_Peer_Forward,
	    &peer_forward_type, &wanted, deadline, done, arg));
}

uint64_t
peer_ask(struct catalogd *c, struct slice address, enum method method,
    const void *request, struct duration deadline, answer_fn *done, void *arg)
{
	struct buf body = { 0 };
	uint64_t ask;

	type_encode(method_rows[method].request, request, &body);
	ask = peer_ask_bytes(
	    c, address, method, buf_slice(&body), deadline, done, arg);
	buf_deinit(&body);
	return (ask);
}

static void
put(struct forward *f, struct slice address)
{
	struct duration left = instant_since(f->call->deadline, instant_now());

	f->address = arena_copy(&f->call->arena, address);
	f->put_at = instant_now();
	f->ask = peer_ask_bytes(f->owner, address, f->call->method,
	    f->call->body, left, on_reply, f);
	list_enter(f, &f->owner->forwarding.sent);
}

/* --- Who answers. --- */

enum verdict {
	FOR_OTHERS,
	FOR_US,
	FOR_US_IF_LEADING, /* and that is to be asked of raft */
};

static void
handle_here(struct forward *f)
{
	struct catalogd *c = f->owner;

	c->forwarding.doors[f->call->method].handler(
	    c->daemon, f->call, f->request);
}

/* Consul's forward(), without other datacenters: their calls are refused by
 * the handler. */
static enum verdict
judge(const struct forward *f)
{
	struct catalogd *c = f->owner;
	struct slice datacenter = datacenter_of(f);
	const struct query_options *options = options_of(f);
	enum where where = where_of(f->call->method);
	bool may_be_old = options != NULL && options->allow_stale;
	bool is_sole = c->raft.state.is_sole_voter;

	if (where == ANYWHERE ||
	    (datacenter.size > 0 &&
		!slice_equal(
		    datacenter, slice_of_text(c->daemon->config->datacenter))))
		return (FOR_US);
	if (where == AT_LEADER || !is_read(f))
		return (catalogd_can_write(c) ? FOR_US : FOR_OTHERS);
	if (may_be_old && (catalogd_can_read(c) || catalogd_can_read_stale(c)))
		return (FOR_US);
	if (!catalogd_can_read(c))
		return (FOR_OTHERS);
	if (options != NULL && options->require_consistent && !is_sole)
		return (FOR_US_IF_LEADING);
	return (catalogd_is_fresh(c) ? FOR_US : FOR_US_IF_LEADING);
}

/* The leader has been found to lead, for a reader that wanted to be sure. */
static void
consistent_measure(const struct forward *f)
{
	const struct query_options *options = options_of(f);

	if (options != NULL && options->require_consistent)
		metrics_add_since(METRIC_rpc_consistent, f->call->begun);
}

/* The only voter need not ask itself. */
static void
sole_measure(const struct forward *f)
{
	const struct query_options *options = options_of(f);

	if (options == NULL || !options->require_consistent || !is_read(f))
		return;
	metrics_add(METRIC_raft_verify, 1);
	consistent_measure(f);
}

static void
on_verified(void *arg, const struct answer *answer)
{
	struct forward *f = arg;

	list_leave(f);
	f->ask = 0;
	if (answer->err == ERR_OK) {
		consistent_measure(f);
		handle_here(f);
	} else if (!has_ended(f, failure_text(answer)))
		wait_for(f, pause_random(f));
}

static void
verify(struct forward *f)
{
	struct daemon *d = f->owner->daemon;

	f->address = SLICE("");
	f->ask = edge_ask(d->edges[DAEMON_raftd], METHOD_Raft_Verify,
	    &empty_type, &(struct empty){}, SECONDS(10), on_verified, f);
	list_enter(f, &f->owner->forwarding.sent);
}

/* Nobody leads, or we do and are not ready yet. */
static void
wait_for_leader(struct forward *f)
{
	const struct query_options *options = options_of(f);
	bool is_leading = slice_is(f->owner->raft.state.role, "Leader");
	bool is_consistent = options != NULL && options->require_consistent;
	struct slice why = is_leading && is_consistent ? NOT_READY : NO_LEADER;

	if (!has_ended(f, f->why.size > 0 ? f->why : why))
		wait_for(f, hold_timeout(f));
}

static void
try_as_client(struct forward *f)
{
	struct slice address = servers_first(&f->owner->servers);

	if (address.size == 0)
		call_fail_text(f->call, NO_SERVERS);
	else if (!servers_may_ask(f->owner))
		call_fail_text(f->call, RATE_EXCEEDED);
	else
		put(f, address);
}

static void
try_as_server(struct forward *f)
{
	const struct raft_view *raft = &f->owner->raft;
	enum verdict verdict = judge(f);

	if (verdict == FOR_US) {
		sole_measure(f);
		handle_here(f);
	} else if (verdict == FOR_US_IF_LEADING)
		verify(f);
	else if (!raft->is_known || raft->state.leader_address.size == 0 ||
		 slice_is(raft->state.role, "Leader"))
		wait_for_leader(f);
	else if (f->until.ns == 0 || !has_ended(f, f->why))
		put(f, raft->state.leader_address);
}

static void
try(struct forward *f)
{
	if (f->owner->daemon->config->is_server)
		try_as_server(f);
	else
		try_as_client(f);
}

static struct forward *
forward_of(struct catalogd *c, struct call *call, const void *request)
{
	struct forward *f = call->door;

	if (f != NULL)
		return (f);
	f = arena_alloc(&call->arena, sizeof(*f));
	*f = (struct forward){ .owner = c, .call = call, .request = request };
	ev_timer_init(&f->timer, on_timer, 0, 0);
	f->timer.data = f;
	call->door = f;
	return (f);
}

void
on_door(struct daemon *d, struct call *call, const void *request)
{
	if (edge_peer(call->edge) != DAEMON_raftd)
		metrics_add(METRIC_client_rpc, 1);
	try(forward_of(catalogd_of(d), call, request));
}

void
forward_again(struct call *call, struct slice why)
{
	struct forward *f = call->door;

	assert(f != NULL);
	if (!has_ended(f, why))
		wait_for(f, pause_random(f));
}

void
forward_resume(struct catalogd *c, struct call *call, const void *request,
    struct duration left)
{
	struct forward *f = forward_of(c, call, request);
	const struct type *type = method_rows[call->method].request;
	size_t at = c->forwarding.doors[call->method].options;
	char *copy = arena_alloc(&call->arena, type->size);
	struct query_options *options = (void *)(copy + at);
	struct buf body = { 0 };

	assert(at != SIZE_MAX);
	memcpy(copy, request, type->size);
	/* None would be the default wait. */
	options->max_query_time = left.ns < 1000000 ? MILLISECONDS(1) : left;
	type_encode(type, copy, &body);
	call->body = arena_copy(&call->arena, buf_slice(&body));
	buf_deinit(&body);
	f->request = copy;
	f->why = SLICE("");
	f->until.ns = 0;
	try(f);
}

/* Its reader waits for one who does not lead any more. */
static bool
is_at_former_leader(const struct forward *f)
{
	const struct raft_view *raft = &f->owner->raft;

	return (is_read(f) && raft->is_known && f->address.size > 0 &&
		raft->state.leader_address.size > 0 &&
		!slice_equal(f->address, raft->state.leader_address));
}

void
forward_release(struct catalogd *c)
{
	struct forwards ready = TAILQ_HEAD_INITIALIZER(ready);
	struct edge *raftd = c->daemon->edges[DAEMON_raftd];
	struct forward *f, *next;

	if (!c->daemon->config->is_server)
		return;
	for (f = TAILQ_FIRST(&c->forwarding.sent); f != NULL; f = next) {
		next = TAILQ_NEXT(f, entry);
		if (!is_at_former_leader(f))
			continue;
		edge_cancel(raftd, f->ask);
		list_leave(f);
		f->ask = 0;
		list_enter(f, &c->forwarding.waiting);
	}
	/* What must wait on goes back into the emptied list. */
	TAILQ_CONCAT(&ready, &c->forwarding.waiting, entry);
	while ((f = TAILQ_FIRST(&ready)) != NULL) {
		TAILQ_REMOVE(&ready, f, entry);
		f->is_listed = false;
		list_leave(f);
		try(f);
	}
}

void
forward_init(struct catalogd *c, call_fn *const *handlers)
{
	struct forwarding *all = &c->forwarding;

	TAILQ_INIT(&all->waiting);
	TAILQ_INIT(&all->sent);
	for (unsigned i = 0; i < METHOD_COUNT; i++) {
		const struct type *type = method_rows[i].request;
		size_t stale = type_offset(type, KIND_BOOL, "AllowStale");

		all->doors[i] = (struct door){
			.handler = handlers[i],
			.datacenter = type_offset(type, KIND_STR, "Datacenter"),
			.options = stale == SIZE_MAX
				       ? SIZE_MAX
				       : stale - offsetof(struct query_options,
						     allow_stale),
		};
	}
}
