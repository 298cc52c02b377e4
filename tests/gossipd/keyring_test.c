/* Keys, what they seal, and their file. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gossipd/keyring.h"
#include "tests/lib/tap.h"

#define KEY_A SLICE("aaaaaaaaaaaaaaaa")
#define KEY_B SLICE("bbbbbbbbbbbbbbbbbbbbbbbb")
#define KEY_C SLICE("cccccccccccccccccccccccccccccccc")
#define NONE  ((struct slice){ 0 })

static struct keyring *
keyring_abc(void)
{
	struct keyring *k = keyring_new();

	CHECK(keyring_install(k, KEY_A) == NULL);
	CHECK(keyring_install(k, KEY_B) == NULL);
	CHECK(keyring_install(k, KEY_C) == NULL);
	return (k);
}

static void
test_order(void)
{
	struct keyring *k = keyring_abc();

	CHECK_EQ(keyring_count(k), 3);
	CHECK(slice_equal(keyring_key(k, 0), KEY_A));
	CHECK(keyring_install(k, KEY_C) == NULL);
	CHECK_EQ(keyring_count(k), 3);
	CHECK(keyring_use(k, KEY_C) == NULL);
	CHECK(slice_equal(keyring_key(k, 0), KEY_C));
	CHECK(slice_equal(keyring_key(k, 1), KEY_A));
	CHECK(keyring_remove(k, KEY_B) == NULL);
	CHECK(keyring_remove(k, KEY_B) == NULL);
	CHECK_EQ(keyring_count(k), 2);
	keyring_free(k);
}

static void
test_refused(void)
{
	struct keyring *k = keyring_abc();

	CHECK(strcmp(keyring_install(k, SLICE("short")),
		  "key size must be 16, 24 or 32 bytes") == 0);
	CHECK(strcmp(keyring_use(k, SLICE("dddddddddddddddd")),
		  "Requested key is not in the keyring") == 0);
	CHECK(strcmp(keyring_remove(k, KEY_A),
		  "Removing the primary key is not allowed") == 0);
	CHECK_EQ(keyring_count(k), 3);
	keyring_free(k);
}

static void
test_full(void)
{
	struct keyring *k = keyring_new();
	char key[17];

	for (int i = 0; i <= KEYRING_KEYS_MAX; i++) {
		const char *why;

		snprintf(key, sizeof(key), "%016d", i);
		why = keyring_install(k, slice(key, 16));
		CHECK((why == NULL) == (i < KEYRING_KEYS_MAX));
	}
	CHECK_EQ(keyring_count(k), KEYRING_KEYS_MAX);
	keyring_free(k);
}

/* Whoever has the key opens it, whichever of theirs it is. */
static void
test_any_key_opens(void)
{
	struct keyring *a = keyring_abc(), *b = keyring_abc();
	struct buf sealed = { 0 }, plain = { 0 };

	CHECK(keyring_use(a, KEY_C) == NULL);
	keyring_seal(a, SLICE("hello"), SLICE("head"), &sealed);
	CHECK_EQ(sealed.size, 5 + SEAL_BYTES);
	CHECK(keyring_open(b, buf_slice(&sealed), SLICE("head"), &plain) ==
	      ERR_OK);
	CHECK(slice_is(buf_slice(&plain), "hello"));
	/* Opening with several keys leaves the primary sealing as before. */
	buf_reset(&sealed);
	keyring_seal(b, SLICE("again"), NONE, &sealed);
	buf_reset(&plain);
	CHECK(keyring_open(a, buf_slice(&sealed), NONE, &plain) == ERR_OK);
	CHECK(slice_is(buf_slice(&plain), "again"));
	keyring_free(a);
	keyring_free(b);
	buf_deinit(&sealed);
	buf_deinit(&plain);
}

