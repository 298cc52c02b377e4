/* Keys whose capability is not built yet; see config_refuse.h. */
#include <stdlib.h>

#include "config_refuse.h"
#include "config_tree.h"

/* When a key asks for what we can't do. */
enum when {
	IF_TRUE,
	IF_GIVEN, /* and not empty */
	IF_POSITIVE,
	IF_ONE_OR_TWO,
};

static const struct {
	const char *key;
	enum when when;
	const char *capability;
} refused[] = {
	{ "acl.enabled", IF_TRUE, "access control (ACLs)" },
	{ "acl.enable_token_replication", IF_TRUE, "access control (ACLs)" },
	{ "acl_datacenter", IF_GIVEN, "access control (ACLs)" },
	{ "auto_config.authorization.enabled", IF_TRUE,
	    "automatic configuration" },
	{ "auto_config.enabled", IF_TRUE, "automatic configuration" },
	{ "auto_encrypt.allow_tls", IF_TRUE, "TLS" },
	{ "auto_encrypt.tls", IF_TRUE, "TLS" },
	{ "ca_file", IF_GIVEN, "TLS" },
	{ "ca_path", IF_GIVEN, "TLS" },
	{ "cert_file", IF_GIVEN, "TLS" },
	{ "config_entries.bootstrap", IF_GIVEN, "config entries" },
	{ "connect.enabled", IF_TRUE, "Connect, the service mesh" },
	{ "enable_acl_replication", IF_TRUE, "access control (ACLs)" },
	{ "enable_agent_tls_for_checks", IF_TRUE, "TLS" },
	{ "enable_central_service_config", IF_TRUE, "config entries" },
	{ "key_file", IF_GIVEN, "TLS" },
	{ "ports.grpc", IF_POSITIVE, "gRPC" },
	{ "ports.https", IF_POSITIVE, "HTTPS" },
	{ "primary_gateways", IF_GIVEN, "several datacenters" },
	{ "raft_protocol", IF_ONE_OR_TWO, "an old version of Raft's protocol" },
	{ "retry_join_wan", IF_GIVEN, "several datacenters" },
	{ "start_join_wan", IF_GIVEN, "several datacenters" },
	{ "telemetry.circonus_api_token", IF_GIVEN, "Circonus" },
	{ "telemetry.circonus_submission_url", IF_GIVEN, "Circonus" },
	{ "verify_incoming", IF_TRUE, "TLS" },
	{ "verify_incoming_https", IF_TRUE, "TLS" },
	{ "verify_incoming_rpc", IF_TRUE, "TLS" },
	{ "verify_outgoing", IF_TRUE, "TLS" },
	{ "verify_server_hostname", IF_TRUE, "TLS" },
};

static double
number_of(const struct json *value)
{
	char text[32] = "";

	if (value->kind == JSON_NUMBER && value->text.size < sizeof(text))
		snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(value->text));
	return (strtod(text, NULL));
}

static bool
asks(const struct json *value, enum when when)
{
	switch (when) {
	case IF_TRUE:
		return (value->kind == JSON_BOOL && value->boolean);
	case IF_GIVEN:
		return (value->kind == JSON_STRING ? value->text.size > 0
						   : value->count > 0);
	case IF_POSITIVE:
		return (number_of(value) > 0);
	case IF_ONE_OR_TWO:
		return (number_of(value) == 1 || number_of(value) == 2);
	}
	return (false);
}

enum err
config_refuse(const struct config_sources *s, struct buf *why)
{
	const struct json *value;
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		value = config_tree_find(s->set, refused[i].key);
		if (value == NULL || !asks(value, refused[i].when))
			continue;
		buf_printf(why,
		    "%s is not supported by proconsul yet: it asks for %s",
		    refused[i].key, refused[i].capability);
		return (ERR_UNAVAILABLE);
	}
	return (ERR_OK);
}

const char *
config_refused_key(size_t index)
{
	return (index < sizeof(refused) / sizeof(refused[0])
		    ? refused[index].key
		    : NULL);
}
