/* Entries with their bytes. See batch.h. */
#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "common/xmalloc.h"

static struct slice
place(uint8_t **at, struct slice from)
{
	struct slice to = slice(*at, from.size);

	if (from.data == NULL)
		return (slice(NULL, 0)); /* nil stays nil */
	memcpy(*at, from.data, from.size);
	*at += from.size;
	return (to);
}

struct batch *
batch_new(const struct entry *entries, size_t count)
{
	struct buf encoded = { 0 };
	size_t head = sizeof(struct batch) + count * sizeof(struct entry);
	size_t bytes = head;
	struct batch *batch;
	uint8_t *at;

	for (size_t i = 0; i < count; i++) {
		if (entries[i].membership != NULL)
			codec_put_membership(&encoded, entries[i].membership);
		else
			bytes += entries[i].data.size;
		bytes += entries[i].extensions.size;
	}
	bytes += encoded.size;
	batch = xmalloc(bytes);
	*batch = (struct batch){ 1, bytes, count };
	at = (uint8_t *)batch + head;
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = &batch->entries[i];

		*entry = entries[i];
		if (entry->membership != NULL) {
			buf_reset(&encoded);
			codec_put_membership(&encoded, entry->membership);
			entry->data = buf_slice(&encoded);
		}
		entry->data = place(&at, entry->data);
		entry->extensions = place(&at, entry->extensions);
		entry->membership = NULL;
	}
	assert(at == (uint8_t *)batch + bytes);
	buf_deinit(&encoded);
	return (batch);
}

struct batch *
batch_hold(struct batch *batch)
{
	assert(batch->references > 0);
	batch->references++;
	return (batch);
}

void
batch_drop(struct batch *batch)
{
	if (batch != NULL && --batch->references == 0)
		free(batch);
}
