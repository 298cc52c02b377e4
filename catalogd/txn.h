/*
 * Transactions: all operations or none, with every failing one named.
 *
 * Source  api/http.md 3; Consul's state/txn.go
 */
#ifndef CATALOGD_TXN_H
#define CATALOGD_TXN_H

#include "state.h"

struct txn_ops {
	const struct txn_op *items; /* lent */
	size_t count;
};

/* Run all of them on the state, each seeing what those before it did. Where
 * reply->errors is not empty the caller undoes what was done. Rows in the reply
 * are lent by the state's journal and arena: encode them before the next
 * entry. */
void txn_run(struct state *, struct txn_ops, struct txn_response *reply);

#endif
