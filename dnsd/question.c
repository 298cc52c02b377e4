/* Names of questions, taken apart; see question.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "question.h"

struct labels {
	const uint8_t *name;
	size_t count;
	uint8_t offset[DNS_LABELS_MAX];
};

static struct slice
label_at(const struct labels *l, size_t i)
{
	const uint8_t *label = &l->name[l->offset[i]];

	assert(i < l->count);
	return (slice(label + 1, label[0]));
}

static void
labels_split(struct slice prefix, struct labels *l)
{
	l->name = prefix.data;
	l->count = 0;
	for (size_t at = 0; at < prefix.size; at += 1U + prefix.data[at])
		l->offset[l->count++] = (uint8_t)at;
}

/* --- Presentation form (miekg/dns msg.go, UnpackDomainName). --- */

static size_t
byte_print(uint8_t byte, char *out)
{
	if (byte < ' ' || byte > '~') {
		/* The buffer has room for a NUL: see text_join(). */
		return ((size_t)snprintf(out, 5, "\\%03u", byte));
	}
	if (strchr(". '@;()\"\\", byte) == NULL) {
		out[0] = (char)byte;
		return (1);
	}
	out[0] = '\\';
	out[1] = (char)byte;
	return (2);
}

/* Labels first to last-1 with dots between, put behind *used of q->text. */
static struct slice
text_join(struct question *q, size_t *used, const struct labels *l,
    size_t first, size_t last)
{
	size_t start = *used;

	for (size_t i = first; i < last; i++) {
		struct slice label = label_at(l, i);

		if (i > first)
			q->text[(*used)++] = '.';
		for (size_t j = 0; j < label.size; j++) {
			assert(*used + 5 <= sizeof(q->text));
			*used += byte_print(label.data[j], &q->text[*used]);
		}
	}
	return (slice(&q->text[start], *used - start));
}

/* --- Addresses in names. --- */

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (-1);
}

static bool
hex_decode(struct slice digits, uint8_t *out)
{
	if (digits.size % 2 != 0)
		return (false);
	for (size_t i = 0; i < digits.size; i += 2) {
		int high = hex_digit(digits.data[i]);
		int low = hex_digit(digits.data[i + 1]);

		if (high < 0 || low < 0)
			return (false);
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (true);
}

/* 4.3.2.1.in-addr.arpa (RFC 1035 3.5); digits as they are printed. */
static bool
reverse_ipv4(const struct labels *l, uint8_t *out)
{
	if (l->count != 4)
		return (false);
	for (size_t i = 0; i < 4; i++) {
		struct slice label = label_at(l, 3 - i);
		unsigned value = 0;

		if (label.size == 0 || label.size > 3 ||
		    (label.size > 1 && label.data[0] == '0'))
			return (false);
		for (size_t j = 0; j < label.size; j++) {
			if (label.data[j] < '0' || label.data[j] > '9')
				return (false);
			value = value * 10 + (label.data[j] - '0');
		}
		if (value > 255)
			return (false);
		out[i] = (uint8_t)value;
	}
	return (true);
}

/* f.e.d....ip6.arpa (RFC 3596 2.5). */
static bool
reverse_ipv6(const struct labels *l, uint8_t *out)
{
	uint8_t digits[32];

	if (l->count != 32)
		return (false);
	for (size_t i = 0; i < 32; i++) {
		struct slice label = label_at(l, 31 - i);

		if (label.size != 1)
			return (false);
		digits[i] = label.data[0];
	}
	return (hex_decode(slice(digits, sizeof(digits)), out));
}

static void
route_reverse(struct slice name, struct question *q)
{
	static const uint8_t in_addr[] = "\7in-addr\4arpa";
	static const uint8_t ip6[] = "\3ip6\4arpa";
	struct labels labels;
	size_t prefix;

	q->kind = QUESTION_REVERSE;
	if (name_ends_with(name, slice(in_addr, sizeof(in_addr)), &prefix)) {
		labels_split(slice_head(name, prefix), &labels);
		if (reverse_ipv4(&labels, q->address))
			q->address_size = 4;
	} else if (name_ends_with(name, slice(ip6, sizeof(ip6)), &prefix)) {
		labels_split(slice_head(name, prefix), &labels);
		if (reverse_ipv6(&labels, q->address))
			q->address_size = 16;
	}
}

/* The owner of the answer is under `domain`, also if the other was asked. */
static void
route_address(const struct dns_settings *s, struct slice prefix,
    const struct labels *l, size_t count, struct question *q)
{
	struct slice digits;

	q->kind = QUESTION_INVALID;
	if (count != 1)
		return;
	digits = label_at(l, 0);
	/* Consul dns.go, doDispatch: halves are rounded down, so nine digits
	 * are a bad address, and ten are none. */
	if (digits.size / 2 != 4 && digits.size / 2 != 16) {
		q->kind = QUESTION_EMPTY;
		return;
	}
	if (!hex_decode(digits, q->address) ||
	    prefix.size + s->domain.size > DNS_NAME_BYTES_MAX)
		return;
	q->kind = QUESTION_ADDRESS;
	q->address_size = digits.size / 2;
	memcpy(q->owner.data, prefix.data, prefix.size);
	memcpy(&q->owner.data[prefix.size], s->domain.data, s->domain.size);
	q->owner.size = prefix.size + s->domain.size;
}

/* --- Under our zone. --- */

struct keyword {
	const char *text;
	enum question_kind kind;
};

static const struct keyword keywords[] = {
	{ "service", QUESTION_SERVICE },
	{ "connect", QUESTION_CONNECT },
	{ "ingress", QUESTION_CONNECT },
	{ "node", QUESTION_NODE },
	{ "query", QUESTION_QUERY },
	{ "addr", QUESTION_ADDRESS },
};

static const struct keyword *
keyword_find(struct slice label)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (slice_is(label, keywords[i].text))
			return (&keywords[i]);
	return (NULL);
}

