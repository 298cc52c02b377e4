/* What can be tried on the daemon's own edge. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/limits.h"
#include "hostile.h"

static struct wire wire;

/* Afresh, as who we are; false where the edge is cut. What we had before may
 * not be forgotten at once. */
static bool
begin(struct daemon *d)
{
	for (unsigned i = 0; i < 10; i++) {
		if (wire_open(&wire, d, d->id) && wire_hello(&wire))
			return (true);
		wire_close(&wire);
		rest(50);
	}
	return (false);
}

static const char *
end(const char *verdict)
{
	rest(100); /* with the connection goes what was not read yet */
	wire_close(&wire);
	return (verdict);
}

/* --- The transport. --- */

static const char *
say_and_end(struct daemon *d, struct slice bytes, const char *otherwise)
{
	if (!wire_open(&wire, d, d->id))
		return (end("could not even connect"));
	(void)wire_put(&wire, bytes);
	return (end(wire_ends(&wire, 3000) ? NULL : otherwise));
}

static const char *
bad_type(struct daemon *d, const char *argument)
{
	(void)argument;
	return (say_and_end(d, SLICE("\2\0\0\0\0\0\0\0\1x"),
	    "goes on with us after a wrong type of message"));
}

static const char *
huge(struct daemon *d, const char *argument)
{
	(void)argument;
	return (say_and_end(d, SLICE("\1\x80\0\0\0\0\0\0\0"),
	    "goes on with us after a message of 2^63 bytes"));
}

static const char *
truncated(struct daemon *d, const char *argument)
{
	(void)argument;
	for (size_t i = 0; i < 9; i += 4) {
		if (!wire_open(&wire, d, d->id))
			return (end("could not even connect"));
		(void)wire_put(
		    &wire, slice_head(SLICE("\1\0\0\0\0\0\x10\0\0"), i));
		wire_close(&wire);
	}
	return (end(NULL));
}

/* A HELLO, a byte at a time; it is answered all the same. */
static const char *
slow(struct daemon *d, const char *argument)
{
	struct batch_head head = {
		.magic = BATCH_MAGIC,
		.table_hash = method_table_hash(),
	};
	struct frame_head frame = { .kind = FRAME_HELLO,
		.flags = FRAME_WANTS_ANSWER };
	uint8_t bytes[9 + sizeof(head) + sizeof(frame)] = { 1, 0, 0, 0, 0, 0, 0,
		0, sizeof(head) + sizeof(frame) };

	(void)argument;
	if (!wire_open(&wire, d, d->id))
		return (end("could not even connect"));
	head.from_epoch = wire.epoch;
	memcpy(bytes + 9, &head, sizeof(head));
	memcpy(bytes + 9 + sizeof(head), &frame, sizeof(frame));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (!wire_put(&wire, slice(bytes + i, 1)))
			return (end("is not heard to the end"));
		rest(2);
	}
	(void)wire_hear(&wire, UINT64_MAX, 1000);
	return (end(wire.peer_epoch != 0 ? NULL : "is not answered"));
}

