/*
 * raft.db: what was acknowledged is there again, whatever fails and whenever
 * the process dies; and what is not ours or not whole is refused, untouched.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raftd/store.h"
#include "tests/lib/tap.h"

static char folder[64], path[96];
static int woken;

/* --- A file system that fails when told to. --- */

struct failing_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static atomic_long countdown;  /* 1: the next call fails; 0: none does */
static atomic_bool is_lasting; /* and all that follow, as on a full disk */
static atomic_long failures, syncs;

static bool
fails(void)
{
	long left = atomic_load(&countdown);

	if (left == 0)
		return (false);
	if (left > 1) {
		atomic_store(&countdown, left - 1);
		return (false);
	}
	if (!atomic_load(&is_lasting))
		atomic_store(&countdown, 0);
	atomic_fetch_add(&failures, 1);
	return (true);
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return (((struct failing_file *)file)->real);
}

#define REAL(file) real_of(file)->pMethods

static int
file_close(sqlite3_file *file)
{
	return (REAL(file)->xClose(real_of(file)));
}

static int
file_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
	return (REAL(file)->xRead(real_of(file), to, size, at));
}

static int
file_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
	if (!fails())
		return (REAL(file)->xWrite(real_of(file), from, size, at));
	/* Half of it was written before it failed. */
	(void)REAL(file)->xWrite(real_of(file), from, size / 2, at);
	return (SQLITE_FULL);
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (fails())
		return (SQLITE_IOERR_TRUNCATE);
	return (REAL(file)->xTruncate(real_of(file), size));
}

static int
file_sync(sqlite3_file *file, int flags)
{
	atomic_fetch_add(&syncs, 1);
	if (fails())
		return (SQLITE_IOERR_FSYNC);
	return (REAL(file)->xSync(real_of(file), flags));
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return (REAL(file)->xFileSize(real_of(file), size));
}

static int
file_lock(sqlite3_file *file, int lock)
{
	return (REAL(file)->xLock(real_of(file), lock));
}

static int
file_unlock(sqlite3_file *file, int lock)
{
	return (REAL(file)->xUnlock(real_of(file), lock));
}

static int
file_is_reserved(sqlite3_file *file, int *is_reserved)
{
	return (REAL(file)->xCheckReservedLock(real_of(file), is_reserved));
}

static int
file_control(sqlite3_file *file, int op, void *arg)
{
	return (REAL(file)->xFileControl(real_of(file), op, arg));
}

static int
file_sector_size(sqlite3_file *file)
{
	return (REAL(file)->xSectorSize(real_of(file)));
}

static int
file_traits(sqlite3_file *file)
{
	return (REAL(file)->xDeviceCharacteristics(real_of(file)));
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_is_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_traits,
};

static int
vfs_open(sqlite3_vfs *self, const char *name, sqlite3_file *out, int flags,
    int *out_flags)
{
	struct failing_file *file = (struct failing_file *)out;
	int code;

	(void)self;
	file->real = (sqlite3_file *)(file + 1);
	code = real_vfs->xOpen(real_vfs, name, file->real, flags, out_flags);
	file->base.pMethods = code == SQLITE_OK ? &file_methods : NULL;
	return (code);
}

static void
vfs_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "failing";
	vfs.szOsFile = real_vfs->szOsFile + (int)sizeof(struct failing_file);
	vfs.xOpen = vfs_open;
	sqlite3_vfs_register(&vfs, 1);
}

/* --- A store, and what it holds. --- */

struct server {
	struct raft raft;
	struct store *store;
	struct snapshot newest;
	struct buf why;
	uint64_t number;
};

static struct server server; /* large */

static void
wake(void *arg)
{
	uint64_t one = 1;

	(void)arg;
	if (write(woken, &one, sizeof(one)) != sizeof(one))
		abort();
}

static enum err
server_open(void)
{
	struct raft_options options = {
		.id = raft_name_of("a"),
		.address = raft_name_of("127.0.0.1:1"),
		.append_entries_max = 64,
	};
	struct store_options store = { .folder = folder, .wake = wake };
	enum err err;

	buf_deinit(&server.why);
	memset(&server, 0, sizeof(server));
	raft_init(&server.raft, &options);
	err = store_open(&store, &server.store, &server.why);
	if (err == ERR_OK)
		err = store_load(
		    server.store, &server.raft, &server.newest, &server.why);
	return (err);
}

