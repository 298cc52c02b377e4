/* Tables of the structs that stay within one suite; see local_types.h. */
#include "local_types.h"

/* clang-format off */
LOCAL_TYPES(TYPE_DEFINE)
/* clang-format on */
