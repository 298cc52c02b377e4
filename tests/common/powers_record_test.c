/* Records of what daemons were left with: what is read, and what is not. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/powers_record.h"
#include "tests/lib/tap.h"

static const char whole[] = "powers 1\n"
			    "user 61402 61403\n"
			    "groups 61406 7\n"
			    "landlock abi 3\n"
			    "landlock missing TCP ports\n"
			    "landlock fs read /etc/a folder\n"
			    "landlock fs read,write /var/lib/x\n"
			    "landlock fs socket /run/y\n"
			    "landlock net bind 0\n"
			    "landlock net connect any\n"
			    "landlock net connect 53\n"
			    "seccomp openat O_RDONLY\n"
			    "seccomp read\n"
			    "rlimit core 0 0\n"
			    "rlimit nofile 256 unlimited\n"
			    "end\n";

static enum err
parse(const char *text, struct powers_record *record, struct arena *arena)
{
	struct buf why = { 0 };
	enum err err =
	    powers_record_parse(slice_of_text(text), arena, record, &why);

	CHECK((err == ERR_OK) == (why.size == 0));
	buf_deinit(&why);
	return (err);
}

static void
test_whole(void)
{
	struct powers_record r = { 0 };
	struct arena arena;

	arena_init(&arena);
	CHECK_EQ(parse(whole, &r, &arena), ERR_OK);
	CHECK_EQ(r.uid, 61402);
	CHECK_EQ(r.gid, 61403);
	CHECK_EQ(r.group_count, 2);
	CHECK_EQ(r.groups[1], 7);
	CHECK_EQ(r.landlock_abi, 3);
	CHECK(strcmp(r.landlock_missing, "TCP ports") == 0);
	CHECK(r.seccomp_missing == NULL);
	CHECK_EQ(r.path_count, 3);
	CHECK_EQ(r.paths[0].access, POWERS_READ);
	CHECK(strcmp(r.paths[0].path, "/etc/a folder") == 0);
	CHECK_EQ(r.paths[1].access, POWERS_READ | POWERS_WRITE);
	CHECK_EQ(r.paths[2].access, POWERS_SOCKET);
	CHECK_EQ(r.bind_count, 1);
	CHECK_EQ(r.binds[0], 0);
	CHECK_EQ(r.connect_count, 2);
	CHECK_EQ(r.connects[0], POWERS_PORT_ANY);
	CHECK_EQ(r.connects[1], 53);
	CHECK_EQ(r.call_count, 2);
	CHECK(strcmp(r.calls[0].name, "openat") == 0);
	CHECK(strcmp(r.calls[0].condition, "O_RDONLY") == 0);
	CHECK(strcmp(r.calls[1].condition, "") == 0);
	CHECK_EQ(r.limit_count, 2);
	CHECK(strcmp(r.limits[1].name, "nofile") == 0);
	CHECK_EQ(r.limits[1].soft, 256);
	CHECK(r.limits[1].hard == POWERS_UNLIMITED);
	arena_deinit(&arena);
}

static void
test_broken(void)
{
	static const char *const texts[] = { "", "end", "powers 2\nend\n",
		"powers 1\n", "user 1\nend\n", "user 1 2 3\nend\n",
		"user -1 2\nend\n", "user 4294967296 2\nend\n",
		"groups 1 x\nend\n", "landlock abi\nend\n",
		"landlock abi 70000\nend\n", "landlock fs read\nend\n",
		"landlock fs all /etc\nend\n", "landlock net bind 65536\nend\n",
		"landlock net listen 1\nend\n", "seccomp \nend\n",
		"rlimit core 0\nend\n", "rlimit  0 0\nend\n", "what 1\nend\n",
		"\nend\n", "end\npowers 1\n",
		"rlimit core 99999999999999999999 0\nend\n" };
	struct powers_record r = { 0 };
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i], &r, &arena) == ERR_CORRUPT)
			continue;
		tap_is_ok = false;
		printf("# taken: %s\n", texts[i]);
	}
	arena_deinit(&arena);
}

/* Cut anywhere, it is no record: its writer may still be at it. */
static void
test_cut(void)
{
	struct powers_record r = { 0 };
	struct arena arena;
	char text[sizeof(whole)];

	for (size_t size = 0; size < sizeof(whole) - 1; size++) {
		memcpy(text, whole, size);
		text[size] = '\0';
		arena_init(&arena);
		CHECK_EQ(parse(text, &r, &arena), ERR_CORRUPT);
		arena_deinit(&arena);
	}
}

static void
test_too_much(void)
{
	struct powers_record r = { 0 };
	struct arena arena;
	struct buf text = { 0 };

	arena_init(&arena);
	for (size_t i = 0; i <= POWERS_LINES_MAX; i++)
		buf_put_text(&text, "seccomp read\n");
	CHECK_EQ(parse(buf_text(&text), &r, &arena), ERR_TOO_BIG);
	buf_reset(&text);
	buf_put_text(&text, "seccomp ");
	for (size_t i = 0; i < POWERS_BYTES_MAX; i++)
		buf_put_u8(&text, 'x');
	CHECK_EQ(parse(buf_text(&text), &r, &arena), ERR_TOO_BIG);
	buf_reset(&text);
	buf_put_text(&text, "groups");
	for (size_t i = 0; i <= POWERS_LINES_MAX; i++)
		buf_put_text(&text, " 1");
	buf_put_text(&text, "\nend\n");
	CHECK_EQ(parse(buf_text(&text), &r, &arena), ERR_CORRUPT);
	buf_deinit(&text);
	arena_deinit(&arena);
}

static void
test_files(void)
{
	char run[] = "/tmp/powers_record.XXXXXX", command[64], path[64];
	struct powers_record r = { 0 };
	struct buf why = { 0 };
	struct arena arena;
	struct stat st;

	arena_init(&arena);
	CHECK(mkdtemp(run) != NULL);
	CHECK_EQ(
	    powers_record_read(run, "dnsd", &arena, &r, &why), ERR_NOT_FOUND);
	/* Over one that is there, too. */
	powers_record_write(run, "dnsd", SLICE("something else\n"));
	powers_record_write(run, "dnsd", slice_of_text(whole));
	CHECK_EQ(powers_record_read(run, "dnsd", &arena, &r, &why), ERR_OK);
	CHECK_EQ(r.call_count, 2);
	snprintf(path, sizeof(path), "%s/" POWERS_FOLDER "/dnsd", run);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0640);
	/* A link leads nowhere. */
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(symlink("/etc/passwd", path), 0);
	CHECK_EQ(powers_record_read(run, "dnsd", &arena, &r, &why), ERR_IO);
	buf_deinit(&why);
	arena_deinit(&arena);
	snprintf(command, sizeof(command), "rm -rf %s", run);
	CHECK_EQ(system(command), 0);
}

int
main(void)
{
	RUN(test_whole);
	RUN(test_broken);
	RUN(test_cut);
	RUN(test_too_much);
	RUN(test_files);
	return (tap_done());
}
