/* Pages of figures: what is added is what is read, shown and let through. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/metrics.h"
#include "common/metrics_page.h"
#include "tests/lib/tap.h"

#define NOW	 1000000003.0 /* in interval 100000000 */
#define INTERVAL 100000000U

static char path[64];

static void
begin(void)
{
	metrics_open(path, getgid());
	metrics_turn(NOW);
}

/* The row of this name and labels; false if there is none. */
static bool
find(const char *name, struct slice labels, struct metric_row *row)
{
	const struct metrics_page *page = metrics_page_map(path);
	bool is_found = false;

	CHECK(page != NULL);
	for (size_t i = 0; !is_found && i < metrics_page_count(page); i++)
		is_found =
		    metrics_page_row(page, i, row) &&
		    slice_is(slice(row->name, row->name_size), name) &&
		    slice_equal(slice(row->labels, row->labels_size), labels);
	metrics_page_unmap(page);
	return (is_found);
}

static void
test_what_is_added(void)
{
	const struct metric_slot *slot;
	struct metric_row row;

	begin();
	metrics_add(METRIC_kvs_apply, 1);
	metrics_add(METRIC_kvs_apply, 4);
	metrics_add(METRIC_kvs_apply, 1);
	CHECK(find("kvs.apply", SLICE(""), &row));
	CHECK_EQ(row.kind, METRIC_SAMPLE);
	CHECK_EQ(row.count, 3);
	slot = metric_slot_of(&row, INTERVAL);
	CHECK(slot != NULL);
	CHECK_EQ(slot->count, 3);
	CHECK(slot->sum == 6 && slot->min == 1 && slot->max == 4);
	CHECK(metric_mean(slot) == 2);
	CHECK(fabs(metric_deviation(slot) - sqrt(3)) < 1e-9);
	CHECK(metric_slot_of(&row, INTERVAL - 1) == NULL);
	CHECK(metric_slot_of(&row, INTERVAL + 1) == NULL);
}

static void
test_intervals(void)
{
	struct metric_row row;

	begin();
	for (int i = 0; i < METRICS_INTERVALS + 2; i++) {
		metrics_turn(NOW + i * METRICS_INTERVAL_S);
		for (int j = 0; j <= i; j++)
			metrics_add(METRIC_raft_apply, 1);
	}
	CHECK(find("raft.apply", SLICE(""), &row));
	/* The first two made room. */
	CHECK(metric_slot_of(&row, INTERVAL) == NULL);
	CHECK(metric_slot_of(&row, INTERVAL + 1) == NULL);
	for (uint32_t i = 2; i < METRICS_INTERVALS + 2; i++)
		CHECK_EQ(metric_slot_of(&row, INTERVAL + i)->count, (int)i + 1);
	CHECK(row.sum == 36);
}

static void
test_a_gauge_is_its_last_value(void)
{
	struct metric_row row;

	begin();
	metrics_add(METRIC_raft_commit_logs, 7);
	metrics_add(METRIC_raft_commit_logs, 2);
	CHECK(find("raft.commitNumLogs", SLICE(""), &row));
	CHECK(metric_slot_of(&row, INTERVAL)->sum == 2);
	CHECK(row.last == 2);
	metrics_add(METRIC_autopilot_healthy, 1);
	metrics_end(METRIC_autopilot_healthy);
	CHECK(find("autopilot.healthy", SLICE(""), &row));
	CHECK_EQ(row.count, 0); /* is not shown */
}

