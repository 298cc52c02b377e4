/*
 * What the real Consul 1.8.7 answered to the same catalog, byte for byte
 * (capture.py made the file): from datagram to datagram through the whole pure
 * part of dnsd.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../lib/tap.h"
#include "config.h"
#include "dnsd/build.h"
#include "dnsd/write.h"
#include "json.h"

#define DATA "tests/dnsd/data/"

struct book {
	struct arena arena;
	struct json *json;
	struct dns_settings settings;
	struct writer writer;
	struct arena scratch;
	uint8_t data[DNS_MESSAGE_BYTES_MAX];
};

static struct book book;

static struct slice
file_read(const char *path, struct arena *arena)
{
	struct buf bytes = { 0 };
	gzFile f = gzopen(path, "rb");
	struct slice copy;
	int got = 0;

	if (f == NULL) {
		printf("Bail out! %s is missing\n", path);
		exit(1);
	}
	do {
		bytes.size += (size_t)got;
		buf_reserve(&bytes, 65536);
		got = gzread(f, bytes.data + bytes.size, 65536);
	} while (got > 0);
	gzclose(f);
	copy = arena_copy(arena, buf_slice(&bytes));
	buf_deinit(&bytes);
	return (copy);
}

static void
book_open(void)
{
	char why[JSON_WHY_MAX];

	if (json_parse_all(file_read(DATA "consul-1.8.7.json.gz", &book.arena),
		&book.arena, &book.json, why) != ERR_OK) {
		printf("Bail out! %s\n", why);
		exit(1);
	}
	book.writer.chance.state = 1;
}

static void
configure(struct slice name)
{
	static char dev[] = "-dev", bind[] = "-bind=127.0.0.1", file[256];
	static char *argv[] = { dev, bind, file, NULL };
	struct buf why = { 0 };
	struct config *config;

	snprintf(
	    file, sizeof(file), "-config-file=" DATA "%.*s", SLICE_ARGS(name));
	config = config_load(3, argv, &why);
	if (config == NULL) {
		printf("Bail out! %s\n", buf_text(&why));
		exit(1);
	}
	settings_deinit(&book.settings);
	settings_init(&book.settings, config);
	config_free(config);
}

/* --- The catalog, as it was. --- */

static void
type_from(const struct json *from, const struct type *type, void *to)
{
	char why[JSON_WHY_MAX];

	if (json_to_type(from, JSON_API_LAX, type, &book.scratch, to, why) ==
	    ERR_OK)
		return;
	printf("Bail out! %s: %s\n", type->name, why);
	exit(1);
}

static const struct json *
child_named(const char *list, struct slice name)
{
	char *key = arena_text(&book.scratch, name);

	return (json_get(json_get(book.json, list), key));
}

static void
know_service(struct fact *f)
{
	struct slice name = arena_printf(&book.scratch, "%.*s|%.*s",
	    SLICE_ARGS(f->key.name), SLICE_ARGS(f->key.tag));
	const struct json *list = child_named("services", name);
	const struct json *row = list == NULL ? NULL : list->first;

	if (list == NULL)
		return;
	f->instances.nodes.items = arena_array(
	    &book.scratch, list->count, sizeof(*f->instances.nodes.items));
	for (; row != NULL; row = row->next)
		type_from(row, &check_service_node_type,
		    &f->instances.nodes.items[f->instances.nodes.count++]);
}

static void
know_node(struct fact *f)
{
	const struct json *node = child_named("nodes", f->key.name);

	if (node == NULL)
		return;
	f->node.node_services =
	    arena_alloc(&book.scratch, sizeof(*f->node.node_services));
	type_from(node, &node_services_type, f->node.node_services);
}

static void
know_nodes(struct fact *f)
{
	const struct json *all = json_get(book.json, "nodes");

	f->nodes.nodes.items = arena_array(
	    &book.scratch, all->count, sizeof(*f->nodes.nodes.items));
	for (const struct json *n = all->first; n != NULL; n = n->next)
		type_from(json_get(n, "Node"), &node_type,
		    &f->nodes.nodes.items[f->nodes.nodes.count++]);
}

