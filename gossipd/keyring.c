/* Keys, and what they seal; see keyring.h. The file: keyring_file.c. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "crypto_library.h"
#include "keyring.h"

#define NONCE_BYTES   12
#define TAG_BYTES     16
#define BLOCK_BYTES   16 /* what version 0 pads to */
#define VERSION_BYTES 1

#define OPENS 0
#define SEALS 1

struct key {
	uint8_t bytes[KEY_BYTES_MAX_AES];
	size_t size;
	EVP_CIPHER_CTX *context; /* owned; with the key already in it */
};

struct keyring {
	const struct crypto_library *crypto; /* lent; set with the first key */
	struct key keys[KEYRING_KEYS_MAX];
	size_t count;
};

struct keyring *
keyring_new(void)
{
	return (xcalloc(1, sizeof(struct keyring)));
}

static void
key_wipe(struct keyring *k, struct key *key)
{
	k->crypto->EVP_CIPHER_CTX_free(key->context);
	explicit_bzero(key, sizeof(*key));
}

void
keyring_free(struct keyring *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->count; i++)
		key_wipe(k, &k->keys[i]);
	free(k);
}

size_t
keyring_count(const struct keyring *k)
{
	return (k->count);
}

struct slice
keyring_key(const struct keyring *k, size_t index)
{
	assert(index < k->count);
	return (slice(k->keys[index].bytes, k->keys[index].size));
}

/* Its place, or the count where it is not there. */
static size_t
key_find(const struct keyring *k, struct slice key)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		if (slice_equal(keyring_key(k, i), key))
			break;
	return (i);
}

static const EVP_CIPHER *
cipher_of(const struct crypto_library *crypto, size_t key_size)
{
	switch (key_size) {
	case 16:
		return (crypto->EVP_aes_128_gcm());
	case 24:
		return (crypto->EVP_aes_192_gcm());
	case 32:
		return (crypto->EVP_aes_256_gcm());
	default:
		return (NULL);
	}
}

const char *
keyring_install(struct keyring *k, struct slice bytes)
{
	struct buf why = { 0 };
	struct key *key = &k->keys[k->count];
	const EVP_CIPHER *cipher;

	if (bytes.size != 16 && bytes.size != 24 && bytes.size != 32)
		return ("key size must be 16, 24 or 32 bytes");
	if (key_find(k, bytes) < k->count)
		return (NULL);
	if (k->count == KEYRING_KEYS_MAX)
		return ("too many keys");
	if (k->crypto == NULL &&
	    (k->crypto = crypto_library_load(&why)) == NULL)
		fatal("gossip encryption needs libcrypto: %s", buf_text(&why));
	cipher = cipher_of(k->crypto, bytes.size);
	memcpy(key->bytes, bytes.data, bytes.size);
	key->size = bytes.size;
	key->context = k->crypto->EVP_CIPHER_CTX_new();
	if (key->context == NULL || cipher == NULL ||
	    k->crypto->EVP_CipherInit_ex(
		key->context, cipher, NULL, key->bytes, NULL, OPENS) != 1)
		fatal("libcrypto has no AES-GCM");
	k->count++;
	return (NULL);
}

const char *
keyring_use(struct keyring *k, struct slice bytes)
{
	size_t at = key_find(k, bytes);
	struct key key;

	if (at == k->count)
		return ("Requested key is not in the keyring");
	key = k->keys[at];
	memmove(&k->keys[1], &k->keys[0], at * sizeof(key));
	k->keys[0] = key;
	explicit_bzero(&key, sizeof(key));
	return (NULL);
}

const char *
keyring_remove(struct keyring *k, struct slice bytes)
{
	size_t at = key_find(k, bytes);

	if (at == k->count)
		return (NULL);
	if (at == 0)
		return ("Removing the primary key is not allowed");
	key_wipe(k, &k->keys[at]);
	k->count--;
	memmove(&k->keys[at], &k->keys[at + 1],
	    (k->count - at) * sizeof(struct key));
	memset(&k->keys[k->count], 0, sizeof(struct key));
	return (NULL);
}

/* --- Sealing and opening. --- */

/* Run the cipher over `in` to `out`, of the same size. */
static bool
cipher_run(const struct crypto_library *crypto, struct key *key,
    const uint8_t *nonce, int direction, struct slice also, struct slice in,
    uint8_t *out)
{
	int size;

	return (
	    crypto->EVP_CipherInit_ex(
		key->context, NULL, NULL, NULL, nonce, direction) == 1 &&
	    (also.size == 0 || crypto->EVP_CipherUpdate(key->context, NULL,
				   &size, also.data, (int)also.size) == 1) &&
	    crypto->EVP_CipherUpdate(
		key->context, out, &size, in.data, (int)in.size) == 1);
}

void
keyring_seal(
    struct keyring *k, struct slice plain, struct slice also, struct buf *out)
{
	struct key *key = &k->keys[0];
	uint8_t *head, *body;
	int size;

	assert(k->count > 0);
	assert(plain.size < INT32_MAX);
	head = buf_extend(out, plain.size + SEAL_BYTES);
	body = head + VERSION_BYTES + NONCE_BYTES;
	head[0] = 1;
	if (getrandom(head + VERSION_BYTES, NONCE_BYTES, 0) != NONCE_BYTES)
		fatal("the kernel gives no random bytes: %s", strerror(errno));
	if (!cipher_run(k->crypto, key, head + VERSION_BYTES, SEALS, also,
		plain, body) ||
	    k->crypto->EVP_CipherFinal_ex(
		key->context, body + plain.size, &size) != 1 ||
	    k->crypto->EVP_CIPHER_CTX_ctrl(key->context, EVP_CTRL_AEAD_GET_TAG,
		TAG_BYTES, body + plain.size) != 1)
		fatal("libcrypto does not seal");
}

static bool
opens(struct keyring *k, struct key *key, struct slice sealed,
    struct slice also, uint8_t *out)
{
	const uint8_t *nonce = sealed.data + VERSION_BYTES;
	struct slice body =
	    slice(nonce + NONCE_BYTES, sealed.size - SEAL_BYTES);
	uint8_t tag[TAG_BYTES];
	int size;

	memcpy(tag, body.data + body.size, TAG_BYTES);
	return (cipher_run(k->crypto, key, nonce, OPENS, also, body, out) &&
		k->crypto->EVP_CIPHER_CTX_ctrl(
		    key->context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
		k->crypto->EVP_CipherFinal_ex(
		    key->context, out + body.size, &size) == 1);
}

/* PKCS#7, as version 0 has it; false where it is none. */
static bool
padding_drop(struct buf *out, size_t start)
{
	uint8_t size = out->size > start ? out->data[out->size - 1] : 0;

	if (size == 0 || size > BLOCK_BYTES || size > out->size - start)
		return (false);
	out->size -= size;
	return (true);
}

enum err
keyring_open(
    struct keyring *k, struct slice sealed, struct slice also, struct buf *out)
{
	size_t start = out->size;
	uint8_t *to;

	if (sealed.size < SEAL_BYTES || sealed.size > INT32_MAX ||
	    sealed.data[0] > 1)
		return (ERR_REFUSED);
	to = buf_extend(out, sealed.size - SEAL_BYTES + BLOCK_BYTES);
	for (size_t i = 0; i < k->count; i++) {
		if (!opens(k, &k->keys[i], sealed, also, to))
			continue;
		out->size = start + sealed.size - SEAL_BYTES;
		if (sealed.data[0] == 1 || padding_drop(out, start))
			return (ERR_OK);
		break;
	}
	out->size = start;
	return (ERR_REFUSED);
}