static void
test_labels(void)
{
	struct slice pair[2] = { SLICE("web"), SLICE("v1") };
	struct slice rest, name, value;
	struct metric_row row;
	char long_name[METRIC_LABELS_MAX + 1];

	begin();
	metrics_add_labelled(METRIC_health_query_tags, pair, 1);
	CHECK(find("health.service.query-tags",
	    SLICE("service\0web\0tag\0v1\0"), &row));
	rest = slice(row.labels, row.labels_size);
	CHECK(metric_label_next(&rest, &name, &value));
	CHECK(slice_is(name, "service") && slice_is(value, "web"));
	CHECK(metric_label_next(&rest, &name, &value));
	CHECK(slice_is(name, "tag") && slice_is(value, "v1"));
	CHECK(!metric_label_next(&rest, &name, &value));
	/* What does not fit, or would not be found again, is counted. */
	memset(long_name, 'x', sizeof(long_name));
	metrics_add_for(
	    METRIC_health_query, slice(long_name, sizeof(long_name)));
	metrics_add_for(METRIC_health_query, SLICE("a\0b"));
	CHECK(find("proconsul.metrics.dropped", SLICE(""), &row));
	CHECK_EQ(row.count, 2);
	/* An empty label is one. */
	metrics_add_for(METRIC_health_query, SLICE(""));
	CHECK(find("health.service.query", SLICE("service\0\0"), &row));
}

static void
service_ask(unsigned number)
{
	char name[32];

	snprintf(name, sizeof(name), "service-%u", number);
	metrics_add_for(METRIC_health_query, slice_of_text(name));
}

static void
test_a_full_page_makes_room(void)
{
	struct metric_row row;

	begin();
	metrics_add(METRIC_kvs_apply, 1);
	for (unsigned i = 0; i < METRICS_ROWS_MAX + 100; i++)
		service_ask(i);
	CHECK(find("proconsul.metrics.dropped", SLICE(""), &row));
	CHECK(row.count >= 100);
	/* A minute later nobody asks for those any more. */
	metrics_turn(NOW + 71);
	service_ask(9999);
	CHECK(find(
	    "health.service.query", SLICE("service\0service-9999\0"), &row));
	CHECK_EQ(row.count, 1);
	CHECK(find("kvs.apply", SLICE(""), &row)); /* is the table's own */
	service_ask(9999);
	CHECK(find(
	    "health.service.query", SLICE("service\0service-9999\0"), &row));
	CHECK_EQ(row.count, 2);
}

static void
test_a_restart_begins_anew(void)
{
	const struct metrics_page *old;
	struct metric_row row;

	begin();
	metrics_add(METRIC_raft_apply, 5);
	old = metrics_page_map(path);
	CHECK(!metrics_page_is_over(old));
	begin();
	CHECK(metrics_page_is_over(old));
	CHECK(!find("raft.apply", SLICE(""), &row));
	metrics_page_unmap(old);
}

static void
test_single_values(void)
{
	const struct metrics_page *page;
	struct metric_row row;
	size_t index = 0;
	double value = 0;

	begin();
	page = metrics_own_page();
	metrics_add(METRIC_raft_apply, 1);
	CHECK_EQ(metrics_page_values(page), 0);
	metrics_keep_values(true);
	metrics_add(METRIC_raft_apply, 3);
	CHECK_EQ(metrics_page_values(page), 1);
	CHECK(metrics_page_value(page, 0, &index, &value));
	CHECK(metrics_page_row(page, index, &row));
	CHECK(slice_is(slice(row.name, row.name_size), "raft.apply"));
	CHECK(value == 3);
	CHECK(!metrics_page_value(page, 1, &index, &value));
	for (unsigned i = 0; i < METRICS_VALUES_MAX; i++)
		metrics_add(METRIC_raft_apply, i);
	/* The first is gone, the last is there. */
	CHECK(!metrics_page_value(page, 0, &index, &value));
	CHECK(metrics_page_value(page, METRICS_VALUES_MAX, &index, &value));
	CHECK(value == METRICS_VALUES_MAX - 1);
	metrics_keep_values(false);
}

