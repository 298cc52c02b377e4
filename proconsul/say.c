/* Lines on standard error; see say.h. */
#include <stdarg.h>
#include <stdio.h>

#include "clock.h"
#include "say.h"

int
say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return (1);
}

void
say_log(const char *level, const char *name, const char *format, ...)
{
	struct buf line = { 0 };
	va_list args;

	wall_print(wall_now(), 3, &line);
	fprintf(stderr, "%s [%s]%*s%s: ", buf_text(&line), level,
	    level[4] == '\0' ? 2 : 1, "", name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	buf_deinit(&line);
}
