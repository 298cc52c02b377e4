/*
 * DebugConfig of /v1/agent/self: all that this agent runs with, under the names
 * that Consul's runtime configuration has in Go.
 *
 * Secrets  never shown: "hidden", whether there is one or not
 * Source   api/http.md 7; agent/config/runtime.go (Sanitized); names and order
 *	    captured from the real one
 */
#ifndef HTTPD_DEBUG_CONFIG_H
#define HTTPD_DEBUG_CONFIG_H

#include "config.h"

/* Append a JSON object. */
void debug_config_put(const struct config *, struct buf *out);

#endif
