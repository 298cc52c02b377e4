/*
 * UTF-8, a character at a time, as Go's unicode/utf8 has it: what is malformed
 * is one byte that stands for U+FFFD.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include "bytes.h"

#define UTF8_ERROR 0xfffd
#define UTF8_MAX   0x10ffff

/* The first of the text and how many bytes it takes; UTF8_ERROR and 1 where it
 * is none, UTF8_ERROR and 0 where the text is empty. */
int32_t utf8_decode(struct slice, size_t *width);
/* Surrogates and what is beyond UTF8_MAX are written as UTF8_ERROR. */
void utf8_put(struct buf *, int32_t rune);

/*
 * Where, from `at` on, the first byte is that must not get at a terminal: of a
 * control character (C0, DEL, C1), or of nothing that is UTF-8, which terminals
 * of eight bits take for C1; SIZE_MAX where there is none.
 */
size_t utf8_find_unsafe(struct slice, size_t at);
/* Put this byte in the place of each of them. */
void utf8_hide_unsafe(void *text, size_t size, char instead);

#endif
