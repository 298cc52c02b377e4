/* Templates in addresses; see config_template.h. */
#include <string.h>

#include "config_template.h"

enum err
config_template_expand(struct slice text, struct buf *out, struct buf *why)
{
	if (memmem(text.data, text.size, "{{", 2) != NULL) {
		buf_put_text(
		    why, "templates are not supported by proconsul yet");
		return (ERR_UNAVAILABLE);
	}
	buf_put_slice(out, text);
	return (ERR_OK);
}
