/* Between the files that check a configuration; see config_check.h. */
#ifndef COMMON_CONFIG_CHECK_PARTS_H
#define COMMON_CONFIG_CHECK_PARTS_H

#include "config.h"
#include "config_sources.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct check {
	struct config_sources *sources; /* lent; takes warnings */
	const struct config *config;
	struct buf *why;
};

/* ERR_INVALID, and the text in *why. */
MUST_CHECK enum err config_refuse_text(struct check *, const char *text);

enum err config_check_dns(struct check *);
enum err config_check_gossip_networks(struct check *);
enum err config_check_listeners(struct check *);
enum err config_check_descriptors(struct check *);
enum err config_check_sizes(struct check *);

/* These only warn. */
enum err config_warn_bootstrap(struct check *);
enum err config_warn_scripts(struct check *);
enum err config_warn_filters(struct check *);
enum err config_warn_auto_config(struct check *);

#endif