static void
know_address(struct fact *f)
{
	const struct json *list = json_get(book.json, "addresses");
	struct service_node node = { 0 };

	f->addresses.service_nodes.items =
	    arena_array(&book.scratch, list->count, sizeof(node));
	for (const struct json *row = list->first; row != NULL;
	     row = row->next) {
		type_from(row, &service_node_type, &node);
		if (slice_equal(node.service_address, f->key.name))
			f->addresses.service_nodes
			    .items[f->addresses.service_nodes.count++] = node;
	}
}

static const struct fact *
know(const struct fact_key *key)
{
	static void (*const kinds[])(struct fact *) = {
		[FACT_SERVICE] = know_service,
		[FACT_NODE] = know_node,
		[FACT_NODES] = know_nodes,
		[FACT_ADDRESS] = know_address,
	};
	struct fact *f = arena_alloc(&book.scratch, sizeof(*f));

	f->key = *key;
	/* There are no prepared queries; an unknown one has its state. */
	if (slice_is(key->datacenter, "dc1") && key->kind != FACT_QUERY)
		kinds[key->kind](f);
	else
		f->state = FACT_HAS_NO_DATACENTER;
	return (f);
}

/* --- Answers. --- */

static struct slice
from_hex(struct slice hex)
{
	uint8_t *bytes = arena_alloc(&book.scratch, hex.size / 2 + 1);

	for (size_t i = 0; i < hex.size / 2; i++) {
		char digits[3] = { (char)hex.data[2 * i],
			(char)hex.data[2 * i + 1] };

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return (slice(bytes, hex.size / 2));
}

static struct slice
reply_to(struct slice message, bool is_tcp)
{
	struct facts facts = { 0 };
	struct dns_answer *answer;
	struct question question;
	struct needs needs;
	struct dns_query q;
	enum dns_rcode rcode;
	struct slice name;
	size_t size;

	switch (packet_parse(message, &q, &rcode)) {
	case PACKET_IGNORE:
		return (slice("", 0));
	case PACKET_REJECT:
		packet_begin(
		    &book.writer.packet, book.data, sizeof(book.data), true);
		packet_reject(&book.writer.packet, &q, rcode);
		return (slice(book.data, book.writer.packet.size));
	case PACKET_QUERY:
		break;
	}
	name = slice(q.folded, q.name_size);
	question_route(&book.settings, name, q.type, &question);
	while (!answer_build(&book.settings, &question, name, &facts,
	    &book.writer.chance, &book.scratch, &answer, &needs))
		for (size_t i = 0; i < needs.count; i++)
			facts.items[facts.count++] = know(&needs.items[i]);
	size = answer_write(
	    &book.writer, &book.settings, answer, &q, is_tcp, book.data);
	answer_free(answer);
	return (slice(book.data, size));
}

static void
print_hex(const char *what, struct slice bytes)
{
	printf("#   %s ", what);
	for (size_t i = 0; i < bytes.size; i++)
		printf("%02x", bytes.data[i]);
	printf("\n");
}

static bool
is_same(const struct json *row)
{
	const struct json *is_tcp = row->first->next;
	const struct json *question = is_tcp->next, *reply = question->next;
	struct slice expected = from_hex(reply->text);
	struct slice got = reply_to(from_hex(question->text), is_tcp->boolean);
	bool is_whole = reply->next->boolean;

	if (!is_whole && got.size > expected.size)
		got.size = expected.size;
	if (slice_equal(got, expected))
		return (true);
	printf("# %.*s\n", SLICE_ARGS(row->first->text));
	print_hex("expected", expected);
	print_hex("got     ", got);
	return (false);
}

static void
run(const struct json *r, size_t *count)
{
	configure(json_get(r, "config")->text);
	for (const struct json *row = json_get(r, "answers")->first;
	     row != NULL; row = row->next) {
		arena_reset(&book.scratch);
		CHECK(is_same(row));
		++*count;
	}
}

static void
test_every_captured_answer(void)
{
	const struct json *r = json_get(book.json, "runs")->first;
	size_t count = 0;

	run(r, &count);
	CHECK(count > 1500);
}

static void
test_with_other_settings(void)
{
	const struct json *r = json_get(book.json, "runs")->first->next;
	size_t count = 0;

	for (; r != NULL; r = r->next)
		run(r, &count);
	CHECK(count > 1500);
}

int
main(void)
{
	book_open();
	RUN(test_every_captured_answer);
	RUN(test_with_other_settings);
	arena_deinit(&book.scratch);
	arena_deinit(&book.arena);
	settings_deinit(&book.settings);
	return (tap_done());
}
