/*
 * Transcripts: conversations of servers, written down with what came of each
 * line, so that a change of the protocol shows as a change of the words.
 *
 *	script_test [-b] [FILE ...]	-b (make bless) rewrites what follows
 *
 * A line that starts a line is a command; what is indented below is what it
 * brought about. Disks are done and messages arrive only when told to.
 *
 *	servers N          N of them, bootstrapped as voters, started
 *	outsider           one more, that nobody knows
 *	campaign X         its election timer runs out
 *	tick X             its next timer runs out, whatever it is
 *	disk X             what it wrote is on disk
 *	fail X             what it wrote is not, and will not be
 *	deliver X [from Y] what was sent to it arrives, in order
 *	drop X [from Y]    what was sent to it does not
 *	break X [from Y]   nor that, and the senders learn it
 *	batch N            entries a message may have, from now on
 *	settle X Y ...     disks and messages among these, until there is rest;
 *	                   only what became of it is told
 *	propose X N        N entries
 *	add|join|demote|remove X Y   X is asked to make Y a voter, ...
 *	verify X           does it still lead?
 *	snapshot X         one of all it has committed; the log before it goes
 *	restore X I        a snapshot that a user brings, of index I elsewhere
 *	sleep N            N ms pass
 *	transfer X, restart X, show
 */
#include <assert.h>
#include <glob.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raftd/codec.h"
#include "raftd/raft.h"
#include "raftd/recent.h"
#include "tests/sim/store_mem.h"

#define SERVERS_MAX   6
#define IN_FLIGHT_MAX 512

struct flying {
	size_t from, to;
	struct message message;
	struct batch *entries;
	struct membership membership; /* of an install */
	uint64_t membership_index;
};

struct server {
	struct raft raft;
	struct effects fx;
	struct disk disk;
	struct store *store;
	struct recent log;
	struct flying held[IN_FLIGHT_MAX]; /* until its disk is done */
	size_t held_count;
	bool has_asked;
};

struct world {
	struct server *servers;
	size_t count;
	struct instant now;
	struct flying *flying;
	size_t flying_count;
	struct buf *out;
	bool is_quiet;
	uint64_t last_id;
	uint64_t batch;
};

/* --- What is told. --- */

static void tell(struct world *, const char *format, ...) PRINTF_LIKE(2, 3);

static void
tell(struct world *w, const char *format, ...)
{
	char line[256];
	va_list args;

	if (w->is_quiet)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_printf(w->out, "\t%s\n", line);
}

static size_t
server_at(const struct world *w, const struct raft_name *address)
{
	for (size_t i = 0; i < w->count; i++)
		if (raft_name_is(&w->servers[i].raft.options.address, address))
			return (i);
	return (w->count);
}

static const char *
name_of(const struct world *w, const struct raft_name *address)
{
	static char name[4];

	if (!raft_name_is_set(address))
		return ("nobody");
	snprintf(name, sizeof(name), "%zu", server_at(w, address) + 1);
	return (name);
}

static void
print_members(const struct membership *all, struct buf *to)
{
	for (size_t i = 0; i < all->count; i++)
		buf_printf(to, "%s%s%s", i == 0 ? "" : " ",
		    all->members[i].id.text,
		    all->members[i].suffrage == SUFFRAGE_VOTER ? "" : "?");
}

static void
tell_entry(struct world *w, size_t at, const struct entry *entry)
{
	struct buf members = { 0 };

	if (entry->type == ENTRY_CONFIGURATION)
		print_members(entry->membership, &members);
	tell(w, "%zu writes entry %" PRIu64 " of term %" PRIu64 "%s%s", at + 1,
	    entry->index, entry->term,
	    entry->type == ENTRY_NOOP		 ? ", a noop"
	    : entry->type == ENTRY_CONFIGURATION ? ", members "
						 : "",
	    members.size > 0 ? buf_text(&members) : "");
	buf_deinit(&members);
}