static void
server_close(void)
{
	store_close(server.store);
	server.store = NULL;
	raft_deinit(&server.raft);
}

static void
fresh(void)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -rf %s/*", folder);
	if (system(command) != 0)
		abort();
}

/* Entry n of this term: its data tells both. */
static void
queue_write(uint64_t first, size_t count, uint64_t term, size_t size)
{
	struct entry entries[64];
	char *data[64];
	struct batch *batch;
	struct write one = { .number = ++server.number, .term = term };

	for (size_t i = 0; i < count; i++) {
		data[i] = calloc(1, size + 64);
		snprintf(data[i], 64, "%" PRIu64 "/%" PRIu64, first + i, term);
		entries[i] = (struct entry){
			.index = first + i,
			.term = term,
			.data = slice(data[i], size + 64),
		};
	}
	one.vote = raft_name_of("127.0.0.1:1");
	one.last_index = first + count - 1;
	one.last_term = term;
	batch = count == 0 ? NULL : batch_new(entries, count);
	store_write(server.store, &one, batch);
	batch_drop(batch);
	for (size_t i = 0; i < count; i++)
		free(data[i]);
}

/* Wait for the next result; the batch is the caller's. */
static struct store_result
next_result(void)
{
	struct store_result result;
	struct pollfd wait = { .fd = woken, .events = POLLIN };
	uint64_t count;

	while (!store_next(server.store, &result)) {
		if (poll(&wait, 1, 10000) != 1)
			abort();
		if (read(woken, &count, sizeof(count)) != sizeof(count))
			abort();
	}
	free(result.snapshot);
	result.snapshot = NULL;
	return (result);
}

/* Number of the newest write that is done, or 0 if it failed. */
static uint64_t
write_now(uint64_t first, size_t count, uint64_t term, size_t size)
{
	struct store_result result;

	queue_write(first, count, term, size);
	result = next_result();
	return (result.kind == STORE_WRITTEN ? result.number : 0);
}

/* All entries up to `last` are there, each as it was written. */
static bool
has_all(uint64_t last, uint64_t term)
{
	uint64_t index = server.raft.trail.first_index;
	bool is_whole = true;

	if (server.raft.trail.last_index < last)
		return (false);
	while (is_whole && index <= last) {
		struct store_result result;
		char expected[64];

		store_read(server.store, index, 64 * 1024);
		result = next_result();
		is_whole = result.kind == STORE_ENTRIES && result.batch != NULL;
		for (size_t i = 0; is_whole && i < result.batch->count; i++) {
			struct entry *entry = &result.batch->entries[i];

			snprintf(expected, sizeof(expected),
			    "%" PRIu64 "/%" PRIu64, index, term);
			is_whole =
			    entry->index == index++ && entry->term == term &&
			    strcmp((const char *)entry->data.data, expected) ==
				0;
		}
		batch_drop(result.batch);
	}
	return (is_whole);
}

/* --- Tests. --- */

static void
test_what_is_written_is_there(void)
{
	fresh();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK_EQ(server.raft.term, 0);
	CHECK_EQ(server.raft.trail.last_index, 0);
	CHECK_EQ(write_now(1, 3, 7, 100), 1);
	CHECK_EQ(write_now(4, 40, 7, 20000), 2);
	CHECK(write_now(0, 0, 9, 0) == 3); /* only a vote */
	server_close();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK_EQ(server.raft.term, 9);
	CHECK(strcmp(server.raft.vote.text, "127.0.0.1:1") == 0);
	CHECK_EQ(server.raft.trail.last_index, 43);
	CHECK_EQ(trail_last_term(&server.raft.trail), 7);
	CHECK(has_all(43, 7));
	server_close();
}

