/* Tables of the structs that stay within healthd; see health_types.h. */
#include "health_types.h"

/* clang-format off */
HEALTH_TYPES(TYPE_DEFINE)
/* clang-format on */
