/*
 * Questions outside our zone: to the recursors as they came, and the answer
 * back as it is, but for the id.
 *
 * Source  api/dns.md 7; Consul dns.go, handleRecurse
 */
#include <stdlib.h>

#include "dnsd.h"
#include "reply.h"
#include "xmalloc.h"

struct forward {
	struct dnsd *dnsd; /* lent */
	struct dns_query query;
	struct asker asker;
};

static size_t
refusal_write(
    struct dnsd *d, const struct dns_query *q, bool is_tcp, uint8_t *data)
{
	return (answer_write(
	    &d->writer, &d->settings, d->unresolved, q, is_tcp, data));
}

static void
on_reply(void *arg, uint8_t *data, size_t size)
{
	struct forward *f = arg;
	struct dnsd *d = f->dnsd;

	if (size == 0) {
		data = d->message;
		size = refusal_write(d, &f->query, f->asker.conn != NULL, data);
	}
	reply_set_id(data, f->query.id);
	asker_reply(d, &f->asker, slice(data, size));
	free(f);
}

static size_t
reply_bytes_max(const struct dns_query *q)
{
	return (q->has_edns && q->udp_size > DNS_UDP_BYTES ? q->udp_size
							   : DNS_UDP_BYTES);
}

size_t
forward(struct dnsd *d, const struct dns_query *q, struct slice message,
    const struct asker *asker, uint8_t *data)
{
	struct forward *f = xmalloc(sizeof(*f));
	struct recurse_goal goal = {
		.query = &f->query,
		.reply_bytes_max = reply_bytes_max(q),
		.is_tcp = asker->conn != NULL,
		.is_relay = true,
	};

	f->dnsd = d;
	f->query = *q;
	f->query.message = message;
	f->asker = *asker;
	if (!recurse(d, &goal, on_reply, f)) {
		free(f);
		return (refusal_write(d, q, asker->conn != NULL, data));
	}
	if (asker->conn != NULL)
		tcp_hold(asker->conn);
	return (0);
}