static void
test_a_conflict_takes_the_tails_place(void)
{
	struct store_result result;

	CHECK_EQ(server_open(), ERR_OK);
	CHECK(write_now(20, 2, 10, 10) != 0);
	store_read(server.store, 19, 1 << 20);
	result = next_result();
	CHECK_EQ(result.batch->count, 3);
	CHECK_EQ(result.batch->entries[0].term, 7);
	CHECK_EQ(result.batch->entries[2].term, 10);
	batch_drop(result.batch);
	server_close();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK_EQ(server.raft.trail.last_index, 21);
	CHECK_EQ(server.raft.trail.run_count, 2);
	server_close();
}

static void
test_what_gathers_shares_a_sync(void)
{
	uint64_t done = 0;
	long before;

	fresh();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK(write_now(1, 1, 1, 10) != 0);
	before = atomic_load(&syncs);
	for (unsigned i = 0; i < 500; i++)
		queue_write(2 + i, 1, 1, 100);
	while (done < server.number)
		done = next_result().number;
	printf("# 500 writes, %ld syncs\n", atomic_load(&syncs) - before);
	CHECK(atomic_load(&syncs) - before < 250);
	server_close();
}

/* A snapshot's row, without its file: publishing is snapshot_test's. */
static void
keep_snapshot(uint64_t index, uint64_t term, enum snapshot_origin origin)
{
	static struct snapshot row;
	char from[256];

	row = (struct snapshot){ .index = index, .term = term };
	snprintf(row.name, sizeof(row.name), "%" PRIu64 "-%" PRIu64 "-1", term,
	    index);
	row.membership.count = 1;
	row.membership.members[0].id = raft_name_of("a");
	row.membership.members[0].address = raft_name_of("127.0.0.1:1");
	snprintf(from, sizeof(from), "%s/snapshots", folder);
	mkdir(from, 0700);
	snprintf(from, sizeof(from), "%s/snapshots/%s.tmp", folder, row.name);
	mkdir(from, 0700);
	strcat(from, "/state.bin");
	close(open(from, O_WRONLY | O_CREAT, 0600));
	store_keep_snapshot(server.store, &row, origin);
}

static void
test_trimming_and_restart_across_terms(void)
{
	fresh();
	CHECK_EQ(server_open(), ERR_OK);
	for (uint64_t first = 1; first < 6000; first += 60)
		CHECK(write_now(first, 60, 1 + first / 1000, 10) != 0);
	keep_snapshot(5000, 5, SNAPSHOT_OURS);
	CHECK_EQ(next_result().kind, STORE_SNAPSHOT_KEPT);
	store_trim(server.store, 4500);
	/* Bit by bit, between writes: wait until it is through. */
	for (unsigned i = 0; i < 20; i++) {
		CHECK(write_now(6001 + i, 1, 6, 10) != 0);
		usleep(5000);
	}
	server_close();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK_EQ(server.newest.index, 5000);
	CHECK_EQ(server.raft.trail.first_index, 4501);
	CHECK_EQ(server.raft.trail.last_index, 6020);
	CHECK_EQ(server.raft.commit_index, 5000);
	CHECK_EQ(server.raft.latest.count, 1);
	server_close();
}

static void
test_installed_snapshot_takes_the_logs_place(void)
{
	CHECK_EQ(server_open(), ERR_OK);
	keep_snapshot(6010, 6, SNAPSHOT_INSTALLED); /* it has that entry */
	CHECK_EQ(next_result().kind, STORE_SNAPSHOT_KEPT);
	server_close();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK_EQ(server.raft.trail.first_index, 6011);
	CHECK_EQ(server.raft.trail.last_index, 6020);
	keep_snapshot(6015, 9, SNAPSHOT_INSTALLED); /* not of that term */
	CHECK_EQ(next_result().kind, STORE_SNAPSHOT_KEPT);
	server_close();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK_EQ(server.raft.trail.last_index, 6015);
	CHECK_EQ(server.raft.trail.first_index, 6016);
	CHECK_EQ(trail_last_term(&server.raft.trail), 9);
	server_close();
}

/* The n-th write, truncation or sync fails, from opening to closing: what was
 * acknowledged is there, nothing else is in its place, and it can go on. */
