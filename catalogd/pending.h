/* Coordinates that wait for their batch (on_coordinate.c). */
#ifndef CATALOGD_PENDING_H
#define CATALOGD_PENDING_H

#include <ev.h>

#include "arena.h"
#include "rpc_types.h"

/* Consul's CoordinateUpdateBatchSize, -MaxBatches and -Period. */
#define COORDINATE_BATCH_SIZE  128
#define COORDINATE_BATCHES_MAX 5
#define COORDINATE_PERIOD_S    5.0
#define COORDINATES_MAX	       (COORDINATE_BATCH_SIZE * COORDINATE_BATCHES_MAX)
#define COORDINATE_BYTES_MAX   (4 * 1024 * 1024)

struct pending_coordinates {
	struct coordinate items[COORDINATES_MAX];
	size_t count;
	size_t discarded; /* for want of room */
	struct arena arena;
	ev_timer timer; /* runs while there are any */
};

#endif
