/* When a daemon that died is started again. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "proconsul/children.h"
#include "tests/lib/tap.h"

#define MS INT64_C(1000000)

static int64_t
delay_ms(const struct child *child, struct instant now)
{
	return (instant_since(child->restart_at, now).ns / MS);
}

/* The child starts now, lives this long, and dies. */
static int64_t
life_of(struct child *child, struct instant *now, int64_t lived_ms)
{
	child->started = *now;
	now->ns += lived_ms * MS;
	child_died(child, *now);
	return (delay_ms(child, *now));
}

static void
test_first_death(void)
{
	struct child child = { .restart_at = INSTANT_NEVER };
	struct instant now = { 1000 * MS };

	CHECK_EQ(life_of(&child, &now, 1), 0);
	CHECK_EQ(child.pid, 0);
}

/* Within a second, however often. */
static void
test_backoff(void)
{
	static const int64_t expected[] = { 0, 50, 100, 200, 400, 400 };
	struct child child = { .restart_at = INSTANT_NEVER };
	struct instant now = { 1000 * MS };
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		CHECK_EQ(life_of(&child, &now, 10), expected[i]);
	for (i = 0; i < 100; i++)
		CHECK_EQ(life_of(&child, &now, 10), 400);
}

static void
test_long_life(void)
{
	struct child child = { .restart_at = INSTANT_NEVER };
	struct instant now = { 1000 * MS };
	size_t i;

	for (i = 0; i < 10; i++)
		life_of(&child, &now, 10);
	CHECK_EQ(life_of(&child, &now, 5000), 0);
	CHECK_EQ(life_of(&child, &now, 10), 0);
	CHECK_EQ(life_of(&child, &now, 10), 50);
}

static void
test_ready(void)
{
	struct children children;
	enum daemon_id id;

	children_init(&children);
	CHECK_EQ(children_count_running(&children), 0);
	for (id = 0; id < DAEMON_COUNT; id++) {
		CHECK(!children_are_ready(&children));
		children.items[id].has_been_ready = true;
		children.items[id].pid = (int)id + 100000000;
	}
	CHECK(children_are_ready(&children));
	CHECK_EQ(children_count_running(&children), DAEMON_COUNT);
	CHECK(children_find(&children, 100000000 + DAEMON_httpd) ==
	      &children.items[DAEMON_httpd]);
	CHECK(children_find(&children, 1) == NULL);
}

static pid_t
sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return (pid);
}

/* Only who has been heard of is watched, and only from then on. */
static void
test_who_hangs_is_killed(void)
{
	struct children c;
	struct instant now = { 1000 * MS };
	struct child *child;
	int status;

	children_init(&c);
	child = &c.items[DAEMON_httpd];
	child->pid = sleeper();
	CHECK_EQ(children_watch(&c, now).ns, INSTANT_NEVER.ns);
	child_is_alive(child, now);
	for (unsigned i = 0; i < 4; i++) {
		struct instant next = children_watch(&c, now);

		CHECK_EQ(next.ns, now.ns + WATCHDOG_TIME.ns / 4);
		CHECK_EQ(waitpid(child->pid, &status, WNOHANG), 0);
		now = next;
	}
	children_watch(&c, now);
	CHECK_EQ(waitpid(child->pid, &status, 0), child->pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_EQ(children_watch(&c, now).ns, INSTANT_NEVER.ns);
}

/* When the launcher was stopped itself, it begins anew. */
static void
test_a_late_launcher_kills_nobody(void)
{
	struct children c;
	struct instant now = { 1000 * MS };
	struct child *child;
	int status;

	children_init(&c);
	child = &c.items[DAEMON_httpd];
	child->pid = sleeper();
	child_is_alive(child, now);
	now = children_watch(&c, now);
	now = instant_add(now, SECONDS(100));
	children_watch(&c, now);
	CHECK_EQ(waitpid(child->pid, &status, WNOHANG), 0);
	CHECK_EQ(child->alive_at.ns, now.ns);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, &status, 0);
}

/* Who fills the queue is killed, and not those who could not be heard. */
static void
test_who_floods_is_killed(void)
{
	struct children c;
	struct instant now = { 1000 * MS };
	struct child *flooder, *other;
	int status;

	children_init(&c);
	flooder = &c.items[DAEMON_httpd];
	other = &c.items[DAEMON_raftd];
	flooder->pid = sleeper();
	other->pid = sleeper();
	child_is_alive(flooder, now);
	child_is_alive(other, now);
	flooder->said = other->said = SAID_MAX;
	now = children_watch(&c, now);
	CHECK_EQ(waitpid(flooder->pid, &status, WNOHANG), 0);
	CHECK_EQ(flooder->said, 0);
	for (unsigned i = 0; i < 4; i++) {
		flooder->said = i == 3 ? SAID_MAX + 1 : 1;
		now = children_watch(&c, now);
	}
	CHECK_EQ(waitpid(flooder->pid, &status, 0), flooder->pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_EQ(waitpid(other->pid, &status, WNOHANG), 0);
	kill(other->pid, SIGKILL);
	waitpid(other->pid, &status, 0);
}

int
main(void)
{
	log_set_level(LOG_LEVEL_NONE);
	RUN(test_first_death);
	RUN(test_backoff);
	RUN(test_long_life);
	RUN(test_ready);
	RUN(test_who_hangs_is_killed);
	RUN(test_a_late_launcher_kills_nobody);
	RUN(test_who_floods_is_killed);
	return (tap_done());
}
