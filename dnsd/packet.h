/*
 * DNS messages: a bounded parser of questions, and a writer of answers.
 *
 * Names are kept in the form of the wire: labels with a length byte each, and
 * a zero at the end. The parser takes what the library behind Consul takes
 * (miekg/dns 1.1.26), and its rejections are answered alike, byte for byte.
 *
 * Source  RFC 1035 4.1, RFC 6891 (EDNS0), RFC 7871 (client subnet)
 */
#ifndef DNSD_PACKET_H
#define DNSD_PACKET_H

#include "bytes.h"

#define DNS_HEADER_BYTES      12U
#define DNS_NAME_BYTES_MAX    255U
#define DNS_LABEL_BYTES_MAX   63U
#define DNS_LABELS_MAX	      128U
#define DNS_MESSAGE_BYTES_MAX 65535U
#define DNS_UDP_BYTES	      512U /* without EDNS0 */

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_AXFR = 252,
	DNS_ANY = 255,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
};

/* Bits of the header's second word. */
#define DNS_QR		 0x8000U
#define DNS_OPCODE	 0x7800U
#define DNS_AA		 0x0400U
#define DNS_TC		 0x0200U
#define DNS_RD		 0x0100U
#define DNS_RA		 0x0080U
#define DNS_AD		 0x0020U
#define DNS_CD		 0x0010U
#define DNS_OPCODE_SHIFT 11

#define DNS_CLASS_IN 1U

struct dns_subnet {
	bool is_set;
	uint16_t family; /* 0 none, 1 IPv4, 2 IPv6 */
	uint8_t source_bits;
	uint8_t address[16]; /* as it came, not masked */
};

/* A question. It owns its bytes, so that it can wait; but not the message. */
struct dns_query {
	struct slice message; /* as it came, to the end of its last record */
	uint16_t id;
	uint16_t flags; /* as they came */
	bool has_question;
	uint16_t type;
	uint16_t class;
	uint8_t name_size;
	uint8_t name[DNS_NAME_BYTES_MAX];   /* as asked */
	uint8_t folded[DNS_NAME_BYTES_MAX]; /* in lower case */
	bool has_edns;
	uint16_t udp_size; /* of the OPT record */
	struct dns_subnet subnet;
};

enum packet_verdict {
	PACKET_IGNORE, /* no reply at all */
	PACKET_REJECT, /* packet_reject() with *rcode */
	PACKET_QUERY,
};

MUST_CHECK enum packet_verdict packet_parse(
    struct slice message, struct dns_query *, enum dns_rcode *rcode);

/* --- Writing. --- */

#define DNS_SUFFIXES_MAX 2048U /* a power of two */

/*
 * A message in the making. A name is replaced by a pointer to where it, or its
 * end, stands already (RFC 1035 4.1.4); what does not fit sets is_full.
 */
struct packet {
	uint8_t *data; /* lent by the caller */
	size_t size;
	size_t capacity;
	bool is_compressed;
	bool is_full;
	/* Where names stand, by hash of their end. A slot belongs to this
	 * message if its serial is ours, so nothing is cleared between. */
	uint32_t serial;
	size_t suffix_count;
	size_t question_size;	/* of its name */
	bool is_question_known; /* its name's ends are among the suffixes */
	struct {
		uint32_t serial;
		uint32_t hash;
		uint16_t offset;
	} suffixes[DNS_SUFFIXES_MAX];
};

/* Start a message in data[capacity]. The struct is zeroed once by its owner,
 * and then used for one message after the other. */
void packet_begin(
    struct packet *, uint8_t *data, size_t capacity, bool is_compressed);
/* Header (counts zero) and question. */
void packet_put_question(
    struct packet *, const struct dns_query *, uint16_t flags);
void packet_put_name(struct packet *, struct slice name, bool may_compress);
/* The question's name, as an owner. */
void packet_put_asked(struct packet *);
void packet_put(struct packet *, const void *, size_t);
void packet_put_be16(struct packet *, uint16_t);
void packet_put_be32(struct packet *, uint32_t);
/* Overwrite two bytes: a data length, or a count of the header. */
void packet_patch_be16(struct packet *, size_t at, uint16_t);
void packet_set_counts(
    struct packet *, size_t answers, size_t authorities, size_t additionals);
/* The OPT record that answers the one of the question; the address of a
 * client subnet is echoed, with scope 0, or its own where the answer was made
 * for it. */
void packet_put_edns(
    struct packet *, const struct dns_query *, bool is_for_subnet);
/* The whole reply to a message that packet_parse() rejected. */
void packet_reject(struct packet *, const struct dns_query *, enum dns_rcode);

/* --- Names. --- */

/* A name at *at of a message, its pointers followed; *at moves behind it, and
 * never past the end. `out` has DNS_NAME_BYTES_MAX bytes. */
MUST_CHECK bool name_read(
    struct slice message, size_t *at, uint8_t *out, uint8_t *size);
/* "web.service.consul." to the form of the wire; `\` is no escape, an empty
 * name is the root. False if a label or the whole is too long, or a label is
 * empty. `out` has DNS_NAME_BYTES_MAX bytes. */
MUST_CHECK bool name_from_text(struct slice text, uint8_t *out, size_t *size);
/* Whether `name` is `suffix` or ends in its labels; both folded. *prefix is
 * the size of what stands before. */
bool name_ends_with(struct slice name, struct slice suffix, size_t *prefix);
uint8_t byte_fold(uint8_t); /* ASCII to lower case */

#endif
