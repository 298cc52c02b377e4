/* Nodes, their disks, and the net between them. See raft_sim.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "raft_sim.h"
#include "raftd/codec.h"

#define MS 1000000LL

uint64_t
roll(struct cluster *c, uint64_t sides)
{
	uint64_t mixed = c->random += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
	return ((mixed ^ (mixed >> 31)) % sides);
}

bool
chance(struct cluster *c, unsigned in_a_thousand)
{
	return (roll(c, 1000) < in_a_thousand);
}

struct happening *
happen(struct cluster *c, enum happening_kind kind, size_t node, int64_t in_ns)
{
	struct happening *one;

	if (c->happening_count == c->happening_capacity) {
		c->happening_capacity = c->happening_capacity * 2 + 64;
		c->happenings = xreallocarray(c->happenings,
		    c->happening_capacity, sizeof(*c->happenings));
	}
	one = &c->happenings[c->happening_count++];
	memset(one, 0, sizeof(*one));
	one->at = instant_add(c->now, NANOSECONDS(in_ns));
	one->order = ++c->order;
	one->kind = kind;
	one->node = node;
	one->life = c->nodes[node].life;
	return (one);
}

struct instant
node_now(const struct cluster *c, size_t at)
{
	return ((struct instant){ c->now.ns / 1000 * c->nodes[at].rate });
}

struct instant
node_when(const struct cluster *c, size_t at, struct instant own)
{
	if (own.ns == INSTANT_NEVER.ns)
		return (own);
	return ((struct instant){ (own.ns / c->nodes[at].rate + 1) * 1000 });
}

bool
node_is_paused(const struct cluster *c, size_t at)
{
	return (instant_before(c->now, c->nodes[at].paused_until));
}

static size_t
node_at(struct cluster *c, const struct raft_name *address)
{
	for (size_t i = 0; i < c->node_count; i++)
		if (raft_name_is(&c->nodes[i].address, address))
			return (i);
	broken(c, "a message to %s, whom nobody knows", address->text);
}

static bool
is_request(const struct message *message)
{
	return (message->kind == MESSAGE_APPEND ||
		message->kind == MESSAGE_VOTE ||
		message->kind == MESSAGE_INSTALL);
}

/* --- Sending. --- */

/* The entries an append names, from the sender's log; NULL if some are gone
 * by now (trimmed, or replaced). */
static struct batch *
collect(struct node *node, const struct message *append)
{
	struct entry entries[64];
	struct entry *run;
	size_t count = 0, found;

	while (count < append->as.append.count) {
		found = recent_find(
		    &node->log, append->as.append.first_index + count, &run);
		if (found == 0)
			return (NULL);
		for (size_t i = 0; i < found && count < append->as.append.count;
		     i++)
			entries[count++] = run[i];
	}
	return (batch_new(entries, count));
}

static void
report_unreachable(struct cluster *c, size_t from,
    const struct message *message, int64_t in_ns)
{
	if (is_request(message))
		happen(c, HAPPEN_UNREACHABLE, from, in_ns)->message = *message;
}

static void
launch(struct cluster *c, size_t from, const struct message *message,
    struct batch *entries, bool is_double)
{
	size_t to = node_at(c, &message->peer);
	int64_t delay = (int64_t)roll(c, 8 * MS) + MS / 4;
	struct happening *one;

	if (chance(c, 20))
		delay *= 1 + (int64_t)roll(c, 30);
	one = happen(c, HAPPEN_DELIVER, to, delay);
	/* As TCP has it; half of the seeds do without while they are wild. */
	if (c->is_calm || c->seed % 2 == 0) {
		if (instant_before(one->at, c->last_arrival[from][to]))
			one->at = c->last_arrival[from][to];
		c->last_arrival[from][to] = one->at;
	}
	one->from = from;
	one->message = *message;
	one->message.peer = c->nodes[from].address;
	one->message.after = 0;
	one->is_double = is_double;
	if (message->kind == MESSAGE_APPEND)
		one->entries = batch_hold(entries);
	if (message->kind == MESSAGE_INSTALL) {
		one->membership = xmalloc(sizeof(struct membership));
		*one->membership = c->nodes[from].disk.snapshot.membership;
		one->message.as.install.membership_index =
		    c->nodes[from].disk.snapshot.membership_index;
	}
}

