/* Autopilot's decisions; see autopilot.h. */
#include <assert.h>

#include "autopilot.h"

/* wire/raft.md 5. */
struct autopilot_config
autopilot_default(void)
{
	return ((struct autopilot_config){
	    .cleanup_dead_servers = true,
	    .last_contact_threshold = MILLISECONDS(200),
	    .max_trailing_logs = 250,
	    .server_stabilization_time = SECONDS(10),
	});
}

/* --- Who is well. --- */

/* Consul's ServerHealth.IsHealthy. */
static bool
is_healthy(const struct server_health *h, const struct autopilot_config *config,
    const struct autopilot_target *target)
{
	if (h->serf_status != MEMBER_ALIVE)
		return (false);
	if (h->last_contact.ns < 0 ||
	    h->last_contact.ns > config->last_contact_threshold.ns)
		return (false);
	if (h->last_term != target->last_term)
		return (false);
	return (
	    target->last_index <= config->max_trailing_logs ||
	    h->last_index >= target->last_index - config->max_trailing_logs);
}

static const struct autopilot_server *
same_server(const struct autopilot_servers *all, struct slice id)
{
	for (size_t i = 0; i < all->count; i++)
		if (slice_equal(all->items[i].health.id, id))
			return (&all->items[i]);
	return (NULL);
}

void
autopilot_judge(struct autopilot_servers *all,
    const struct autopilot_servers *before,
    const struct autopilot_config *config,
    const struct autopilot_target *target, struct instant now)
{
	for (size_t i = 0; i < all->count; i++) {
		struct autopilot_server *one = &all->items[i];
		const struct autopilot_server *last =
		    same_server(before, one->health.id);

		one->health.healthy = is_healthy(&one->health, config, target);
		one->stable_since = now;
		if (last != NULL &&
		    last->health.healthy == one->health.healthy) {
			one->stable_since = last->stable_since;
			one->health.stable_since = last->health.stable_since;
		}
	}
}

static bool
is_voter(const struct autopilot_server *one)
{
	return (one->is_in_raft && one->health.voter);
}

void
autopilot_reply(const struct autopilot_servers *all, struct arena *arena,
    struct operator_health_reply *reply)
{
	size_t voters = 0, well = 0, well_voters = 0, count = 0;
	struct server_health *items =
	    arena_array(arena, all->count + 1, sizeof(*items));

	for (size_t i = 0; i < all->count; i++) {
		const struct autopilot_server *one = &all->items[i];

		if (!one->is_in_raft)
			continue;
		items[count++] = one->health;
		voters += is_voter(one);
		well += one->health.healthy;
		well_voters += is_voter(one) && one->health.healthy;
	}
	*reply = (struct operator_health_reply){
		.healthy = well == count,
		.servers = { items, count },
	};
	if (well_voters > voters / 2 + 1)
		reply->failure_tolerance =
		    (int64_t)(well_voters - (voters / 2 + 1));
}

/* --- Who earns a vote. --- */

bool
autopilot_promotes(const struct autopilot_server *one,
    const struct autopilot_config *config, struct instant now)
{
	struct duration stable = instant_since(now, one->stable_since);

	return (one->is_in_raft && !one->health.voter &&
		!one->is_kept_nonvoter && one->health.healthy &&
		stable.ns >= config->server_stabilization_time.ns);
}

/* --- Who is dead. --- */

static enum autopilot_end
end_of(const struct autopilot_server *one)
{
	if (one->health.serf_status == MEMBER_FAILED)
		return (AUTOPILOT_FORCE_LEAVE);
	if (one->is_in_raft && one->health.serf_status == MEMBER_NONE)
		return (AUTOPILOT_REMOVE);
	return (AUTOPILOT_STAYS);
}

/* Consul's pruneDeadServers. */
void
autopilot_bury(const struct autopilot_servers *all,
    const struct autopilot_config *config, enum autopilot_end *ends)
{
	size_t voters = 0, dead = 0;
	bool may_go;

	for (size_t i = 0; i < all->count; i++) {
		const struct autopilot_server *one = &all->items[i];
		bool is_idle = one->is_in_raft && !one->health.voter;

		ends[i] = end_of(one);
		voters += is_voter(one);
		/* One that has no vote is missed by nobody. */
		if (ends[i] != AUTOPILOT_STAYS &&
		    !(is_idle && ends[i] == AUTOPILOT_FORCE_LEAVE))
			dead++;
	}
	may_go = config->cleanup_dead_servers && voters > 0 &&
		 dead <= (voters - 1) / 2 &&
		 voters - dead >= config->min_quorum;
	for (size_t i = 0; i < all->count; i++) {
		const struct autopilot_server *one = &all->items[i];
		bool is_idle = one->is_in_raft && !one->health.voter;

		if (!may_go && !(config->cleanup_dead_servers && is_idle &&
				   ends[i] == AUTOPILOT_FORCE_LEAVE))
			ends[i] = AUTOPILOT_STAYS;
	}
}
