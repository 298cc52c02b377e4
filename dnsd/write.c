/* Messages from answers; see write.h. */
#include <assert.h>

#include "write.h"

/* Consul dns.go: defaultMaxUDPSize, maxUDPAnswerLimit; 64 KB less what "is
 * some overhead"; "not possible to return more than 4k records", and 1024 of
 * SRV. */
#define UDP_ANSWERS_MAX	    8U
#define UDP_RESERVE_BYTES   7U
#define TCP_BYTES_MAX	    65523U
#define TCP_ANSWERS_MAX	    4096U
#define TCP_SRV_ANSWERS_MAX 1024U

/* Owner as a pointer, type, class, TTL, size, and a pointer as data. */
#define RECORD_BYTES_MIN 14U

/* What one writing is about. */
struct job {
	struct writer *w;
	const struct dns_settings *s;
	struct dns_answer *a;
	const struct dns_query *q;
	bool is_tcp;
	size_t count;	/* answers to give, of those chosen */
	bool is_synced; /* only the addresses of SRV targets as extras */
	bool is_trimmed;
};

static struct slice
name_of(const struct dns_answer *a, uint32_t name)
{
	return (slice(&a->bytes[a->names[name].offset], a->names[name].size));
}

/* --- Choosing. --- */

static bool
is_plain_udp(const struct job *j)
{
	return (
	    !j->is_tcp && !(j->q->has_edns && j->q->udp_size > DNS_UDP_BYTES));
}

static size_t
plain_limit(const struct job *j)
{
	size_t limit = j->s->udp_answer_limit;

	return (limit < UDP_ANSWERS_MAX ? limit : UDP_ANSWERS_MAX);
}

static size_t
byte_limit(const struct job *j)
{
	if (j->is_tcp)
		return (TCP_BYTES_MAX);
	return (is_plain_udp(j) ? DNS_UDP_BYTES : j->q->udp_size);
}

/* One more than could be given is enough to know that there are more. */
static size_t
choice_limit(const struct job *j)
{
	size_t limit = CHOICE_MAX;

	if (!j->a->is_service || j->is_tcp)
		return (limit);
	limit = byte_limit(j) / RECORD_BYTES_MIN + 1;
	if (is_plain_udp(j) && plain_limit(j) + 1 < limit &&
	    j->a->group_limit != 1)
		limit = plain_limit(j) + 1;
	return (limit < CHOICE_MAX ? limit : CHOICE_MAX);
}

/* Consul gives all that a name leads to only to who asks with EDNS. */
static bool
is_left_out(const struct job *j, const struct answer_record *r)
{
	return (j->a->has_surplus && r->is_surplus && !j->q->has_edns);
}

static void
take(struct job *j, uint32_t group)
{
	struct writer *w = j->w;
	const struct answer_group *g = &j->a->groups[group];

	w->groups[w->group_count++] = group;
	for (uint32_t i = 0;
	     i < g->answer_count && w->record_count < CHOICE_MAX; i++)
		if (!is_left_out(j, &j->a->records[g->first + i]))
			w->records[w->record_count++] = g->first + i;
}

/* Fisher-Yates, as far as it is needed; equal instances count once. */
static void
choose(struct job *j)
{
	struct dns_answer *a = j->a;
	size_t limit = choice_limit(j);

	j->w->group_count = j->w->record_count = 0;
	a->mark++;
	for (size_t i = 0; i < a->order_count; i++) {
		size_t other = a->is_ordered ? i
					     : i + chance_below(&j->w->chance,
						       a->order_count - i);
		uint32_t group = a->order[other];

		a->order[other] = a->order[i];
		a->order[i] = group;
		if (a->groups[group].mark == a->mark)
			continue;
		a->groups[group].mark = a->mark;
		take(j, group);
		if (j->w->record_count >= limit ||
		    j->w->group_count == CHOICE_MAX ||
		    j->w->group_count == a->group_limit)
			break;
	}
	j->count = j->w->record_count;
}

/* --- Extras. --- */

typedef void visit_fn(struct job *, const struct answer_record *, void *arg);

static const struct answer_record *
extra_named(const struct job *j, const struct answer_group *g, uint32_t name)
{
	const struct dns_answer *a = j->a;

	for (uint32_t i = 0; i < g->extra_count; i++) {
		const struct answer_record *r =
		    &a->records[g->first + g->answer_count + i];

		if (r->owner == name && !is_left_out(j, r))
			return (r);
	}
	return (NULL);
}

/* Consul dns.go, syncExtra: of each SRV target the first record, and where a
 * CNAME leads; each name once. */