static const char *
descriptors(struct daemon *d, const char *argument)
{
	union {
		char bytes[CMSG_SPACE(30 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte = 1;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	int zeros[30] = { 0 };

	(void)argument;
	if (!wire_open(&wire, d, d->id))
		return (end("could not even connect"));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(zeros));
	memcpy(CMSG_DATA(c), zeros, sizeof(zeros));
	(void)sendmsg(wire.fd, &message, MSG_NOSIGNAL);
	return (
	    end(wire_ends(&wire, 3000) ? NULL : "takes descriptors from us"));
}

/* As many connections at a time as there can be descriptors. */
static const char *
connections(struct daemon *d, const char *argument)
{
	static struct wire wires[64];
	unsigned open = 0;

	(void)argument;
	for (size_t i = 0; i < 64; i++)
		open +=
		    wire_open(&wires[i], d, d->id) && !wire_ends(&wires[i], 20);
	for (size_t i = 0; i < 64; i++)
		wire_close(&wires[i]);
	return (open <= 16 ? NULL : "lets us hold many connections");
}

/* Violate until nobody listens to us, and see that it stays so for a while. */
static const char *
cut(struct daemon *d, const char *argument)
{
	(void)argument;
	for (unsigned i = 0; i < 10 * IPC_VIOLATIONS_MAX; i++) {
		if (!wire_open(&wire, d, d->id))
			break;
		(void)wire_put(&wire, SLICE("\3\0\0\0\0\0\0\0\1x"));
		(void)wire_ends(&wire, 1000);
		wire_close(&wire);
	}
	for (unsigned i = 0; i < 5; i++) {
		if (wire_open(&wire, d, d->id) && wire_hello(&wire))
			return (end("serves us after all that"));
		wire_close(&wire);
		rest(50);
	}
	return (NULL);
}

/* As fast as we can, for a second: whoever is cut off may try. */
static const char *
knock(struct daemon *d, const char *argument)
{
	struct instant until = instant_add(instant_now(), SECONDS(1));

	(void)argument;
	while (instant_before(instant_now(), until)) {
		(void)wire_open(&wire, d, d->id);
		wire_close(&wire);
	}
	return (NULL);
}

/* --- Batches and frames. --- */

static const char *
garbage(struct daemon *d, const char *argument)
{
	struct batch_head good = { .magic = BATCH_MAGIC,
		.table_hash = method_table_hash() };
	struct batch_head heads[3];
	uint8_t noise[512];

	(void)argument;
	if (!begin(d))
		return (end("could not even say HELLO"));
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 37 + 11);
	good.from_epoch = wire.epoch;
	good.to_epoch = wire.peer_epoch;
	heads[0] = heads[1] = heads[2] = good;
	heads[0].magic++;
	heads[1].table_hash++;
	heads[2].from_epoch = 0;
	for (size_t i = 0; i < 3; i++)
		(void)wire_message(&wire, slice(&heads[i], sizeof(heads[i])));
	(void)wire_message(&wire, (struct slice){ 0 });
	(void)wire_message(&wire, slice(noise, 5));
	(void)wire_batch(&wire, slice(noise, sizeof(noise)));
	return (end(NULL));
}

/* One frame with this head and no more behind it than `size`. */
static void
frame_say(struct frame_head head, size_t size)
{
	static uint8_t zeros[64];
	struct buf frames = { 0 };

	buf_put(&frames, &head, sizeof(head));
	buf_put(&frames, zeros, size);
	(void)wire_batch(&wire, buf_slice(&frames));
	buf_deinit(&frames);
}

static const char *
frames(struct daemon *d, const char *argument)
{
	(void)argument;
	if (!begin(d))
		return (end("could not even say HELLO"));
	frame_say((struct frame_head){ .kind = 99 }, 0);
	frame_say((struct frame_head){ .method = 60000 }, 0);
	frame_say(
	    (struct frame_head){ .size = UINT32_MAX, .kind = FRAME_CALL }, 64);
	frame_say((struct frame_head){ .size = 64,
		      .kind = FRAME_CALL,
		      .id = 0,
		      .method = METHOD_KVS_Get },
	    64);
	frame_say((struct frame_head){ .size = 3,
		      .kind = FRAME_CALL,
		      .id = 9,
		      .method = METHOD_KVS_Get },
	    3);
	/* Answers to what nobody asked, cancels of what nobody wants. */
	for (uint64_t id = 0; id < 64; id++) {
		frame_say(
		    (struct frame_head){
			.size = 64, .kind = FRAME_ANSWER, .id = id << 16 | 1 },
		    64);
		frame_say((struct frame_head){ .kind = FRAME_REFUSAL,
			      .id = (wire.peer_epoch << 16) + id },
		    0);
		frame_say((struct frame_head){ .kind = FRAME_CANCEL,
			      .id = id << 48 | id },
		    0);
	}
	return (end(NULL));
}

/* Pieces without an end: more than a frame may ever be. */
static const char *
pieces(struct daemon *d, const char *argument)
{
	static uint8_t piece[IPC_FRAME_BYTES_MAX];
	struct frame_head head = { .size = sizeof(piece),
		.kind = FRAME_CALL,
		.flags = FRAME_MORE,
		.method = METHOD_KVS_Apply,
		.id = 1 };
	struct buf frame = { 0 };
	bool is_heard = true;

	(void)argument;
	if (!begin(d))
		return (end("could not even say HELLO"));
	buf_put(&frame, &head, sizeof(head));
	buf_put(&frame, piece, sizeof(piece));
	for (size_t i = 0;
	     is_heard && i < 2 * (IPC_CALL_BYTES_MAX / sizeof(piece)); i++)
		is_heard = wire_batch(&wire, buf_slice(&frame));
	buf_deinit(&frame);
	return (end(NULL));
}

/* Every method that our edge may not carry, as a question and as a notice:
 * none is answered. */
static const char *
trespass(struct daemon *d, const char *argument)
{
	const char *verdict = NULL;

	(void)argument;
	if (!begin(d))
		return (end("could not even say HELLO"));
	for (enum method m = 0; verdict == NULL && m < METHOD_COUNT; m++) {
		struct buf frame = { 0 };
		uint64_t id;
		enum heard heard = HEARD_END;

		if (method_rows[m].from & FROM_BIT(d->id))
			continue;
		id = call_put(&wire, &frame, m, SLICE("\x80"));
		if (wire_batch(&wire, buf_slice(&frame)))
			heard = wire_hear(&wire, id, 20);
		if (heard == HEARD_ANSWER || heard == HEARD_REFUSAL)
			verdict = method_rows[m].name;
		buf_deinit(&frame);
		if (heard == HEARD_END)
			break;
	}
	return (end(verdict));
}

/* Bodies that are not what the method takes, some of them bombs. */
static const char *
bodies(struct daemon *d, const char *argument)
{
	static uint8_t nested[60000];
	const struct slice bombs[] = {
		SLICE(""),
		SLICE("\xc1"),
		SLICE("\xdf\xff\xff\xff\xff\xa1k"),
		SLICE("\xdd\xff\xff\xff\xff\x80"),
		SLICE("\x81\xdb\xff\xff\xff\xffx"),
		slice(nested, sizeof(nested)),
		SLICE("\x81\xa3Key\xdd\x00\xff\xff\xff"),
	};
	const char *verdict = NULL;

	(void)argument;
	memset(nested, 0x91, sizeof(nested));
	if (!begin(d))
		return (end("could not even say HELLO"));
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		struct buf frame = { 0 };
		enum method m = d->id == DAEMON_dnsd ? METHOD_Catalog_ListNodes
						     : METHOD_KVS_Get;
		uint64_t id = call_put(&wire, &frame, m, bombs[i]);

		(void)wire_batch(&wire, buf_slice(&frame));
		if (wire_hear(&wire, id, 1000) == HEARD_ANSWER)
			verdict = "answers a question that is none";
		buf_deinit(&frame);
	}
	return (end(verdict));
}

