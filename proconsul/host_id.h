/*
 * A node ID that stays with the host, for disable_host_node_id = false.
 *
 * Source  Consul 1.8.7 agent.go, makeNodeID; gopsutil host.HostID. The real
 *         one gives the same ID on the same host
 */
#ifndef PROCONSUL_HOST_ID_H
#define PROCONSUL_HOST_ID_H

#include <stdbool.h>

#define HOST_ID_TEXT_MAX 64

/* From the files below `root` ("" but for tests); false where none of them
 * names the host: then an ID is made at random. */
bool host_id_make(const char *root, char out[HOST_ID_TEXT_MAX]);

#endif
