/* What a step leaves to be done. See gossip.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"

void
gossip_effects_init(struct gossip_effects *fx)
{
	memset(fx, 0, sizeof(*fx));
	arena_init(&fx->arena);
}

void
gossip_effects_deinit(struct gossip_effects *fx)
{
	free(fx->messages.items);
	free(fx->packets.items);
	free(fx->streams.items);
	free(fx->changes.items);
	free(fx->events.items);
	free(fx->asked.items);
	free(fx->replies.items);
	free(fx->done.items);
	free(fx->notes.items);
	arena_deinit(&fx->arena);
	gossip_effects_init(fx);
}

void
gossip_effects_reset(struct gossip_effects *fx)
{
	fx->messages.count = 0;
	fx->packets.count = 0;
	fx->streams.count = 0;
	fx->changes.count = 0;
	fx->events.count = 0;
	fx->asked.count = 0;
	fx->replies.count = 0;
	fx->done.count = 0;
	fx->notes.count = 0;
	fx->has_left = false;
	arena_reset(&fx->arena);
}

/* One more in a list that doubles; zeroed. */
#define ADD(list)                                                          \
	((list).items = grow((list).items, (list).count, &(list).capacity, \
	     sizeof(*(list).items)),                                       \
	    memset(&(list).items[(list).count], 0, sizeof(*(list).items)), \
	    &(list).items[(list).count++])

static void *
grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return (items);
	*capacity = *capacity * 2 + 8;
	return (xreallocarray(items, *capacity, size));
}

static struct slice
keep(struct gossip_effects *fx, struct slice text)
{
	return (text.size == 0 ? text : arena_copy(&fx->arena, text));
}

struct gossip_note *
effects_note(struct gossip_effects *fx, enum gossip_note_kind kind,
    struct slice name, struct slice text)
{
	struct gossip_note *note = ADD(fx->notes);

	note->kind = kind;
	note->name = keep(fx, name);
	note->text = keep(fx, text);
	return (note);
}

void
effects_done(
    struct gossip_effects *fx, uint64_t id, bool is_ok, struct slice why)
{
	struct gossip_done *done = ADD(fx->done);

	*done = (struct gossip_done){ id, is_ok, keep(fx, why) };
}

void
effects_change(struct gossip_effects *fx, enum member_change_kind kind,
    const struct gossip_member *member)
{
	struct member_change *change = ADD(fx->changes);

	change->kind = kind;
	change->member = *member;
	change->member.name = keep(fx, member->name);
	change->member.meta = keep(fx, member->meta);
}

void
effects_event(struct gossip_effects *fx, const struct user_event *event)
{
	struct user_event *copy = ADD(fx->events);

	*copy = *event;
	copy->name = keep(fx, event->name);
	copy->payload = keep(fx, event->payload);
}

void
effects_asked(struct gossip_effects *fx, const struct gossip_asked *asked)
{
	struct gossip_asked *copy = ADD(fx->asked);

	*copy = *asked;
	copy->name = keep(fx, asked->name);
	copy->payload = keep(fx, asked->payload);
	copy->from = keep(fx, asked->from);
}

void
effects_reply(struct gossip_effects *fx, const struct gossip_reply *reply)
{
	struct gossip_reply *copy = ADD(fx->replies);

	*copy = *reply;
	copy->from = keep(fx, reply->from);
	copy->payload = keep(fx, reply->payload);
}

struct gossip_stream *
effects_stream(struct gossip_effects *fx)
{
	return (ADD(fx->streams));
}

void
effects_packet(
    struct gossip_effects *fx, const struct endpoint *to, bool has_checksum)
{
	struct gossip_packet *packet = ADD(fx->packets);

	*packet = (struct gossip_packet){
		.to = *to,
		.has_checksum = has_checksum,
		.first = (uint32_t)fx->messages.count,
	};
}

void
effects_message(struct gossip_effects *fx, const struct message *message)
{
	struct message *copy = ADD(fx->messages);

	assert(fx->packets.count > 0);
	message_copy(copy, message,
	    arena_alloc(&fx->arena, message_text_bytes(message)));
	fx->packets.items[fx->packets.count - 1].count++;
}
