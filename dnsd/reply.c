/* Replies of recursors; see reply.h. */
#include <assert.h>
#include <string.h>

#include "reply.h"

#define COUNTS_AT	   4U /* in the header: four of them */
#define RECORD_BYTES_FIXED 10U

static uint16_t
be16_at(struct slice s, size_t at)
{
	return ((uint16_t)(s.data[at] << 8 | s.data[at + 1]));
}

static void
be16_put(uint8_t *data, uint16_t value)
{
	data[0] = (uint8_t)(value >> 8);
	data[1] = (uint8_t)value;
}

/* --- Records. --- */

struct record {
	uint8_t owner[DNS_NAME_BYTES_MAX];
	uint8_t owner_size;
	uint16_t type;
	uint32_t ttl;
	struct slice data; /* lent by the message */
	size_t data_at;
};

static bool
is_name_type(uint16_t type)
{
	return (type == DNS_CNAME || type == DNS_NS || type == DNS_PTR ||
		type == DNS_DNAME);
}

/* Whether the data is what its type asks for, as far as we look at it. */
static bool
data_is_whole(struct slice message, const struct record *r)
{
	uint8_t name[DNS_NAME_BYTES_MAX], size;
	size_t at = r->data_at;

	if (r->type == DNS_A)
		return (r->data.size == 4);
	if (r->type == DNS_AAAA)
		return (r->data.size == 16);
	if (is_name_type(r->type))
		return (name_read(message, &at, name, &size) &&
			at == r->data_at + r->data.size);
	return (true);
}

static bool
record_read(struct slice message, size_t *at, struct record *r)
{
	uint16_t size;

	if (!name_read(message, at, r->owner, &r->owner_size) ||
	    message.size - *at < RECORD_BYTES_FIXED)
		return (false);
	r->type = be16_at(message, *at);
	r->ttl = (uint32_t)be16_at(message, *at + 4) << 16 |
		 be16_at(message, *at + 6);
	size = be16_at(message, *at + 8);
	*at += RECORD_BYTES_FIXED;
	if (message.size - *at < size)
		return (false);
	r->data = slice(message.data + *at, size);
	r->data_at = *at;
	*at += size;
	return (data_is_whole(message, r));
}

/* All sections; counts may promise more than there is, as in questions. */
static bool
records_check(struct slice message, size_t *at, uint16_t *counts)
{
	struct record r;

	for (size_t section = 0; section < 3; section++) {
		uint16_t count = 0;

		while (count < counts[section] && *at < message.size) {
			if (!record_read(message, at, &r))
				return (false);
			count++;
		}
		counts[section] = count;
	}
	return (true);
}

/* --- Judgement. --- */

static bool
is_same_name(const uint8_t *a, size_t size, const struct dns_query *query)
{
	if (size != query->name_size)
		return (false);
	for (size_t i = 0; i < size; i++)
		if (byte_fold(a[i]) != query->folded[i])
			return (false);
	return (true);
}

/* Who refuses us need not repeat the question. */
static bool
is_to(struct slice message, const struct dns_query *query, size_t *at)
{
	uint8_t name[DNS_NAME_BYTES_MAX], size;

	if (be16_at(message, COUNTS_AT) == 0)
		return (reply_rcode(message.data) != DNS_NOERROR);
	if (be16_at(message, COUNTS_AT) != 1 ||
	    !name_read(message, at, name, &size) || message.size - *at < 4)
		return (false);
	if (*at != DNS_HEADER_BYTES + size) /* nothing to point at yet */
		return (false);
	*at += 4;
	return (is_same_name(name, size, query) &&
		be16_at(message, *at - 4) == query->type &&
		be16_at(message, *at - 2) == query->class);
}

enum reply_verdict
reply_judge(
    uint8_t *data, size_t *size, const struct dns_query *query, uint16_t id)
{
	struct slice message = slice(data, *size);
	size_t at = DNS_HEADER_BYTES, question_end;
	uint16_t counts[3];

	if (message.size < DNS_HEADER_BYTES || be16_at(message, 0) != id ||
	    !(be16_at(message, 2) & DNS_QR) || !is_to(message, query, &at))
		return (REPLY_FOREIGN);
	question_end = at;
	for (size_t i = 0; i < 3; i++)
		counts[i] = be16_at(message, COUNTS_AT + 2 + 2 * i);
	if (!records_check(message, &at, counts)) {
		if (!(be16_at(message, 2) & DNS_TC))
			return (REPLY_BROKEN);
		at = question_end;
		memset(counts, 0, sizeof(counts));
	}
	for (size_t i = 0; i < 3; i++)
		be16_put(&data[COUNTS_AT + 2 + 2 * i], counts[i]);
	*size = at;
	return (REPLY_WHOLE);
}

enum dns_rcode
reply_rcode(const uint8_t *data)
{
	return ((enum dns_rcode)(data[3] & 0x0f));
}

void
reply_set_id(uint8_t *data, uint16_t id)
{
	be16_put(data, id);
}

/* --- What it says. --- */

static void
record_add(struct slice message, const struct record *r, struct arena *arena,
    struct rr_list *out)
{
	struct rr rr = { .type = r->type, .ttl = r->ttl };
	uint8_t name[DNS_NAME_BYTES_MAX], size;
	size_t at = r->data_at;

	if (r->type == DNS_A || r->type == DNS_AAAA || r->type == DNS_TXT) {
		rr.data = arena_copy(arena, r->data);
	} else if (r->type == DNS_CNAME || r->type == DNS_DNAME) {
		if (!name_read(message, &at, name, &size))
			return;
		rr.target = arena_copy(arena, slice(name, size));
	} else {
		return;
	}
	rr.owner = arena_copy(arena, slice(r->owner, r->owner_size));
	rr_add(arena, out, rr);
}

void
reply_records(struct slice message, struct arena *arena, struct rr_list *out)
{
	uint16_t count = be16_at(message, COUNTS_AT + 2);
	size_t at = DNS_HEADER_BYTES;
	uint8_t name[DNS_NAME_BYTES_MAX], size;
	struct record r;

	if (be16_at(message, COUNTS_AT) == 1) {
		if (!name_read(message, &at, name, &size))
			return;
		at += 4;
	}
	for (uint16_t i = 0; i < count; i++) {
		if (!record_read(message, &at, &r))
			return;
		record_add(message, &r, arena, out);
	}
}

void
reply_question(
    struct slice name, uint16_t type, uint8_t *data, struct dns_query *query)
{
	static const uint8_t head[DNS_HEADER_BYTES] = { [2] = 1, [5] = 1 };
	size_t at = sizeof(head);

	assert(name.size >= 1 && name.size <= DNS_NAME_BYTES_MAX);
	memset(query, 0, sizeof(*query));
	query->flags = DNS_RD;
	query->has_question = true;
	query->type = type;
	query->class = DNS_CLASS_IN;
	query->name_size = (uint8_t)name.size;
	for (size_t i = 0; i < name.size; i++) {
		query->name[i] = name.data[i];
		query->folded[i] = byte_fold(name.data[i]);
	}
	memcpy(data, head, sizeof(head));
	memcpy(&data[at], name.data, name.size);
	at += name.size;
	be16_put(&data[at], type);
	be16_put(&data[at + 2], DNS_CLASS_IN);
	query->message = slice(data, at + 4);
}