/* What decodes, and then asks for more than a stack has. */
static const char *
bombs(struct daemon *d, const char *argument)
{
	static char text[200000];
	struct dc_specific_request q = { .datacenter = SLICE("dc1") };
	const char *verdict = NULL;

	(void)argument;
	if (!begin(d))
		return (end("could not even say HELLO"));
	for (unsigned i = 0; i < 3; i++) {
		struct buf frame = { 0 }, body = { 0 };
		uint64_t id;

		memset(text, "(n["[i], sizeof(text));
		for (size_t k = 0; i == 1 && k + 4 <= sizeof(text); k += 4)
			memcpy(text + k, "not ", 4);
		q.options.filter = slice(text, sizeof(text));
		type_encode(&dc_specific_request_type, &q, &body);
		id = call_put(
		    &wire, &frame, METHOD_Catalog_ListNodes, buf_slice(&body));
		(void)wire_batch(&wire, buf_slice(&frame));
		if (wire_hear(&wire, id, 3000) != HEARD_REFUSAL)
			verdict = "does not refuse a filter without end";
		buf_deinit(&frame);
		buf_deinit(&body);
	}
	return (end(verdict));
}

/* --- Floods. --- */

/* Questions that wait for a change, none of whose answers is read; then as
 * many again, all of them cancelled at once. */
