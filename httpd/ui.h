/*
 * The bare web page at /ui/: three files, compiled in.
 *
 * Source  api/http.md 1.12; the page itself is in httpd/ui/
 */
#ifndef HTTPD_UI_H
#define HTTPD_UI_H

#include "bytes.h"

struct request;
struct ui;

struct ui *ui_new(void);
/* Answer what lies below ui_content_path, and /robots.txt; false if it is
 * neither. */
bool ui_serve(struct request *);

#endif
