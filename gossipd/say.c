/* Lines of the log; see say.h. */
#include <inttypes.h>

#include "address.h"
#include "common/log.h"
#include "say.h"

/* With the name alone, or with the address, too. */
static const struct {
	const char *event;
	bool has_address;
} changes[] = {
	[CHANGE_JOIN] = { "EventMemberJoin", true },
	[CHANGE_LEAVE] = { "EventMemberLeave", true },
	[CHANGE_FAILED] = { "EventMemberFailed", true },
	[CHANGE_UPDATE] = { "EventMemberUpdate", false },
	[CHANGE_REAP] = { "EventMemberReap", false },
};

void
say_change(const struct pool *pool, const struct member_change *c)
{
	struct buf line = { 0 };
	char ip[IP_TEXT_MAX];

	buf_printf(&line, "serf: %s: %.*s", changes[c->kind].event,
	    SLICE_ARGS(c->member.name));
	if (changes[c->kind].has_address)
		buf_printf(
		    &line, " %s", endpoint_print_ip(&c->member.address, ip));
	log_info(pool->serf_log, buf_text(&line), "");
	buf_deinit(&line);
}

/* What a line is made of: %n the name, %f from, %a the address, %i its IP, %o
 * the other one, %t the text, %d the number. */
static const struct {
	enum log_level level;
	bool is_of_serf;
	bool is_repeated; /* as often as strangers like */
	const char *form;
} notes[GOSSIP_NOTE_COUNT] = {
	[GOSSIP_NOTE_SUSPECT] = { LOG_LEVEL_INFO, false, false,
	    "memberlist: Suspect %n has failed, no acks received" },
	[GOSSIP_NOTE_TCP_ONLY] = { LOG_LEVEL_WARN, false, false,
	    "memberlist: Was able to connect to %n but other probes failed, "
	    "network may be misconfigured" },
	[GOSSIP_NOTE_FAILED] = { LOG_LEVEL_INFO, false, false,
	    "memberlist: Marking %n as failed, suspect timeout reached "
	    "(%d peer confirmations)" },
	[GOSSIP_NOTE_REFUTE] = { LOG_LEVEL_WARN, false, true,
	    "memberlist: Refuting a suspect message (from: %f)" },
	[GOSSIP_NOTE_REFUTE_ALIVE] = { LOG_LEVEL_WARN, false, true,
	    "memberlist: Refuting an alive message for '%n'" },
	[GOSSIP_NOTE_CONFLICT] = { LOG_LEVEL_ERROR, false, true,
	    "memberlist: Conflicting address for %n. Mine: %o Theirs: %a "
	    "Old state: %d" },
	[GOSSIP_NOTE_NAME_CLAIMED] = { LOG_LEVEL_WARN, true, true,
	    "serf: Name conflict for '%n' both %o and %a are claiming" },
	[GOSSIP_NOTE_NAME_TAKEN] = { LOG_LEVEL_ERROR, true, true,
	    "serf: Node name conflicts with another node at %a. Names must be "
	    "unique! (Resolution enabled: false)" },
	[GOSSIP_NOTE_ADDRESS_CHANGED] = { LOG_LEVEL_INFO, false, false,
	    "memberlist: Updating address for left or failed node %n from %o "
	    "to %a" },
	[GOSSIP_NOTE_BAD_VERSION] = { LOG_LEVEL_WARN, false, true,
	    "memberlist: Ignoring an alive message for '%n' because its "
	    "protocol version makes no sense" },
	[GOSSIP_NOTE_OUTSIDE] = { LOG_LEVEL_WARN, false, true,
	    "memberlist: Rejected node %n (%i): %i is not allowed" },
	[GOSSIP_NOTE_MOVED_OUTSIDE] = { LOG_LEVEL_WARN, false, true,
	    "memberlist: Rejected IP update of node %n from %o to %a: %i is "
	    "not allowed" },
	[GOSSIP_NOTE_REFUSED] = { LOG_LEVEL_WARN, false, true,
	    "memberlist: ignoring alive message for '%n': %t" },
	[GOSSIP_NOTE_MERGE_REFUSED] = { LOG_LEVEL_ERROR, false, true,
	    "memberlist: Failed push/pull merge: %t from=%a" },
	[GOSSIP_NOTE_STREAM_FAILED] = { LOG_LEVEL_ERROR, false, false,
	    "memberlist: Push/Pull with %a failed: %t" },
	[GOSSIP_NOTE_LATE_EVENT] = { LOG_LEVEL_WARN, true, true,
	    "serf: received old event %n from time %d" },
	[GOSSIP_NOTE_RECONNECT] = { LOG_LEVEL_INFO, true, false,
	    "serf: attempting reconnect to %n %a" },
	[GOSSIP_NOTE_LEAVE_TIMEOUT] = { LOG_LEVEL_WARN, true, false,
	    "serf: timeout while waiting for graceful leave" },
	[GOSSIP_NOTE_QUEUE_DEPTH] = { LOG_LEVEL_WARN, true, false,
	    "serf: %t queue depth: %d" },
	[GOSSIP_NOTE_FULL] = { LOG_LEVEL_WARN, true, true,
	    "serf: a limit was met, dropped: %t" },
};

static void
part_put(struct buf *out, char part, const struct gossip_note *note)
{
	char address[ENDPOINT_TEXT_MAX];

	switch (part) {
	case 'n':
		buf_put_slice(out, note->name);
		break;
	case 'f':
		buf_put_slice(out, note->from);
		break;
	case 't':
		buf_put_slice(out, note->text);
		break;
	case 'd':
		buf_put_decimal(out, note->number);
		break;
	case 'i':
		buf_put_text(out, endpoint_print_ip(&note->address, address));
		break;
	case 'a':
		buf_put_text(out, endpoint_print(&note->address, address));
		break;
	case 'o':
		buf_put_text(out, endpoint_print(&note->other, address));
		break;
	default:
		break;
	}
}

/* What strangers can bring about again and again is said once a second. */
static bool
is_said_already(struct pool *pool, enum gossip_note_kind kind)
{
	struct instant now = instant_now();

	if (pool->said_at[kind].ns != 0 &&
	    instant_since(now, pool->said_at[kind]).ns < SECONDS(1).ns)
		return (true);
	pool->said_at[kind] = now;
	return (false);
}

void
say_note(struct pool *pool, const struct gossip_note *note)
{
	struct buf line = { 0 };

	if (notes[note->kind].is_repeated && is_said_already(pool, note->kind))
		return;
	for (const char *at = notes[note->kind].form; *at != '\0'; at++)
		if (*at == '%')
			part_put(&line, *++at, note);
		else
			buf_put_u8(&line, (uint8_t)*at);
	log_write(notes[note->kind].level,
	    notes[note->kind].is_of_serf ? pool->serf_log
					 : pool->memberlist_log,
	    buf_text(&line), "");
	buf_deinit(&line);
}
