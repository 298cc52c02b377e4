/*
 * `snapshot save`: the servers' state, as a file.
 *
 * It is written beside its place under another name, synced, read again and
 * verified; only then it gets its name, so that an older snapshot of that name
 * is never lost for one that is cut. It holds tokens: nobody else may read it.
 * (Consul leaves that to the umask.)
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "snapshot_file.h"

struct snapshot_save_options {
	struct client_options client;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(snapshot_save_options),
	SERVER_FLAGS(snapshot_save_options),
	FLAGS_END,
};
/* clang-format on */

/* The file that is not verified yet. */
struct saving {
	struct buf name;
	FILE *file; /* NULL: not begun, or failed */
	struct buf why;
};

static void
save_fail(struct saving *saving, const char *what)
{
	buf_printf(&saving->why, "%s %s: ", what, buf_text(&saving->name));
	errno_put(&saving->why, errno);
}

static void
save_begin(struct saving *saving, const char *path)
{
	char name[4096];
	int fd;

	if (snprintf(name, sizeof(name), "%s.unverified.tmpXXXXXX", path) >=
	    (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		fd = -1;
	} else
		fd = mkostemp(name, O_CLOEXEC); /* 0600 */
	buf_put_text(&saving->name, name);
	if (fd < 0)
		save_fail(saving, "open");
	else
		saving->file = fdopen(fd, "w+");
}

static void
on_data(void *arg, struct slice bytes)
{
	struct saving *saving = arg;

	if (saving->why.size == 0 &&
	    fwrite(bytes.data, 1, bytes.size, saving->file) != bytes.size)
		save_fail(saving, "write");
}

/* The answer, into the file; 1 and said so where that fails. */
static int
download(struct run *run, const struct client_options *o, struct saving *saving,
    struct response *response)
{
	struct request request;
	struct call *call;

	request_init(&request, &run->arena, "GET", "/v1/snapshot");
	if (o->is_stale)
		request_param(&request, "stale", "");
	call = client_start(run->client, &request, on_data, saving);
	while (!call_is_done(call))
		client_wait(run->client, -1, 1000);
	if (call_finish(call, &run->arena, response, &run->why) != ERR_OK)
		return (run_fail(run, "Error saving snapshot"));
	if (response->status != 200) {
		response_why(response, &run->why);
		return (run_fail(run, "Error saving snapshot"));
	}
	if (saving->why.size == 0 &&
	    (fflush(saving->file) != 0 || fsync(fileno(saving->file)) != 0))
		save_fail(saving, "write");
	if (saving->why.size == 0)
		return (0);
	buf_put_slice(&run->why, buf_slice(&saving->why));
	return (run_fail(run, "Error writing unverified snapshot file"));
}

static int
verify(struct run *run, struct saving *saving)
{
	struct archive_reader *reader;
	struct archive_meta meta;
	enum err err;

	rewind(saving->file);
	err = snapshot_verify(
	    saving->file, buf_text(&saving->name), &reader, &meta, &run->why);
	archive_reader_free(reader);
	return (
	    err == ERR_OK ? 0 : run_fail(run, "Error verifying snapshot file"));
}

static int
put_in_place(struct run *run, struct saving *saving, const char *path)
{
	const char *from = buf_text(&saving->name);

	if (rename(from, path) == 0)
		return (0);
	buf_printf(&run->why, "rename %s %s: ", from, path);
	errno_put(&run->why, errno);
	return (run_fail(run, "Error renaming \"%s\" to \"%s\"", from, path));
}

static int
save(struct run *run, const struct client_options *o, const char *path)
{
	struct saving saving = { 0 };
	struct response response;
	int status;

	save_begin(&saving, path);
	status = download(run, o, &saving, &response);
	if (status == 0)
		status = verify(run, &saving);
	if (status == 0)
		status = put_in_place(run, &saving, path);
	if (status == 0)
		printf("Saved and verified snapshot to index %" PRIu64 "\n",
		    response.index);
	else if (saving.file != NULL)
		(void)unlink(buf_text(&saving.name));
	if (saving.file != NULL)
		fclose(saving.file);
	buf_deinit(&saving.name);
	buf_deinit(&saving.why);
	return (status);
}

static int
snapshot_save_work(struct run *run, const void *options)
{
	const struct snapshot_save_options *o = options;
	int status;

	if (run->argc == 0)
		return (say_error("Missing FILE argument"));
	if ((status = run_check_count(run, 1)) != 0)
		return (status);
	if (!run_connect(run, &o->client))
		return (1);
	return (save(run, &o->client, run->argv[0]));
}

static const struct command_spec spec = {
	.usage = "snapshot save [options] FILE",
	.about = "Saves all that the servers hold, of one moment, into a file: "
		 "keys, nodes and services, sessions, prepared queries, ACLs. "
		 "With -stale any server will do, even without a leader.",
	.flags = flags,
	.work = snapshot_save_work,
};

int
snapshot_save_run(int argc, char **argv)
{
	struct snapshot_save_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
