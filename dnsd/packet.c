/* DNS messages; see packet.h. */
#include <assert.h>
#include <string.h>

#include "packet.h"

#define POINTER_MARK 0xc0U
#define POINTERS_MAX 126U /* as miekg/dns: no name needs more */
#define OFFSET_MAX   0x3fffU

#define OPCODE_QUERY  0U
#define OPCODE_NOTIFY 4U

#define OPTION_SUBNET 8U

uint8_t
byte_fold(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

/* --- Parsing. --- */

bool
name_read(struct slice message, size_t *at, uint8_t *out, uint8_t *size_out)
{
	size_t from = *at, size = 0, pointers = 0, end = 0;

	for (;;) {
		uint8_t length;

		if (from >= message.size)
			return (false);
		length = message.data[from++];
		if ((length & POINTER_MARK) == POINTER_MARK) {
			if (from >= message.size || ++pointers > POINTERS_MAX)
				return (false);
			if (end == 0)
				end = from + 1;
			from = (size_t)(length & ~POINTER_MARK) << 8 |
			       message.data[from];
			continue;
		}
		if (length > DNS_LABEL_BYTES_MAX ||
		    from + length > message.size ||
		    size + length + 1 > DNS_NAME_BYTES_MAX)
			return (false);
		out[size++] = length;
		memcpy(&out[size], &message.data[from], length);
		size += length;
		from += length;
		if (length == 0)
			break;
		if (size == DNS_NAME_BYTES_MAX)
			return (false);
	}
	*at = end != 0 ? end : from;
	*size_out = (uint8_t)size;
	return (true);
}

static uint16_t
be16_at(struct slice s, size_t at)
{
	return ((uint16_t)(s.data[at] << 8 | s.data[at + 1]));
}

/* A message may end behind the name, behind the type, or in the class: what is
 * missing is zero then, as with miekg/dns. */
static bool
read_question(struct slice message, size_t *at, struct dns_query *q)
{
	size_t left;

	if (!name_read(message, at, q->name, &q->name_size))
		return (false);
	left = message.size - *at;
	if (left == 1)
		return (false);
	if (left >= 2)
		q->type = be16_at(message, *at);
	if (left >= 4)
		q->class = be16_at(message, *at + 2);
	*at += left < 4 ? left : 4;
	for (size_t i = 0; i < q->name_size; i++)
		q->folded[i] = byte_fold(q->name[i]);
	q->has_question = true;
	return (true);
}

/* RFC 7871 6. */
static bool
read_subnet(struct slice option, struct dns_subnet *out)
{
	static const uint8_t bits_max[] = { 0, 32, 128 };
	struct dns_subnet subnet = { .is_set = true };
	size_t size;

	if (option.size < 4)
		return (false);
	subnet.family = be16_at(option, 0);
	subnet.source_bits = option.data[2];
	if (subnet.family >= sizeof(bits_max) ||
	    subnet.source_bits > bits_max[subnet.family])
		return (false);
	if (subnet.family != 0 && option.data[3] > bits_max[subnet.family])
		return (false);
	size = option.size - 4;
	if (size > bits_max[subnet.family] / 8U)
		size = bits_max[subnet.family] / 8U;
	memcpy(subnet.address, &option.data[4], size);
	if (!out->is_set)
		*out = subnet;
	return (true);
}

static bool
read_options(struct slice data, struct dns_subnet *subnet)
{
	size_t at = 0;

	while (at < data.size) {
		size_t size;

		if (data.size - at < 4)
			return (false);
		size = be16_at(data, at + 2);
		if (data.size - at - 4 < size)
			return (false);
		if (be16_at(data, at) == OPTION_SUBNET &&
		    !read_subnet(slice(&data.data[at + 4], size), subnet))
			return (false);
		at += 4 + size;
	}
	return (true);
}

/* A record behind the question. Only OPT says anything to us; of two, the
 * last one counts. */
static bool
read_record(
    struct slice message, size_t *at, bool may_be_opt, struct dns_query *q)
{
	uint8_t name[DNS_NAME_BYTES_MAX], name_size;
	uint16_t type, size;

	if (!name_read(message, at, name, &name_size) ||
	    message.size - *at < 10)
		return (false);
	type = be16_at(message, *at);
	size = be16_at(message, *at + 8);
	if (message.size - *at - 10 < size)
		return (false);
	if (type == DNS_OPT) {
		struct dns_subnet subnet = { 0 };

		if (!read_options(
			slice(&message.data[*at + 10], size), &subnet))
			return (false);
		if (may_be_opt) {
			q->has_edns = true;
			q->udp_size = be16_at(message, *at + 2);
			q->subnet = subnet;
		}
	}
	*at += 10U + size;
	return (true);
}

/* Counts may promise more than there is: the end of the message ends them. */
static bool
read_records(struct slice message, size_t at, struct dns_query *q)
{
	for (size_t section = 0; section < 3; section++) {
		uint16_t count = be16_at(message, 6 + 2 * section);

		for (size_t i = 0; i < count && at < message.size; i++)
			if (!read_record(message, &at, section == 2, q))
				return (false);
	}
	q->message = slice_head(message, at);
	return (true);
}

enum packet_verdict
packet_parse(struct slice message, struct dns_query *q, enum dns_rcode *rcode)
{
	size_t at = DNS_HEADER_BYTES;
	unsigned opcode;

	q->has_question = q->has_edns = q->subnet.is_set = false;
	q->type = q->class = 0;
	q->name_size = 0;
	if (message.size < DNS_HEADER_BYTES)
		return (PACKET_IGNORE);
	q->id = be16_at(message, 0);
	q->flags = be16_at(message, 2);
	if (q->flags & DNS_QR)
		return (PACKET_IGNORE);
	opcode = (q->flags & DNS_OPCODE) >> DNS_OPCODE_SHIFT;
	*rcode = DNS_NOTIMP;
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY)
		return (PACKET_REJECT);
	*rcode = DNS_FORMERR;
	/* miekg/dns acceptfunc.go, defaultMsgAcceptFunc: NOTIFY and IXFR may
	 * carry a SOA record, and there may be OPT and TSIG. */
	if (be16_at(message, 4) != 1 || be16_at(message, 6) > 1 ||
	    be16_at(message, 8) > 1 || be16_at(message, 10) > 2)
		return (PACKET_REJECT);
	if (message.size == DNS_HEADER_BYTES) {
		*rcode = DNS_REFUSED;
		return (PACKET_REJECT);
	}
	if (!read_question(message, &at, q) || !read_records(message, at, q))
		return (PACKET_REJECT);
	return (PACKET_QUERY);
}

