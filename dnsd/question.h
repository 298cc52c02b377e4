/*
 * What a question is about: the name after the zone is cut off, taken apart.
 *
 * Source  api/dns.md 1; RFC 2782 for _service._tag
 */
#ifndef DNSD_QUESTION_H
#define DNSD_QUESTION_H

#include <netinet/in.h>

#include "packet.h"
#include "settings.h"

/* A label's bytes may need four characters each ("\255"). */
#define QUESTION_TEXT_MAX 1024

enum question_kind {
	QUESTION_REFUSED, /* not ours */
	QUESTION_REVERSE,
	QUESTION_SOA,
	QUESTION_NS,
	QUESTION_TRANSFER,
	QUESTION_INVALID, /* under our zone, but no name we could have */
	QUESTION_SERVICE,
	QUESTION_NODE,
	QUESTION_QUERY,	  /* a prepared query */
	QUESTION_CONNECT, /* connect and ingress */
	QUESTION_ADDRESS,
	QUESTION_EMPTY, /* addr with a wrong number of digits */
};

struct question {
	enum question_kind kind;
	uint16_t type;
	/* In lower case, in presentation form, lent by `text`. */
	struct slice name;
	struct slice tag;	 /* "" for none */
	struct slice datacenter; /* ours if the name has none */
	/* addr and reverse: 4 or 16 bytes, or none. */
	uint8_t address[16];
	size_t address_size;
	/* addr: the asked name in lower case, under `domain`. */
	struct dns_name owner;
	/* query: the address that asks, or none. */
	char source[INET6_ADDRSTRLEN];
	char text[QUESTION_TEXT_MAX];
};

/* `name` is folded. */
void question_route(const struct dns_settings *, struct slice name,
    uint16_t type, struct question *);
void question_copy(struct question *to, const struct question *from);

#endif
