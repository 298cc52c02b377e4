/* The runner's loop; see runner.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errand.h"
#include "health_types.h"
#include "helper.h"
#include "local.h"
#include "log.h"
#include "privsep.h"
#include "trim.h"
#include "result.h"
#include "runner.h"
#include "script.h"
#include "xmalloc.h"

#define SCRIPTS_MAX 1024 /* at once */
#define PATH_SIZE   4096
#define POLLS_FIXED 3 /* healthd, children, the prober's socket */

struct runner {
	int healthd;  /* requests in, results out */
	int probes;   /* the prober's end; kept for the next one */
	int children; /* SIGCHLD */
	pid_t prober; /* 0 while there is none */
	char prober_path[PATH_SIZE];
	struct script_limits limits;
	struct script *scripts; /* owned */
	size_t script_count;
	uint64_t refused; /* the last run of which no piece is kept */
	uint8_t *in;	  /* owned; one message */
};

/* --- Saying how it went. --- */

static int64_t
exit_code(const struct script *s)
{
	if (!s->has_exited)
		return (-1);
	return (WIFEXITED(s->status) ? WEXITSTATUS(s->status)
				     : -WTERMSIG(s->status));
}

static void
script_tell(struct runner *r, const struct script *s, enum run_end end,
    enum check_status status, struct slice output)
{
	struct probe_result result = {
		.run = s->run,
		.check_id = buf_slice(&s->check_id),
		.end = end,
		.status = status,
		.exit_code = exit_code(s),
		.output = output,
	};

	if (!s->is_cancelled)
		result_send(r->healthd, &result);
}

static void
timed_out_tell(struct runner *r, const struct script *s)
{
	struct buf text = { 0 };

	buf_put_text(&text, "Timed out (");
	duration_print(s->timeout, &text);
	buf_put_text(&text, ") running check");
	if (s->tail.total > 0)
		buf_put_text(&text, "\n\n");
	tail_text(&s->tail, &text);
	script_tell(r, s, RUN_TIMED_OUT, CHECK_CRITICAL, buf_slice(&text));
	buf_deinit(&text);
}

/* Exit status 1 is a warning, all else but 0 is critical. */
static enum check_status
status_of(const struct script *s)
{
	if (!WIFEXITED(s->status))
		return (CHECK_CRITICAL);
	if (WEXITSTATUS(s->status) == 0)
		return (CHECK_PASSING);
	return (WEXITSTATUS(s->status) == 1 ? CHECK_WARNING : CHECK_CRITICAL);
}

static void
exit_tell(struct runner *r, const struct script *s)
{
	struct buf text = { 0 };

	if (s->has_timed_out) {
		script_tell(r, s, RUN_GONE, CHECK_CRITICAL, SLICE(""));
		return;
	}
	tail_text(&s->tail, &text);
	script_tell(r, s, RUN_DONE, status_of(s), buf_slice(&text));
	buf_deinit(&text);
}

/* --- Scripts. --- */

static struct script *
script_find(struct runner *r, uint64_t run)
{
	struct script *s = r->scripts;

	while (s != NULL && s->run != run)
		s = s->next;
	return (s);
}

static struct script *
script_new(struct runner *r, const struct probe_request *q)
{
	struct script *s = xcalloc(1, sizeof(*s));

	s->run = q->run;
	s->kind = q->kind;
	s->output = s->line = -1;
	s->deadline = INSTANT_NEVER;
	buf_put_slice(&s->check_id, q->check_id);
	tail_init(&s->tail, q->output_max);
	if (q->kind == PROBE_JOB) {
		s->stream = xcalloc(1, sizeof(*s->stream));
		stream_init(s->stream);
	}
	s->next = r->scripts;
	r->scripts = s;
	r->script_count++;
	return (s);
}

static void
script_drop(struct runner *r, struct script *s)
{
	struct script **at = &r->scripts;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	r->script_count--;
	script_free(s);
}