/* --- Writing. --- */

void
packet_begin(
    struct packet *p, uint8_t *data, size_t capacity, bool is_compressed)
{
	p->data = data;
	p->capacity = capacity;
	p->size = 0;
	p->is_compressed = is_compressed;
	p->is_full = false;
	if (++p->serial == 0) { /* wrapped: old slots must not look like ours */
		memset(p->suffixes, 0, sizeof(p->suffixes));
		p->serial = 1;
	}
	p->suffix_count = 0;
	p->is_question_known = false;
}

void
packet_put(struct packet *p, const void *data, size_t size)
{
	if (p->capacity - p->size < size) {
		p->is_full = true;
		return;
	}
	memcpy(&p->data[p->size], data, size);
	p->size += size;
}

void
packet_put_be16(struct packet *p, uint16_t value)
{
	uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

	packet_put(p, bytes, sizeof(bytes));
}

void
packet_put_be32(struct packet *p, uint32_t value)
{
	packet_put_be16(p, (uint16_t)(value >> 16));
	packet_put_be16(p, (uint16_t)value);
}

void
packet_patch_be16(struct packet *p, size_t at, uint16_t value)
{
	if (p->is_full)
		return;
	assert(at + 2 <= p->size);
	p->data[at] = (uint8_t)(value >> 8);
	p->data[at + 1] = (uint8_t)value;
}

void
packet_set_counts(
    struct packet *p, size_t answers, size_t authorities, size_t additionals)
{
	packet_patch_be16(p, 6, (uint16_t)answers);
	packet_patch_be16(p, 8, (uint16_t)authorities);
	packet_patch_be16(p, 10, (uint16_t)additionals);
}

