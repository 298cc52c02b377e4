/*
 * What Consul notices only when the parts of its agent start, behind the
 * banner; see config_check.h.
 */
#include <stdio.h>
#include <unistd.h>

#include "config_check.h"
#include "watch_plan.h"
#include "json.h"

#define GOSSIP_PROTOCOL_MIN 2
#define GOSSIP_PROTOCOL_MAX 3
#define RAFT_PROTOCOL_MAX   3

bool
config_has_keyring(const struct config *config)
{
	char path[4096];

	if (*config->data_dir == '\0' || config->keys.disable_keyring_file)
		return (false);
	snprintf(path, sizeof(path), "%s/serf/local.keyring", config->data_dir);
	return (access(path, F_OK) == 0);
}

static enum err
check_key(const struct config *config, struct buf *why)
{
	struct buf key = { 0 };
	size_t size;

	if (config->keys.encrypt.size == 0 || config_has_keyring(config))
		return (ERR_OK);
	/* That it is base64 was checked before. */
	if (base64_decode(config->keys.encrypt, &key) != ERR_OK)
		buf_reset(&key);
	size = key.size;
	buf_deinit(&key);
	if (size == 16 || size == 24 || size == 32)
		return (ERR_OK);
	buf_put_text(why, "Failed to configure keyring: Invalid key: key size "
			  "must be 16, 24 or 32 bytes");
	return (ERR_INVALID);
}

/* 0 stands for the default. */
static enum err
check_protocol(const struct config *config, struct buf *why)
{
	int64_t version = config->keys.protocol;

	if (version == 0 ||
	    (version >= GOSSIP_PROTOCOL_MIN && version <= GOSSIP_PROTOCOL_MAX))
		return (ERR_OK);
	buf_printf(why,
	    "Failed to start Consul %s: Protocol version '%lld' too %s. Must "
	    "be in range: [%d, %d]",
	    config->is_server ? "server" : "client", (long long)version,
	    version < GOSSIP_PROTOCOL_MIN ? "low" : "high", GOSSIP_PROTOCOL_MIN,
	    GOSSIP_PROTOCOL_MAX);
	return (ERR_INVALID);
}

static enum err
check_raft_protocol(const struct config *config, struct buf *why)
{
	int64_t version = config->keys.raft_protocol;

	if (!config->is_server ||
	    (version >= 0 && version <= RAFT_PROTOCOL_MAX))
		return (ERR_OK);
	buf_printf(why,
	    "Failed to start Consul server: Failed to start Raft: Protocol "
	    "version %lld must be >= 1 and <= %d",
	    (long long)version, RAFT_PROTOCOL_MAX);
	return (ERR_INVALID);
}

/* Those that Consul itself dies of. */
static enum err
check_ports(const struct config *config, struct buf *why)
{
	bool has_lan = config->serf_lan_port > 0;

	if (has_lan && config->server_port > 0)
		return (ERR_OK);
	buf_printf(why, "Failed to start Consul %s: ports.%s cannot be off",
	    config->is_server ? "server" : "client",
	    has_lan ? "server" : "serf_lan");
	return (ERR_INVALID);
}

static enum err
check_watches(const struct config *config, struct buf *why)
{
	struct watch_plans plans;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = watch_plans_read(config, &arena, &plans, why);
	arena_deinit(&arena);
	return (err);
}

enum err
config_check_start(const struct config *config, struct buf *why)
{
	enum err err = check_key(config, why);

	if (err == ERR_OK)
		err = check_protocol(config, why);
	if (err == ERR_OK)
		err = check_ports(config, why);
	if (err == ERR_OK)
		err = check_raft_protocol(config, why);
	if (err == ERR_OK)
		err = check_watches(config, why);
	return (err);
}