/* A run without a time limit of its own has none: watches and jobs. */
static void
script_begin(struct runner *r, struct script *s, const struct probe_request *q)
{
	struct buf why = { 0 };

	s->timeout = q->timeout;
	if (q->timeout.ns > 0 || q->kind == PROBE_CHECK)
		s->deadline = instant_add(instant_now(), q->timeout);
	if (!script_start(s, q, &r->limits, &why)) {
		script_tell(
		    r, s, RUN_NOT_STARTED, CHECK_CRITICAL, buf_slice(&why));
		script_drop(r, s);
	}
	buf_deinit(&why);
}

/* Of all that is not started yet: healthd gives one after the other. */
static size_t
input_size(const struct runner *r)
{
	size_t size = 0;

	for (const struct script *s = r->scripts; s != NULL; s = s->next)
		size += s->input.size;
	return (size);
}

/* Healthd keeps to the limits, but is not trusted to. It is told with the last
 * piece, so that it is told once. */
static void
script_refuse(struct runner *r, const struct probe_request *q, const char *why)
{
	struct probe_result result = {
		.run = q->run,
		.check_id = q->check_id,
		.end = RUN_NOT_STARTED,
		.status = CHECK_CRITICAL,
		.exit_code = -1,
		.output = slice_of_text(why),
	};

	r->refused = q->is_input_more ? q->run : 0;
	if (!q->is_input_more)
		result_send(r->healthd, &result);
}

/* What it is to be given comes before the request itself, if it is long. */
static void
script_request(struct runner *r, const struct probe_request *q)
{
	struct script *s = script_find(r, q->run);

	if (s != NULL && s->has_started)
		return;
	if (s == NULL && r->refused != 0 && r->refused == q->run) {
		script_refuse(
		    r, q, "too many scripts, or too much input, at once");
		return;
	}
	if (s == NULL && r->script_count >= SCRIPTS_MAX) {
		script_refuse(r, q, "too many scripts at once");
		return;
	}
	if (input_size(r) + q->input.size > ERRAND_INPUT_MAX) {
		if (s != NULL)
			script_drop(r, s);
		script_refuse(r, q, "too much input for scripts at once");
		return;
	}
	if (s == NULL)
		s = script_new(r, q);
	buf_put_slice(&s->input, q->input);
	if (!q->is_input_more)
		script_begin(r, s, q);
}

/* A job that nobody waits for any more goes on, as with Consul. */
static void
script_cancel(struct runner *r, uint64_t run)
{
	struct script *s = script_find(r, run);

	if (s == NULL)
		return;
	s->is_cancelled = true;
	if (!s->has_started)
		script_drop(r, s);
	else if (s->stream != NULL)
		s->stream->is_muted = true;
	else
		script_kill(s);
}

/* Its words are read to the end, unless its time is up: children that it left
 * behind may hold the pipe for ever. */
static bool
is_over(const struct script *s)
{
	if (s->stream != NULL)
		return (s->has_exited && s->output < 0 &&
			(s->stream->size == 0 || s->stream->is_muted));
	return (s->has_exited &&
		(s->output < 0 || s->has_timed_out || s->is_cancelled));
}

static void
stream_tell(struct runner *r, struct script *s, struct instant now)
{
	struct stream *stream = s->stream;

	if (!stream_is_due(stream, s->output < 0, now))
		return;
	script_tell(r, s, RUN_OUTPUT, CHECK_PASSING,
	    slice(stream->piece, stream->size));
	stream_sent(stream);
}

static void
script_check_time(struct runner *r, struct script *s, struct instant now)
{
	if (s->has_timed_out || s->is_cancelled ||
	    instant_before(now, s->deadline))
		return;
	s->has_timed_out = true;
	script_kill(s);
	timed_out_tell(r, s);
}

static void
scripts_tend(struct runner *r, struct instant now)
{
	struct script **at = &r->scripts;

	while (*at != NULL) {
		struct script *s = *at;

		if (s->has_started) {
			script_listen(s);
			script_read(s);
		}
		if (s->stream != NULL)
			stream_tell(r, s, now);
		if (!is_over(s))
			script_check_time(r, s, now);
		if (!is_over(s)) {
			at = &s->next;
			continue;
		}
		exit_tell(r, s);
		*at = s->next;
		r->script_count--;
		script_free(s);
	}
}