void
packet_put_question(struct packet *p, const struct dns_query *q, uint16_t flags)
{
	static const uint8_t counts[6] = { 0 };

	packet_put_be16(p, q->id);
	packet_put_be16(p, flags);
	packet_put_be16(p, q->has_question);
	packet_put(p, counts, sizeof(counts));
	p->question_size = 0;
	if (!q->has_question)
		return;
	packet_put(p, q->name, q->name_size);
	packet_put_be16(p, q->type);
	packet_put_be16(p, q->class);
	p->question_size = q->name_size;
}

/* The labels of a name, and the hash of what begins with each. */
struct ends {
	size_t count;
	uint8_t offset[DNS_LABELS_MAX];
	uint32_t hash[DNS_LABELS_MAX];
};

static void
ends_of(struct slice name, struct ends *ends)
{
	uint32_t hash = 0;

	ends->count = 0;
	for (size_t at = 0; name.data[at] != 0; at += 1U + name.data[at])
		ends->offset[ends->count++] = (uint8_t)at;
	for (size_t i = ends->count; i-- > 0;) {
		const uint8_t *label = name.data + ends->offset[i];

		for (size_t j = 0; j <= label[0]; j++)
			hash = (hash ^ label[j]) * 0x01000193U;
		ends->hash[i] = hash;
	}
}

/* Whether the rest of a name is what stands in the message at `at`. */
static bool
stands_at(const struct packet *p, size_t at, const uint8_t *rest)
{
	for (;;) {
		uint8_t length = p->data[at];

		if ((length & POINTER_MARK) == POINTER_MARK) {
			at = (size_t)(length & ~POINTER_MARK) << 8 |
			     p->data[at + 1];
			continue;
		}
		if (memcmp(&p->data[at], rest, 1U + length) != 0)
			return (false);
		if (length == 0)
			return (true);
		at += 1U + length;
		rest += 1U + length;
	}
}

/* The slot that has this end of a name, or the free one where it belongs. */
static size_t
suffix_slot(const struct packet *p, uint32_t hash, const uint8_t *rest)
{
	size_t slot = (hash ^ hash >> 15) % DNS_SUFFIXES_MAX;

	while (p->suffixes[slot].serial == p->serial &&
	       (p->suffixes[slot].hash != hash ||
		   !stands_at(p, p->suffixes[slot].offset, rest)))
		slot = (slot + 1) % DNS_SUFFIXES_MAX;
	return (slot);
}

static void
suffix_add(struct packet *p, size_t slot, uint32_t hash, size_t offset)
{
	/* A table that is three quarters full only costs some compression. */
	if (offset > OFFSET_MAX || p->suffix_count >= DNS_SUFFIXES_MAX / 4 * 3)
		return;
	p->suffixes[slot].serial = p->serial;
	p->suffixes[slot].hash = hash;
	p->suffixes[slot].offset = (uint16_t)offset;
	p->suffix_count++;
}

/* Most answers never look at the ends of the question's name. */
static void
question_learn(struct packet *p)
{
	struct slice name = slice(&p->data[DNS_HEADER_BYTES], p->question_size);
	struct ends ends;

	p->is_question_known = true;
	if (name.size == 0)
		return;
	ends_of(name, &ends);
	for (size_t i = 0; i < ends.count; i++)
		suffix_add(p,
		    suffix_slot(p, ends.hash[i], &name.data[ends.offset[i]]),
		    ends.hash[i], DNS_HEADER_BYTES + ends.offset[i]);
}