static bool
is_underscored(struct slice label)
{
	return (label.size > 0 && label.data[0] == '_');
}

/* The keyword furthest right: how many labels are left of it, and where the
 * datacenter may begin. */
static enum question_kind
keyword_split(
    const struct labels *l, uint16_t type, size_t *count, size_t *suffix)
{
	for (size_t i = l->count; i-- > 0;) {
		const struct keyword *k = keyword_find(label_at(l, i));

		*count = i;
		*suffix = i + 1;
		if (k != NULL)
			return (k->kind);
		/* In RFC 2782's form "service" may be left out. */
		if (type == DNS_SRV && is_underscored(label_at(l, i))) {
			*count = i + 1;
			return (QUESTION_SERVICE);
		}
	}
	*count = 0;
	return (QUESTION_INVALID);
}

/* tag.service, or _service._tag */
static void
route_service(
    const struct labels *l, size_t count, size_t *used, struct question *q)
{
	struct slice name, tag;

	q->kind = QUESTION_SERVICE;
	if (count == 2 && is_underscored(label_at(l, 0)) &&
	    is_underscored(label_at(l, 1))) {
		name = text_join(q, used, l, 0, 1);
		tag = text_join(q, used, l, 1, 2);
		q->name = slice_tail(name, 1);
		q->tag = slice_tail(tag, 1);
		if (slice_is(q->tag, "tcp"))
			q->tag = SLICE("");
		return;
	}
	q->name = text_join(q, used, l, count - 1, count);
	q->tag = text_join(q, used, l, 0, count - 1);
}

static void
route_zone(
    const struct dns_settings *s, struct slice prefix, struct question *q)
{
	struct labels labels;
	size_t count, suffix, used = 0;
	enum question_kind kind;

	labels_split(prefix, &labels);
	kind = keyword_split(&labels, q->type, &count, &suffix);
	q->kind = QUESTION_INVALID;
	if (count == 0)
		return;
	if (kind == QUESTION_ADDRESS) { /* its datacenter is not looked at */
		route_address(s, prefix, &labels, count, q);
		return;
	}
	if (labels.count - suffix > 1)
		return;
	q->datacenter = s->datacenter;
	if (labels.count > suffix)
		q->datacenter =
		    text_join(q, &used, &labels, suffix, labels.count);
	q->kind = kind;
	if (kind == QUESTION_SERVICE)
		route_service(&labels, count, &used, q);
	else
		q->name = text_join(q, &used, &labels, 0, count);
}

/* The zone that the name is in: of two, the longer suffix. */
static bool
zone_find(const struct dns_settings *s, struct slice name, size_t *prefix)
{
	const struct dns_name *zones[] = { &s->domain, &s->alt_domain };
	bool is_found = false;

	for (size_t i = 0; i < 2; i++) {
		size_t at;

		if (zones[i]->size == 0 ||
		    !name_ends_with(
			name, slice(zones[i]->data, zones[i]->size), &at))
			continue;
		if (!is_found || at < *prefix)
			*prefix = at;
		is_found = true;
	}
	return (is_found);
}

void
question_route(const struct dns_settings *s, struct slice name, uint16_t type,
    struct question *q)
{
	static const uint8_t arpa[] = "\4arpa";
	size_t prefix;

	q->type = type;
	q->name = q->tag = q->datacenter = SLICE("");
	q->address_size = 0;
	q->source[0] = '\0';
	if (zone_find(s, name, &prefix)) {
		if (type == DNS_SOA)
			q->kind = QUESTION_SOA;
		else if (type == DNS_NS)
			q->kind = QUESTION_NS;
		else if (type == DNS_AXFR)
			q->kind = QUESTION_TRANSFER;
		else
			route_zone(s, slice_head(name, prefix), q);
	} else if (name_ends_with(name, slice(arpa, sizeof(arpa)), &prefix)) {
		route_reverse(name, q);
	} else {
		q->kind = QUESTION_REFUSED;
	}
}

/* A slice of the original's text, in the copy's. */
static struct slice
moved(struct slice s, const struct question *from, struct question *to)
{
	const char *data = (const char *)s.data;

	if (data < from->text || data >= from->text + sizeof(from->text))
		return (s);
	return (slice(&to->text[data - from->text], s.size));
}

void
question_copy(struct question *to, const struct question *from)
{
	*to = *from;
	to->name = moved(from->name, from, to);
	to->tag = moved(from->tag, from, to);
	to->datacenter = moved(from->datacenter, from, to);
}
