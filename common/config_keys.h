/*
 * Every key of a configuration file, a row each, as in type.h: a stanza is a
 * struct inside. Rows with a capability that is not built yet are refused by
 * name when they are set (config_refuse.c).
 *
 * Source  api/config.md 3
 */
#ifndef COMMON_CONFIG_KEYS_H
#define COMMON_CONFIG_KEYS_H

#include "rpc_types.h"

/* clang-format off */
#define CONFIG_KEYS(F) \
	F(STR, _, data_dir, "data_dir", 0, 0) \
	F(STR, _, node_name, "node_name", 0, 0)
/* clang-format on */

struct config_keys {
	CONFIG_KEYS(TYPE_MEMBER)
};

extern struct type config_keys_type;

#endif