static void
print_append(const struct message *m, struct buf *to)
{
	if (m->ticket.is_heartbeat) {
		buf_put_text(to, "heartbeat");
		return;
	}
	buf_printf(to, "append behind %" PRIu64 "/%" PRIu64,
	    m->as.append.prev_index, m->as.append.prev_term);
	if (m->as.append.count > 0)
		buf_printf(to, " of %" PRIu64 "..%" PRIu64,
		    m->as.append.first_index,
		    m->as.append.first_index + m->as.append.count - 1);
	buf_printf(to, ", committed %" PRIu64, m->as.append.commit_index);
}

static void
print_message(const struct message *m, struct buf *to)
{
	switch (m->kind) {
	case MESSAGE_APPEND:
		print_append(m, to);
		break;
	case MESSAGE_APPEND_REPLY:
		buf_printf(to, "%s, had %" PRIu64,
		    m->as.append_reply.is_success ? "yes" : "no",
		    m->as.append_reply.last_index);
		break;
	case MESSAGE_VOTE:
		buf_printf(to, "vote for me, I have %" PRIu64 "/%" PRIu64 "%s",
		    m->as.vote.last_index, m->as.vote.last_term,
		    m->as.vote.is_transfer ? ", by transfer" : "");
		break;
	case MESSAGE_VOTE_REPLY:
		buf_put_text(
		    to, m->as.vote_reply.is_granted ? "my vote" : "no vote");
		break;
	case MESSAGE_INSTALL:
		buf_printf(to, "snapshot of %" PRIu64 "/%" PRIu64,
		    m->as.install.index, m->as.install.index_term);
		break;
	case MESSAGE_INSTALL_REPLY:
		buf_put_text(to, m->as.install_reply.is_success
				     ? "installed"
				     : "not installed");
		break;
	case MESSAGE_TIMEOUT_NOW:
		buf_put_text(to, "campaign now");
		break;
	}
}

static void
tell_message(struct world *w, size_t at, const struct message *m)
{
	struct buf text = { 0 };

	print_message(m, &text);
	tell(w, "%zu -> %s in term %" PRIu64 ": %s%s", at + 1,
	    name_of(w, &m->peer), m->term, buf_text(&text),
	    m->after != 0 ? " (once it is on disk)" : "");
	buf_deinit(&text);
}

static void
tell_state(struct world *w, size_t at)
{
	static const char *const roles[] = { "follows", "is a candidate",
		"leads" };
	struct raft *raft = &w->servers[at].raft;
	struct buf members = { 0 };

	print_members(&raft->latest, &members);
	tell(w,
	    "%zu %s%s%s in term %" PRIu64 ", has %" PRIu64 "/%" PRIu64
	    ", on disk %" PRIu64 ", committed %" PRIu64 ", members %s",
	    at + 1, roles[raft->role], raft->role == ROLE_FOLLOWER ? " " : "",
	    raft->role == ROLE_FOLLOWER ? name_of(w, &raft->leader) : "",
	    raft->term, raft->trail.last_index, trail_last_term(&raft->trail),
	    raft->persisted_index, raft->commit_index, buf_text(&members));
	buf_deinit(&members);
}

static void
tell_note(struct world *w, size_t at, const struct note *note)
{
	static const char *const words[NOTE_COUNT] = {
#define X(name) [NOTE_##name] = #name,
		RAFT_NOTES(X)
#undef X
	};

	/* What the messages and entries already say is left out. */
	if (note->kind != NOTE_INITIAL_CONFIGURATION &&
	    note->kind != NOTE_CONFIGURATION_CHANGED &&
	    note->kind != NOTE_VOTE_GRANTED &&
	    note->kind != NOTE_PIPELINE_STARTED)
		tell(w, "%zu notes %s", at + 1, words[note->kind]);
}

/* --- Effects. --- */

