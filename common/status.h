/*
 * An error text that is to be shown with an HTTP status of its own.
 *
 * What a method refuses is text, and HTTP shows it with status 500 (or 403,
 * where ACLs speak). Agent methods stand for Consul's HTTP handlers, which
 * also say 400 and 404: then the text begins with byte 1 and three digits.
 * It never leaves the machine.
 */
#ifndef COMMON_STATUS_H
#define COMMON_STATUS_H

#include "ipc.h"

/* Ends the call, as call_fail_text() does. */
void call_fail_status(struct call *, int status, struct slice text);
/* The status that the text carries, which is then cut off; else `otherwise`. */
int status_take(struct slice *text, int otherwise);

#endif
