/* What the catalog commands share. */
#ifndef PROCONSUL_CATALOG_H
#define PROCONSUL_CATALOG_H

#include "client.h"
#include "flags.h"

/* -node-meta key=value, as the API takes it: node-meta=key:value. */
void catalog_param_meta(struct request *, const struct flag_list *);

#endif
