/* What commands say on standard error. */
#ifndef PROCONSUL_SAY_H
#define PROCONSUL_SAY_H

#include "bytes.h"

/* A line; returns 1, the exit status of a command that failed. */
int say_error(const char *format, ...) PRINTF_LIKE(1, 2);
/* A line in the form of the agent's log: `level` is "WARN" or "ERROR". */
void say_log(const char *level, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
