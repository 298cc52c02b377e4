/* Sets of names; see names.h. */
#include "names.h"

#include "random.h"

void
names_init(struct names *names, struct arena *arena, const uint64_t key[2],
    size_t count)
{
	names->key = key;
	names->slot_count = 2;
	while (names->slot_count < 2 * count)
		names->slot_count *= 2;
	names->slots =
	    arena_array(arena, names->slot_count, sizeof(*names->slots));
}

static struct name_slot *
find(const struct names *names, struct slice name)
{
	size_t at = (size_t)keyed_hash(names->key, name);
	struct name_slot *slot = &names->slots[at & (names->slot_count - 1)];

	while (slot->is_used && !slice_equal(slot->name, name)) {
		at++;
		slot = &names->slots[at & (names->slot_count - 1)];
	}
	return (slot);
}

struct name_slot *
names_put(struct names *names, struct slice name, bool *is_new)
{
	struct name_slot *slot = find(names, name);

	*is_new = !slot->is_used;
	slot->is_used = true;
	slot->name = name;
	return (slot);
}

const struct name_slot *
names_get(const struct names *names, struct slice name)
{
	const struct name_slot *slot = find(names, name);

	return (slot->is_used ? slot : NULL);
}