static void
test_quantiles(void)
{
	uint32_t now_ms = (uint32_t)(uint64_t)(NOW * 1000);
	struct metric_row row;

	begin();
	for (int i = 1; i <= 10; i++)
		metrics_add(METRIC_kvs_apply, i);
	CHECK(find("kvs.apply", SLICE(""), &row));
	CHECK(metric_quantile(&row, 0.5, now_ms) == 5);
	CHECK(metric_quantile(&row, 0.9, now_ms) == 9);
	CHECK(metric_quantile(&row, 0.99, now_ms) == 9);
	CHECK(isnan(metric_quantile(&row, 0.5, now_ms + 10001)));
}

static struct metrics_naming
naming_of(struct slice *rules, size_t count)
{
	return ((struct metrics_naming){ .prefix = SLICE("consul"),
	    .host = "vm",
	    .lets_by_default = true,
	    .rules = { rules, count } });
}

static void
test_filters(void)
{
	struct slice rules[] = { SLICE("+consul.raft.apply"),
		SLICE("-consul.raft"), SLICE("-consul.http"),
		SLICE("+consul.http"), SLICE("x"), SLICE("") };
	struct metrics_naming n = naming_of(rules, 6);

	CHECK(metrics_lets(&n, SLICE("consul.raft.apply")));
	CHECK(!metrics_lets(&n, SLICE("consul.raft.commitTime")));
	CHECK(metrics_lets(&n, SLICE("consul.rpc.query")));
	/* Where two say the same, the one that forbids counts. */
	CHECK(!metrics_lets(&n, SLICE("consul.http.GET.v1.txn")));
	n.lets_by_default = false;
	CHECK(metrics_lets(&n, SLICE("consul.raft.apply")));
	CHECK(!metrics_lets(&n, SLICE("consul.rpc.query")));
}

static const struct metric_shown *
shown(const struct metrics_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (slice_is(set->items[i].name, name))
			return (&set->items[i]);
	return (NULL);
}

static void
test_names_and_sums(void)
{
	struct metrics_naming n = naming_of(NULL, 0);
	struct metrics_set set = { 0 };

	begin();
	metrics_add(METRIC_raft_apply, 2);
	metrics_add(METRIC_raft_last, 9);
	/* Two daemons with the same figures. */
	metrics_gather_page(&set, metrics_own_page(), &n);
	metrics_gather_page(&set, metrics_own_page(), &n);
	metrics_set_finish(&set);
	CHECK_EQ(set.first, INTERVAL);
	CHECK(shown(&set, "consul.raft.apply")->row->sum == 4);
	CHECK_EQ(metric_slot_of(shown(&set, "consul.raft.apply")->row, INTERVAL)
		     ->count,
	    2);
	CHECK(shown(&set, "consul.vm.raft.last_index")->row->last == 18);
	metrics_set_deinit(&set);
	/* What dogstatsd does to the names of those behind it. */
	n.is_doubled = true;
	metrics_gather_page(&set, metrics_own_page(), &n);
	metrics_set_finish(&set);
	CHECK(shown(&set, "consul.raft.last_index.last_index") != NULL);
	CHECK(shown(&set, "consul.raft.apply") != NULL);
	metrics_set_deinit(&set);
}

static void
test_the_dump(void)
{
	struct metrics_naming n = naming_of(NULL, 0);
	struct metrics_set set = { 0 };
	struct buf text = { 0 };

	begin();
	metrics_add_for(METRIC_health_query, SLICE("a b:c"));
	metrics_add(METRIC_kvs_apply, 1.5);
	metrics_add(METRIC_raft_commit_logs, 3);
	metrics_gather_page(&set, metrics_own_page(), &n);
	metrics_set_finish(&set);
	metrics_dump(&set, INTERVAL, &text); /* it is not whole yet */
	CHECK_EQ(text.size, 0);
	metrics_dump(&set, INTERVAL + 1, &text);
	CHECK(
	    strstr(buf_text(&text),
		"[2001-09-09 01:46:40 +0000 UTC][C] "
		"'consul.health.service.query.a_b_c': Count: 1 Sum: 1.000 "
		"LastUpdated: 2001-09-09 01:46:43.000000 +0000 UTC\n") != NULL);
	CHECK(strstr(buf_text(&text), "[S] 'consul.kvs.apply': Count: 1 "
				      "Sum: 1.500 LastUpdated: ") != NULL);
	CHECK(strstr(buf_text(&text),
		  "[G] 'consul.vm.raft.commitNumLogs': 3.000\n") != NULL);
	buf_deinit(&text);
	metrics_set_deinit(&set);
}