static struct batch *
collect(struct server *server, const struct message *append)
{
	struct entry entries[64], *run;
	size_t count = 0;

	while (count < append->as.append.count) {
		size_t found = recent_find(
		    &server->log, append->as.append.first_index + count, &run);

		assert(found > 0);
		for (size_t i = 0; i < found && count < append->as.append.count;
		     i++)
			entries[count++] = run[i];
	}
	return (batch_new(entries, count));
}

static struct flying
pack(struct world *w, size_t at, const struct message *message)
{
	struct server *server = &w->servers[at];
	struct flying one = { .from = at, .message = *message };

	one.to = server_at(w, &message->peer);
	one.message.peer = server->raft.options.address;
	if (message->kind == MESSAGE_APPEND)
		one.entries = collect(server, message);
	one.membership = server->disk.snapshot.membership;
	one.membership_index = server->disk.snapshot.membership_index;
	return (one);
}

static void
launch(struct world *w, const struct flying *one)
{
	assert(w->flying_count < IN_FLIGHT_MAX);
	w->flying[w->flying_count++] = *one;
}

static void
use_write(struct world *w, size_t at)
{
	struct server *server = &w->servers[at];
	struct write *write = &server->fx.write;
	struct batch *batch = NULL;

	if (write->number == 0)
		return;
	if (write->entry_count == 0)
		tell(w, "%zu writes term %" PRIu64 ", vote for %s", at + 1,
		    write->term, name_of(w, &write->vote));
	for (size_t i = 0; i < write->entry_count; i++)
		tell_entry(w, at, &write->entries[i]);
	if (write->entry_count > 0) {
		batch = batch_new(write->entries, write->entry_count);
		recent_put(&server->log, batch);
	}
	store_write(server->store, write, batch);
	batch_drop(batch);
}

static void
use_messages(struct world *w, size_t at)
{
	struct server *server = &w->servers[at];

	for (size_t i = 0; i < server->fx.message_count; i++) {
		const struct message *message = &server->fx.messages[i];
		struct flying one = pack(w, at, message);

		tell_message(w, at, message);
		if (message->after == 0)
			launch(w, &one);
		else
			server->held[server->held_count++] = one;
	}
}

static void
use_install(struct world *w, size_t at)
{
	struct server *server = &w->servers[at];
	static struct snapshot snapshot;

	if (!server->fx.install.is_wanted)
		return;
	snapshot = (struct snapshot){
		.index = server->fx.install.index,
		.term = server->fx.install.term,
		.membership = *server->fx.install.membership,
		.membership_index = server->fx.install.membership_index,
	};
	tell(w, "%zu writes a snapshot of %" PRIu64, at + 1, snapshot.index);
	store_keep_snapshot(server->store, &snapshot, SNAPSHOT_INSTALLED);
}

static void
step(struct world *w, size_t at, struct event *event)
{
	static const char *const whys[] = { "not the leader", "leadership lost",
		"write failed", "a change is pending", "unsound",
		"a snapshot was restored" };
	struct server *server = &w->servers[at];
	struct effects *fx = &server->fx;
	uint64_t committed = server->raft.commit_index;

	w->now = instant_add(w->now, MILLISECONDS(1));
	event->now = w->now;
	raft_step(&server->raft, event, fx);
	for (size_t i = 0; i < fx->note_count; i++)
		tell_note(w, at, &fx->notes[i]);
	use_write(w, at);
	use_messages(w, at);
	for (size_t i = 0; i < fx->refused_count; i++)
		tell(w, "%zu refuses: %s", at + 1, whys[fx->refused[i].why]);
	if (fx->lost_from != 0)
		tell(w,
		    "%zu has lost what it was asked from %" PRIu64 " on: %s",
		    at + 1, fx->lost_from, whys[fx->lost_why]);
	use_install(w, at);
	if (fx->trim_to != 0) {
		tell(w, "%zu trims its log to %" PRIu64, at + 1, fx->trim_to);
		store_trim(server->store, fx->trim_to);
	}
	if (server->raft.commit_index > committed)
		tell(w, "%zu commits %" PRIu64, at + 1,
		    server->raft.commit_index);
	effects_reset(fx);
	if (!server->has_asked || server->raft.role != ROLE_LEADER ||
	    raft_verified_round(&server->raft) <
		raft_verify_round(&server->raft))
		return;
	server->has_asked = false;
	tell(w, "%zu is verified", at + 1);
}

