/*
 * Any datagram through the pure part of dnsd: parsed, routed, answered from a
 * small catalog and written. The reply must parse, too, and have the asker's
 * id and question. What names outside our zone lead to are records made of the
 * same bytes; and the datagram is judged as a recursor's reply as well.
 *
 * The first byte chooses transport and settings.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dnsd/build.h"
#include "dnsd/reply.h"
#include "dnsd/write.h"

#define CHOICE_TCP	0x01
#define CHOICE_TRUNCATE 0x02
#define CHOICE_PLAIN	0x04
#define CHOICE_LIMITED	0x08
#define CHOICE_RECURSE	0x10

static struct dns_settings settings;
static struct writer writer = { .chance = { 1 } };
static struct arena arena;
static uint8_t data[DNS_MESSAGE_BYTES_MAX];
static struct slice input_rest; /* behind its header: records of a reply */

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
settings_choose(uint8_t choice)
{
	memset(&settings, 0, sizeof(settings));
	assert(name_from_text(
	    SLICE("consul"), settings.domain.data, &settings.domain.size));
	assert(name_from_text(SLICE("alt.consul"), settings.alt_domain.data,
	    &settings.alt_domain.size));
	settings.domain_text = SLICE("consul.");
	settings.datacenter = SLICE("dc1");
	settings.has_node_meta_txt = true;
	settings.has_recursors = choice & CHOICE_RECURSE;
	settings.enable_truncate = choice & CHOICE_TRUNCATE;
	settings.disable_compression = choice & CHOICE_PLAIN;
	settings.udp_answer_limit = choice & CHOICE_LIMITED ? 0 : 3;
	settings.a_record_limit = choice & CHOICE_LIMITED ? 1 : 0;
}

/* --- A catalog in which every name exists. --- */

static struct node *
node_of(const char *name, const char *address)
{
	struct node *n = arena_alloc(&arena, sizeof(*n));

	n->node = slice_of_text(name);
	n->address = slice_of_text(address);
	n->meta.items = arena_array(&arena, 2, sizeof(struct pair));
	n->meta.items[0] = (struct pair){ SLICE(" k=`"), SLICE("v`") };
	n->meta.items[1] = (struct pair){ SLICE("rfc1035-x"), SLICE("") };
	n->meta.count = 2;
	return (n);
}

static void
instance_init(struct check_service_node *i, const char *node,
    const char *node_address, struct slice address)
{
	i->node = node_of(node, node_address);
	i->service = arena_alloc(&arena, sizeof(*i->service));
	i->service->address = address;
	i->service->port = 80;
}

/* The name itself decides where it leads to: labels to other services. */
static void
know_service(struct fact *f)
{
	struct slice name = f->key.name;
	struct slice inside =
	    arena_printf(&arena, "%.*s.service.consul", SLICE_ARGS(name));
	struct check_service_node *items =
	    arena_array(&arena, 6, sizeof(*items));

	if (name.size > 2)
		inside = arena_printf(&arena, "%.*s.node.alt.consul.",
		    (int)name.size - 1, (const char *)name.data);
	instance_init(&items[0], "n1", "10.0.0.1", SLICE(""));
	instance_init(&items[1], "n1", "10.0.0.1", SLICE("10.0.0.2"));
	instance_init(&items[2], "n 2", "fd00::1", SLICE(""));
	instance_init(&items[3], "n3", "10.0.0.3", inside);
	instance_init(&items[4], "n4", "a..b", SLICE(""));
	instance_init(&items[5], "n5", "out.example.com", SLICE(""));
	f->instances.nodes.items = items;
	f->instances.nodes.count = 6;
	if (name.size % 3 == 1) { /* names alone */
		f->instances.nodes.items = &items[3];
		f->instances.nodes.count = 3;
	}
}

static void
know_node(struct fact *f)
{
	f->node.node_services =
	    arena_alloc(&arena, sizeof(*f->node.node_services));
	f->node.node_services->node = node_of(
	    "n1", f->key.name.size % 2 ? "10.0.0.1" : "x.service.consul");
}

/* --- Recursors. --- */

/* What is taken for an answer to us is one the second time, too, and as long
 * (but for names that point at the counts, which were put right). */
static void
judge(uint8_t *reply, size_t size, const struct dns_query *q, uint16_t id,
    struct rr_list *out)
{
	enum reply_verdict verdict;
	size_t again;

	if (reply_judge(reply, &size, q, id) != REPLY_WHOLE)
		return;
	again = size;
	verdict = reply_judge(reply, &again, q, id);
	assert(verdict != REPLY_FOREIGN);
	assert(verdict == REPLY_BROKEN || again <= size);
	reply_records(slice(reply, size), &arena, out);
	for (size_t i = 0; i < out->count; i++) {
		assert(out->items[i].owner.size > 0);
		assert(out->items[i].type == DNS_TXT ||
		       out->items[i].data.size + out->items[i].target.size > 0);
	}
}