/* A reader in another process sees no half of a row. */
static void
test_no_torn_row(void)
{
	pid_t pid;
	int status = -1;

	begin();
	metrics_add(METRIC_kvs_apply, 1);
	pid = fork();
	if (pid == 0) {
		struct metric_row row;

		/* A child keeps nothing: it has no page. */
		metrics_add(METRIC_kvs_apply, 1);
		if (metrics_own_page() != NULL)
			_exit(3);
		/* Every sample is 1, so sums and counts must agree. */
		for (unsigned i = 0; i < 5000; i++)
			if (find("kvs.apply", SLICE(""), &row) &&
			    (row.sum != (double)row.count ||
				row.slots[INTERVAL % METRICS_INTERVALS].sum !=
				    row.sum))
				_exit(1);
		_exit(tap_is_ok ? 0 : 2);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		for (unsigned i = 0; i < 1000; i++)
			metrics_add(METRIC_kvs_apply, 1);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

static void
test_a_strange_page(void)
{
	struct metrics_page *page;

	begin();
	page = (struct metrics_page *)(uintptr_t)metrics_own_page();
	metrics_add(METRIC_raft_apply, 1);
	for (size_t i = 0; i < metrics_page_count(page); i++) {
		struct metric_row row;

		page->metrics[i].row.name_size = UINT16_MAX;
		CHECK(!metrics_page_row(page, i, &row));
		page->metrics[i].row.name_size = 3;
		page->metrics[i].row.labels_size = 2;
		memcpy(page->metrics[i].row.labels, "ab", 2);
		CHECK(!metrics_page_row(page, i, &row));
		page->metrics[i].row.labels_size = 0;
		page->metrics[i].row.kind = 77;
		CHECK(!metrics_page_row(page, i, &row));
	}
	atomic_store(&page->count, UINT32_MAX);
	CHECK_EQ(metrics_page_count(page), METRICS_ROWS_MAX);
	CHECK(truncate(path, 100) == 0);
	CHECK(metrics_page_map(path) == NULL);
}

/* Nobody waits for who would write into it, and no link is followed. */
static void
test_what_is_no_file(void)
{
	char other[80];

	snprintf(other, sizeof(other), "%s-other", path);
	begin();
	CHECK(symlink(path, other) == 0);
	CHECK(metrics_page_map(path) != NULL);
	CHECK(metrics_page_map(other) == NULL);
	CHECK(unlink(other) == 0);
	CHECK(mkfifo(other, 0600) == 0);
	CHECK(metrics_page_map(other) == NULL);
	CHECK(unlink(other) == 0);
}

int
main(void)
{
	char folder[] = "/tmp/metrics-test-XXXXXX";

	metrics_add(METRIC_raft_apply, 1); /* nobody keeps it yet */
	if (mkdtemp(folder) == NULL)
		return (1);
	snprintf(path, sizeof(path), "%s/page", folder);
	RUN(test_what_is_added);
	RUN(test_intervals);
	RUN(test_a_gauge_is_its_last_value);
	RUN(test_labels);
	RUN(test_a_full_page_makes_room);
	RUN(test_a_restart_begins_anew);
	RUN(test_single_values);
	RUN(test_quantiles);
	RUN(test_filters);
	RUN(test_names_and_sums);
	RUN(test_the_dump);
	RUN(test_no_torn_row);
	RUN(test_a_strange_page);
	RUN(test_what_is_no_file);
	unlink(path);
	rmdir(folder);
	return (tap_done());
}
