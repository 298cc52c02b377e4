/* `validate`: configuration files, checked as the agent checks them. */
#include "command.h"
#include "config.h"

struct validate_options {
	const char *format;
	bool is_quiet;
};

/* clang-format off */
static const struct flag flags[] = {
	{ "config-format", FLAG_TEXT, offsetof(struct validate_options, format),
	    "string", "How to read every file, whatever its name: hcl or "
	    "json.", NULL, false },
	{ "quiet", FLAG_BOOL, offsetof(struct validate_options, is_quiet), "",
	    "Say nothing when all is well.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* The arguments as config_validate takes them: the format in front. */
static struct config *
files_check(struct run *run, const struct validate_options *o)
{
	char **arguments;
	int count = 0, i;

	arguments =
	    arena_array(&run->arena, (size_t)run->argc + 2, sizeof(*arguments));
	if (*o->format != '\0')
		arguments[count++] = arena_text(&run->arena,
		    arena_printf(&run->arena, "-config-format=%s", o->format));
	for (i = 0; i < run->argc; i++)
		arguments[count++] = run->argv[i];
	return (config_validate(count, arguments, &run->why));
}

static int
validate_work(struct run *run, const void *options)
{
	const struct validate_options *o = options;
	struct config *config;
	size_t i;

	if (run->argc == 0)
		return (say_error(
		    "Must specify at least one config file or directory"));
	if (*o->format != '\0' && strcmp(o->format, "hcl") != 0 &&
	    strcmp(o->format, "json") != 0)
		return (
		    say_error("-config-format must be either 'hcl' or 'json"));
	if ((config = files_check(run, o)) == NULL)
		return (run_fail(run, "Config validation failed"));
	for (i = 0; i < config->warning_count; i++)
		say_error("%s", config->warnings[i]);
	config_free(config);
	if (!o->is_quiet)
		puts("Configuration is valid!");
	return (0);
}

static const struct command_spec spec = {
	.usage = "validate [options] FILE_OR_DIRECTORY...",
	.about = "Checks configuration files as the agent would on its "
		 "start. They must be all of them: a part alone, without "
		 "data_dir, does not pass.",
	.flags = flags,
	.work = validate_work,
};

int
validate_run(int argc, char **argv)
{
	struct validate_options options = { .format = "" };

	return (command_main(&spec, argc, argv, &options));
}
