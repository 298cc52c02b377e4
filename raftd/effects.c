/* What a step leaves to be done. See raft.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"

void
effects_init(struct effects *fx)
{
	memset(fx, 0, sizeof(*fx));
}

void
effects_deinit(struct effects *fx)
{
	free(fx->write.entries);
	free(fx->messages);
	free(fx->refused);
	free(fx->notes);
	effects_init(fx);
}

void
effects_reset(struct effects *fx)
{
	fx->write.number = 0;
	fx->write.entry_count = 0;
	fx->message_count = 0;
	fx->refused_count = 0;
	fx->lost_from = 0;
	fx->install.is_wanted = false;
	fx->trim_to = 0;
	fx->has_committed = false;
	fx->has_changed = false;
	fx->note_count = 0;
}

/* Room for one more in a list that doubles. */
static void *
grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return (items);
	*capacity = *capacity * 2 + 8;
	return (xreallocarray(items, *capacity, size));
}

struct message *
effects_message(struct effects *fx, enum message_kind kind,
    const struct raft_name *to, uint64_t term)
{
	struct message *message;

	fx->messages = grow(fx->messages, fx->message_count,
	    &fx->message_capacity, sizeof(*fx->messages));
	message = &fx->messages[fx->message_count++];
	memset(message, 0, sizeof(*message));
	message->kind = kind;
	message->peer = *to;
	message->term = term;
	return (message);
}

void
effects_refuse(struct effects *fx, uint64_t id, enum refusal why)
{
	fx->refused = grow(fx->refused, fx->refused_count,
	    &fx->refused_capacity, sizeof(*fx->refused));
	fx->refused[fx->refused_count++] = (struct refused){ id, why };
}

void
effects_note(struct effects *fx, enum note_kind kind, uint64_t number,
    const struct raft_name *name)
{
	struct note *note;

	fx->notes = grow(
	    fx->notes, fx->note_count, &fx->note_capacity, sizeof(*fx->notes));
	note = &fx->notes[fx->note_count++];
	*note = (struct note){ .kind = kind, .number = number };
	if (name != NULL)
		note->name = *name;
}

void
effects_entry(struct effects *fx, const struct entry *entry)
{
	struct write *write = &fx->write;

	assert(
	    write->entry_count == 0 ||
	    write->entries[write->entry_count - 1].index + 1 == entry->index);
	write->entries = grow(write->entries, write->entry_count,
	    &write->entry_capacity, sizeof(*write->entries));
	write->entries[write->entry_count++] = *entry;
}

void
effects_truncate(struct effects *fx, uint64_t from)
{
	struct write *write = &fx->write;

	while (write->entry_count > 0 &&
	       write->entries[write->entry_count - 1].index >= from)
		write->entry_count--;
}
