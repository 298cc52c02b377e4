/*
 * A finished answer, before it is shuffled, cut and written: its records, by
 * instance. It fits every question for the same name (in whatever case) and
 * type, over UDP and TCP, and is what the cache keeps.
 *
 * It is made in two steps: records are collected in a draft, whose texts live
 * in an arena; answer_new() then packs them into one block of memory, with
 * each name once.
 */
#ifndef DNSD_ANSWER_H
#define DNSD_ANSWER_H

#include "arena.h"
#include "packet.h"

/* --- Drafts. --- */

struct rr {
	struct slice owner; /* wire form; size 0 is the name as asked */
	uint16_t type;
	uint32_t ttl;
	struct slice data;
	struct slice target; /* a name behind the data; size 0 is none */
	bool is_surplus;     /* only for who asks with EDNS */
};

struct check_service_node;

struct rr_list {
	struct rr *items; /* in the draft's arena */
	size_t count;
	size_t capacity;
};

void rr_add(struct arena *, struct rr_list *, struct rr);

/* Records that come and go together: those of one instance. */
struct draft_group {
	struct rr_list answers;
	struct rr_list extras; /* for the additional section */
	const struct check_service_node *instance; /* lent; of addresses */
};

struct draft {
	struct arena *arena; /* lent */
	enum dns_rcode rcode;
	uint16_t flags;	   /* DNS_AA, DNS_RA */
	bool is_refused;   /* not even OPT is answered */
	bool is_service;   /* is trimmed; SOA when nothing is left */
	bool is_authority; /* groups go there, not to the answer section */
	bool has_soa_answer;
	bool has_soa_authority;
	bool is_random;	    /* something was chosen at random: good only once */
	bool is_ordered;    /* as catalogd has put them: not shuffled */
	bool is_for_subnet; /* who asks from elsewhere may get another */
	bool is_forwarded;  /* to the recursors, where there are any */
	size_t group_limit; /* groups to give; 0 is all */
	struct draft_group *groups; /* in the arena */
	size_t group_count;
	size_t group_capacity;
	/* One entry an instance; equal instances share a group. */
	uint32_t *order;
	size_t order_count;
	size_t order_capacity;
};

void draft_init(struct draft *, struct arena *);
/* A new group and an instance of it. */
struct draft_group *draft_add(struct draft *);
void draft_repeat(struct draft *, uint32_t group);

/* Byte strings with a number each, for finding equals; in an arena. */
struct table {
	struct arena *arena; /* lent */
	struct table_slot *slots;
	size_t slot_count; /* a power of two, or 0 */
	size_t count;
};

struct table_slot {
	struct slice key; /* data NULL is free */
	uint32_t value;
};

/* The number of an equal key, else `value` after adding it. The key's bytes
 * must live as long as the table. */
uint32_t table_put(struct table *, struct slice key, uint32_t value);

/* --- Answers. --- */

#define NAME_ASKED UINT32_MAX /* as owner: the name as asked */
#define NAME_NONE  UINT32_MAX /* as target */

struct answer_name {
	uint32_t offset; /* in bytes[] */
	uint32_t size;
	uint32_t mark; /* of the writing that has used it: see write.c */
};

struct answer_record {
	uint32_t owner; /* in names[] */
	uint32_t target;
	uint32_t ttl;
	uint32_t data; /* in bytes[] */
	uint16_t data_size;
	uint16_t type : 15; /* those above are for private use */
	uint16_t is_surplus : 1;
};

struct answer_group {
	uint32_t first; /* in records[]: answers, then extras */
	uint16_t answer_count;
	uint16_t extra_count;
	uint32_t mark;
};

struct dns_answer {
	size_t size; /* of all, in bytes */
	enum dns_rcode rcode;
	uint16_t flags;
	bool is_refused;
	bool is_service;
	bool is_authority;
	bool has_soa_answer;
	bool has_soa_authority;
	bool has_extras;
	bool is_random;
	bool is_ordered;
	bool is_for_subnet;
	bool is_forwarded;
	bool has_surplus;
	size_t group_limit;
	uint32_t mark; /* counts writings */
	struct answer_group *groups;
	uint32_t *order; /* shuffled on, writing by writing */
	size_t order_count;
	struct answer_record *records;
	struct answer_name *names;
	const uint8_t *bytes;
};

struct dns_answer *answer_new(const struct draft *);
void answer_free(struct dns_answer *);

#endif
