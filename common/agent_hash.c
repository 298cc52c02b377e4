/* Hashes of services; see agent_hash.h. */
#include <inttypes.h>

#include "agent_hash.h"
#include "hash.h"
#include "json.h"

#define CONTENT_SEED 0x636f6e73756c0001U

struct slice
agent_service_hash(const struct agent_service *service, struct arena *arena)
{
	struct agent_service content = *service;
	struct buf json = { 0 };
	struct slice hash;

	content.content_hash = (struct slice){ 0 };
	json_from_type(&agent_service_type, &content, &json);
	hash = arena_printf(
	    arena, "%016" PRIx64, hash_bytes(CONTENT_SEED, buf_slice(&json)));
	buf_deinit(&json);
	return (hash);
}
