/* The web page's three files; see ui.h. */
#include <time.h>

#include "httpd.h"
#include "request.h"
#include "ui.h"
#include "ui_dir.h"
#include "xmalloc.h"

/* The files as they are in httpd/ui/, and their sizes. */
/* clang-format off */
#define EMBED(name, path)                                 \
	__asm__(".section .rodata\n"                      \
		".balign 8\n"                             \
		".global ui_" #name "_size\n"             \
		"ui_" #name "_size:\n"                    \
		".8byte 1f - ui_" #name "\n"              \
		".global ui_" #name "\n"                  \
		"ui_" #name ":\n"                         \
		".incbin \"httpd/ui/" path "\"\n"         \
		"1:\n"                                    \
		".previous\n");                           \
	extern const uint8_t ui_##name[];                 \
	extern const uint64_t ui_##name##_size
/* clang-format on */

EMBED(page, "index.html");
EMBED(script, "app.js");
EMBED(style, "style.css");

static const char robots[] =
    "# http://www.robotstxt.org\nUser-agent: *\nDisallow: /\n";

struct ui {
	char date[DATE_BYTES + 1]; /* Last-Modified: when we started */
};

struct ui *
ui_new(void)
{
	struct ui *ui = xcalloc(1, sizeof(*ui));

	http_date((int64_t)time(NULL), ui->date);
	return (ui);
}

static void
file_send(struct request *r, struct slice file, struct slice type)
{
	struct slice date = slice_of_text(r->httpd->ui->date);
	struct response out = { .status = 200,
		.content_type = type,
		.last_modified = date,
		.extra_headers = r->httpd->policy.ui_headers };

	if (slice_equal(r->head->if_modified_since, date)) {
		out.status = 304;
		out.content_type = (struct slice){ 0 };
	} else
		buf_put_slice(&out.body, file);
	request_answer(r, &out);
}

bool
ui_serve(struct request *r)
{
	struct slice path = r->path;

	if (r->httpd->policy.ui_dir.size > 0)
		return (ui_dir_serve(r));
	if (slice_is(path, "/robots.txt"))
		file_send(r, slice_of_text(robots),
		    SLICE("text/plain; charset=utf-8"));
	else if (!slice_starts_with(path, r->httpd->policy.ui_path))
		return (false);
	else if (slice_ends_with(path, SLICE("/app.js")))
		file_send(r, slice(ui_script, ui_script_size),
		    SLICE("application/javascript"));
	else if (slice_ends_with(path, SLICE("/style.css")))
		file_send(r, slice(ui_style, ui_style_size),
		    SLICE("text/css; charset=utf-8"));
	else /* any other name: the page finds its way itself */
		file_send(r, slice(ui_page, ui_page_size),
		    SLICE("text/html; charset=utf-8"));
	return (true);
}