/* --- Disk. --- */

static void
use_result(struct world *w, size_t at, const struct store_result *result)
{
	struct event event = { .kind = RAFT_INSTALLED };

	if (result->kind == STORE_WRITTEN) {
		event.kind = RAFT_PERSISTED;
		event.as.persisted.number = result->number;
		event.as.persisted.last_index = result->last_index;
		event.as.persisted.last_term = result->last_term;
	} else if (result->kind == STORE_FAILED) {
		event.kind = RAFT_WRITE_FAILED;
		event.as.write_failed.number = result->number;
	} else if (result->origin == SNAPSHOT_INSTALLED) {
		event.as.installed.is_success = true;
	} else {
		event.kind = RAFT_SNAPSHOT_SAVED;
		event.as.snapshot_saved.index = result->snapshot->index;
		event.as.snapshot_saved.term = result->snapshot->term;
	}
	step(w, at, &event);
}

/* False if there was nothing to do. */
static bool
run_disk(struct world *w, size_t at, bool is_failure)
{
	struct server *server = &w->servers[at];
	struct store_result result;
	size_t held = server->held_count;

	if (!store_mem_begin(server->store))
		return (false);
	store_mem_end(server->store, is_failure);
	server->held_count = 0;
	for (size_t i = 0; i < held; i++) {
		if (is_failure)
			batch_drop(server->held[i].entries);
		else
			launch(w, &server->held[i]);
	}
	while (store_next(server->store, &result)) {
		use_result(w, at, &result);
		free(result.snapshot);
	}
	return (true);
}

/* --- Net. --- */

static void
receive(struct world *w, struct flying *one)
{
	static struct membership memberships[64];
	struct entry entries[64];
	struct message *message = &one->message;

	if (message->kind == MESSAGE_APPEND) {
		for (size_t i = 0; i < one->entries->count; i++) {
			entries[i] = one->entries->entries[i];
			entries[i].id = 0;
			if (entries[i].type != ENTRY_CONFIGURATION)
				continue;
			if (codec_get_membership(
				entries[i].data, &memberships[i]) != ERR_OK)
				abort();
			entries[i].membership = &memberships[i];
		}
		message->as.append.entries = entries;
	}
	if (message->kind == MESSAGE_INSTALL) {
		message->as.install.membership = &one->membership;
		message->as.install.membership_index = one->membership_index;
	}
	step(w, one->to,
	    &(struct event){ .kind = RAFT_RECEIVE, .as.receive = message });
}

/* The first that is on its way to one of `to`, from one of `from` (sets). */
static bool
take(struct world *w, unsigned to, unsigned from, struct flying *one)
{
	for (size_t i = 0; i < w->flying_count; i++) {
		if ((to >> w->flying[i].to & 1) == 0 ||
		    (from >> w->flying[i].from & 1) == 0)
			continue;
		*one = w->flying[i];
		memmove(&w->flying[i], &w->flying[i + 1],
		    (--w->flying_count - i) * sizeof(*one));
		return (true);
	}
	return (false);
}

enum fate {
	FATE_ARRIVES,
	FATE_LOST,
	FATE_REPORTED, /* lost, and its sender learns it */
};

static void
report(struct world *w, const struct flying *one)
{
	struct event event = { .kind = RAFT_UNREACHABLE };

	event.as.unreachable.peer = w->servers[one->to].raft.options.address;
	event.as.unreachable.ticket = one->message.ticket;
	step(w, one->from, &event);
}

