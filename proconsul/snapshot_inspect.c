/* `snapshot inspect`: what a snapshot file is, and whether it is whole. */
#include <errno.h>

#include "command.h"
#include "files.h"
#include "snapshot_file.h"

static int
inspect(struct run *run, FILE *file)
{
	struct archive_reader *reader;
	struct archive_meta meta;
	int status = 0;

	if (snapshot_verify(file, run->argv[0], &reader, &meta, &run->why) !=
	    ERR_OK)
		status = run_fail(run, "Error verifying snapshot");
	else
		printf("ID           %.*s\n"
		       "Size         %" PRId64 "\n"
		       "Index        %" PRIu64 "\n"
		       "Term         %" PRIu64 "\n"
		       "Version      %" PRId64 "\n\n",
		    SLICE_ARGS(meta.id), meta.size, meta.index, meta.term,
		    meta.version);
	archive_reader_free(reader);
	return (status);
}

static int
snapshot_inspect_work(struct run *run, const void *options)
{
	FILE *file;
	int status;

	(void)options;
	if (run->argc == 0)
		return (say_error("Missing FILE argument"));
	if ((status = run_check_count(run, 1)) != 0)
		return (status);
	if ((file = fopen(run->argv[0], "re")) == NULL) {
		buf_printf(&run->why, "open %s: ", run->argv[0]);
		errno_put(&run->why, errno);
		return (run_fail(run, "Error opening snapshot file"));
	}
	status = inspect(run, file);
	fclose(file);
	return (status);
}

static const struct command_spec spec = {
	.usage = "snapshot inspect [options] FILE",
	.about = "Shows when a snapshot was taken and how large it is, after "
		 "a look whether the file is whole. No agent is asked.",
	.work = snapshot_inspect_work,
};

int
snapshot_inspect_run(int argc, char **argv)
{
	return (command_main(&spec, argc, argv, NULL));
}
