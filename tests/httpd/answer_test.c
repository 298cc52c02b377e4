/* Kept answers: they stand exactly as long as the generation page says. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "httpd/answer.h"
#include "tests/lib/tap.h"

#define ROOM (64 * 1024)

static char path[] = "/tmp/answer_test.XXXXXX";
static struct genpage *writer;
static struct genpage *page;
static struct answers *answers;

static struct blob *
blob_of(const char *text)
{
	struct response r = { .status = 200 };
	struct render_options options = { 0 };

	response_json_text(&r, text);
	return (blob_new(&r, &options));
}

static void
keep(const char *key, const char *text, uint32_t bucket)
{
	struct stamp stamp = { bucket, genpage_generation(page, bucket) };
	struct blob *blob = blob_of(text);

	answers_keep(answers, slice_of_text(key), blob, 7, genpage_epoch(page),
	    &stamp, 1);
	blob_release(blob);
}

static bool
stands(const char *key)
{
	uint64_t index;

	return (answers_find(answers, slice_of_text(key), page, instant_now(),
		    &index) != NULL);
}

static void
setup(void)
{
	answers = answers_new(ROOM);
	genpage_trust(writer, INSTANT_NEVER);
}

static bool
stands_stale(const char *key, struct instant now, struct duration max,
    struct duration *contact)
{
	uint64_t index;

	return (answers_find_stale(answers, slice_of_text(key), page, now, max,
		    contact, &index) != NULL);
}

/* On a server that follows, for those who allow it. */
static void
test_stale(void)
{
	const struct instant now = { SECONDS(100).ns };
	const struct duration any = { 0 };
	struct duration contact = { 0 };

	setup();
	genpage_trust(writer, INSTANT_NONE);
	keep("a", "true", 3);
	CHECK(!stands("a"));
	CHECK(!stands_stale("a", now, any, &contact));
	genpage_contact(writer, instant_add(now, SECONDS(-4)));
	CHECK(!stands("a"));
	CHECK(stands_stale("a", now, any, &contact));
	CHECK_EQ(contact.ns, SECONDS(4).ns);
	CHECK(stands_stale("a", now, SECONDS(5), &contact));
	CHECK(!stands_stale("a", now, SECONDS(3), &contact));
	genpage_raise(writer, 3);
	CHECK(!stands_stale("a", now, any, &contact));
	keep("a", "true", 3);
	CHECK(stands_stale("a", now, any, &contact));
	genpage_raise_all(writer); /* forgets whom it has heard, too */
	CHECK(!stands_stale("a", now, any, &contact));
	genpage_contact(writer, now);
	CHECK(!stands_stale("a", now, any, &contact));
	genpage_contact(writer, INSTANT_NONE);
	answers_free(answers);
}

static void
test_stands(void)
{
	struct blob *found;
	uint64_t index = 0;

	setup();
	keep("a", "true", 3);
	found = answers_find(answers, SLICE("a"), page, instant_now(), &index);
	CHECK(found != NULL);
	CHECK_EQ(index, 7);
	CHECK(found != NULL &&
	      memcmp(found->data + found->head_size, "true", 4) == 0);
	CHECK(!stands("b"));
	genpage_raise(writer, 4);
	CHECK(stands("a"));
	genpage_raise(writer, 3);
	CHECK(!stands("a"));
	CHECK_EQ(answers_size(answers), 0);
	answers_free(answers);
}

static void
test_trust(void)
{
	setup();
	keep("a", "true", 3);
	genpage_trust(writer, (struct instant){ 0 });
	CHECK(!stands("a"));
	genpage_trust(writer, INSTANT_NEVER);
	CHECK(stands("a")); /* it was only not believed for a while */
	genpage_raise_all(writer);
	genpage_trust(writer, INSTANT_NEVER);
	CHECK(!stands("a")); /* another epoch */
	answers_free(answers);
}

static void
test_no_page(void)
{
	uint64_t index;

	setup();
	keep("a", "true", 3);
	CHECK(answers_find(answers, SLICE("a"), NULL, instant_now(), &index) ==
	      NULL);
	answers_free(answers);
}

static void
test_not_kept(void)
{
	struct blob *blob = blob_of("true");
	struct stamp far = { GENPAGE_BUCKETS, 0 };

	setup();
	answers_keep(
	    answers, SLICE("a"), blob, 1, genpage_epoch(page), NULL, 0);
	CHECK(!stands("a")); /* no stamp says what it depends on */
	answers_keep(
	    answers, SLICE("a"), blob, 1, genpage_epoch(page), &far, 1);
	CHECK(!stands("a"));
	CHECK_EQ(blob->references, 1);
	blob_release(blob);
	answers_free(answers);
}

static void
test_replaced(void)
{
	size_t size;

	setup();
	keep("a", "true", 3);
	size = answers_size(answers);
	keep("a", "true", 3);
	CHECK_EQ(answers_size(answers), size);
	answers_free(answers);
}

/* Room is bounded; what is used stays longest. */
static void
test_bounds(void)
{
	char big[4096], key[16];

	setup();
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	keep("used", "true", 3);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		keep(key, big, 3);
		CHECK(stands("used"));
		CHECK(answers_size(answers) <= ROOM);
	}
	CHECK(!stands("k0"));
	CHECK(stands("k99"));
	answers_free(answers);
}

int
main(void)
{
	int fd = mkstemp(path);

	close(fd);
	writer = genpage_create(path);
	page = genpage_open(path);
	CHECK(page != NULL);
	RUN(test_stands);
	RUN(test_stale);
	RUN(test_trust);
	RUN(test_no_page);
	RUN(test_not_kept);
	RUN(test_replaced);
	RUN(test_bounds);
	genpage_close(page);
	unlink(path);
	return (tap_done());
}
