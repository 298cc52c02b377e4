/*
 * Maps of the wire and structs of message.h, joined by a row per field.
 *
 * What it is for  common/type.h describes Consul's structs whole, where every
 *                 field is always there; memberlist leaves some out, and its
 *                 addresses, versions and coordinates have forms of their own
 * Order           rows stand in the order of the wire: sorted bytewise
 * Errors          what is out of a row's limit fails the reader
 */
#ifndef GOSSIPD_FIELDS_H
#define GOSSIPD_FIELDS_H

#include "common/arena.h"
#include "common/bytes.h"

enum field_kind {
	FIELD_BOOL,	/* bool */
	FIELD_U8,	/* uint8_t */
	FIELD_U16,	/* uint16_t */
	FIELD_U32,	/* uint32_t */
	FIELD_U64,	/* uint64_t */
	FIELD_DURATION, /* struct duration; a negative one reads as none */
	FIELD_STATE,	/* enum swim_state */
	FIELD_TEXT,	/* struct slice */
	FIELD_BYTES,	/* struct slice; nil when empty */
	FIELD_IP,	/* struct endpoint, without its port */
	FIELD_VERSIONS, /* struct versions */
	FIELD_COORD,	/* struct ack: a raw that holds a coordinate */
	FIELD_FILTERS,	/* struct query: nil, or an array of raws */
	FIELD_ADDRESS,	/* struct endpoint as Go's net.UDPAddr, a map */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	uint64_t limit;	  /* of a text, in bytes */
	bool is_optional; /* not written where it is zero or empty */
};

struct layout {
	const struct field *fields;
	size_t count;
};

void fields_put(const struct layout *, const void *object, struct buf *);
/* The object was zeroed; a field that did not come stays so. Texts are lent
 * by what is read, lists by the arena. */
void fields_get(
    const struct layout *, struct reader *, struct arena *, void *object);

#endif
