/* See figures.h. */
#include "common/bytes.h"
#include "figures.h"

void
figures_proposed(struct figures *f, const struct raft *raft, size_t count,
    struct instant begun)
{
	size_t at = (f->first + f->count) % FIGURES_OPEN;

	if (raft->role != ROLE_LEADER)
		return;
	metrics_add(METRIC_raft_dispatch_logs, (double)count);
	metrics_add(METRIC_raft_apply, (double)count);
	if (f->count == FIGURES_OPEN)
		return;
	f->open[at].last_index = raft->trail.last_index;
	f->open[at].write = raft->write;
	f->open[at].count = count;
	f->open[at].begun = begun;
	f->count++;
}

void
figures_storing(struct figures *f, const struct raft *raft, uint64_t write)
{
	/* Its first configuration nobody has sent it. */
	if (raft->role != ROLE_FOLLOWER || !raft_name_is_set(&raft->leader) ||
	    f->storing != 0)
		return;
	f->storing = write;
	f->stored_since = instant_now();
}

void
figures_written(struct figures *f, uint64_t write)
{
	if (f->storing != 0 && f->storing <= write) {
		metrics_add_since(METRIC_raft_store_logs, f->stored_since);
		f->storing = 0;
	}
	for (; f->written < f->count; f->written++) {
		size_t at = (f->first + f->written) % FIGURES_OPEN;

		if (f->open[at].write > write)
			return;
		metrics_add_since(METRIC_raft_dispatch, f->open[at].begun);
	}
}

/* Whoever leads no more learns of his proposals' end from nobody. */
static void
give_up(struct figures *f)
{
	f->count = f->written = 0;
}

static void
level_set(enum metric_id id, uint64_t *shown, uint64_t now)
{
	if (*shown != now)
		metrics_add(id, (double)now);
	*shown = now;
}

void
figures_turn(struct figures *f, const struct raft *raft, uint64_t applied)
{
	if (raft->role != ROLE_LEADER)
		give_up(f);
	while (f->count > 0 &&
	       f->open[f->first].last_index <= raft->commit_index) {
		metrics_add_since(
		    METRIC_raft_commit_time, f->open[f->first].begun);
		metrics_add(
		    METRIC_raft_commit_logs, (double)f->open[f->first].count);
		f->first = (f->first + 1) % FIGURES_OPEN;
		f->count--;
		f->written -= f->written > 0 ? 1 : 0;
	}
	level_set(METRIC_raft_applied, &f->applied, applied);
	level_set(METRIC_raft_last, &f->last, raft->trail.last_index);
}

void
figures_contact(const struct raft *raft, struct instant now)
{
	if (raft->role != ROLE_LEADER)
		return;
	for (size_t i = 0; i < raft->progress_count; i++) {
		struct instant heard = raft->progress[i].trusted;
		int64_t ms = instant_since(now, heard).ns / 1000000;

		if (heard.ns != 0)
			metrics_add(METRIC_raft_contact, (double)ms);
	}
}

/* --- One follower. --- */

static const char *
id_of(const struct raft *raft, const struct raft_name *address)
{
	for (size_t i = 0; i < raft->latest.count; i++)
		if (raft_name_is(&raft->latest.members[i].address, address))
			return (raft->latest.members[i].id.text);
	return (address->text);
}

static void
name_add(struct metric **at, enum metric_kind kind, const char *what,
    const char *id, double value)
{
	struct buf name = { 0 };

	if (*at == NULL) {
		buf_printf(&name, "raft.replication.%s.%s", what, id);
		*at = metrics_named(kind, buf_slice(&name));
		buf_deinit(&name);
	}
	metric_add(*at, value);
}

void
figures_replied(struct follower_figures *f, const struct raft *raft,
    const struct raft_name *address, enum message_kind request,
    const struct ticket *ticket)
{
	const char *id = id_of(raft, address);
	double ms = milliseconds_since(ticket->sent_at);

	if (request == MESSAGE_INSTALL)
		name_add(&f->install, METRIC_SAMPLE, "installSnapshot", id, ms);
	if (request != MESSAGE_APPEND)
		return;
	if (ticket->is_heartbeat) {
		name_add(&f->heartbeat, METRIC_SAMPLE, "heartbeat", id, ms);
		return;
	}
	name_add(&f->append, METRIC_SAMPLE, "appendEntries.rpc", id, ms);
	name_add(&f->logs, METRIC_COUNTER, "appendEntries.logs", id,
	    (double)(ticket->match_index - ticket->prev_index));
}
