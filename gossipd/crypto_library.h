/*
 * The part of libcrypto that AES-GCM takes, loaded when there is a key and not
 * before.
 *
 * Why: its relocations alone cost 410 KiB of private memory and its start 260
 * more, in every agent, and most pools are not encrypted. Loading reads files,
 * so it comes before the sandbox: keyring_load().
 */
#ifndef GOSSIPD_CRYPTO_LIBRARY_H
#define GOSSIPD_CRYPTO_LIBRARY_H

#include <openssl/evp.h>

#include "common/bytes.h"

/* Every function that is used: a row each, by its own type. */
/* clang-format off */
#define CRYPTO_FUNCTIONS(X)                                                    \
	X(EVP_CIPHER_CTX_new)                                                  \
	X(EVP_CIPHER_CTX_free)                                                 \
	X(EVP_CIPHER_CTX_ctrl)                                                 \
	X(EVP_CipherInit_ex)                                                   \
	X(EVP_CipherUpdate)                                                    \
	X(EVP_CipherFinal_ex)                                                  \
	X(EVP_aes_128_gcm)                                                     \
	X(EVP_aes_192_gcm)                                                     \
	X(EVP_aes_256_gcm)
/* clang-format on */

struct crypto_library {
#define X(name) __typeof__(name) *name;
	CRYPTO_FUNCTIONS(X)
#undef X
};

/* NULL and *why where it cannot be loaded. Lent for good. */
const struct crypto_library *crypto_library_load(struct buf *why);

#endif