static const char *
flood(struct daemon *d, const char *argument)
{
	struct key_request q = { .key = SLICE("flood"),
		.datacenter = SLICE("dc1") };
	struct instant until = instant_add(instant_now(), SECONDS(1));
	struct buf body = { 0 }, batch = { 0 };

	if (!begin(d))
		return (end("could not even say HELLO"));
	if (strcmp(argument, "wait") == 0)
		q.options.min_query_index = 1U << 30;
	q.options.max_query_time = SECONDS(600);
	type_encode(&key_request_type, &q, &body);
	while (instant_before(instant_now(), until)) {
		buf_reset(&batch);
		for (unsigned i = 0; i < 512; i++) {
			uint64_t id = call_put(
			    &wire, &batch, METHOD_KVS_Get, buf_slice(&body));
			size_t begun;

			if (strcmp(argument, "cancel") != 0)
				continue;
			begun = frame_begin(&batch);
			frame_end(&batch, begun, FRAME_CANCEL, 0, 0, id);
		}
		if (!wire_batch(&wire, buf_slice(&batch)))
			break; /* nothing is read of us any more */
	}
	buf_deinit(&batch);
	buf_deinit(&body);
	return (end(NULL));
}

/* Writes of large values, as many as are taken from us. */
static const char *
flood_writes(struct daemon *d, const char *argument)
{
	static uint8_t value[300000];
	struct kvs_request q = { .datacenter = SLICE("dc1"),
		.op = SLICE("set") };
	struct instant until = instant_add(instant_now(), SECONDS(1));
	struct buf body = { 0 }, batch = { 0 };

	if (!begin(d))
		return (end("could not even say HELLO"));
	q.dir_ent.key = slice_of_text(argument);
	q.dir_ent.value = slice(value, sizeof(value));
	type_encode(&kvs_request_type, &q, &body);
	do {
		buf_reset(&batch);
		(void)call_put(
		    &wire, &batch, METHOD_KVS_Apply, buf_slice(&body));
	} while (instant_before(instant_now(), until) &&
		 wire_batch(&wire, buf_slice(&batch)));
	buf_deinit(&batch);
	buf_deinit(&body);
	return (end(NULL));
}

/* What the table gives this edge it may do: with ACLs, what its token may. */
static const char *
write_key(struct daemon *d, const char *argument)
{
	struct kvs_request q = { .datacenter = SLICE("dc1"),
		.op = SLICE("set") };
	struct buf frame = { 0 }, body = { 0 };
	enum heard heard;
	uint64_t id;

	if (!begin(d))
		return (end("could not even say HELLO"));
	q.dir_ent.key = slice_of_text(argument);
	type_encode(&kvs_request_type, &q, &body);
	id = call_put(&wire, &frame, METHOD_KVS_Apply, buf_slice(&body));
	(void)wire_batch(&wire, buf_slice(&frame));
	heard = wire_hear(&wire, id, 700);
	buf_deinit(&frame);
	buf_deinit(&body);
	return (end(heard == HEARD_ANSWER ? "the key was written" : NULL));
}

const struct attack edge_attacks[] = {
	{ "bad_type", bad_type },
	{ "huge", huge },
	{ "truncated", truncated },
	{ "slow", slow },
	{ "descriptors", descriptors },
	{ "connections", connections },
	{ "cut", cut },
	{ "knock", knock },
	{ "garbage", garbage },
	{ "frames", frames },
	{ "pieces", pieces },
	{ "trespass", trespass },
	{ "bodies", bodies },
	{ "bombs", bombs },
	{ "flood", flood },
	{ "flood_writes", flood_writes },
	{ "write_key", write_key },
	{ NULL, NULL },
};
