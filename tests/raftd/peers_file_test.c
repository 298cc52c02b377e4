/* peers.json: what it says, what is wrong with it, and when it counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raftd/peers_file.h"
#include "tests/lib/tap.h"

static struct membership all;
static struct buf why;

static enum err
parse(const char *text)
{
	buf_reset(&why);
	return (peers_file_parse(slice_of_text(text), &all, &why));
}

static void
test_rows(void)
{
	CHECK_EQ(parse("[{\"id\": \"a\", \"address\": \"10.1.0.1:8300\"},"
		       " {\"id\": \"b\", \"address\": \"10.1.0.2:8300\","
		       "  \"non_voter\": true, \"other\": 1}]"),
	    ERR_OK);
	CHECK_EQ(all.count, 2);
	CHECK(strcmp(all.members[0].id.text, "a") == 0);
	CHECK(strcmp(all.members[1].address.text, "10.1.0.2:8300") == 0);
	CHECK_EQ(all.members[0].suffrage, SUFFRAGE_VOTER);
	CHECK_EQ(all.members[1].suffrage, SUFFRAGE_NONVOTER);
}

static void
test_what_is_wrong(void)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "", "EOF" },
		{ "[", "unexpected EOF" },
		{ "{}", "json: cannot unmarshal object into Go value of type "
			"[]raft.configEntry" },
		{ "[]", "Need at least one voter in configuration" },
		{ "null", "Need at least one voter in configuration" },
		{ "[{\"id\": \"\", \"address\": \"x\"}]",
		    "Empty ID in configuration: {Suffrage:Voter ID: "
		    "Address:x}" },
		{ "[{\"id\": \"a\"}]",
		    "Empty address in configuration: {Suffrage:Voter ID:a "
		    "Address:}" },
		{ "[{\"id\": \"a\", \"address\": \"x\"},"
		  " {\"id\": \"a\", \"address\": \"y\"}]",
		    "Found duplicate ID in configuration: {Suffrage:Voter ID:a "
		    "Address:y}" },
		{ "[{\"id\": \"a\", \"address\": \"x\"},"
		  " {\"id\": \"b\", \"address\": \"x\"}]",
		    "Found duplicate address in configuration: "
		    "{Suffrage:Voter ID:b Address:x}" },
		{ "[{\"id\": \"a\", \"address\": \"x\", \"non_voter\": true}]",
		    "Need at least one voter in configuration" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(parse(rows[i].text) != ERR_OK);
		CHECK(strcmp(buf_text(&why), rows[i].why) == 0);
	}
	CHECK(parse("[{\"id\": 7}]") != ERR_OK);
	CHECK(parse("[7]") != ERR_OK);
}

static void
test_when_it_counts(void)
{
	char folder[] = "/tmp/peers_file.XXXXXX", path[64], info[64];
	bool is_there = true;
	FILE *file;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/peers.json", folder);
	snprintf(info, sizeof(info), "%s/peers.info", folder);
	for (int i = 0; i < 2; i++) {
		file = fopen(path, "w");
		fputs("[{\"id\": \"a\", \"address\": \"x:1\"}]", file);
		fclose(file);
		CHECK_EQ(
		    peers_file_read(folder, &all, &is_there, &why), ERR_OK);
		/* The first time it is older than the note: it goes. */
		CHECK_EQ(is_there, i == 1);
		CHECK_EQ(access(path, F_OK) == 0, i == 1);
		CHECK_EQ(access(info, F_OK), 0);
	}
	CHECK_EQ(peers_file_delete(folder, &why), ERR_OK);
	CHECK_EQ(peers_file_read(folder, &all, &is_there, &why), ERR_OK);
	CHECK(!is_there);
	unlink(info);
	rmdir(folder);
}

int
main(void)
{
	RUN(test_rows);
	RUN(test_what_is_wrong);
	RUN(test_when_it_counts);
	buf_deinit(&why);
	return (tap_done());
}