/* --- The prober. --- */

/* Its socket becomes descriptor 3, and nothing else of ours stays open. */
static void
prober_start(struct runner *r)
{
	sigset_t none;

	r->prober = fork();
	if (r->prober != 0) {
		r->prober = r->prober < 0 ? 0 : r->prober;
		return;
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	if (dup2(r->probes, PROBER_SOCKET) < 0 ||
	    fcntl(PROBER_SOCKET, F_SETFD, 0) != 0 ||
	    close_range(PROBER_SOCKET + 1, ~0U, 0) != 0)
		_exit(126);
	execl(r->prober_path, PROBER_NAME, (char *)NULL);
	log_error("agent", "Could not start the prober", "path=%s error=\"%s\"",
	    r->prober_path, strerror(errno));
	_exit(127);
}

/* It ends by itself when there is nothing to do. Otherwise it has died, and
 * what waits in its socket may be what it died of: that goes, too. */
static void
prober_ended(struct runner *r, int status)
{
	struct probe_result gone = { .run = 0 };

	r->prober = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	log_error(
	    "agent", "The prober has died", "status=%#x", (unsigned)status);
	while (recv(r->probes, r->in, HELPER_MESSAGE_MAX, MSG_DONTWAIT) > 0)
		continue;
	result_send(r->healthd, &gone);
}

/* --- The loop. --- */

/* healthd is gone, and so shall be what it had run. */
static void
script_end(struct script *s)
{
	if (s->has_started)
		script_kill(s);
	if (s->file != NULL)
		(void)unlink(s->file);
}

static void
request_do(struct runner *r, const struct probe_request *request)
{
	struct script *s;

	if (request->is_cancel)
		script_cancel(r, request->run);
	else if (request->kind != PROBE_MORE)
		script_request(r, request);
	else if ((s = script_find(r, request->run)) != NULL &&
		 s->stream != NULL)
		stream_credit(s->stream);
}

static void
request_read(struct runner *r)
{
	ssize_t size = recv(r->healthd, r->in, HELPER_MESSAGE_MAX, 0);
	struct probe_request request;
	struct arena arena;

	if (size < 0 && errno == EINTR)
		return;
	if (size <= 0) {
		for (struct script *s = r->scripts; s != NULL; s = s->next)
			script_end(s);
		_exit(0);
	}
	arena_init(&arena);
	if (type_decode_all(&probe_request_type, slice(r->in, (size_t)size),
		&arena, &request) != ERR_OK)
		log_error("agent", "healthd talks nonsense", "bytes=%zd", size);
	else
		request_do(r, &request);
	arena_deinit(&arena);
}

static void
children_reap(struct runner *r)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	while (read(r->children, &info, sizeof(info)) > 0)
		continue;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == r->prober)
			prober_ended(r, status);
		for (struct script *s = r->scripts; s != NULL; s = s->next)
			if (s->has_started && s->keeper == pid)
				script_keeper_ended(s, status);
	}
}

static int
wait_ms(const struct runner *r)
{
	struct instant first = INSTANT_NEVER;
	struct instant now = instant_now();
	int64_t ns;

	for (const struct script *s = r->scripts; s != NULL; s = s->next) {
		if (!s->has_timed_out && instant_before(s->deadline, first))
			first = s->deadline;
		if (s->stream != NULL &&
		    instant_before(stream_next(s->stream), first))
			first = stream_next(s->stream);
	}
	if (first.ns == INSTANT_NEVER.ns)
		return (-1);
	ns = instant_since(first, now).ns;
	return (ns <= 0 ? 0 : (int)(ns / MILLISECONDS(1).ns) + 1);
}