static void
visit_targets(struct job *j, visit_fn *visit, void *arg)
{
	struct dns_answer *a = j->a;

	a->mark++;
	for (size_t i = 0; i < j->count; i++) {
		const struct answer_record *r = &a->records[j->w->records[i]];
		const struct answer_group *g;

		if (r->type != DNS_SRV)
			continue;
		g = &a->groups[j->w->groups[i]]; /* it has no other answer */
		while (r != NULL && r->target != NAME_NONE &&
		       a->names[r->target].mark != a->mark) {
			a->names[r->target].mark = a->mark;
			r = extra_named(j, g, r->target);
			if (r != NULL)
				visit(j, r, arg);
		}
	}
}

static void
visit_extras(struct job *j, visit_fn *visit, void *arg)
{
	const struct dns_answer *a = j->a;

	if (j->is_synced) {
		visit_targets(j, visit, arg);
		return;
	}
	for (size_t i = 0; i < j->w->group_count; i++) {
		const struct answer_group *g = &a->groups[j->w->groups[i]];

		for (uint32_t k = 0; k < g->extra_count; k++) {
			const struct answer_record *r =
			    &a->records[g->first + g->answer_count + k];

			if (!is_left_out(j, r))
				visit(j, r, arg);
		}
	}
}

/* --- Sizes. --- */

static size_t
record_size(const struct job *j, const struct answer_record *r)
{
	size_t owner = r->owner == NAME_ASKED ? j->q->name_size
					      : j->a->names[r->owner].size;
	size_t target =
	    r->target == NAME_NONE ? 0 : j->a->names[r->target].size;

	return (owner + 10 + r->data_size + target);
}

static void
add_size(struct job *j, const struct answer_record *r, void *arg)
{
	*(size_t *)arg += record_size(j, r);
}

static size_t
size_uncompressed(struct job *j)
{
	size_t size = DNS_HEADER_BYTES + j->q->name_size + 4U;

	for (size_t i = 0; i < j->count; i++)
		size += record_size(j, &j->a->records[j->w->records[i]]);
	if (j->a->has_extras)
		visit_extras(j, add_size, &size);
	return (size);
}

static void put_service(struct job *, uint8_t *data);

/* Of the message as it would be now. What is small enough uncompressed need
 * not be tried. */
static size_t
size_now(struct job *j, bool is_compressed, uint8_t *data)
{
	size_t size = size_uncompressed(j);

	if (!is_compressed || size <= byte_limit(j) - UDP_RESERVE_BYTES)
		return (size);
	put_service(j, data);
	return (j->w->packet.is_full ? SIZE_MAX : j->w->packet.size);
}

/* Consul dns.go, dnsBinaryTruncate: as many answers as fit. */
static void
cut_far(struct job *j, bool is_compressed, uint8_t *data)
{
	size_t low = 0, high = j->count + 1;

	j->is_synced = true;
	while (high - low > 1) {
		j->count = low + (high - low) / 2;
		if (size_now(j, is_compressed, data) <= byte_limit(j))
			low = j->count;
		else
			high = j->count;
	}
	j->count = low > 0 ? low : 1;
}

static void
trim_bytes(struct job *j, bool is_compressed, uint8_t *data)
{
	size_t limit = byte_limit(j);
	size_t reserve = j->is_tcp ? 0 : UDP_RESERVE_BYTES, size;

	while (j->count > 1 &&
	       (size = size_now(j, is_compressed, data)) > limit - reserve) {
		if (size > limit + 100)
			cut_far(j, is_compressed, data);
		else
			j->count--;
		j->is_synced = true;
	}
}

/* Consul dns.go, trimUDPResponse and trimTCPResponse. Sizes are measured
 * uncompressed only where the count was cut before. */
static void
trim(struct job *j, uint8_t *data)
{
	bool is_compressed = !j->s->disable_compression;
	size_t had = j->count, limit = SIZE_MAX;

	if (is_plain_udp(j))
		limit = plain_limit(j);
	else if (j->is_tcp)
		limit = j->q->type == DNS_SRV ? TCP_SRV_ANSWERS_MAX
					      : TCP_ANSWERS_MAX;
	if (had > limit) {
		j->count = limit;
		if (!j->is_tcp) {
			is_compressed = false;
			j->is_synced = true;
		}
	}
	trim_bytes(j, is_compressed, data);
	j->is_trimmed = j->count < had;
}

/* --- Putting. --- */

static void
put_record(struct job *j, const struct answer_record *r, void *arg)
{
	struct packet *p = &j->w->packet;
	const struct dns_answer *a = j->a;
	size_t *count = arg, at;

	if (r->owner == NAME_ASKED)
		packet_put_asked(p);
	else
		packet_put_name(p, name_of(a, r->owner), true);
	packet_put_be16(p, r->type);
	packet_put_be16(p, DNS_CLASS_IN);
	packet_put_be32(p, r->ttl);
	at = p->size;
	packet_put_be16(p, r->data_size);
	packet_put(p, &a->bytes[r->data], r->data_size);
	if (r->target != NAME_NONE) {
		/* RFC 2782: "name compression is not to be used for" it, and
		 * RFC 6672 2.5 says the same of DNAME. */
		packet_put_name(p, name_of(a, r->target),
		    r->type != DNS_SRV && r->type != DNS_DNAME);
		packet_patch_be16(p, at, (uint16_t)(p->size - at - 2));
	}
	++*count;
}

