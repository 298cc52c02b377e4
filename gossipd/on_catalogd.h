/* What catalogd asks of gossipd: a handler a method. */
#ifndef GOSSIPD_ON_CATALOGD_H
#define GOSSIPD_ON_CATALOGD_H

#include "common/ipc.h"

extern call_fn *const catalogd_handlers[METHOD_COUNT];

#endif
