/* `daemon leave`: gossipd says good-bye to the cluster before the daemons of
 * this machine are stopped. */
#include <signal.h>

#include "command.h"
#include "config.h"
#include "daemon_process.h"

#define LEAVE_MS 15000 /* as long as the launcher waits */

struct leave_options {
	const char *run_dir;
	int agent_argc; /* flags of `agent`, behind our own */
	char **agent_argv;
};

/* clang-format off */
static const struct flag flags[] = {
	{ "run-dir", FLAG_TEXT, offsetof(struct leave_options, run_dir),
	    "string", "Run directory of the daemons.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* As an agent decides when it is terminated; without options of an agent that
 * would say, somebody has decided already. */
static enum err
is_wanted(const struct leave_options *o, bool *wanted, struct buf *why)
{
	struct config *config;

	*wanted = true;
	if (o->agent_argc == 0)
		return (ERR_OK);
	config = config_load(o->agent_argc, o->agent_argv, why);
	if (config == NULL)
		return (ERR_INVALID);
	*wanted = config->leave_on_terminate;
	config_free(config);
	return (ERR_OK);
}

static int
leave_work(struct run *run, const void *options)
{
	const struct leave_options *o = options;
	struct daemon_process p;
	bool wanted = false, is_over;

	if (*o->run_dir == '\0')
		return (say_error("Must specify -run-dir"));
	if (is_wanted(o, &wanted, &run->why) != ERR_OK)
		return (run_fail(run, "Config validation failed"));
	if (!wanted)
		return (0);
	if (daemon_process_open(&p, o->run_dir, DAEMON_gossipd, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Cannot leave"));
	if (daemon_process_signal(&p, SIGUSR1, &run->why) != ERR_OK) {
		daemon_process_close(&p);
		return (run_fail(run, "Cannot leave"));
	}
	is_over = daemon_process_wait(&p, LEAVE_MS);
	daemon_process_close(&p);
	return (is_over ? 0 : say_error("Timeout on graceful leave"));
}

static const struct command_spec spec = {
	.usage = "daemon leave [options] [AGENT_OPTION...]",
	.about = "Makes gossipd leave the cluster and end, before the other "
		 "daemons of this machine are stopped; given the options of "
		 "the agent, only if leave_on_terminate is true there. Waits "
		 "until it is done, 15 seconds at most.",
	.flags = flags,
	.work = leave_work,
};

int
daemon_leave_run(int argc, char **argv)
{
	struct leave_options options = { .run_dir = "" };
	int own = command_own_flags(flags, argc, argv);

	options.agent_argc = argc - own;
	options.agent_argv = argv + own;
	return (command_main(&spec, own, argv, &options));
}
