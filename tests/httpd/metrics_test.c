/* Figures as JSON and for Prometheus, as go-metrics and client_golang show
 * them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/metrics.h"
#include "httpd/metrics_json.h"
#include "httpd/metrics_prometheus.h"
#include "tests/lib/tap.h"

#define NOW	 1000000003.0
#define INTERVAL 100000000U

static char path[64];

static void
gather(struct metrics_set *set)
{
	static const struct metrics_naming naming = {
		.prefix = { (const uint8_t *)"consul", 6 },
		.lets_by_default = true,
	};

	*set = (struct metrics_set){ 0 };
	metrics_gather_page(set, metrics_own_page(), &naming);
	metrics_set_finish(set);
}

static void
check_text(struct buf *got, const char *expected)
{
	if (strcmp(buf_text(got), expected) != 0) {
		printf("# %s\n# is not\n# %s\n", buf_text(got), expected);
		tap_is_ok = false;
	}
	buf_deinit(got);
}

static void
begin(void)
{
	metrics_open(path, getgid());
	metrics_turn(NOW);
	metrics_end(METRIC_runtime_alloc);
	metrics_end(METRIC_runtime_sys);
	metrics_end(METRIC_runtime_threads);
}

static void
test_json(void)
{
	struct metrics_set set;
	struct buf text = { 0 };

	begin();
	metrics_add(METRIC_raft_commit_logs, 2.5);
	metrics_add(METRIC_autopilot_healthy, 1);
	metrics_add_for(METRIC_health_query, SLICE("we\"b"));
	metrics_add(METRIC_kvs_apply, 0.25);
	metrics_add(METRIC_kvs_apply, 0.75);
	gather(&set);
	metrics_json(&set, INTERVAL + 1, &text);
	check_text(&text,
	    "{\"Timestamp\":\"2001-09-09 01:46:40 +0000 UTC\",\"Gauges\":["
	    "{\"Name\":\"consul.autopilot.healthy\",\"Value\":1,\"Labels\":{}},"
	    "{\"Name\":\"consul.raft.commitNumLogs\",\"Value\":2.5,"
	    "\"Labels\":{}}],\"Points\":[],\"Counters\":["
	    "{\"Name\":\"consul.health.service.query\",\"Count\":1,"
	    "\"Rate\":0.1,\"Sum\":1,\"Min\":1,\"Max\":1,\"Mean\":1,"
	    "\"Stddev\":0,\"Labels\":{\"service\":\"we\\\"b\"}}],\"Samples\":["
	    "{\"Name\":\"consul.kvs.apply\",\"Count\":2,\"Rate\":0.1,\"Sum\":1,"
	    "\"Min\":0.25,\"Max\":0.75,\"Mean\":0.5,"
	    "\"Stddev\":0.3535533905932738,\"Labels\":{}}]}");
	/* The first interval is shown before it is over, and a level always. */
	metrics_json(&set, INTERVAL, &text);
	CHECK(strstr(buf_text(&text), "kvs.apply") != NULL);
	buf_reset(&text);
	metrics_json(&set, INTERVAL + 2, &text);
	check_text(&text,
	    "{\"Timestamp\":\"2001-09-09 01:46:50 +0000 UTC\",\"Gauges\":["
	    "{\"Name\":\"consul.autopilot.healthy\",\"Value\":1,"
	    "\"Labels\":{}}],\"Points\":[],\"Counters\":[],\"Samples\":[]}");
	metrics_set_deinit(&set);
}

static void
test_prometheus(void)
{
	struct metrics_set set;
	struct buf text = { 0 };

	begin();
	metrics_add(METRIC_autopilot_healthy, 1);
	metrics_add_for(METRIC_health_query, SLICE("a\"\\\nb"));
	metrics_add_for(METRIC_health_query, SLICE("a"));
	metrics_add_for(METRIC_fsm_kvs, SLICE("set"));
	gather(&set);
	metrics_prometheus(&set, NOW + 1, 60, &text);
	check_text(&text,
	    "# HELP consul_autopilot_healthy consul_autopilot_healthy\n"
	    "# TYPE consul_autopilot_healthy gauge\n"
	    "consul_autopilot_healthy 1\n"
	    "# HELP consul_fsm_kvs consul_fsm_kvs\n"
	    "# TYPE consul_fsm_kvs summary\n"
	    "consul_fsm_kvs{op=\"set\",quantile=\"0.5\"} 1\n"
	    "consul_fsm_kvs{op=\"set\",quantile=\"0.9\"} 1\n"
	    "consul_fsm_kvs{op=\"set\",quantile=\"0.99\"} 1\n"
	    "consul_fsm_kvs_sum{op=\"set\"} 1\n"
	    "consul_fsm_kvs_count{op=\"set\"} 1\n"
	    "# HELP consul_health_service_query consul_health_service_query\n"
	    "# TYPE consul_health_service_query counter\n"
	    "consul_health_service_query{service=\"a\"} 1\n"
	    "consul_health_service_query{service=\"a\\\"\\\\\\nb\"} 1\n");
	/* Later there are no quantiles, and in the end nothing but levels. */
	metrics_prometheus(&set, NOW + 20, 60, &text);
	CHECK(strstr(buf_text(&text), "quantile=\"0.99\"} NaN\n") != NULL);
	buf_reset(&text);
	metrics_prometheus(&set, NOW + 61, 60, &text);
	check_text(&text,
	    "# HELP consul_autopilot_healthy consul_autopilot_healthy\n"
	    "# TYPE consul_autopilot_healthy gauge\n"
	    "consul_autopilot_healthy 1\n");
	metrics_set_deinit(&set);
}

/* Names that no metric may have, from a method that nobody knows. */
static void
test_names(void)
{
	struct metrics_set set;
	struct buf text = { 0 };

	begin();
	metric_add(
	    metrics_passing(METRIC_COUNTER, SLICE("http.B{R} W\".v1-a/b")), 1);
	gather(&set);
	metrics_prometheus(&set, NOW, 60, &text);
	CHECK(strstr(buf_text(&text), "\nconsul_http_B_R__W__v1_a_b 1\n") !=
	      NULL);
	buf_deinit(&text);
	metrics_set_deinit(&set);
}

static void
check_number(double value, const char *expected)
{
	struct buf text = { 0 };

	prometheus_put_number(&text, value);
	check_text(&text, expected);
}

/* What Go 1.15 printed for these. */
static void
test_numbers(void)
{
	check_number(0, "0");
	check_number(1, "1");
	check_number(-1, "-1");
	check_number(109418, "109418");
	check_number(999999, "999999");
	check_number(1000000, "1e+06");
	check_number(9702176, "9.702176e+06");
	check_number(0.8185499906539917, "0.8185499906539917");
	check_number(0.0001, "0.0001");
	check_number(3.8749e-05, "3.8749e-05");
	check_number(1.8446744073709552e+19, "1.8446744073709552e+19");
	check_number(NAN, "NaN");
	check_number(INFINITY, "+Inf");
}

int
main(void)
{
	char folder[] = "/tmp/metrics-test-XXXXXX";

	if (mkdtemp(folder) == NULL)
		return (1);
	snprintf(path, sizeof(path), "%s/page", folder);
	RUN(test_json);
	RUN(test_prometheus);
	RUN(test_names);
	RUN(test_numbers);
	unlink(path);
	rmdir(folder);
	return (tap_done());
}