static void
meet(struct world *w, size_t to, unsigned from, enum fate fate)
{
	struct flying *now = calloc(IN_FLIGHT_MAX, sizeof(*now));
	size_t count = 0;

	while (take(w, 1U << to, from, &now[count]))
		count++;
	for (size_t i = 0; i < count; i++) {
		if (fate == FATE_ARRIVES)
			receive(w, &now[i]);
		else if (fate == FATE_REPORTED)
			report(w, &now[i]);
		batch_drop(now[i].entries);
	}
	free(now);
}

/* --- Commands. --- */

static void
start(struct world *w, size_t at, bool is_first)
{
	struct server *server = &w->servers[at];
	struct raft_options options = {
		.heartbeat_timeout = SECONDS(1),
		.election_timeout = SECONDS(1),
		.lease_timeout = SECONDS(3600), /* they quarrel for long */
		.gone_wait = MILLISECONDS(300),
		.reply_timeout = SECONDS(3600),
		.append_entries_max = w->batch,
		.trailing_logs = 0,
		.seed = at,
	};
	struct membership all = { .count = w->count };
	struct snapshot newest;
	char text[48];

	for (size_t i = 0; i < w->count; i++) {
		snprintf(text, sizeof(text), "%zu", i + 1);
		all.members[i].id = raft_name_of(text);
		snprintf(text, sizeof(text), "address-%zu", i + 1);
		all.members[i].address = raft_name_of(text);
	}
	options.id = all.members[at].id;
	options.address = all.members[at].address;
	raft_init(&server->raft, &options);
	effects_init(&server->fx);
	recent_init(&server->log);
	server->store = store_mem_open(&server->disk);
	if (store_load(server->store, &server->raft, &newest, NULL) != ERR_OK)
		abort();
	for (size_t i = 0; i < server->disk.count; i++)
		recent_put(&server->log, server->disk.entries[i]);
	if (is_first)
		step(w, at,
		    &(struct event){
			.kind = RAFT_BOOTSTRAP, .as.bootstrap = &all });
	step(w, at, &(struct event){ .kind = RAFT_START });
}

static void
stop(struct server *server)
{
	for (size_t i = 0; i < server->held_count; i++)
		batch_drop(server->held[i].entries);
	server->held_count = 0;
	store_close(server->store);
	raft_deinit(&server->raft);
	effects_deinit(&server->fx);
	recent_deinit(&server->log);
}

static void
command_servers(struct world *w, size_t count)
{
	w->is_quiet = true;
	w->count = count;
	for (size_t i = 0; i < count; i++) {
		start(w, i, true);
		run_disk(w, i, false);
	}
}

static void
tick(struct world *w, size_t at)
{
	struct instant due = raft_deadline(&w->servers[at].raft);

	if (due.ns != INSTANT_NEVER.ns && instant_before(w->now, due))
		w->now = due;
	step(w, at, &(struct event){ .kind = RAFT_TICK });
}

static void
propose(struct world *w, size_t at, size_t count)
{
	struct proposal items[64];

	assert(count <= 64);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct proposal){ ++w->last_id, SLICE("x") };
	step(w, at,
	    &(struct event){
		.kind = RAFT_PROPOSE, .as.propose = { items, count } });
}

static void
change(struct world *w, size_t at, enum change_kind kind, size_t whom)
{
	struct raft_options *options = &w->servers[whom].raft.options;
	struct event event = { .kind = RAFT_CHANGE };

	event.as.change.id = ++w->last_id;
	event.as.change.change =
	    (struct change){ kind, options->id, options->address };
	step(w, at, &event);
}

static void
snapshot(struct world *w, size_t at)
{
	struct server *server = &w->servers[at];
	static struct snapshot row;

	row = (struct snapshot){ .index = server->raft.commit_index };
	if (!trail_term_of(&server->raft.trail, row.index, &row.term))
		abort();
	row.membership = server->raft.committed;
	row.membership_index = server->raft.committed_index;
	store_keep_snapshot(server->store, &row, SNAPSHOT_OURS);
	run_disk(w, at, false);
}

