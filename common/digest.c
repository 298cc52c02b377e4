/* SHA-256. See digest.h. */
#include "digest.h"

#include <openssl/evp.h>

#include "library.h"
#include "log.h"

/* Every function that is used: a row each, by its own type. */
/* clang-format off */
#define DIGEST_FUNCTIONS(X)                                                    \
	X(EVP_MD_CTX_new)                                                      \
	X(EVP_MD_CTX_free)                                                     \
	X(EVP_DigestInit_ex)                                                   \
	X(EVP_DigestUpdate)                                                    \
	X(EVP_DigestFinal_ex)                                                  \
	X(EVP_sha256)
/* clang-format on */

/* As the loader's: one a process. */
static struct digest_library {
#define X(name) __typeof__(name) *name;
	DIGEST_FUNCTIONS(X)
#undef X
	bool is_loaded;
} library;

enum err
digest_load(struct buf *why)
{
	static const struct library_function functions[] = {
#define X(name) { #name, offsetof(struct digest_library, name) },
		DIGEST_FUNCTIONS(X)
#undef X
	};

	if (!library.is_loaded && library_load("libcrypto.so.3", functions,
				      sizeof(functions) / sizeof(*functions),
				      &library, why) != ERR_OK)
		return (ERR_UNAVAILABLE);
	library.is_loaded = true;
	return (ERR_OK);
}

/* struct digest is what libcrypto calls EVP_MD_CTX. */
struct digest *
digest_new(void)
{
	EVP_MD_CTX *context = library.EVP_MD_CTX_new();

	if (context == NULL ||
	    library.EVP_DigestInit_ex(context, library.EVP_sha256(), NULL) != 1)
		fatal("libcrypto has no SHA-256");
	return ((struct digest *)context);
}

void
digest_free(struct digest *digest)
{
	if (digest != NULL)
		library.EVP_MD_CTX_free((EVP_MD_CTX *)digest);
}

void
digest_put(struct digest *digest, struct slice bytes)
{
	if (library.EVP_DigestUpdate(
		(EVP_MD_CTX *)digest, bytes.data, bytes.size) != 1)
		fatal("libcrypto fails in SHA-256");
}

void
digest_end(struct digest *digest, uint8_t out[DIGEST_BYTES])
{
	unsigned size;

	if (library.EVP_DigestFinal_ex((EVP_MD_CTX *)digest, out, &size) != 1)
		fatal("libcrypto fails in SHA-256");
}
