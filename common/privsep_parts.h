/* What privsep.c is made of; for nobody else. */
#ifndef COMMON_PRIVSEP_PARTS_H
#define COMMON_PRIVSEP_PARTS_H

#include "config.h"
#include "wiring.h"

struct privsep_scope {
	enum daemon_id id;
	const struct daemon_row *row; /* lent */
	const struct config *config;  /* lent */
	const char *run_dir;	      /* lent */
};

void privsep_landlock(const struct privsep_scope *);
/* `reaches_out`: may open sockets of the internet. */
void privsep_seccomp(const struct daemon_row *, bool reaches_out);

#endif
