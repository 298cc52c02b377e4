/* `daemon reload`: each of the daemons named reads its configuration again,
 * and says whether it follows it. */
#include <signal.h>

#include "command.h"
#include "daemon_process.h"

#define ANSWER_MS 20000 /* as long as a daemon may hang */
#define LOOK_MS	  5

struct reload_options {
	const char *run_dir;
};

/* clang-format off */
static const struct flag flags[] = {
	{ "run-dir", FLAG_TEXT, offsetof(struct reload_options, run_dir),
	    "string", "Run directory of the daemons.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* It counts what it has done; one that ends instead starts anew for its new
 * configuration, and has then read it. */
static enum err
answer_wait(const struct daemon_process *p,
    const struct metrics_reloads *before, struct buf *why)
{
	struct metrics_reloads now;
	int waited;

	for (waited = 0; waited < ANSWER_MS; waited += LOOK_MS) {
		bool has_ended = daemon_process_wait(p, LOOK_MS);

		now = metrics_page_reloads(p->page);
		if (now.refused != before->refused) {
			buf_printf(why, "%s: %s", daemon_name(p->id), now.why);
			return (ERR_REFUSED);
		}
		if (now.done != before->done || has_ended)
			return (ERR_OK);
	}
	buf_printf(why, "%s: no answer after %d seconds", daemon_name(p->id),
	    ANSWER_MS / 1000);
	return (ERR_TIMEOUT);
}

static enum err
reload_one(const char *run_dir, enum daemon_id id, struct buf *why)
{
	struct metrics_reloads before;
	struct daemon_process p;
	enum err err;

	err = daemon_process_open(&p, run_dir, id, why);
	if (err != ERR_OK)
		return (err);
	before = metrics_page_reloads(p.page);
	err = daemon_process_signal(&p, SIGHUP, why);
	if (err == ERR_OK)
		err = answer_wait(&p, &before, why);
	daemon_process_close(&p);
	return (err);
}

static int
reload_work(struct run *run, const void *options)
{
	const struct reload_options *o = options;
	enum daemon_id ids[DAEMON_COUNT], id;
	int count = 0, status = 0, i;

	if (*o->run_dir == '\0')
		return (say_error("Must specify -run-dir"));
	if (run->argc > DAEMON_COUNT)
		return (run_check_count(run, DAEMON_COUNT));
	for (i = 0; i < run->argc; i++) {
		if (!daemon_find(run->argv[i], &ids[count++]))
			return (say_error(
			    "No daemon is called \"%s\"", run->argv[i]));
	}
	for (id = 0; run->argc == 0 && id < DAEMON_COUNT; id++)
		ids[count++] = id;
	for (i = 0; i < count; i++) {
		if (reload_one(o->run_dir, ids[i], &run->why) != ERR_OK)
			status = run_fail(run, "Configuration was not read");
	}
	return (status);
}

static const struct command_spec spec = {
	.usage = "daemon reload [options] [DAEMON...]",
	.about = "Makes daemons of this machine, all unless some are named, "
		 "read their configuration again: by a signal, without the "
		 "HTTP API. Waits until each has, and says why one refuses.",
	.flags = flags,
	.work = reload_work,
};

int
daemon_reload_run(int argc, char **argv)
{
	struct reload_options options = { .run_dir = "" };

	return (command_main(&spec, argc, argv, &options));
}
