/*
 * From a kept answer to a message: shuffled, cut to size, and put in the form
 * of the wire. Called for every query, so it allocates nothing.
 *
 * Source  api/dns.md 5 and 6; Consul dns.go, trimDNSResponse
 */
#ifndef DNSD_WRITE_H
#define DNSD_WRITE_H

#include "answer.h"
#include "chance.h"
#include "settings.h"

/* Consul's limit for answers over TCP, and one to see that there are more. */
#define CHOICE_MAX 4097

struct writer {
	struct chance chance;
	uint32_t now; /* the serial of the SOA: seconds of the wall clock */
	struct packet packet;
	/* What was chosen this time, in the order it is given. */
	uint32_t groups[CHOICE_MAX];
	size_t group_count;
	uint32_t records[CHOICE_MAX]; /* answers */
	size_t record_count;
};

/* Write the reply to `q` into data[DNS_MESSAGE_BYTES_MAX]; its size is
 * returned. The answer's order is shuffled on by it. */
size_t answer_write(struct writer *, const struct dns_settings *,
    struct dns_answer *, const struct dns_query *, bool is_tcp, uint8_t *data);

#endif