static void
show(struct world *w, unsigned who)
{
	for (size_t i = 0; i < w->count; i++)
		if (who >> i & 1)
			tell_state(w, i);
}

/* `who` is a set; messages to and from others stay under way. */
static void
settle(struct world *w, unsigned who)
{
	bool is_busy = true;
	struct flying one;

	w->is_quiet = true;
	while (is_busy) {
		is_busy = false;
		while (take(w, who, who, &one)) {
			receive(w, &one);
			batch_drop(one.entries);
			is_busy = true;
		}
		for (size_t i = 0; i < w->count; i++)
			if (who >> i & 1)
				is_busy |= run_disk(w, i, false);
	}
	w->is_quiet = false;
	show(w, who);
}

static void
command_settle(struct world *w, const char *list)
{
	unsigned who = 0;

	for (; *list != '\0'; list++)
		if (*list >= '1' && *list <= '9')
			who |= 1U << (*list - '1');
	settle(w, who);
}

static void
restart(struct world *w, size_t at)
{
	stop(&w->servers[at]);
	start(w, at, false);
}

/* How many entries a message may hold, from now on. */
static void
command_batch(struct world *w, size_t count)
{
	w->batch = count;
	for (size_t i = 0; i < w->count; i++)
		w->servers[i].raft.options.append_entries_max = count;
}

static void
command_outsider(struct world *w)
{
	w->count++;
	start(w, w->count - 1, false);
}

static void
restore(struct world *w, size_t at, uint64_t index)
{
	const char *why;

	if (raft_may_restore(&w->servers[at].raft, &why))
		step(w, at,
		    &(struct event){
			.kind = RAFT_RESTORE,
			.as.restore = { .index = index },
		    });
	else
		tell(w, "%zu may not restore: %s", at + 1, why);
}

/* Those that are about one server, or two. */
static bool
run_one(struct world *w, const char *verb, size_t a, size_t b)
{
	static const char *const changes[] = { "add", "join", "demote",
		"remove" };
	unsigned from = b < w->count ? 1U << b : ~0U;

	for (size_t i = 0; i < 4; i++)
		if (strcmp(verb, changes[i]) == 0) {
			change(w, a, (enum change_kind)i, b);
			return (true);
		}
	if (strcmp(verb, "campaign") == 0 || strcmp(verb, "tick") == 0)
		tick(w, a);
	else if (strcmp(verb, "disk") == 0)
		(void)run_disk(w, a, false);
	else if (strcmp(verb, "fail") == 0)
		(void)run_disk(w, a, true);
	else if (strcmp(verb, "deliver") == 0)
		meet(w, a, from, FATE_ARRIVES);
	else if (strcmp(verb, "drop") == 0)
		meet(w, a, from, FATE_LOST);
	else if (strcmp(verb, "break") == 0)
		meet(w, a, from, FATE_REPORTED);
	else if (strcmp(verb, "propose") == 0)
		propose(w, a, b + 1);
	else if (strcmp(verb, "verify") == 0) {
		w->servers[a].has_asked = true;
		step(w, a, &(struct event){ .kind = RAFT_VERIFY });
	} else if (strcmp(verb, "restore") == 0)
		restore(w, a, b + 1);
	else if (strcmp(verb, "snapshot") == 0)
		snapshot(w, a);
	else if (strcmp(verb, "transfer") == 0)
		step(w, a, &(struct event){ .kind = RAFT_TRANSFER });
	else if (strcmp(verb, "restart") == 0)
		restart(w, a);
	else
		return (false);
	return (true);
}

