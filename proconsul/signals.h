/*
 * SIGINT and SIGTERM as something to read, for commands that go on until they
 * are told to stop, and SIGCHLD for those that wait for a child.
 */
#ifndef PROCONSUL_SIGNALS_H
#define PROCONSUL_SIGNALS_H

#include <stdbool.h>

/* From now on they do not end the process. The descriptor is readable when
 * one has come; it is closed by the end of the process. */
int signals_open(void);
/* Take what has come; true if one of it asks to stop. */
bool signals_came(int fd);
/* In a child: as if signals_open had never been called. */
void signals_restore(void);

#endif
