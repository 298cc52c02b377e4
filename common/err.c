/* Texts of errors; see err.h. */
#include <assert.h>

#include "err.h"

const char *
err_text(enum err err)
{
	static const char *const texts[ERR_COUNT] = {
#define X(name, text) [ERR_##name] = (text),
		ERRS(X)
#undef X
	};

	assert(err < ERR_COUNT);
	return (texts[err]);
}