void
packet_put_name(struct packet *p, struct slice name, bool may_compress)
{
	struct ends ends;
	size_t start = p->size, known;

	assert(name.size >= 1);
	if (!p->is_compressed || name.size == 1) {
		packet_put(p, name.data, name.size);
		return;
	}
	if (p->capacity - p->size < name.size) {
		p->is_full = true;
		return;
	}
	if (!p->is_question_known)
		question_learn(p);
	ends_of(name, &ends);
	/* Written as a whole first, so that its own ends can be compared. */
	packet_put(p, name.data, name.size);
	for (known = 0; known < ends.count; known++) {
		size_t at = ends.offset[known];
		size_t slot = suffix_slot(p, ends.hash[known], &name.data[at]);

		if (p->suffixes[slot].serial != p->serial) {
			suffix_add(p, slot, ends.hash[known], start + at);
			continue;
		}
		if (!may_compress)
			continue;
		p->size = start + at;
		packet_put_be16(p,
		    (uint16_t)(POINTER_MARK << 8 | p->suffixes[slot].offset));
		return;
	}
}

void
packet_put_asked(struct packet *p)
{
	assert(p->question_size != 0);
	if (p->is_compressed && p->question_size > 1)
		packet_put_be16(p, POINTER_MARK << 8 | DNS_HEADER_BYTES);
	else
		packet_put(p, &p->data[DNS_HEADER_BYTES], p->question_size);
}

static size_t
subnet_bytes(const struct dns_subnet *s, uint8_t *out)
{
	size_t size = (s->source_bits + 7U) / 8;

	memcpy(out, s->address, size);
	if (s->source_bits % 8 != 0)
		out[size - 1] &= (uint8_t)(0xff00U >> s->source_bits % 8);
	return (size);
}

void
packet_put_edns(struct packet *p, const struct dns_query *q, bool is_for_subnet)
{
	uint8_t source = q->subnet.source_bits;
	uint8_t address[16];
	size_t size = 0;

	packet_put(p, "", 1);
	packet_put_be16(p, DNS_OPT);
	packet_put_be16(p, q->udp_size);
	packet_put_be32(p, 0);
	if (!q->subnet.is_set) {
		packet_put_be16(p, 0);
		return;
	}
	size = subnet_bytes(&q->subnet, address);
	packet_put_be16(p, (uint16_t)(8 + size));
	packet_put_be16(p, OPTION_SUBNET);
	packet_put_be16(p, (uint16_t)(4 + size));
	packet_put_be16(p, q->subnet.family);
	packet_put(p, (uint8_t[]){ source, is_for_subnet ? source : 0 }, 2);
	packet_put(p, address, size);
}

void
packet_reject(struct packet *p, const struct dns_query *q, enum dns_rcode rcode)
{
	uint16_t kept = DNS_TC | DNS_RD | DNS_RA | DNS_AD | DNS_CD;

	/* miekg/dns server.go: a malformed message is answered with its own
	 * header, and a message without its question by the mux. */
	if (rcode == DNS_NOTIMP)
		kept |= DNS_OPCODE;
	if (rcode == DNS_REFUSED)
		kept = DNS_OPCODE | DNS_RD | DNS_CD;
	packet_put_question(
	    p, q, (uint16_t)(DNS_QR | (q->flags & kept) | rcode));
}

/* --- Names. --- */

bool
name_from_text(struct slice text, uint8_t *out, size_t *size_out)
{
	size_t size = 0, from = 0;

	if (text.size > 0 && text.data[text.size - 1] == '.')
		text.size--;
	while (from < text.size) {
		size_t dot = slice_find(text, '.', from);
		size_t length = (dot == SIZE_MAX ? text.size : dot) - from;

		if (length == 0 || length > DNS_LABEL_BYTES_MAX ||
		    size + 1 + length + 1 > DNS_NAME_BYTES_MAX)
			return (false);
		out[size++] = (uint8_t)length;
		memcpy(&out[size], &text.data[from], length);
		size += length;
		from += length + 1;
		if (dot == text.size - 1) /* ended in two dots */
			return (false);
	}
	out[size++] = 0;
	*size_out = size;
	return (true);
}

bool
name_ends_with(struct slice name, struct slice suffix, size_t *prefix)
{
	size_t at = 0;

	if (suffix.size > name.size)
		return (false);
	while (at < name.size - suffix.size)
		at += 1U + name.data[at];
	if (at != name.size - suffix.size ||
	    memcmp(&name.data[at], suffix.data, suffix.size) != 0)
		return (false);
	*prefix = at;
	return (true);
}
