/*
 * Changes of the membership: catalogd asks, the log decides, one at a time
 * (wire/raft.md 2). Those that come meanwhile wait their turn, as they do in
 * hashicorp/raft.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "raftd.h"

static void
changing_free(struct raftd *d, struct changing *one)
{
	STAILQ_REMOVE(&d->changes, one, changing, entry);
	free(one);
}

/* The asker is gone; what has begun goes on. */
static void
on_cancel(struct call *call)
{
	struct raftd *d = call->keeper;
	struct changing *one;

	STAILQ_FOREACH(one, &d->changes, entry)
	if (one->call == call)
		break;
	assert(one != NULL);
	changing_free(d, one);
}

static struct raft_name
name_of(struct slice from)
{
	struct raft_name name = { "" };

	assert(from.size <= RAFT_NAME_BYTES_MAX); /* the row's limit */
	if (from.size > 0)
		memcpy(name.text, from.data, from.size);
	return (name);
}

static void
begin(struct daemon *daemon, struct call *call, const void *request,
    enum change_kind kind)
{
	const struct raft_change_request *wanted = request;
	struct raftd *d = daemon->state;
	struct changing *one;

	if (d->store == NULL || d->raft.role != ROLE_LEADER) {
		call_fail(call, "node is not the leader");
		return;
	}
	one = xcalloc(1, sizeof(*one));
	one->call = call;
	one->change.kind = kind;
	one->change.id = name_of(wanted->id);
	one->change.address = name_of(wanted->address);
	call->keeper = d;
	call->on_cancel = on_cancel;
	STAILQ_INSERT_TAIL(&d->changes, one, entry);
}

void
on_add_voter(struct daemon *daemon, struct call *call, const void *request)
{
	begin(daemon, call, request, CHANGE_ADD_VOTER);
}

void
on_add_nonvoter(struct daemon *daemon, struct call *call, const void *request)
{
	begin(daemon, call, request, CHANGE_ADD_NONVOTER);
}

void
on_remove_server(struct daemon *daemon, struct call *call, const void *request)
{
	begin(daemon, call, request, CHANGE_REMOVE);
}

void
changes_refused(struct raftd *d, const char *why)
{
	struct changing *one = STAILQ_FIRST(&d->changes);

	if (one != NULL && one->index == 0)
		one->refused = why;
}

static void
answer(struct raftd *d, struct changing *one, const char *why)
{
	struct call *call = one->call;

	changing_free(d, one);
	call->on_cancel = NULL;
	if (why == NULL)
		call_answer(call, &empty_type, &(struct empty){});
	else
		call_fail(call, "%s", why);
}

/* Into the log. */
static void
start(struct raftd *d, struct changing *one)
{
	uint64_t before = d->raft.latest_index;

	raftd_step(d, &(struct event){
			  .kind = RAFT_CHANGE,
			  .as.change = {
			      .id = OWN_PROPOSAL,
			      .change = one->change,
			  },
		      });
	if (d->raft.latest_index == before)
		return;
	one->index = d->raft.latest_index;
	one->term = d->raft.term;
}

static bool
is_stable(const struct raft *raft)
{
	return (
	    raft_is_ready(raft) && raft->latest_index == raft->committed_index);
}

/* False if the oldest has to wait. */
static bool
move_on(struct raftd *d, struct changing *one)
{
	const struct raft *raft = &d->raft;
	uint64_t term;

	if (one->index == 0 && raft->role != ROLE_LEADER)
		answer(d, one, "node is not the leader");
	else if (one->index == 0 && is_stable(raft)) {
		start(d, one);
		if (one->refused != NULL)
			answer(d, one, one->refused);
		else
			return (false);
	} else if (one->index == 0)
		return (false);
	else if (one->index <= raft->commit_index &&
		 (!trail_term_of(&raft->trail, one->index, &term) ||
		     term == one->term))
		answer(d, one, NULL);
	else if (raft->role != ROLE_LEADER || raft->term != one->term)
		answer(d, one, "leadership lost while committing log");
	else
		return (false);
	return (true);
}

void
changes_turn(struct raftd *d)
{
	struct changing *one;

	while ((one = STAILQ_FIRST(&d->changes)) != NULL && move_on(d, one))
		continue;
}
