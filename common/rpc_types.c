/* Tables of the structs that travel between agents; see rpc_types.h. */
#include "rpc_types.h"

/* clang-format off */
RPC_MAP_TYPES(TYPE_DEFINE)
RPC_BARE_TYPES(TYPE_DEFINE_BARE)
/* clang-format on */