static void
send(struct cluster *c, size_t from, const struct message *message,
    struct batch *entries)
{
	struct node *node = &c->nodes[from];
	size_t to = node_at(c, &message->peer);

	check_promise(c, from, message);
	/* A newer snapshot has taken the place of the one it names. */
	if (message->kind == MESSAGE_INSTALL &&
	    node->disk.snapshot.index != message->as.install.index) {
		report_unreachable(c, from, message, MS);
		return;
	}
	if (c->is_cut[from][to] || chance(c, c->loss)) {
		/* Sometimes the connection breaks, sometimes there is only
		 * silence; a snapshot's transport always has a deadline. */
		if (chance(c, 500) || message->kind == MESSAGE_INSTALL)
			report_unreachable(c, from, message, 20 * MS);
		return;
	}
	if (message->kind == MESSAGE_INSTALL)
		report_unreachable(c, from, message, 400 * MS);
	launch(c, from, message, entries, false);
	/* A snapshot's connection is for one request alone. */
	if (is_request(message) && message->kind != MESSAGE_INSTALL &&
	    chance(c, c->doubling))
		launch(c, from, message, entries, true);
}

static void
send_or_wait(struct cluster *c, size_t from, const struct message *message)
{
	struct node *node = &c->nodes[from];
	struct batch *entries = NULL;

	if (node->is_doubling && !is_request(message))
		return; /* the reply to a doubled request: no one's */
	if (message->kind == MESSAGE_APPEND) {
		entries = collect(node, message);
		if (entries == NULL) {
			report_unreachable(c, from, message, MS);
			return;
		}
	}
	if (message->after == 0) {
		send(c, from, message, entries);
		batch_drop(entries);
		return;
	}
	if (node->waiting_count == node->waiting_capacity) {
		node->waiting_capacity = node->waiting_capacity * 2 + 16;
		node->waiting = xreallocarray(node->waiting,
		    node->waiting_capacity, sizeof(*node->waiting));
	}
	node->waiting[node->waiting_count++] =
	    (struct waiting){ *message, entries, false };
}

/* Writes up to `number` have ended: what waited for them leaves, or, if they
 * failed, never does. */
static void
release(struct cluster *c, size_t at, uint64_t number, bool is_failure)
{
	struct node *node = &c->nodes[at];
	size_t kept = 0;

	for (size_t i = 0; i < node->waiting_count; i++) {
		struct waiting one = node->waiting[i];

		if (one.message.after > number) {
			node->waiting[kept++] = one;
			continue;
		}
		if (!is_failure)
			send(c, at, &one.message, one.entries);
		batch_drop(one.entries);
	}
	node->waiting_count = kept;
}

/* --- Effects. --- */

static void
begin_disk(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];

	if (node->is_disk_busy || !store_mem_begin(node->store))
		return;
	node->is_disk_busy = true;
	happen(c, HAPPEN_DISK, at,
	    node->disk_ns / 2 + (int64_t)roll(c, (uint64_t)node->disk_ns));
}

static void
use_write(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct write *write = &node->fx.write;
	struct batch *batch = NULL;

	if (write->number == 0)
		return;
	for (size_t i = 0; i < write->entry_count; i++)
		check_appended(c, at, &write->entries[i]);
	if (write->entry_count > 0) {
		batch = batch_new(write->entries, write->entry_count);
		recent_put(&node->log, batch);
	}
	store_write(node->store, write, batch);
	batch_drop(batch);
}

static void
use_install(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct install *install = &node->fx.install;
	struct snapshot *snapshot;

	if (!install->is_wanted)
		return;
	snapshot = xcalloc(1, sizeof(*snapshot));
	snapshot->index = install->index;
	snapshot->term = install->term;
	snapshot->membership = *install->membership;
	snapshot->membership_index = install->membership_index;
	check_snapshot(c, install->index, install->term);
	store_keep_snapshot(node->store, snapshot, SNAPSHOT_INSTALLED);
	free(snapshot);
	c->installs++;
}

static void
use_lost(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	uint64_t from = node->fx.lost_from;
	struct entry *entries;
	size_t count;

	if (from == 0)
		return;
	while ((count = recent_find(&node->log, from, &entries)) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (node->fx.lost_why == REFUSED_WRITE_FAILED) {
				check_unmade(
				    c, entries[i].index, entries[i].term);
				if (entries[i].id != 0)
					check_lost(c, entries[i].id);
			}
			entries[i].id = 0;
		}
		from += count;
	}
}

