/*
 * The turn: events to the core, its effects to disk and to catalogd.
 *
 * "Persist before you speak" is the core's: it commits only what the store has
 * said is on disk, and catalogd is told only what is committed.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "raftd.h"

static const char *
refusal_text(enum refusal why)
{
	/* Consul's texts, where it has the case. */
	static const char *const texts[] = {
		[REFUSED_NOT_LEADER] = "No cluster leader",
		[REFUSED_LEADERSHIP_LOST] =
		    "leadership lost while committing log",
		[REFUSED_WRITE_FAILED] = "failed to write the Raft log",
		[REFUSED_CHANGE_PENDING] =
		    "a configuration change is not yet committed",
		[REFUSED_CHANGE_UNSOUND] =
		    "configuration must have a voter, and no server twice",
		[REFUSED_RESTORED] = "snapshot restored while committing log",
	};

	return (texts[why]);
}

static void
write_log(struct raftd *d)
{
	struct write *write = &d->fx.write;
	struct batch *batch = NULL;

	if (write->number == 0)
		return;
	if (write->entry_count > 0) {
		batch = batch_new(write->entries, write->entry_count);
		recent_put(&d->recent, batch);
		taking_on_write(d, batch->bytes);
		figures_storing(&d->figures, &d->raft, write->number);
	}
	store_write(d->store, write, batch);
	batch_drop(batch);
}

static void
refuse(struct raftd *d, const struct refused *refused)
{
	const char *why = refusal_text(refused->why);

	if (refused->id == OWN_PROPOSAL)
		changes_refused(d, why);
	else
		feed_refuse(d, refused->id, why);
}

static void
keep_install(struct raftd *d, const struct install *install)
{
	if (install->is_restore)
		restoring_keep(d, install);
	else
		install_keep(&d->net, install);
}

/* `why` is the disk's own text, where it has one. */
static void
use_effects(struct raftd *d, const char *why)
{
	struct effects *fx = &d->fx;

	write_log(d);
	for (size_t i = 0; i < fx->message_count; i++)
		net_send(&d->net, &fx->messages[i]);
	for (size_t i = 0; i < fx->refused_count; i++)
		refuse(d, &fx->refused[i]);
	if (fx->lost_from != 0)
		feed_lose(d, fx->lost_from,
		    why != NULL ? why : refusal_text(fx->lost_why));
	if (fx->install.is_wanted)
		keep_install(d, &fx->install);
	if (fx->trim_to != 0)
		store_trim(d->store, fx->trim_to);
	if (fx->has_changed) {
		d->feed.is_state_due = true;
		d->net.is_renewing = true;
	}
	notes_log(&d->raft, fx->notes, fx->note_count);
	effects_reset(fx);
}

static void
step(struct raftd *d, struct event *event, const char *why)
{
	event->now = instant_now();
	raft_step(&d->raft, event, &d->fx);
	use_effects(d, why);
}

void
raftd_step(struct raftd *d, struct event *event)
{
	step(d, event, NULL);
}

/* --- What the disk has done. --- */

static void
on_written(struct raftd *d, const struct store_result *result)
{
	net_written(&d->net, result->number, false);
	figures_written(&d->figures, result->number);
	raftd_step(d, &(struct event){
			  .kind = RAFT_PERSISTED,
			  .as.persisted = {
			      .number = result->number,
			      .last_index = result->last_index,
			      .last_term = result->last_term,
			  },
		      });
}

static void
on_failed(struct raftd *d, const struct store_result *result)
{
	struct buf why = { 0 };

	net_written(&d->net, result->number, true);
	buf_printf(&why, "failed to write the Raft log: %s", result->why);
	log_error(
	    LOG_RAFT, "failed to store logs", "error=\"%s\"", result->why);
	step(d,
	    &(struct event){
		.kind = RAFT_WRITE_FAILED,
		.as.write_failed = { .number = result->number },
	    },
	    buf_text(&why));
	buf_deinit(&why);
}

void
raftd_read(struct raftd *d, uint64_t first_index, size_t bytes,
    struct follower *follower)
{
	struct reader_of *one = xcalloc(1, sizeof(*one));

	one->follower = follower;
	*d->readers_end = one;
	d->readers_end = &one->next;
	store_read(d->store, first_index, bytes);
}

static void
on_entries(struct raftd *d, struct store_result *result)
{
	struct reader_of *one = d->readers;
	struct follower *follower = one->follower;

	d->readers = one->next;
	if (d->readers == NULL)
		d->readers_end = &d->readers;
	free(one);
	if (result->why[0] != '\0')
		fatal("cannot read the Raft log: %s", result->why);
	if (follower == NULL)
		feed_read(d, result);
	else
		followers_read(&d->net, follower, result->batch);
}

static void
on_result(struct raftd *d, struct store_result *result)
{
	switch (result->kind) {
	case STORE_WRITTEN:
		on_written(d, result);
		break;
	case STORE_FAILED:
		on_failed(d, result);
		break;
	case STORE_ENTRIES:
		on_entries(d, result);
		break;
	case STORE_SNAPSHOT_KEPT:
	case STORE_SNAPSHOT_FAILED:
		if (result->origin == SNAPSHOT_OURS)
			taking_kept(d, result);
		else if (raft_is_restoring(&d->raft))
			restoring_kept(d, result);
		else
			install_kept(&d->net, result);
		break;
	}
	batch_drop(result->batch);
	free(result->snapshot);
}

/* --- What was heard. --- */

static void
use_inbox(struct raftd *d)
{
	struct inbox *inbox = &d->inbox;
	struct instant begun;

	/* Proposals wait while the log is replaced. */
	if (inbox->count > 0 && !raft_is_restoring(&d->raft)) {
		begun = instant_now();
		raftd_step(d, &(struct event){
				  .kind = RAFT_PROPOSE,
				  .as.propose = {
				      .items = inbox->proposals,
				      .count = inbox->count,
				  },
			      });
		figures_proposed(&d->figures, &d->raft, inbox->count, begun);
		inbox->count = 0;
	}
	if (inbox->count == 0)
		arena_reset(&inbox->arena);
	if (inbox->wants_verify)
		metrics_add(METRIC_raft_verify, 1);
	if (inbox->wants_verify)
		raftd_step(d, &(struct event){ .kind = RAFT_VERIFY });
	inbox->wants_verify = false;
}

static void
set_timer(struct raftd *d)
{
	struct instant due = raft_deadline(&d->raft);
	struct duration wait;

	ev_timer_stop(d->daemon->loop, &d->tick);
	if (due.ns == INSTANT_NEVER.ns)
		return; /* alone and leading, it sleeps */
	wait = instant_since(due, instant_now());
	ev_timer_set(&d->tick, wait.ns > 0 ? duration_seconds(wait) : 0, 0);
	ev_timer_start(d->daemon->loop, &d->tick);
}

void
raftd_turn(struct daemon *daemon)
{
	struct raftd *d = daemon->state;
	struct store_result result;

	if (d->store == NULL) {
		net_turn(&d->net);
		return;
	}
	while (store_next(d->store, &result))
		on_result(d, &result);
	use_inbox(d);
	net_report(&d->net);
	leaders_resume(&d->net);
	changes_turn(d);
	saving_turn(d);
	feed_push(d);
	figures_turn(&d->figures, &d->raft, d->feed.sent_index);
	restoring_turn(d);
	raftd_answer_verifies(d);
	set_timer(d);
	net_turn(&d->net);
}
