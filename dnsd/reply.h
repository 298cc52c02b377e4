/*
 * What recursors answer: whether it is an answer to our question, and what it
 * says. Pure, and trusts nothing.
 *
 * Source  RFC 1035 4.1, RFC 5452 9.1; api/dns.md 7
 */
#ifndef DNSD_REPLY_H
#define DNSD_REPLY_H

#include "answer.h"

enum reply_verdict {
	REPLY_FOREIGN, /* of another id, or to another question */
	REPLY_BROKEN,
	REPLY_WHOLE,
};

/*
 * Judge the message in data[*size] as the reply to `query`, which was sent
 * with `id`. Where it is whole, what stands behind its last record is cut off
 * and its counts are those of its records; a cut one that says so (TC) is left
 * with its question alone if its records can't be read.
 */
MUST_CHECK enum reply_verdict reply_judge(
    uint8_t *data, size_t *size, const struct dns_query *query, uint16_t id);
enum dns_rcode reply_rcode(const uint8_t *data);
void reply_set_id(uint8_t *data, uint16_t id);

/* The answer section of a whole reply, in order: addresses, texts, and the
 * names that lead on. It is copied to the arena. */
void reply_records(struct slice message, struct arena *, struct rr_list *);

/* A question that is ours, into data[DNS_QUESTION_BYTES_MAX]; its size. The
 * query lends its message from there. */
#define DNS_QUESTION_BYTES_MAX (DNS_HEADER_BYTES + DNS_NAME_BYTES_MAX + 4U)
void reply_question(
    struct slice name, uint16_t type, uint8_t *data, struct dns_query *);

#endif