/* A new leader is never safe: much goes wrong only in its first moments. */
static void
elected(struct cluster *c, size_t at)
{
	c->elections++;
	if (!c->is_calm && chance(c, 300))
		happen(c, HAPPEN_CRASH, at, (int64_t)roll(c, 30 * MS));
}

/* What catalogd is told of the lease. */
static void
turn_page(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct instant limit = instant_add(node_now(c, at), PAGE_WAIT);

	if (raft_is_ready(&node->raft)) {
		node->page_until = raft_lease(&node->raft);
		node->page_term = node->raft.term;
	} else if (instant_before(limit, node->page_until))
		node->page_until = limit;
}

void
node_step(struct cluster *c, size_t at, struct event *event)
{
	struct node *node = &c->nodes[at];
	struct effects *fx = &node->fx;

	assert(node->is_alive);
	event->now = node_now(c, at);
	raft_step(&node->raft, event, fx);
	c->steps++;
	use_write(c, at);
	for (size_t i = 0; i < fx->message_count; i++)
		send_or_wait(c, at, &fx->messages[i]);
	for (size_t i = 0; i < fx->refused_count; i++)
		check_lost(c, fx->refused[i].id);
	c->refusals += fx->refused_count;
	use_lost(c, at);
	use_install(c, at);
	if (fx->trim_to != 0)
		store_trim(node->store, fx->trim_to);
	for (size_t i = 0; i < fx->note_count; i++)
		if (fx->notes[i].kind == NOTE_ENTERING_LEADER)
			elected(c, at);
	effects_reset(fx);
	begin_disk(c, at);
	turn_page(c, at);
	check_step(c, at);
}

/* --- The disk. --- */

static void
on_snapshot(struct cluster *c, size_t at, const struct store_result *result)
{
	struct event event = { .kind = RAFT_INSTALLED };
	const struct snapshot *snapshot = result->snapshot;
	bool is_success = result->kind == STORE_SNAPSHOT_KEPT;

	if (result->origin != SNAPSHOT_OURS) {
		event.as.installed.is_success = is_success;
		if (is_success)
			c->nodes[at].applied = snapshot->index;
		node_step(c, at, &event);
		return;
	}
	c->nodes[at].is_keeping = false;
	if (!is_success)
		return;
	event.kind = RAFT_SNAPSHOT_SAVED;
	event.as.snapshot_saved.index = snapshot->index;
	event.as.snapshot_saved.term = snapshot->term;
	node_step(c, at, &event);
}

static void
on_result(struct cluster *c, size_t at, struct store_result *result)
{
	struct event event = { .kind = RAFT_PERSISTED };

	switch (result->kind) {
	case STORE_WRITTEN:
		release(c, at, result->number, false);
		event.as.persisted.number = result->number;
		event.as.persisted.last_index = result->last_index;
		event.as.persisted.last_term = result->last_term;
		node_step(c, at, &event);
		break;
	case STORE_FAILED:
		c->failures++;
		release(c, at, result->number, true);
		event.kind = RAFT_WRITE_FAILED;
		event.as.write_failed.number = result->number;
		node_step(c, at, &event);
		break;
	case STORE_ENTRIES:
		break;
	case STORE_SNAPSHOT_KEPT:
	case STORE_SNAPSHOT_FAILED:
		on_snapshot(c, at, result);
		break;
	}
	batch_drop(result->batch);
	free(result->snapshot);
}

void
node_disk(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct store_result result;

	node->is_disk_busy = false;
	store_mem_end(node->store, node->is_disk_full);
	while (store_next(node->store, &result))
		on_result(c, at, &result);
	begin_disk(c, at);
}

/* --- Lives. --- */

static struct raft_options
options_of(struct cluster *c, const struct node *node)
{
	return ((struct raft_options){
	    .id = node->id,
	    .address = node->address,
	    .heartbeat_timeout = MILLISECONDS(150),
	    .election_timeout = MILLISECONDS(150),
	    /* Without a lease an old leader lives on beside the new one. */
	    .lease_timeout = MILLISECONDS(c->seed % 3 == 0 ? 5000 : 75),
	    .gone_wait = GONE_WAIT,
	    .reply_timeout = MILLISECONDS(300),
	    .append_entries_max = 1 + roll(c, c->seed % 4 == 0 ? 3 : 64),
	    .trailing_logs = roll(c, 60),
	    .seed = roll(c, UINT64_MAX),
	});
}

