/* Names and turns of log files, and what syslog is told. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proconsul/log_file.h"
#include "proconsul/log_syslog.h"
#include "tests/lib/tap.h"

static void
check_name(
    const char *path, const char *folder, const char *stem, const char *ending)
{
	struct log_file f;

	log_file_init(&f, slice_of_text(path));
	CHECK(strcmp(f.folder, folder) == 0);
	CHECK(strcmp(f.stem, stem) == 0);
	CHECK(strcmp(f.ending, ending) == 0);
	log_file_deinit(&f);
}

static void
test_names(void)
{
	check_name("/var/log/", "/var/log/", "consul-", ".log");
	check_name("/var/log/my.txt", "/var/log/", "my-", ".txt");
	check_name("plain", "", "plain-", ".log");
	check_name("a.b/c.d.e", "a.b/", "c.d-", ".e");
	check_name("/.log", "/", "-", ".log");
}

static size_t
count_files(const char *folder, bool removes)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (removes)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	return (count);
}

/* Lines of 10 bytes into files of 20 at most; how many files there are. */
static size_t
files_after(int64_t files_max, unsigned lines)
{
	char folder[] = "/tmp/log_test_XXXXXX", path[64];
	struct buf why = { 0 };
	struct log_file f;
	size_t count;

	if (mkdtemp(folder) == NULL)
		return (SIZE_MAX);
	snprintf(path, sizeof(path), "%s/x", folder);
	log_file_init(&f, slice_of_text(path));
	f.bytes_max = 20;
	f.files_max = files_max;
	CHECK_EQ(log_file_open(&f, &why), ERR_OK);
	for (unsigned i = 0; i < lines; i++)
		CHECK_EQ(
		    log_file_write(&f, SLICE("123456789\n"), &why), ERR_OK);
	log_file_deinit(&f);
	count = count_files(folder, true);
	rmdir(folder);
	buf_deinit(&why);
	return (count);
}

static void
test_turns(void)
{
	CHECK_EQ(files_after(0, 2), 1); /* full, but nothing came since */
	CHECK_EQ(files_after(0, 3), 2);
	CHECK_EQ(files_after(0, 20), 10); /* all are kept */
	CHECK_EQ(files_after(2, 20), 3);  /* two that are finished, and ours */
	CHECK_EQ(files_after(-1, 20), 1);
}

static void
test_age(void)
{
	char folder[] = "/tmp/log_test_XXXXXX", path[64];
	struct buf why = { 0 };
	struct log_file f;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/", folder);
	log_file_init(&f, slice_of_text(path));
	CHECK_EQ(log_file_open(&f, &why), ERR_OK);
	CHECK_EQ(log_file_write(&f, SLICE("a\n"), &why), ERR_OK);
	CHECK_EQ(count_files(folder, false), 1);
	f.age_max = NANOSECONDS(1);
	CHECK_EQ(log_file_write(&f, SLICE("b\n"), &why), ERR_OK);
	CHECK_EQ(count_files(folder, true), 2);
	log_file_deinit(&f);
	rmdir(folder);
}

/* The folder is gone: the old file goes on, and it is said. */
static void
test_no_folder(void)
{
	char folder[] = "/tmp/log_test_XXXXXX", path[64];
	struct buf why = { 0 };
	struct log_file f;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/x.y", folder);
	log_file_init(&f, slice_of_text(path));
	f.bytes_max = 1;
	CHECK_EQ(log_file_open(&f, &why), ERR_OK);
	CHECK_EQ(log_file_write(&f, SLICE("a\n"), &why), ERR_OK);
	count_files(folder, true);
	rmdir(folder);
	CHECK(log_file_write(&f, SLICE("b\n"), &why) == ERR_IO);
	CHECK(slice_ends_with(
	    buf_slice(&why), SLICE(".y: no such file or directory")));
	CHECK_EQ(f.written, 4); /* both are in the file without a name */
	log_file_deinit(&f);
	buf_deinit(&why);
}

static void
test_syslog(void)
{
	struct buf out = { 0 };
	unsigned facility;

	setenv("TZ", "UTC", 1);
	log_syslog_print(133, 1795397435, 3527,
	    SLICE("2026-11-23T01:30:35.003Z [WARN]  agent: x"), &out);
	CHECK(strcmp(buf_text(&out),
		  "<133>Nov 23 01:30:35 consul[3527]: "
		  "2026-11-23T01:30:35.003Z [WARN]  agent: x\n") == 0);
	CHECK(log_syslog_facility(SLICE("local0"), &facility));
	CHECK_EQ(facility, 16);
	CHECK(log_syslog_facility(SLICE("AUTHPRIV"), &facility));
	CHECK_EQ(facility, 10);
	CHECK(!log_syslog_facility(SLICE("LOCAL8"), &facility));
	CHECK(!log_syslog_facility(SLICE(""), &facility));
	buf_deinit(&out);
}

int
main(void)
{
	RUN(test_names);
	RUN(test_turns);
	RUN(test_age);
	RUN(test_no_folder);
	RUN(test_syslog);
	return (tap_done());
}
