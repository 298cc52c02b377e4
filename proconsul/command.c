/* The frame around every command; see command.h. */
#include <stdarg.h>

#include "command.h"

#define ABOUT_INDENT  2
#define ABOUT_COLUMNS 78

void
command_usage(FILE *to, const struct command_spec *spec)
{
	fprintf(to, "Usage: consul %s\n\n", spec->usage);
	print_wrapped(to, spec->about, ABOUT_INDENT, ABOUT_COLUMNS);
	if (spec->flags != NULL)
		flags_help(to, spec->flags);
}

bool
run_connect(struct run *run, const struct client_options *options)
{
	run->client = client_new(options, &run->why);
	if (run->client == NULL)
		run_fail(run, "%s",
		    run->spec->connect_error != NULL
			? run->spec->connect_error
			: "Error connecting to Consul agent");
	return (run->client != NULL);
}

int
run_fail(struct run *run, const char *format, ...)
{
	va_list args;

	fflush(stdout); /* what was said before stands before it */
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (run->why.size > 0)
		fprintf(stderr, ": %s", buf_text(&run->why));
	fputc('\n', stderr);
	buf_reset(&run->why);
	return (1);
}

int
run_check_count(const struct run *run, int limit)
{
	if (run->argc <= limit)
		return (0);
	return (say_error(
	    "Too many arguments (expected %d, got %d)", limit, run->argc));
}

const struct json *
run_get(struct run *run, const struct request *request)
{
	char why[JSON_WHY_MAX];
	struct response response;
	struct json *json;

	if (client_ask_ok(run->client, request, &response, &run->why) != ERR_OK)
		return (NULL);
	if (json_parse(response.body, &run->arena, &json, NULL, why) !=
	    ERR_OK) {
		buf_put_text(&run->why, why);
		return (NULL);
	}
	return (json);
}

enum err
run_parse_type(
    struct run *run, struct slice text, const struct type *type, void *out)
{
	char why[JSON_WHY_MAX];
	struct json *json;
	enum err err;

	err = json_parse(text, &run->arena, &json, NULL, why);
	if (err == ERR_OK)
		err = json_to_type(
		    json, JSON_API_LAX, type, &run->arena, out, why);
	if (err != ERR_OK)
		buf_put_text(&run->why, why);
	return (err);
}

enum err
run_get_type(struct run *run, const struct request *request,
    const struct type *type, void *out, struct response *response)
{
	enum err err;

	err = client_ask_ok(run->client, request, response, &run->why);
	if (err == ERR_OK)
		err = run_parse_type(run, response->body, type, out);
	return (err);
}

/* The flag that this argument gives; *has_value: behind a "=". */
static const struct flag *
flag_given(const struct flag *flags, const char *arg, bool *has_value)
{
	size_t size;

	if (*arg != '-')
		return (NULL);
	arg += arg[1] == '-' ? 2 : 1;
	size = strcspn(arg, "=");
	*has_value = arg[size] == '=';
	for (; flags->name != NULL; flags++) {
		if (strlen(flags->name) == size &&
		    strncmp(flags->name, arg, size) == 0)
			return (flags);
	}
	return (NULL);
}

int
command_own_flags(const struct flag *flags, int argc, char **argv)
{
	const struct flag *flag;
	bool has_value = false;
	int count = 0;

	while (count < argc) {
		flag = flag_given(flags, argv[count], &has_value);
		if (flag == NULL && strcmp(argv[count], "-h") != 0)
			break;
		count++;
		if (flag != NULL && !has_value && flag->kind != FLAG_BOOL &&
		    count < argc)
			count++;
	}
	return (count);
}