static void
load(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct snapshot newest;

	if (store_load(node->store, &node->raft, &newest, NULL) != ERR_OK)
		broken(c, "node %zu cannot load its disk", at);
	for (size_t i = 0; i < node->disk.count; i++) {
		struct batch *batch =
		    batch_new(&node->disk.entries[i]->entries[0], 1);

		batch->entries[0].id = 0;
		recent_put(&node->log, batch);
		batch_drop(batch);
	}
	node->applied = newest.index;
}

void
node_start(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct raft_options options = options_of(c, node);
	struct membership first = { .count = c->first_count };

	assert(!node->is_alive);
	node->is_alive = true;
	node->life++;
	raft_init(&node->raft, &options);
	effects_init(&node->fx);
	recent_init(&node->log);
	node->store = store_mem_open(&node->disk);
	load(c, at);
	for (size_t i = 0; i < first.count; i++)
		first.members[i] = (struct member){ c->nodes[i].id,
			c->nodes[i].address, SUFFRAGE_VOTER };
	if (at < c->first_count)
		node_step(c, at,
		    &(struct event){
			.kind = RAFT_BOOTSTRAP, .as.bootstrap = &first });
	node_step(c, at, &(struct event){ .kind = RAFT_START });
}

/* Its connections are closed: most of those that followed it notice, if they
 * can reach it at all. */
static void
tell_of_death(struct cluster *c, size_t at)
{
	for (size_t i = 0; i < c->node_count; i++) {
		struct happening *one;

		if (i == at || !c->nodes[i].is_alive || c->is_cut[at][i] ||
		    c->is_cut[i][at] || chance(c, 300))
			continue;
		one = happen(c, HAPPEN_GONE, i, (int64_t)roll(c, 3 * MS));
		one->from = at;
		one->since = node_now(c, i);
	}
}

void
node_crash(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct instant limit = instant_add(node_now(c, at), PAGE_WAIT);

	assert(node->is_alive);
	if (instant_before(limit, node->page_until))
		node->page_until = limit;
	node->paused_until = c->now;
	tell_of_death(c, at);
	node->is_alive = false;
	node->life++;
	for (size_t i = 0; i < node->waiting_count; i++)
		batch_drop(node->waiting[i].entries);
	node->waiting_count = 0;
	node->is_disk_busy = node->is_keeping = false;
	node->asked.is_open = false;
	store_close(node->store);
	node->store = NULL;
	raft_deinit(&node->raft);
	effects_deinit(&node->fx);
	recent_deinit(&node->log);
}

/* --- Arrival. --- */

static void
deliver_append(struct cluster *c, struct happening *one)
{
	struct entry entries[64];
	struct membership *memberships =
	    xcalloc(one->entries->count + 1, sizeof(*memberships));

	for (size_t i = 0; i < one->entries->count; i++) {
		entries[i] = one->entries->entries[i];
		entries[i].id = 0;
		if (entries[i].type != ENTRY_CONFIGURATION)
			continue;
		if (codec_get_membership(entries[i].data, &memberships[i]) !=
		    ERR_OK)
			broken(c, "a malformed configuration is on its way");
		entries[i].membership = &memberships[i];
	}
	one->message.as.append.entries = entries;
	node_step(c, one->node,
	    &(struct event){
		.kind = RAFT_RECEIVE, .as.receive = &one->message });
	free(memberships);
}

void
deliver(struct cluster *c, struct happening *one)
{
	struct node *node = &c->nodes[one->node];

	if (!node->is_alive || one->life != node->life ||
	    c->is_cut[one->from][one->node])
		return;
	node->is_doubling = one->is_double;
	if (one->message.kind == MESSAGE_APPEND)
		deliver_append(c, one);
	else {
		if (one->message.kind == MESSAGE_INSTALL)
			one->message.as.install.membership = one->membership;
		node_step(c, one->node,
		    &(struct event){
			.kind = RAFT_RECEIVE, .as.receive = &one->message });
	}
	node->is_doubling = false;
}
