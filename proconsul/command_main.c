/* How a command is run; see command.h. The tool that makes manual pages has a
 * command_main of its own, so it stands alone. */
#include "command.h"

int
command_main(
    const struct command_spec *spec, int argc, char **argv, void *options)
{
	static const struct flag no_flags[] = { FLAGS_END };
	const struct flag *flags = spec->flags != NULL ? spec->flags : no_flags;
	struct run run = { .spec = spec };
	enum err err;
	int status = 1;

	if (argc == 1 && strcmp(argv[0], "-h") == 0) {
		command_usage(stdout, spec);
		return (0);
	}
	arena_init(&run.arena);
	err = flags_parse(flags, &argc, &argv, &run.arena, options, &run.why);
	if (err != ERR_OK) {
		say_error("%s", buf_text(&run.why));
		flags_usage(stderr, flags);
	} else {
		run.argc = argc;
		run.argv = argv;
		status = spec->work(&run, options);
	}
	client_free(run.client);
	arena_deinit(&run.arena);
	buf_deinit(&run.why);
	if (fflush(stdout) != 0 && status == 0)
		status = say_error("write error on standard output");
	return (status);
}
