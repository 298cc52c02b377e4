/*
 * A snapshot from a leader: straight into a file as it comes, then to the core,
 * which may want it, and then to the store. One at a time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "raftd.h"

bool
install_begin(
    struct net *net, struct leader_conn *conn, const struct message *message)
{
	struct raftd *d = net->raftd;
	struct wall now = wall_now();
	char name[SNAPSHOT_NAME_MAX];
	struct buf why = { 0 };
	enum err err;

	if (net->receiving != NULL || d->raft.installing.is_running ||
	    message->term < d->raft.term ||
	    message->as.install.index <= d->raft.commit_index)
		return (false);
	/* In memory there is room for one that is being made. */
	taking_stop(d, "a leader sends one");
	snprintf(name, sizeof(name), "%" PRIu64 "-%" PRIu64 "-%" PRId64,
	    message->as.install.index_term, message->as.install.index,
	    now.seconds * 1000 + now.ns / 1000000);
	err = snapshot_create(&d->snapshots, name, &net->received, &why);
	if (err != ERR_OK)
		log_error(LOG_RAFT, "failed to create snapshot to install",
		    "error=\"%s\"", buf_text(&why));
	else
		net->receiving = conn;
	buf_deinit(&why);
	return (err == ERR_OK);
}

void
install_stop(struct net *net)
{
	snapshot_abandon(&net->raftd->snapshots, &net->received);
	net->receiving = NULL;
}

void
install_bytes(struct net *net, struct slice bytes)
{
	struct buf why = { 0 };

	if (snapshot_put(&net->received, bytes, &why) != ERR_OK) {
		log_error(LOG_RAFT, "failed to copy snapshot", "error=\"%s\"",
		    buf_text(&why));
		install_stop(net);
	}
	buf_deinit(&why);
}

void
install_end(struct net *net, const struct message *message)
{
	struct raftd *d = net->raftd;

	log_info(LOG_RAFT, "copied to local snapshot", "bytes=%" PRIu64,
	    net->received.size);
	raftd_step(
	    d, &(struct event){ .kind = RAFT_RECEIVE, .as.receive = message });
	/* install_keep() has taken it, or nobody wants it. */
	install_stop(net);
}

void
install_keep(struct net *net, const struct install *wanted)
{
	struct raftd *d = net->raftd;
	struct snapshot snapshot = {
		.index = wanted->index,
		.term = wanted->term,
		.membership_index = wanted->membership_index,
		.membership = *wanted->membership,
		.size = net->received.size,
		.crc = net->received.crc,
	};

	memcpy(snapshot.name, net->received.name, sizeof(snapshot.name));
	taking_stop(d, "a leader sends one");
	snapshot_close(&net->received);
	store_keep_snapshot(d->store, &snapshot, SNAPSHOT_INSTALLED);
}

void
install_kept(struct net *net, const struct store_result *result)
{
	struct raftd *d = net->raftd;
	bool is_success = result->kind == STORE_SNAPSHOT_KEPT;

	if (is_success) {
		d->newest = *result->snapshot;
		snapshots_promote(&d->snapshots);
		log_info(LOG_RAFT, "Installed remote snapshot",
		    "index=%" PRIu64, d->newest.index);
	} else {
		snapshot_discard(&d->snapshots, result->snapshot->name);
		log_error(LOG_RAFT, "failed to install snapshot",
		    "error=\"%s\"", result->why);
	}
	raftd_step(d, &(struct event){
			  .kind = RAFT_INSTALLED,
			  .as.installed = { .is_success = is_success },
		      });
}
