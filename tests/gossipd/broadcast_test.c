/* What is gossiped first, and how often (gossipd/broadcast.c). */
#include <string.h>

#include "gossipd/broadcast.h"
#include "tests/lib/tap.h"

#define OVERHEAD 2

/* Names of what was taken, one letter each. */
struct taken {
	char text[64];
	size_t count;
};

static void
note_name(void *arg, const struct message *message)
{
	struct taken *taken = arg;

	if (taken->count < sizeof(taken->text) - 1)
		taken->text[taken->count++] =
		    (char)message->as.user_event.name.data[0];
}

static struct taken
take(struct broadcast_queue *q, size_t room, unsigned limit)
{
	struct taken taken = { .count = 0 };
	size_t used =
	    broadcast_take(q, OVERHEAD, room, limit, note_name, &taken);

	CHECK(used <= room);
	return (taken);
}

/* An event of that name, with so many bytes of payload. */
static struct message
event(const char *name, size_t payload)
{
	static const uint8_t bytes[4096];
	struct message message = { .kind = MESSAGE_USER_EVENT };

	message.as.user_event.name = slice_of_text(name);
	message.as.user_event.payload = slice(bytes, payload);
	return (message);
}

static void
put(struct broadcast_queue *q, const char *name, size_t payload)
{
	struct message message = event(name, payload);

	broadcast_put(q, &message, NULL, NULL);
}

static void
test_limit(void)
{
	CHECK_EQ(broadcast_limit(4, 0), 0);
	CHECK_EQ(broadcast_limit(4, 1), 4);
	CHECK_EQ(broadcast_limit(4, 9), 4);
	CHECK_EQ(broadcast_limit(4, 10), 8);
	CHECK_EQ(broadcast_limit(4, 99), 8);
	CHECK_EQ(broadcast_limit(4, 100), 12);
	CHECK_EQ(broadcast_limit(3, 1000), 12);
}

static void
test_fewest_then_longest_then_newest(void)
{
	struct broadcast_queue q;

	broadcast_init(&q, 0);
	put(&q, "a", 10);
	put(&q, "b", 10);
	put(&q, "c", 30);
	CHECK(strcmp(take(&q, 1000, 9).text, "cba") == 0);
	put(&q, "d", 1);
	/* Not sent yet goes before all that was. */
	CHECK(strcmp(take(&q, 1000, 9).text, "dcba") == 0);
	broadcast_deinit(&q);
}

static void
test_what_fits(void)
{
	struct broadcast_queue q;
	struct message small = event("s", 20);
	size_t bytes = message_size(&small) + OVERHEAD;

	broadcast_init(&q, 0);
	put(&q, "s", 20);
	put(&q, "t", 20);
	put(&q, "L", 200);
	/* The long one is passed over, not waited for. */
	CHECK(strcmp(take(&q, 2 * bytes, 9).text, "ts") == 0);
	CHECK_EQ(take(&q, bytes - 1, 9).count, 0);
	CHECK_EQ(take(&q, 0, 9).count, 0);
	CHECK(strcmp(take(&q, 1000, 9).text, "Lts") == 0);
	broadcast_deinit(&q);
}

static void
test_gone_after_the_limit(void)
{
	struct broadcast_queue q;
	struct message message = event("a", 1);
	bool is_done = true;

	broadcast_init(&q, 0);
	broadcast_put(&q, &message, NULL, &is_done);
	CHECK(!is_done);
	CHECK_EQ(take(&q, 1000, 3).count, 1);
	CHECK_EQ(take(&q, 1000, 3).count, 1);
	CHECK(!is_done);
	CHECK_EQ(take(&q, 1000, 3).count, 1);
	CHECK(is_done);
	CHECK_EQ(take(&q, 1000, 3).count, 0);
	CHECK_EQ(q.count, 0);
	broadcast_deinit(&q);
}

static void
test_newer_word_replaces(void)
{
	struct broadcast_queue q;
	struct broadcast *place = NULL;
	struct message first = event("1", 5), second = event("2", 5);
	bool is_done;

	broadcast_init(&q, 0);
	broadcast_put(&q, &first, &place, &is_done);
	CHECK(place != NULL);
	(void)take(&q, 1000, 9);
	broadcast_put(&q, &second, &place, NULL);
	CHECK(is_done);
	CHECK_EQ(q.count, 1);
	CHECK(strcmp(take(&q, 1000, 2).text, "2") == 0);
	(void)take(&q, 1000, 2);
	CHECK(place == NULL); /* it was sent enough */
	broadcast_put(&q, &first, &place, NULL);
	broadcast_drop(&q, place);
	CHECK(place == NULL);
	CHECK_EQ(q.count, 0);
	broadcast_deinit(&q);
}

static void
test_bounded(void)
{
	struct broadcast_queue q;
	struct message message = event("x", 1);

	broadcast_init(&q, 100);
	put(&q, "o", 1);
	(void)take(&q, 1000, 9);
	for (int i = 0; i < 1000; i++)
		broadcast_put(&q, &message, NULL, NULL);
	CHECK_EQ(q.count, 100);
	/* What was sent already went first. */
	for (size_t i = 0; i < q.count; i++)
		CHECK_EQ(q.items[i]->transmits, 0);
	broadcast_deinit(&q);
}

/* The messages are copies: the source may go. */
static void
test_copies(void)
{
	struct broadcast_queue q;
	char name[] = "k";
	struct slice filters[2] = { SLICE("f1"), SLICE("") };
	struct message message = { .kind = MESSAGE_QUERY };

	message.as.query.name = slice_of_text(name);
	message.as.query.filters = filters;
	message.as.query.filter_count = 2;
	broadcast_init(&q, 0);
	broadcast_put(&q, &message, NULL, NULL);
	name[0] = '?';
	filters[0] = SLICE("??");
	CHECK(slice_is(q.items[0]->message.as.query.name, "k"));
	CHECK(slice_is(q.items[0]->message.as.query.filters[0], "f1"));
	CHECK_EQ(q.items[0]->bytes, message_size(&message));
	broadcast_deinit(&q);
}

int
main(void)
{
	RUN(test_limit);
	RUN(test_fewest_then_longest_then_newest);
	RUN(test_what_fits);
	RUN(test_gone_after_the_limit);
	RUN(test_newer_word_replaces);
	RUN(test_bounded);
	RUN(test_copies);
	return (tap_done());
}
