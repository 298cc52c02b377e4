/*
 * A web page of the operator's own: files below ui_dir, as Consul serves them.
 *
 * What is not there is the page itself, index.html, which finds its way by the
 * path; in it the content path and whether there are ACLs are filled in.
 * Landlock keeps links from leading out of the folder.
 *
 * Source  api/http.md 1.12; Go's http.FileServer; the real one's answers
 */
#ifndef HTTPD_UI_DIR_H
#define HTTPD_UI_DIR_H

#include <stdbool.h>

struct request;

/* As ui_serve(). */
bool ui_dir_serve(struct request *);

#endif
