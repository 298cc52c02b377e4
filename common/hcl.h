/*
 * HCL 1, the language of Consul's configuration files and ACL rules, into the
 * tree that JSON gives (json.h).
 *
 * A block `a { b = 1 }` is a list of one object: whoever reads the tree takes
 * the list of one for what is in it. A key given twice appends blocks and
 * lists; other values replace. `a "x" { }` is an object in an object. Lists of
 * blocks have `is_blocks`, whole numbers `is_integer`: Go's texts name them
 * apart.
 *
 * A text whose first sign is '{' is JSON, as in the original. There the
 * original reads objects in objects as labelled blocks and so confuses some;
 * here it is JSON and nothing else.
 *
 * Limits   HCL_DEPTH_MAX, HCL_NODES_MAX, HCL_KEYS_MAX different keys a block
 * Memory   the tree and its texts live in the arena; the source need not
 * Errors   `why` gets the text of hashicorp/hcl 1.0.0, "At 1:69: illegal char"
 * Source   api/config.md 1, and the real 1.8.7 (tests/common/hcl_cases.txt)
 */
#ifndef COMMON_HCL_H
#define COMMON_HCL_H

#include "json.h"

#define HCL_DEPTH_MAX 60
#define HCL_NODES_MAX JSON_VALUES_MAX
#define HCL_KEYS_MAX  4096

MUST_CHECK enum err hcl_parse(
    struct slice text, struct arena *, struct json **, char why[JSON_WHY_MAX]);

#endif
