/* Snapshots as files: their sum, publishing, the newest two, damage. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "raftd/snapshot.h"
#include "tests/lib/tap.h"

static char folder[64];
static struct buf why;

static void
test_sum(void)
{
	/* The check value of CRC-64/XZ, which is Go's crc64.ECMA. */
	CHECK(crc64(0, SLICE("123456789")) == 0x995dc9bbdf1939faULL);
	CHECK(crc64(crc64(0, SLICE("1234")), SLICE("56789")) ==
	      0x995dc9bbdf1939faULL);
}

static struct snapshot
write_one(
    struct snapshots *all, const char *name, uint64_t index, const char *text)
{
	struct snapshot row = { .index = index };
	struct snapshot_file file;
	char reason[256];

	snapshot_file_init(&file);
	CHECK_EQ(snapshot_create(all, name, &file, &why), ERR_OK);
	CHECK_EQ(snapshot_put(&file, slice_of_text(text), &why), ERR_OK);
	CHECK_EQ(snapshot_put(&file, SLICE(" and more"), &why), ERR_OK);
	snprintf(row.name, sizeof(row.name), "%s", name);
	row.size = file.size;
	row.crc = file.crc;
	snapshot_close(&file);
	CHECK_EQ(snapshot_publish(all->folder, name, reason, sizeof(reason)),
	    ERR_OK);
	snapshots_promote(all);
	return (row);
}

static void
read_back(struct snapshots *all, const struct snapshot *row, const char *text)
{
	struct snapshot_file file;
	struct buf all_of_it = { 0 };

	snapshot_file_init(&file);
	CHECK_EQ(snapshot_open(all, row, &file, &why), ERR_OK);
	while (file.size < row->size)
		if (snapshot_get(&file, row, 4, &all_of_it, &why) != ERR_OK)
			break;
	CHECK(strcmp(buf_text(&all_of_it), text) == 0);
	snapshot_close(&file);
	CHECK_EQ(snapshot_check(all, row, &why), ERR_OK);
	buf_deinit(&all_of_it);
}

static bool
is_there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/snapshots/%s", folder, name);
	return (access(path, F_OK) == 0);
}

static void
test_two_are_kept(void)
{
	struct snapshots all;
	struct snapshot row;

	CHECK_EQ(snapshots_open(&all, folder, &why), ERR_OK);
	row = write_one(&all, "2-100-1000", 100, "one");
	read_back(&all, &row, "one and more");
	row = write_one(&all, "2-90-2000", 90, "older");
	row = write_one(&all, "3-200-3000", 200, "two");
	CHECK(is_there("2-100-1000"));
	CHECK(!is_there("2-90-2000"));
	row = write_one(&all, "3-300-4000", 300, "three");
	CHECK(!is_there("2-100-1000"));
	CHECK(is_there("3-200-3000"));
	read_back(&all, &row, "three and more");
	snapshots_close(&all);
}

static void
test_unfinished_ones_go(void)
{
	struct snapshots all;
	struct snapshot_file file;

	CHECK_EQ(snapshots_open(&all, folder, &why), ERR_OK);
	snapshot_file_init(&file);
	CHECK_EQ(snapshot_create(&all, "9-900-1", &file, &why), ERR_OK);
	CHECK(is_there("9-900-1.tmp"));
	snapshot_abandon(&all, &file);
	CHECK(!is_there("9-900-1.tmp"));
	CHECK_EQ(snapshot_create(&all, "9-901-1", &file, &why), ERR_OK);
	snapshot_close(&file); /* a crash */
	CHECK_EQ(snapshots_open(&all, folder, &why), ERR_OK);
	CHECK(!is_there("9-901-1.tmp"));
	CHECK(is_there("3-300-4000"));
}

static void
test_damage_is_noticed(void)
{
	struct snapshots all;
	struct snapshot row;
	char path[256];
	int fd;

	CHECK_EQ(snapshots_open(&all, folder, &why), ERR_OK);
	row = write_one(&all, "5-500-1", 500, "the truth");
	snprintf(path, sizeof(path), "%s/snapshots/5-500-1/state.bin", folder);
	fd = open(path, O_WRONLY);
	CHECK_EQ(pwrite(fd, "T", 1, 4), 1);
	CHECK_EQ(snapshot_check(&all, &row, &why), ERR_CORRUPT);
	CHECK_EQ(pwrite(fd, "t", 1, 4), 1);
	CHECK_EQ(snapshot_check(&all, &row, &why), ERR_OK);
	CHECK_EQ(ftruncate(fd, 5), 0);
	CHECK_EQ(snapshot_check(&all, &row, &why), ERR_CORRUPT);
	close(fd);
	unlink(path);
	CHECK_EQ(snapshot_check(&all, &row, &why), ERR_IO);
}

static void
test_in_memory(void)
{
	struct snapshots all;
	struct snapshot first, second;

	CHECK_EQ(snapshots_open(&all, "", &why), ERR_OK);
	first = write_one(&all, "2-10-1", 10, "first");
	read_back(&all, &first, "first and more");
	second = write_one(&all, "2-20-1", 20, "second one");
	read_back(&all, &second, "second one and more");
	first = write_one(&all, "2-30-1", 30, "3");
	read_back(&all, &first, "3 and more");
	snapshots_close(&all);
}

int
main(void)
{
	char command[128];

	snprintf(folder, sizeof(folder), "/tmp/raftd_snapshot.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return (1);
	RUN(test_sum);
	RUN(test_two_are_kept);
	RUN(test_unfinished_ones_go);
	RUN(test_damage_is_noticed);
	RUN(test_in_memory);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		return (1);
	return (tap_done());
}