static bool
run_command(struct world *w, const char *line)
{
	char verb[32] = "";
	size_t a = 0, b = 0;
	int count;

	count = sscanf(line, "%31s %zu from %zu", verb, &a, &b);
	if (count == 2)
		count = sscanf(line, "%31s %zu %zu", verb, &a, &b);
	w->is_quiet = false;
	if (strcmp(verb, "servers") == 0 && a <= SERVERS_MAX)
		command_servers(w, a);
	else if (strcmp(verb, "outsider") == 0)
		command_outsider(w);
	else if (strcmp(verb, "settle") == 0)
		command_settle(w, line);
	else if (strcmp(verb, "show") == 0)
		show(w, ~0U);
	else if (strcmp(verb, "batch") == 0)
		command_batch(w, a);
	else if (strcmp(verb, "sleep") == 0)
		w->now = instant_add(w->now, MILLISECONDS(a));
	else if (a < 1 || a > w->count)
		return (false);
	else
		return (run_one(w, verb, a - 1, b > 0 ? b - 1 : w->count));
	return (true);
}

/* --- Files. --- */

static struct world *
world_new(struct buf *out)
{
	struct world *w = calloc(1, sizeof(*w));

	w->servers = calloc(SERVERS_MAX, sizeof(*w->servers));
	w->flying = calloc(IN_FLIGHT_MAX, sizeof(*w->flying));
	w->out = out;
	w->batch = 64;
	return (w);
}

static void
world_free(struct world *w)
{
	for (size_t i = 0; i < w->flying_count; i++)
		batch_drop(w->flying[i].entries);
	for (size_t i = 0; i < w->count; i++) {
		stop(&w->servers[i]);
		disk_deinit(&w->servers[i].disk);
	}
	free(w->servers);
	free(w->flying);
	free(w);
}

/* What the file should say, given its commands. */
static bool
play(FILE *file, struct buf *was, struct buf *is)
{
	struct world *w = world_new(is);
	bool is_sound = true;
	char line[256];

	while (fgets(line, sizeof(line), file) != NULL) {
		buf_put_text(was, line);
		if (line[0] == '\t')
			continue;
		buf_put_text(is, line);
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!run_command(w, line)) {
			printf("# what is this? %s", line);
			is_sound = false;
		}
	}
	world_free(w);
	return (is_sound);
}

/* The first line that differs, for people. */
static void
show_difference(struct buf *was, struct buf *is)
{
	const char *a = buf_text(was), *b = buf_text(is);

	while (*a != '\0' && strcspn(a, "\n") == strcspn(b, "\n") &&
	       strncmp(a, b, strcspn(a, "\n") + 1) == 0) {
		a += strcspn(a, "\n") + 1;
		b += strcspn(b, "\n") + 1;
	}
	printf("# expected: %.*s\n# now:      %.*s\n", (int)strcspn(a, "\n"), a,
	    (int)strcspn(b, "\n"), b);
}

static bool
run_file(const char *path, bool is_blessing)
{
	struct buf was = { 0 }, is = { 0 };
	FILE *file = fopen(path, "r");
	bool is_same = file != NULL && play(file, &was, &is);

	if (file != NULL)
		fclose(file);
	if (is_same && !slice_equal(buf_slice(&was), buf_slice(&is))) {
		is_same = is_blessing;
		if (!is_blessing)
			show_difference(&was, &is);
		file = is_blessing ? fopen(path, "w") : NULL;
		if (file != NULL) {
			fputs(buf_text(&is), file);
			fclose(file);
		}
	}
	buf_deinit(&was);
	buf_deinit(&is);
	return (is_same);
}

int
main(int argc, char **argv)
{
	bool is_blessing = argc > 1 && strcmp(argv[1], "-b") == 0;
	int failures = 0;
	glob_t files;

	if (glob("tests/raftd/*.script", 0, NULL, &files) != 0)
		return (1);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		bool is_ok = run_file(files.gl_pathv[i], is_blessing);

		failures += !is_ok;
		printf("%s %zu - %s\n", is_ok ? "ok" : "not ok", i + 1,
		    files.gl_pathv[i]);
	}
	printf("1..%zu\n", files.gl_pathc);
	globfree(&files);
	return (failures == 0 ? 0 : 1);
}
