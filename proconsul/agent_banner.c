/*
 * The lines before the log and at its end, letter by letter.
 *
 * Source  api/cli.md 2
 */
#include <stdio.h>
#include <string.h>

#include "agent_banner.h"
#include "config_check.h"

static const char *
truth(bool is_true)
{
	return (is_true ? "true" : "false");
}

static void
print_clients(const struct config *c)
{
	size_t i;

	printf("%18s: [", "Client Addr");
	for (i = 0; i < c->client_addresses.count; i++)
		printf("%s%s", i > 0 ? " " : "", c->client_addresses.text[i]);
	printf("] (HTTP: %d, HTTPS: -1, gRPC: -1, DNS: %d)\n", c->http_port,
	    c->dns_port);
}

void
agent_banner_print(const struct config *c)
{
	printf("==> Starting Consul agent...\n");
	printf("%18s: '%s'\n", "Version", c->version);
	printf("%18s: '%s'\n", "Node ID", c->node_id);
	printf("%18s: '%s'\n", "Node name", c->node_name);
	printf("%18s: '%s' (Segment: '%s')\n", "Datacenter", c->datacenter,
	    c->is_server ? "<all>" : "");
	printf("%18s: %s (Bootstrap: %s)\n", "Server", truth(c->is_server),
	    truth(c->has_bootstrap));
	print_clients(c);
	printf("%18s: %s (LAN: %d, WAN: %d)\n", "Cluster Addr",
	    c->advertise_address, c->serf_lan_port, c->serf_wan_port);
	printf("%18s: Gossip: %s, TLS-Outgoing: false, TLS-Incoming: "
	       "false, Auto-Encrypt-TLS: false\n",
	    "Encrypt",
	    truth(c->keys.encrypt.size > 0 || config_has_keyring(c)));
	printf("\n==> Log data will now stream in as it occurs:\n\n");
	fflush(stdout);
}

static void
listener_put(struct buf *out, const char *protocol, const char *address,
    int port, const char *network)
{
	if (strncmp(address, "unix://", 7) == 0)
		buf_printf(out, "protocol=%s address=%s network=unix\n",
		    protocol, address + 7);
	else
		buf_printf(out,
		    strchr(address, ':') != NULL
			? "protocol=%s address=[%s]:%d network=%s\n"
			: "protocol=%s address=%s:%d network=%s\n",
		    protocol, address, port, network);
}

void
agent_listeners_put(const struct config *c, struct buf *out)
{
	size_t i;

	for (i = 0; c->dns_port > 0 && i < c->dns_addresses.count; i++) {
		listener_put(
		    out, "DNS", c->dns_addresses.text[i], c->dns_port, "tcp");
		listener_put(
		    out, "DNS", c->dns_addresses.text[i], c->dns_port, "udp");
	}
	for (i = 0; c->http_port > 0 && i < c->http_addresses.count; i++)
		listener_put(out, "HTTP", c->http_addresses.text[i],
		    c->http_port, "tcp");
}
