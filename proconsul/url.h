/*
 * Texts in a URL, escaped as Go's net/url does it.
 *
 * Source  net/url shouldEscape, Values.Encode; RFC 3986 2
 */
#ifndef PROCONSUL_URL_H
#define PROCONSUL_URL_H

#include "bytes.h"

void url_put_path(struct buf *, struct slice); /* slashes stay */
void url_put_query(struct buf *, struct slice);
void url_put_host(struct buf *, struct slice);

#endif