/* Every byte counts: what is changed, cut or under another head stays shut. */
static void
test_forged(void)
{
	struct keyring *k = keyring_abc();
	struct buf sealed = { 0 }, plain = { 0 };

	keyring_seal(k, SLICE("hello"), SLICE("head"), &sealed);
	for (size_t i = 0; i < sealed.size; i++) {
		sealed.data[i] ^= 0x10;
		CHECK(keyring_open(k, buf_slice(&sealed), SLICE("head"),
			  &plain) == ERR_REFUSED);
		sealed.data[i] ^= 0x10;
		CHECK(keyring_open(k, slice_head(buf_slice(&sealed), i),
			  SLICE("head"), &plain) == ERR_REFUSED);
	}
	CHECK(keyring_open(k, buf_slice(&sealed), SLICE("Head"), &plain) ==
	      ERR_REFUSED);
	CHECK_EQ(plain.size, 0);
	CHECK(keyring_open(k, buf_slice(&sealed), SLICE("head"), &plain) ==
	      ERR_OK);
	keyring_free(k);
	buf_deinit(&sealed);
	buf_deinit(&plain);
}

/* Version 0 is sealed with padding; the version itself is not sealed. */
static void
test_version_0(void)
{
	struct keyring *k = keyring_abc();
	struct buf sealed = { 0 }, plain = { 0 };

	keyring_seal(
	    k, SLICE("hello\13\13\13\13\13\13\13\13\13\13\13"), NONE, &sealed);
	sealed.data[0] = 0;
	CHECK(keyring_open(k, buf_slice(&sealed), NONE, &plain) == ERR_OK);
	CHECK(slice_is(buf_slice(&plain), "hello"));
	buf_reset(&sealed);
	buf_reset(&plain);
	keyring_seal(k, SLICE("hello\177"), NONE, &sealed);
	sealed.data[0] = 0;
	CHECK(keyring_open(k, buf_slice(&sealed), NONE, &plain) == ERR_REFUSED);
	keyring_free(k);
	buf_deinit(&sealed);
	buf_deinit(&plain);
}

static void
test_empty_opens_nothing(void)
{
	struct keyring *k = keyring_new(), *full = keyring_abc();
	struct buf sealed = { 0 }, plain = { 0 };

	keyring_seal(full, SLICE("hello"), NONE, &sealed);
	CHECK(keyring_open(k, buf_slice(&sealed), NONE, &plain) == ERR_REFUSED);
	keyring_free(k);
	keyring_free(full);
	buf_deinit(&sealed);
	buf_deinit(&plain);
}

static void
test_file(void)
{
	struct keyring *k = keyring_abc(), *again = keyring_new();
	char folder[] = "/tmp/keyring_test.XXXXXX", path[64];
	struct buf why = { 0 };
	struct stat st;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/local.keyring", folder);
	CHECK(keyring_load(again, path, &why) == ERR_NOT_FOUND);
	CHECK(keyring_use(k, KEY_B) == NULL);
	CHECK(keyring_save(k, path, &why) == ERR_OK);
	CHECK(stat(path, &st) == 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK(keyring_load(again, path, &why) == ERR_OK);
	CHECK_EQ(keyring_count(again), 3);
	for (size_t i = 0; i < 3; i++)
		CHECK(slice_equal(keyring_key(again, i), keyring_key(k, i)));
	unlink(path);
	CHECK(keyring_save(k, "/nowhere/at/all", &why) == ERR_IO);
	rmdir(folder);
	keyring_free(k);
	keyring_free(again);
	buf_deinit(&why);
}

static void
check_file(const char *text, const char *mistake)
{
	struct keyring *k = keyring_new();
	char path[] = "/tmp/keyring_test.XXXXXX";
	struct buf why = { 0 };
	int fd = mkstemp(path);

	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	CHECK(keyring_load(k, path, &why) == ERR_CORRUPT);
	if (strcmp(buf_text(&why), mistake) != 0)
		printf("# %s\n", buf_text(&why));
	CHECK(strcmp(buf_text(&why), mistake) == 0);
	unlink(path);
	keyring_free(k);
	buf_deinit(&why);
}

static void
test_bad_files(void)
{
	check_file("", "unexpected end of JSON input");
	check_file("{}", "not a list of keys");
	check_file("[]", "it contains no keys");
	check_file("[1]", "not a key in base64");
	check_file("[\"YWJj\"]", "key size must be 16, 24 or 32 bytes");
}

int
main(void)
{
	RUN(test_order);
	RUN(test_refused);
	RUN(test_full);
	RUN(test_any_key_opens);
	RUN(test_forged);
	RUN(test_version_0);
	RUN(test_empty_opens_nothing);
	RUN(test_file);
	RUN(test_bad_files);
	return (tap_done());
}