static void
test_nth_call_fails(void)
{
	bool is_untouched = false;
	unsigned n;

	for (n = 1; !is_untouched && n < 2000; n++) {
		uint64_t sure = 0;
		long before = atomic_load(&failures);

		fresh();
		atomic_store(&is_lasting, n % 2 == 0);
		atomic_store(&countdown, (long)n);
		if (server_open() == ERR_OK)
			for (uint64_t i = 0; i < 8; i++) {
				uint64_t first = sure + 1;

				if (write_now(first, 4, 3, 3000) != 0)
					sure = first + 3;
			}
		is_untouched = atomic_load(&failures) == before;
		server_close();
		atomic_store(&countdown, 0);
		if (server_open() != ERR_OK) {
			printf("# call %u: %s\n", n, buf_text(&server.why));
			CHECK(false);
			server_close();
			break;
		}
		if (!has_all(sure, 3) ||
		    server.raft.trail.last_index > sure + 4 ||
		    write_now(sure + 1, 4, 3, 10) == 0) {
			printf("# call %u: %" PRIu64 " sure, %" PRIu64
			       " there\n",
			    n, sure, server.raft.trail.last_index);
			CHECK(false);
			server_close();
			break;
		}
		server_close();
	}
	printf("# %u calls failed in turn\n", n - 2);
	CHECK(is_untouched);
}

static void
test_full_disk_says_so_and_recovers(void)
{
	struct store_result result;

	fresh();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK(write_now(1, 5, 2, 100) != 0);
	atomic_store(&is_lasting, true);
	atomic_store(&countdown, 1);
	queue_write(6, 1, 2, 100);
	queue_write(7, 1, 2, 100);
	queue_write(8, 1, 2, 100);
	result = next_result();
	CHECK_EQ(result.kind, STORE_FAILED);
	CHECK_EQ(result.number, server.number);
	CHECK(strstr(result.why, "full") != NULL);
	CHECK(strstr(result.why, path) != NULL);
	store_read(server.store, 1, 1 << 20); /* reading goes on */
	result = next_result();
	CHECK(result.batch != NULL && result.batch->count == 5);
	batch_drop(result.batch);
	atomic_store(&countdown, 0);
	CHECK(write_now(6, 2, 2, 50) != 0);
	server_close();
	CHECK_EQ(server_open(), ERR_OK);
	CHECK_EQ(server.raft.trail.last_index, 7);
	CHECK(has_all(7, 2));
	server_close();
}

/* --- Death. --- */

static void
write_until_killed(int to)
{
	uint64_t index = 1;

	if (server_open() != ERR_OK)
		_exit(1);
	index = server.raft.trail.last_index + 1;
	server.number = 0;
	for (;;) {
		size_t count = 1 + (size_t)(index * 7 % 20);

		if (write_now(index, count, 4, index * 37 % 5000) == 0)
			_exit(1);
		index += count;
		if (write(to, &index, sizeof(index)) != sizeof(index))
			_exit(1);
	}
}

static void
test_kill_while_writing(void)
{
	fresh();
	for (unsigned i = 0; i < 25; i++) {
		uint64_t next = 1, one;
		int ends[2];
		pid_t pid;

		if (pipe(ends) != 0)
			abort();
		pid = fork();
		if (pid == 0)
			write_until_killed(ends[1]);
		close(ends[1]);
		usleep(2000 + i * 1700);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(ends[0], &one, sizeof(one)) == sizeof(one))
			next = one;
		close(ends[0]);
		CHECK_EQ(server_open(), ERR_OK);
		CHECK(has_all(server.raft.trail.last_index, 4));
		CHECK(server.raft.trail.last_index + 1 >= next);
		server_close();
	}
}

/* --- Files that are not to be trusted. --- */

static void
fill(void)
{
	fresh();
	CHECK_EQ(server_open(), ERR_OK);
	for (uint64_t first = 1; first < 100; first += 10)
		CHECK(write_now(first, 10, 1, 3000) != 0);
	server_close();
}

static uint64_t
sum_of_file(void)
{
	struct buf all = { 0 };
	uint64_t sum;
	FILE *file = fopen(path, "r");
	int c;

	while (file != NULL && (c = fgetc(file)) != EOF)
		buf_put_u8(&all, (uint8_t)c);
	if (file != NULL)
		fclose(file);
	sum = slice_hash(buf_slice(&all));
	buf_deinit(&all);
	return (sum);
}

