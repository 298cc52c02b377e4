/* `version`: the Consul version and protocol this program speaks. */
#include "command.h"

struct version_options {
	const char *format;
};

/* clang-format off */
static const struct flag flags[] = {
	{ "format", FLAG_TEXT, offsetof(struct version_options, format),
	    "string", "How to print it: pretty or json.", "\"pretty\"", false },
	FLAGS_END,
};
/* clang-format on */

static int
version_work(struct run *run, const void *options)
{
	const struct version_options *o = options;

	(void)run;
	if (strcmp(o->format, "pretty") == 0) {
		puts("Consul v" PROCONSUL_VERSION "\n"
		     "Protocol 2 spoken by default, understands 2 to 3 (agent "
		     "will automatically use protocol >2 when speaking to "
		     "compatible agents)\n");
	} else if (strcmp(o->format, "json") == 0) {
		puts("{\n   \"Version\": \"" PROCONSUL_VERSION "\",\n"
		     "   \"Revision\": \"\",\n   \"Prerelease\": \"\",\n"
		     "   \"RPC\": {\n      \"Default\": 2,\n      \"Min\": 2,\n"
		     "      \"Max\": 3\n   }\n}");
	} else {
		return (say_error("Unknown format: %s", o->format));
	}
	return (0);
}

static const struct command_spec spec = {
	.usage = "version [options]",
	.about = "Prints the version of Consul that this program is "
		 "compatible with.",
	.flags = flags,
	.work = version_work,
};

int
version_run(int argc, char **argv)
{
	struct version_options options = { .format = "pretty" };

	return (command_main(&spec, argc, argv, &options));
}
