/* `snapshot restore`: a file, in the place of the servers' state. */
#include <errno.h>

#include "command.h"
#include "files.h"

struct snapshot_restore_options {
	struct client_options client;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(snapshot_restore_options),
	SERVER_FLAGS(snapshot_restore_options),
	FLAGS_END,
};
/* clang-format on */

static int
restore(struct run *run, const struct client_options *o, FILE *file,
    const char *name)
{
	struct request request;
	struct response response;

	if (!run_connect(run, o))
		return (1);
	request_init(&request, &run->arena, "PUT", "/v1/snapshot");
	if (o->is_stale)
		request_param(&request, "stale", "");
	request.body_file = file;
	request.body_name = name;
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error restoring snapshot"));
	puts("Restored snapshot");
	return (0);
}

static int
snapshot_restore_work(struct run *run, const void *options)
{
	const struct snapshot_restore_options *o = options;
	FILE *file;
	int status;

	if (run->argc == 0)
		return (say_error("Missing FILE argument"));
	if ((status = run_check_count(run, 1)) != 0)
		return (status);
	if ((file = fopen(run->argv[0], "re")) == NULL) {
		buf_printf(&run->why, "open %s: ", run->argv[0]);
		errno_put(&run->why, errno);
		return (run_fail(run, "Error opening snapshot file"));
	}
	status = restore(run, &o->client, file, run->argv[0]);
	fclose(file);
	return (status);
}

static const struct command_spec spec = {
	.usage = "snapshot restore [options] FILE",
	.about = "Puts what `snapshot save` has saved in the place of all that "
		 "the servers hold. It is meant for disasters, and best done "
		 "on servers that have just been set up: if the leader fails "
		 "while it goes on, do it again.",
	.flags = flags,
	.work = snapshot_restore_work,
};

int
snapshot_restore_run(int argc, char **argv)
{
	struct snapshot_restore_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
