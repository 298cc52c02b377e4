/*
 * From facts of the catalog to an answer. Pure: what it needs to know and has
 * not been told, it asks for, and is called again with it.
 *
 * Source  api/dns.md 2 to 4; Consul dns.go
 */
#ifndef DNSD_BUILD_H
#define DNSD_BUILD_H

#include "answer.h"
#include "chance.h"
#include "question.h"
#include "rpc_types.h"
#include "settings.h"

/* The question itself, and names it leads to. What more would be needed is
 * taken for unknown. */
#define FACTS_MAX 64

enum fact_kind {
	FACT_SERVICE, /* Health.ServiceNodes */
	FACT_NODE,    /* Catalog.NodeServices */
	FACT_NODES,   /* Catalog.ListNodes */
	FACT_ADDRESS, /* Catalog.ServiceNodes of a service address */
	FACT_QUERY,   /* PreparedQuery.Execute */
	FACT_OUTSIDE, /* what recursors say of a name in wire form */
};

struct fact_key {
	enum fact_kind kind;
	struct slice datacenter;
	struct slice name; /* of service or node; an address */
	struct slice tag;  /* of a query: the address that asks */
};

enum fact_state {
	FACT_IS_KNOWN,
	FACT_HAS_FAILED,
	FACT_HAS_NO_DATACENTER,
};

struct fact {
	struct fact_key key;
	enum fact_state state;
	/* The reply of its kind. */
	struct indexed_check_service_nodes instances;
	struct indexed_node_services node;
	struct indexed_nodes nodes;
	struct indexed_service_nodes addresses;
	struct prepared_query_execute_response query;
	struct rr_list outside;
};

struct facts {
	const struct fact *items[FACTS_MAX]; /* lent */
	size_t count;
	uint32_t pick; /* random: what is chosen while more is asked for */
};

/* What is missing, each once. */
struct needs {
	struct fact_key items[FACTS_MAX];
	size_t count;
};

bool fact_key_equal(const struct fact_key *, const struct fact_key *);

/*
 * True: *answer is the answer, owned by the caller. False: *needs is what is
 * missing, as far as can be seen now; with the facts that there are it is
 * never more than FACTS_MAX. Texts are lent by the question, the facts and the
 * arena.
 * `asked` is the question's name, folded.
 */
MUST_CHECK bool answer_build(const struct dns_settings *,
    const struct question *, struct slice asked, const struct facts *,
    struct chance *, struct arena *, struct dns_answer **answer,
    struct needs *);

#endif
