/* KVS.Apply and what must be looked at before a key is written. */
#include "catalogd.h"
#include "log.h"
#include "on_writes.h"

/* Consul's kvsPreApply. False and the lock is refused, for its delay; the
 * clock that decides is the leader's, before the entry is written. */
enum err
kvs_check(struct catalogd *c, struct slice op, const struct dir_entry *entry,
    struct buf *why)
{
	if (entry->key.size == 0 && !slice_is(op, "delete-tree")) {
		buf_put_text(why, "Must provide key");
		return (ERR_INVALID);
	}
	if (slice_is(op, "lock") && lock_is_delayed(c, entry->key)) {
		log_warn("agent.server.kvs",
		    "Rejecting lock of key due to lock-delay", "");
		return (ERR_REFUSED);
	}
	return (ERR_OK);
}

void
on_kvs_apply(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct kvs_request *q = request;
	const struct boolean refused = { .value = false };
	struct buf why = { 0 };
	enum err err;

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	call_measure(call, METRIC_kvs_apply);
	err = kvs_check(c, q->op, &q->dir_ent, &why);
	if (err == ERR_OK)
		propose_call(c, call, FSM_KVS, &kvs_request_type, q);
	else if (err == ERR_REFUSED)
		call_answer(call, &boolean_type, &refused);
	else
		call_fail_text(call, buf_slice(&why));
	buf_deinit(&why);
}