static size_t
put_answers(struct job *j)
{
	size_t count = 0;

	for (size_t i = 0; i < j->count; i++)
		put_record(j, &j->a->records[j->w->records[i]], &count);
	return (count);
}

static size_t
put_extras(struct job *j)
{
	size_t count = 0;

	if (j->a->has_extras)
		visit_extras(j, put_record, &count);
	return (count);
}

/* RFC 1035 3.3.13. The serial is the time, as with Consul. */
static void
put_soa(struct job *j)
{
	static const uint8_t host[] = "\2ns", mailbox[] = "\12hostmaster";
	const struct dns_settings *s = j->s;
	struct slice domain = slice(s->domain.data, s->domain.size);
	struct packet *p = &j->w->packet;
	uint8_t name[DNS_NAME_BYTES_MAX + sizeof(mailbox)];
	struct buf out = { .data = name, .capacity = sizeof(name) };
	size_t at;

	packet_put_name(p, domain, true);
	packet_put_be16(p, DNS_SOA);
	packet_put_be16(p, DNS_CLASS_IN);
	packet_put_be32(p, s->soa_min_ttl);
	at = p->size;
	packet_put_be16(p, 0);
	buf_put(&out, host, sizeof(host) - 1);
	buf_put_slice(&out, domain);
	packet_put_name(p, buf_slice(&out), true);
	buf_reset(&out);
	buf_put(&out, mailbox, sizeof(mailbox) - 1);
	buf_put_slice(&out, domain);
	packet_put_name(p, buf_slice(&out), true);
	packet_put_be32(p, j->w->now);
	packet_put_be32(p, s->soa_refresh);
	packet_put_be32(p, s->soa_retry);
	packet_put_be32(p, s->soa_expire);
	packet_put_be32(p, s->soa_min_ttl);
	packet_patch_be16(p, at, (uint16_t)(p->size - at - 2));
}

static uint16_t
flags_of(const struct job *j)
{
	uint16_t kept = DNS_OPCODE;

	if ((j->q->flags & DNS_OPCODE) == 0)
		kept |= DNS_RD | DNS_CD;
	return (
	    (uint16_t)(DNS_QR | (j->q->flags & kept) | j->a->flags |
		       (j->is_trimmed && j->s->enable_truncate ? DNS_TC : 0) |
		       j->a->rcode));
}

static void
begin(struct job *j, uint8_t *data)
{
	packet_begin(&j->w->packet, data, DNS_MESSAGE_BYTES_MAX,
	    !j->s->disable_compression);
	packet_put_question(&j->w->packet, j->q, flags_of(j));
}

/* Without what is added after trimming. */
static void
put_service(struct job *j, uint8_t *data)
{
	begin(j, data);
	put_answers(j);
	put_extras(j);
}

static void
put_all(struct job *j, uint8_t *data)
{
	const struct dns_answer *a = j->a;
	struct packet *p = &j->w->packet;
	size_t counts[3] = { 0 };
	/* A service without a record of the type is no error. */
	bool is_empty = a->is_service && j->count == 0 &&
			!(j->is_trimmed && j->s->enable_truncate);

	begin(j, data);
	if (a->has_soa_answer) {
		put_soa(j);
		counts[0]++;
	}
	counts[a->is_authority ? 1 : 0] += put_answers(j);
	if (a->has_soa_authority || is_empty) {
		put_soa(j);
		counts[1]++;
	}
	counts[2] = put_extras(j);
	if (j->q->has_edns && !a->is_refused) {
		packet_put_edns(
		    p, j->q, a->is_for_subnet && a->rcode == DNS_NOERROR);
		counts[2]++;
	}
	packet_set_counts(p, counts[0], counts[1], counts[2]);
}

size_t
answer_write(struct writer *w, const struct dns_settings *s,
    struct dns_answer *a, const struct dns_query *q, bool is_tcp, uint8_t *data)
{
	struct job j = { .w = w, .s = s, .a = a, .q = q, .is_tcp = is_tcp };

	assert(q->has_question);
	choose(&j);
	if (a->is_service)
		trim(&j, data);
	put_all(&j, data);
	if (w->packet.is_full) { /* no way to say all of it */
		packet_begin(&w->packet, data, DNS_MESSAGE_BYTES_MAX, true);
		packet_put_question(&w->packet, q,
		    (uint16_t)(DNS_QR | DNS_AA | (q->flags & DNS_RD) |
			       DNS_SERVFAIL));
	}
	return (w->packet.size);
}
