/* Comes up as a daemon, and then does what it is told to; see hostile.h. */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "hostile.h"

struct hostile {
	int orders, verdicts;
	struct buf line;
	ev_io readable;
};

static int
file_open(const struct daemon *d, const char *what, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s.%s.%s", d->config->data_dir,
	    daemon_name(d->id), what);
	fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		fatal("cannot open %s", path);
	return (fd);
}

/* Before it drops what it may: as any daemon opens its ports. */
static void
hostile_open(struct daemon *d)
{
	struct hostile *h = d->state;

	h->orders = file_open(d, "attacks", O_RDWR | O_NONBLOCK);
	h->verdicts = file_open(d, "verdicts", O_WRONLY | O_CREAT | O_APPEND);
}

static const struct attack *
attack_find(const struct attack *attacks, const char *name)
{
	for (; attacks->name != NULL; attacks++)
		if (strcmp(attacks->name, name) == 0)
			return (attacks);
	return (NULL);
}

static void
attack_play(struct daemon *d, char *line)
{
	struct hostile *h = d->state;
	char *argument = strchr(line, ' ');
	const struct attack *attack;
	const char *why = "there is no such attack";

	if (argument != NULL)
		*argument++ = '\0';
	attack = attack_find(edge_attacks, line);
	if (attack == NULL)
		attack = attack_find(sandbox_attacks, line);
	if (attack != NULL)
		why = attack->play(d, argument != NULL ? argument : "");
	dprintf(h->verdicts, "%s %s%s\n", line,
	    why == NULL ? "held" : "BROKEN ", why == NULL ? "" : why);
}

static void
on_orders(struct ev_loop *loop, ev_io *w, int events)
{
	struct daemon *d = w->data;
	struct hostile *h = d->state;
	char bytes[512];
	ssize_t size = read(h->orders, bytes, sizeof(bytes));
	char *end;

	(void)loop;
	(void)events;
	if (size > 0)
		buf_put(&h->line, bytes, (size_t)size);
	while (h->line.size > 0 &&
	       (end = memchr(h->line.data, '\n', h->line.size)) != NULL) {
		*end = '\0';
		attack_play(d, (char *)h->line.data);
		buf_drop_front(
		    &h->line, (size_t)((uint8_t *)end - h->line.data) + 1);
	}
}

static void
hostile_start(struct daemon *d)
{
	struct hostile *h = d->state;

	/* It has its own ways on the edge, and a PAIR has one other end. */
	edge_free(d->edges[DAEMON_catalogd]);
	d->edges[DAEMON_catalogd] = NULL;
	ev_io_init(&h->readable, on_orders, h->orders, EV_READ);
	h->readable.data = d;
	ev_io_start(d->loop, &h->readable);
}

static void
on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	(void)d;
	(void)edge;
	(void)is_up;
}

void
rest(unsigned ms)
{
	struct timespec time = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000 };
	uint32_t word = 0;

	(void)syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &time);
}

int
main(int argc, char **argv)
{
	static call_fn *const handlers[METHOD_COUNT];
	static struct daemon_spec spec = {
		.id = DAEMON_COUNT,
		.state_size = sizeof(struct hostile),
		.open = hostile_open,
		.start = hostile_start,
		.on_peer = on_peer,
		.handlers = handlers,
	};
	const char *name = strrchr(argv[0], '/');

	name = name != NULL ? name + 1 : argv[0];
	for (enum daemon_id id = 0; id < DAEMON_COUNT; id++)
		if (strcmp(name, daemon_name(id)) == 0)
			spec.id = id;
	if (spec.id == DAEMON_COUNT || spec.id == DAEMON_catalogd)
		fatal("start it by the name of a daemon with an edge");
	return (daemon_main(&spec, argc, argv));
}
