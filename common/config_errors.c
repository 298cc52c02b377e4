/* Several mistakes told as one; the form is that of Go's multierror. */
#include <stdarg.h>
#include <stdio.h>

#include "config_errors.h"

void
config_errors_add(struct config_errors *e, const char *format, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	buf_printf(&e->lines, "\t* %s\n", line);
	e->count++;
}

enum err
config_errors_tell(const struct config_errors *e, struct buf *why)
{
	if (e->count == 0)
		return (ERR_OK);
	buf_printf(
	    why, "%zu error%s occurred:\n", e->count, e->count == 1 ? "" : "s");
	buf_put_slice(why, buf_slice(&e->lines));
	buf_put_u8(why, '\n');
	return (ERR_INVALID);
}

void
config_errors_deinit(struct config_errors *e)
{
	buf_deinit(&e->lines);
}