static void
know_outside(struct fact *f)
{
	uint8_t question[DNS_QUESTION_BYTES_MAX];
	struct dns_query q;
	uint8_t *reply;
	size_t size;

	reply_question(f->key.name, DNS_A, question, &q);
	size = q.message.size + input_rest.size;
	reply = malloc(size); /* so that reading past its end is seen */
	assert(reply != NULL);
	memcpy(reply, question, q.message.size);
	if (input_rest.size > 0)
		memcpy(
		    reply + q.message.size, input_rest.data, input_rest.size);
	reply[2] |= 0x80;
	reply[7] = 9;
	judge(reply, size, &q, 0, &f->outside);
	free(reply);
}

/* The datagram as the reply to the question that it has itself. */
static void
judge_input(struct slice input)
{
	uint8_t *copy = malloc(input.size + 1);
	struct rr_list records = { 0 };
	size_t at = DNS_HEADER_BYTES;
	struct dns_query q = { 0 };

	assert(copy != NULL);
	memcpy(copy, input.data, input.size);
	if (input.size > DNS_HEADER_BYTES &&
	    name_read(input, &at, q.name, &q.name_size) &&
	    input.size - at >= 4) {
		for (size_t i = 0; i < q.name_size; i++)
			q.folded[i] = byte_fold(q.name[i]);
		q.type = (uint16_t)(copy[at] << 8 | copy[at + 1]);
		q.class = (uint16_t)(copy[at + 2] << 8 | copy[at + 3]);
		judge(copy, input.size, &q, (uint16_t)(copy[0] << 8 | copy[1]),
		    &records);
	}
	free(copy);
}

static void
know(struct fact *f)
{
	f->state = (enum fact_state)(f->key.datacenter.size % 3);
	if (f->key.kind == FACT_SERVICE)
		know_service(f);
	else if (f->key.kind == FACT_NODE)
		know_node(f);
	else if (f->key.kind == FACT_OUTSIDE)
		know_outside(f);
}

/* --- The way of a query. --- */

static size_t
reply_to(const struct dns_query *q, bool is_tcp)
{
	struct slice name = slice(q->folded, q->name_size);
	struct facts facts = { 0 };
	struct dns_answer *answer;
	struct question question;
	struct needs needs;
	size_t size;

	question_route(&settings, name, q->type, &question);
	while (!answer_build(&settings, &question, name, &facts, &writer.chance,
	    &arena, &answer, &needs)) {
		assert(needs.count > 0);
		for (size_t i = 0; i < needs.count; i++) {
			struct fact *f = arena_alloc(&arena, sizeof(*f));

			assert(facts.count < FACTS_MAX);
			f->key = needs.items[i];
			know(f);
			facts.items[facts.count++] = f;
		}
	}
	size = answer_write(&writer, &settings, answer, q, is_tcp, data);
	answer_free(answer);
	return (size);
}

/* Taken for a query, the reply's question is the one that was asked. */
static void
check_reply(const struct dns_query *q, size_t size)
{
	static struct dns_query again;
	enum dns_rcode rcode;
	uint8_t copy[DNS_HEADER_BYTES + DNS_NAME_BYTES_MAX + 4];
	size_t head = DNS_HEADER_BYTES + q->name_size + 4U;

	assert(size >= head && size <= DNS_MESSAGE_BYTES_MAX);
	memcpy(copy, data, head);
	copy[2] &= 0x7f; /* QR */
	memset(&copy[6], 0, 6);
	assert(packet_parse(slice(copy, head), &again, &rcode) == PACKET_QUERY);
	assert(again.id == q->id);
	assert(again.type == q->type);
	assert(again.name_size == q->name_size);
	assert(memcmp(again.name, q->name, q->name_size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct dns_query q;
	enum dns_rcode rcode;

	if (size < 1)
		return (0);
	settings_choose(input[0]);
	input_rest = slice(NULL, 0);
	if (size > 1 + DNS_HEADER_BYTES)
		input_rest = slice(
		    input + 1 + DNS_HEADER_BYTES, size - 1 - DNS_HEADER_BYTES);
	judge_input(slice(input + 1, size - 1));
	switch (packet_parse(slice(input + 1, size - 1), &q, &rcode)) {
	case PACKET_QUERY:
		check_reply(&q, reply_to(&q, input[0] & CHOICE_TCP));
		break;
	case PACKET_REJECT:
		packet_begin(&writer.packet, data, sizeof(data), true);
		packet_reject(&writer.packet, &q, rcode);
		assert(!writer.packet.is_full);
		break;
	case PACKET_IGNORE:
		break;
	}
	arena_reset(&arena);
	return (0);
}
