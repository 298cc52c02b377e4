/* `operator autopilot`: how the leader looks after its servers. */
#include "command.h"
#include "kv.h"
#include "rpc_types.h"

#define PATH "/v1/operator/autopilot/configuration"

struct get_options {
	struct client_options client;
};

/* What was not given stays as it is. */
struct set_options {
	struct client_options client;
	struct autopilot_config wanted;
	struct {
		bool cleanup, contact, trailing, quorum, stabilization;
		bool zone_tag, no_migration, version_tag;
	} given;
	const char *zone_tag;
	const char *version_tag;
};

/* clang-format off */
#define SET_FLAG(kind, name, member, given_member, value, help)                \
	{ name, FLAG_##kind, offsetof(struct set_options, member), value,      \
	    help, NULL, false, offsetof(struct set_options, given.given_member) }

static const struct flag get_flags[] = {
	CLIENT_FLAGS(get_options),
	SERVER_FLAGS(get_options),
	FLAGS_END,
};

static const struct flag set_flags[] = {
	CLIENT_FLAGS(set_options),
	SERVER_FLAGS(set_options),
	SET_FLAG(BOOL_VAR, "cleanup-dead-servers",
	    wanted.cleanup_dead_servers, cleanup, "true|false",
	    "Whether a server that failed goes from the configuration when a "
	    "new one has come."),
	SET_FLAG(BOOL_VAR, "disable-upgrade-migration",
	    wanted.disable_upgrade_migration, no_migration, "true|false",
	    "(Enterprise-only) Whether new versions wait no more for each "
	    "other."),
	SET_FLAG(DURATION_VAR, "last-contact-threshold",
	    wanted.last_contact_threshold, contact, "200ms",
	    "Time without a word from the leader after which a server is not "
	    "healthy."),
	SET_FLAG(UINT_VAR, "max-trailing-logs",
	    wanted.max_trailing_logs, trailing, "value",
	    "Entries that a healthy server may be behind the leader."),
	SET_FLAG(UINT_VAR, "min-quorum", wanted.min_quorum, quorum, "value",
	    "Servers that must remain when one is cleaned up."),
	SET_FLAG(TEXT, "redundancy-zone-tag", zone_tag, zone_tag, "value",
	    "(Enterprise-only) Key of the node's metadata that tells its "
	    "zone."),
	SET_FLAG(DURATION_VAR, "server-stabilization-time",
	    wanted.server_stabilization_time, stabilization, "10s",
	    "Time that a new server must be healthy before it gets a vote."),
	SET_FLAG(TEXT, "upgrade-version-tag", version_tag, version_tag,
	    "value",
	    "(Enterprise-only) Key of the node's metadata that tells its "
	    "version."),
	FLAGS_END,
};
/* clang-format on */

static enum err
config_get(struct run *run, bool is_stale, struct autopilot_config *config)
{
	struct request request;
	struct response response;

	request_init(&request, &run->arena, "GET", PATH);
	if (is_stale)
		request_param(&request, "stale", "");
	return (run_get_type(
	    run, &request, &autopilot_config_type, config, &response));
}

static void
print_text(struct run *run, const char *name, struct slice value)
{
	struct buf quoted = { 0 };

	flag_put_quoted(&quoted, arena_text(&run->arena, value));
	printf("%s = %s\n", name, buf_text(&quoted));
	buf_deinit(&quoted);
}

static void
print_duration(const char *name, struct duration value)
{
	struct buf text = { 0 };

	duration_print(value, &text);
	printf("%s = %s\n", name, buf_text(&text));
	buf_deinit(&text);
}

static void
print_truth(const char *name, bool value)
{
	printf("%s = %s\n", name, value ? "true" : "false");
}

static int
get_work(struct run *run, const void *options)
{
	const struct get_options *o = options;
	struct autopilot_config c = { 0 };

	if (!run_connect(run, &o->client))
		return (1);
	if (config_get(run, o->client.is_stale, &c) != ERR_OK)
		return (
		    run_fail(run, "Error querying Autopilot configuration"));
	print_truth("CleanupDeadServers", c.cleanup_dead_servers);
	print_duration("LastContactThreshold", c.last_contact_threshold);
	printf("MaxTrailingLogs = %" PRIu64 "\n", c.max_trailing_logs);
	printf("MinQuorum = %" PRIu64 "\n", c.min_quorum);
	print_duration("ServerStabilizationTime", c.server_stabilization_time);
	print_text(run, "RedundancyZoneTag", c.redundancy_zone_tag);
	print_truth("DisableUpgradeMigration", c.disable_upgrade_migration);
	print_text(run, "UpgradeVersionTag", c.upgrade_version_tag);
	return (0);
}

static void
config_change(const struct set_options *o, struct autopilot_config *c)
{
	if (o->given.cleanup)
		c->cleanup_dead_servers = o->wanted.cleanup_dead_servers;
	if (o->given.contact)
		c->last_contact_threshold = o->wanted.last_contact_threshold;
	if (o->given.trailing)
		c->max_trailing_logs = o->wanted.max_trailing_logs;
	if (o->given.quorum)
		c->min_quorum = o->wanted.min_quorum;
	if (o->given.stabilization)
		c->server_stabilization_time =
		    o->wanted.server_stabilization_time;
	if (o->given.no_migration)
		c->disable_upgrade_migration =
		    o->wanted.disable_upgrade_migration;
	if (o->given.zone_tag)
		c->redundancy_zone_tag = slice_of_text(o->zone_tag);
	if (o->given.version_tag)
		c->upgrade_version_tag = slice_of_text(o->version_tag);
}

static int
config_put(struct run *run, const struct autopilot_config *config)
{
	struct request request;
	struct buf body = { 0 };
	bool is_written;
	enum err err;

	json_from_type(&autopilot_config_type, config, &body);
	request_init(&request, &run->arena, "PUT", PATH);
	request_param_uint(&request, "cas", config->modify_index);
	request.body = buf_slice(&body);
	err = kv_write(run->client, &request, &is_written, &run->why);
	buf_deinit(&body);
	if (err != ERR_OK)
		return (run_fail(run, "Error setting Autopilot configuration"));
	if (!is_written)
		return (say_error("Configuration could not be atomically "
				  "updated, please try again"));
	puts("Configuration updated!");
	return (0);
}

static int
set_work(struct run *run, const void *options)
{
	const struct set_options *o = options;
	struct autopilot_config config = { 0 };

	if (!run_connect(run, &o->client))
		return (1);
	if (config_get(run, false, &config) != ERR_OK)
		return (
		    run_fail(run, "Error querying Autopilot configuration"));
	config_change(o, &config);
	return (config_put(run, &config));
}

static const struct command_spec get_spec = {
	.usage = "operator autopilot get-config [options]",
	.about = "Prints how the leader looks after its servers.",
	.flags = get_flags,
	.work = get_work,
	.connect_error = "Error initializing client",
};

static const struct command_spec set_spec = {
	.usage = "operator autopilot set-config [options]",
	.about = "Changes how the leader looks after its servers; what is not "
		 "given stays as it is.",
	.flags = set_flags,
	.work = set_work,
	.connect_error = "Error initializing client",
};

int
operator_autopilot_get_run(int argc, char **argv)
{
	struct get_options options = { 0 };

	return (command_main(&get_spec, argc, argv, &options));
}

int
operator_autopilot_set_run(int argc, char **argv)
{
	struct set_options options = { 0 };

	return (command_main(&set_spec, argc, argv, &options));
}
