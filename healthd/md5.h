/*
 * MD5, only for the names of files, as Consul makes them from ids.
 *
 * Source  RFC 1321
 */
#ifndef HEALTHD_MD5_H
#define HEALTHD_MD5_H

#include "bytes.h"

#define MD5_HEX_SIZE 33 /* with a NUL */

void md5_hex(struct slice, char out[MD5_HEX_SIZE]);

#endif
