/* Lines of statsd and dogstatsd, as the real one sends them. */
#include <string.h>

#include "gossipd/sink_line.h"
#include "tests/lib/tap.h"

static void
check(struct buf *got, const char *expected)
{
	if (strcmp(buf_text(got), expected) != 0) {
		printf("# %s, not %s\n", buf_text(got), expected);
		tap_is_ok = false;
	}
	buf_reset(got);
}

static void
test_statsd(void)
{
	struct buf line = { 0 };

	sink_line_statsd(&line, SLICE("consul.kvs.apply"), SLICE(""),
	    METRIC_SAMPLE, 0.004237);
	check(&line, "consul.kvs.apply:0.004237|ms\n");
	sink_line_statsd(&line, SLICE("consul.client.api.catalog_nodes"),
	    SLICE("node\0n1\0"), METRIC_COUNTER, 1);
	check(&line, "consul.client.api.catalog_nodes.n1:1.000000|c\n");
	sink_line_statsd(&line, SLICE("consul.vm.raft.last_index"), SLICE(""),
	    METRIC_LEVEL, 19);
	check(&line, "consul.vm.raft.last_index:19.000000|g\n");
	sink_line_statsd(&line, SLICE("consul.serf.events.consul:event:dep"),
	    SLICE("a\0x y\nz\0b\0\0"), METRIC_COUNTER, 1);
	check(&line, "consul.serf.events.consul_event_dep.x_y_z.:1.000000|c\n");
	buf_deinit(&line);
}

static void
test_dogstatsd(void)
{
	struct slice items[] = { SLICE("a:b"), SLICE("c") };
	const struct slice_list tags = { items, 2 }, none = { 0 };
	struct buf line = { 0 };

	sink_line_dogstatsd(&line, SLICE("consul.raft.apply"), SLICE(""), &none,
	    METRIC_COUNTER, 1);
	check(&line, "consul.raft.apply:1|c");
	sink_line_dogstatsd(&line, SLICE("consul.raft.last_index"), SLICE(""),
	    &tags, METRIC_LEVEL, 1);
	check(&line, "consul.raft.last_index:1.000000|g|#a:b,c");
	sink_line_dogstatsd(&line, SLICE("consul.fsm.kvs"), SLICE("op\0set\0"),
	    &tags, METRIC_SAMPLE, 0.5);
	check(&line, "consul.fsm.kvs:0.500000|ms|#a:b,c,op:set");
	sink_line_dogstatsd(&line, SLICE("consul.x"), SLICE("tag\0\0"), &none,
	    METRIC_COUNTER, 2);
	check(&line, "consul.x:2|c|#tag");
	buf_deinit(&line);
}

int
main(void)
{
	RUN(test_statsd);
	RUN(test_dogstatsd);
	return (tap_done());
}