static void
turn(struct runner *r)
{
	struct pollfd polls[POLLS_FIXED + 2 * SCRIPTS_MAX];
	nfds_t count = POLLS_FIXED; /* EINVAL beyond RLIMIT_NOFILE */

	polls[0] = (struct pollfd){ r->healthd, POLLIN, 0 };
	polls[1] = (struct pollfd){ r->children, POLLIN, 0 };
	/* A negative descriptor is passed over. */
	polls[2] =
	    (struct pollfd){ r->prober == 0 ? r->probes : -1, POLLIN, 0 };
	for (const struct script *s = r->scripts; s != NULL; s = s->next) {
		if (!s->has_timed_out && s->output >= 0 &&
		    (s->stream == NULL || stream_room(s->stream) > 0))
			polls[count++] =
			    (struct pollfd){ s->output, POLLIN, 0 };
		if (s->line >= 0)
			polls[count++] = (struct pollfd){ s->line, POLLIN, 0 };
	}
	if (poll(polls, count, wait_ms(r)) < 0 && errno != EINTR)
		_exit(1);
	if (polls[1].revents != 0)
		children_reap(r);
	if (polls[0].revents != 0)
		request_read(r);
	if ((polls[2].revents & POLLIN) && r->prober == 0)
		prober_start(r);
	scripts_tend(r, instant_now());
}

static int
children_watch(void)
{
	sigset_t set;
	int fd;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	/* A terminal's words are for the launcher; our end is the socket's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fatal(
		    "the runner can't watch its children: %s", strerror(errno));
	return (fd);
}

/* Beside our own program. */
static void
prober_find(char path[PATH_SIZE])
{
	ssize_t size = readlink("/proc/self/exe", path, PATH_SIZE - 1);
	char *slash;

	if (size < 0)
		size = 0;
	path[size] = '\0';
	slash = strrchr(path, '/');
	size = slash == NULL ? 0 : slash + 1 - path;
	if ((size_t)size + sizeof(PROBER_NAME) > PATH_SIZE)
		fatal("path too long: %s", path);
	memcpy(path + size, PROBER_NAME, sizeof(PROBER_NAME));
}

/* Close what healthd had open, but for these two; standard output and error
 * are the agent's log. */
static void
descriptors_keep(int *first, int *second)
{
	int low = *first < *second ? *first : *second;
	int high = *first < *second ? *second : *first;

	(void)close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
	(void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	(void)close_range((unsigned)high + 1, ~0U, 0);
}

/* Whom the kernel ends first when memory is short: not less than others. */
static void
score_reset(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[8] = "";

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0 && text[0] == '-' &&
	    pwrite(fd, "0", 1, 0) != 1)
		log_warn("agent", "Scripts keep the agent's oom_score_adj",
		    "score=%d", atoi(text));
	close(fd);
}

/* Its user's own name, where it becomes another one. */
static void
runner_narrow(const struct config_keys *keys, struct script_limits *limits)
{
	bool becomes_another = privsep_may_change_users();

	script_limits_from(&keys->limits, becomes_another, limits);
	score_reset();
	privsep_drop_runner();
	script_environment_clean(
	    keys, becomes_another ? helper_rows[HELPER_runner].user : NULL);
}

static void __attribute__((noreturn))
runner_main(const struct config_keys *keys, int healthd, int probes)
{
	struct runner r = { .healthd = healthd, .probes = probes };

	descriptors_keep(&r.healthd, &r.probes);
	prctl(PR_SET_NAME, "healthd-runner");
	prober_find(r.prober_path);
	r.children = children_watch();
	r.in = xmalloc(HELPER_MESSAGE_MAX);
	runner_narrow(keys, &r.limits);
	trim_memory();
	for (;;)
		turn(&r);
}

static void
pair_open(int ends[2])
{
	int size = 2 * HELPER_MESSAGE_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		fatal("cannot open a socket pair: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		(void)setsockopt(
		    ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

struct runner_ends
runner_start(const struct config_keys *keys)
{
	int scripts[2], probes[2];
	pid_t pid;

	pair_open(scripts);
	pair_open(probes);
	pid = fork();
	if (pid < 0)
		fatal("cannot fork the runner: %s", strerror(errno));
	if (pid == 0) {
		close(scripts[0]);
		close(probes[0]);
		runner_main(keys, scripts[1], probes[1]);
	}
	close(scripts[1]);
	close(probes[1]);
	return ((struct runner_ends){ scripts[0], probes[0] });
}
