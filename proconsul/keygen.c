/* `keygen`: a new key for gossip encryption. */
#include <sys/random.h>

#include "command.h"

#define GOSSIP_KEY_BYTES 32

static int
keygen_work(struct run *run, const void *options)
{
	uint8_t key[GOSSIP_KEY_BYTES];
	struct buf text = { 0 };

	(void)run;
	(void)options;
	/* A request this small is never cut short. */
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return (say_error("Error reading random data: %m"));
	base64_encode(slice(key, sizeof(key)), &text);
	puts(buf_text(&text));
	explicit_bzero(key, sizeof(key));
	buf_deinit(&text);
	return (0);
}

static const struct command_spec spec = {
	.usage = "keygen",
	.about = "Prints 32 random bytes in base64: a key for the agent's "
		 "-encrypt flag.",
	.work = keygen_work,
};

int
keygen_run(int argc, char **argv)
{
	return (command_main(&spec, argc, argv, NULL));
}
