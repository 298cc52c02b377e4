/* Tables of the client library's structs; see api_types.h. */
#include "api_types.h"

/* clang-format off */
API_TYPES(TYPE_DEFINE)
API_BARE_TYPES(TYPE_DEFINE_BARE)
/* clang-format on */