static void
check_refused(const char *what)
{
	uint64_t before = sum_of_file();
	enum err err = server_open();

	if (err == ERR_OK || strstr(buf_text(&server.why), path) == NULL)
		printf("# %s: %s\n", what, buf_text(&server.why));
	CHECK(err != ERR_OK);
	CHECK(strstr(buf_text(&server.why), path) != NULL);
	server_close();
	CHECK(sum_of_file() == before);
}

static void
test_cut_file_is_refused(void)
{
	struct stat st;

	fill();
	CHECK_EQ(stat(path, &st), 0);
	for (int eighth = 7; eighth >= 0; eighth--) {
		CHECK_EQ(truncate(path, st.st_size * eighth / 8), 0);
		check_refused("cut");
	}
}

static void
test_damaged_file_is_refused(void)
{
	char rubbish[4096];
	int fd;

	memset(rubbish, 'x', sizeof(rubbish));
	fill();
	fd = open(path, O_WRONLY);
	CHECK_EQ(pwrite(fd, rubbish, 2000, 4096L * 2), 2000);
	close(fd);
	check_refused("a page of rubbish");
	fill();
	fd = open(path, O_WRONLY);
	CHECK_EQ(pwrite(fd, rubbish, 100, 0), 100);
	close(fd);
	check_refused("no header");
	fill();
	fd = open(path, O_WRONLY | O_TRUNC);
	CHECK_EQ(write(fd, rubbish, sizeof(rubbish)), (int)sizeof(rubbish));
	close(fd);
	check_refused("another file");
}

static void
run_sql(const char *sql)
{
	sqlite3 *db;

	CHECK_EQ(
	    sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, real_vfs->zName),
	    SQLITE_OK);
	CHECK_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
test_strange_contents_are_refused(void)
{
	static const char *const changes[] = {
		"PRAGMA user_version = 2",
		"PRAGMA application_id = 5",
		"DELETE FROM log WHERE idx = 50",
		"DELETE FROM log WHERE idx < 50",
		"UPDATE log SET term = 0 WHERE idx = 50",
		"UPDATE log SET term = 99 WHERE idx = 50",
		"UPDATE log SET type = 5 WHERE idx = 50",
		"INSERT INTO snap VALUES(500, 1, 'x', 1, 1, 1, x'80')",
		"DROP TABLE log",
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		fill();
		run_sql(changes[i]);
		check_refused(changes[i]);
	}
}

static void
test_missing_log_with_snapshots_is_refused(void)
{
	fill();
	CHECK_EQ(server_open(), ERR_OK);
	keep_snapshot(50, 1, SNAPSHOT_OURS);
	CHECK_EQ(next_result().kind, STORE_SNAPSHOT_KEPT);
	server_close();
	unlink(path);
	CHECK_EQ(server_open(), ERR_CORRUPT);
	CHECK(strstr(buf_text(&server.why), "missing") != NULL);
	server_close();
	CHECK(access(path, F_OK) != 0);
}

int
main(void)
{
	char command[128];

	/* Nothing here depends on a real disk, but much waits for it. */
	snprintf(folder, sizeof(folder), "%s/raftd_store.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(folder) == NULL)
		return (1);
	snprintf(path, sizeof(path), "%s/raft.db", folder);
	woken = eventfd(0, EFD_CLOEXEC);
	vfs_install();
	RUN(test_what_is_written_is_there);
	RUN(test_a_conflict_takes_the_tails_place);
	RUN(test_what_gathers_shares_a_sync);
	RUN(test_trimming_and_restart_across_terms);
	RUN(test_installed_snapshot_takes_the_logs_place);
	RUN(test_nth_call_fails);
	RUN(test_full_disk_says_so_and_recovers);
	RUN(test_kill_while_writing);
	RUN(test_cut_file_is_refused);
	RUN(test_damaged_file_is_refused);
	RUN(test_strange_contents_are_refused);
	RUN(test_missing_log_with_snapshots_is_refused);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		return (1);
	return (tap_done());
}
