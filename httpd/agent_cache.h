/*
 * The agent's cache: what ?cached reads, on servers and on clients.
 *
 * An entry is a question and its reply, in the form of the wire, whatever the
 * views of those who ask. Entries of services are kept fresh by a blocking
 * question that stays open behind them; others ("simple" ones) are asked for
 * again when a client finds them too old. A hit costs no hop.
 *
 * Index    a blocking client waits here for the entry to move on
 * Errors   an entry that has a reply keeps it while servers can't be reached,
 *	    and says its age from then on; the question is put again after a
 *	    pause that grows
 * Bounds   AGENT_CACHE_BYTES_MAX and AGENT_CACHE_ENTRIES_MAX: what was not
 *	    used for longest goes first; what was not used for 3 days goes;
 *	    cache.entry_fetch_rate and entry_fetch_max_burst bound the questions
 *	    of one entry
 * Source   api/http.md 1.9; Consul's agent/cache (Get, fetch, refresh) and
 *	    cache-types
 */
#ifndef HTTPD_AGENT_CACHE_H
#define HTTPD_AGENT_CACHE_H

#include "ask.h"
#include "config.h"

struct agent_cache;

struct agent_cache *agent_cache_new(struct httpd *);
/* Rates follow a reload. */
void agent_cache_reload(struct agent_cache *, const struct config *);
/* Does this request want it, and may it? */
bool agent_cache_is_wanted(
    const struct request *, const struct query_options *);
/* Answer from the cache, or as soon as it can. `options` are those inside
 * `request`. */
void agent_cache_ask(struct request *, enum method, void *request,
    struct query_options *options, const struct view *);

#endif
