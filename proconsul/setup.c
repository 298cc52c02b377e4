/*
 * `setup`: the places that daemons need which are units of their own, made
 * before the first of them starts; see place.h.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "config.h"
#include "config_check.h"
#include "place.h"

struct setup_options {
	const char *run_dir;
	bool is_verbose;
	int agent_argc; /* flags of `agent`, behind our own */
	char **agent_argv;
};

/* clang-format off */
static const struct flag flags[] = {
	{ "run-dir", FLAG_TEXT, offsetof(struct setup_options, run_dir),
	    "string", "Directory of the daemons' sockets and pages, as each of "
	    "them is told with -run-dir.", NULL, false },
	{ "verbose", FLAG_BOOL, offsetof(struct setup_options, is_verbose), "",
	    "Tell what was made or changed.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* The directory itself: ours, and written by nobody else. */
static enum err
run_dir_make(const char *path, FILE *told, struct buf *why)
{
	mode_t mode = geteuid() == 0 ? 0711 : 0700;
	struct stat st;

	if (mkdir(path, 0700) == 0) {
		if (told != NULL)
			fprintf(told, "made %s\n", path);
	} else if (errno != EEXIST) {
		buf_printf(why, "mkdir %s: %s", path, strerror(errno));
		return (ERR_IO);
	}
	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		buf_printf(why, "%s is no directory", path);
		return (ERR_REFUSED);
	}
	if (st.st_uid != geteuid()) {
		buf_printf(why,
		    "%s belongs to user %u, and this is user %u: run setup "
		    "as its owner, or name another -run-dir",
		    path, (unsigned)st.st_uid, (unsigned)geteuid());
		return (ERR_REFUSED);
	}
	/* As root all daemons have to pass through it; they can't list it. */
	if ((st.st_mode & 07777) != mode && chmod(path, mode) != 0) {
		buf_printf(why, "chmod %s: %s", path, strerror(errno));
		return (ERR_IO);
	}
	return (ERR_OK);
}

/* What only a launcher can do for its daemons is told, or refused. */
static enum err
launcher_keys_check(const struct config *config, struct buf *why)
{
	if (config->keys.pid_file.size > 0)
		say_error("pid_file is the launcher's: daemons that are units "
			  "of their own write none");
	if (!config->is_dev || *config->node_id != '\0')
		return (ERR_OK);
	buf_put_text(why,
	    "-dev keeps no node ID that the daemons could share: "
	    "give one with -node-id, or run `proconsul agent -dev`");
	return (ERR_REFUSED);
}

static enum err
place_set_up(
    const struct setup_options *o, const struct config *config, struct buf *why)
{
	FILE *told = o->is_verbose ? stdout : NULL;
	char node_id[PLACE_NODE_ID_BYTES];
	enum err err;

	err = config_check_start(config, why);
	if (err == ERR_OK)
		err = launcher_keys_check(config, why);
	if (err == ERR_OK)
		err = run_dir_make(o->run_dir, told, why);
	if (err == ERR_OK)
		err = place_data_make(config, node_id, told, why);
	if (err == ERR_OK)
		err = place_run_fill(o->run_dir, told, why);
	return (err);
}

static int
setup_work(struct run *run, const void *options)
{
	const struct setup_options *o = options;
	struct config *config;
	enum err err;
	size_t i;

	if (*o->run_dir != '/')
		return (say_error("Must specify -run-dir, as a path that "
				  "begins with a slash"));
	if (strlen(o->run_dir) >= PLACE_RUN_DIR_MAX)
		return (say_error("-run-dir is longer than the %d bytes that "
				  "paths of sockets leave it",
		    PLACE_RUN_DIR_MAX - 1));
	config = config_load(o->agent_argc, o->agent_argv, &run->why);
	if (config == NULL)
		return (run_fail(run, "Config validation failed"));
	for (i = 0; i < config->warning_count; i++)
		say_error("%s", config->warnings[i]);
	err = place_set_up(o, config, &run->why);
	config_free(config);
	if (err != ERR_OK)
		return (run_fail(run, "Setup failed"));
	return (0);
}

static const struct command_spec spec = {
	.usage = "setup [options] [AGENT_OPTION...]",
	.about = "Makes the directories that the daemons need: those of the "
		 "data directory and of the run directory, with their owners "
		 "and modes. Its own options stand first; the others are those "
		 "that each daemon gets, too. It may be run again at any time.",
	.flags = flags,
	.work = setup_work,
};

int
setup_run(int argc, char **argv)
{
	struct setup_options options = { .run_dir = "" };
	int own = command_own_flags(flags, argc, argv);

	options.agent_argc = argc - own;
	options.agent_argv = argv + own;
	return (command_main(&spec, own, argv, &options));
}
