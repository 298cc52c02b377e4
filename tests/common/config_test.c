/*
 * The configuration: what the real Consul said to each case of
 * config_cases.txt, how sources are merged, and what is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "json.h"
#include "config_recursors.h"
#include "tests/lib/tap.h"

#define CASES	  "tests/common/config_cases.txt"
#define HCL_CASES "tests/common/hcl_cases.txt"
#define BASE	  "{\"bind_addr\":\"127.0.0.1\",\"data_dir\":\"/tmp\"}"
/* What the cases were asked with. */
#define OPEN_FILES 1024

static char cases_path[4096], hcl_cases_path[4096];

static void
file_write(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0) {
		perror(path);
		exit(1);
	}
}

/* --- Cases answered by the real one. --- */

/* "\n" of the file of cases (or "%n" and "%r" in HCL), where it stands for a
 * newline. */
static void
newlines_restore(char *text, char mark)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] == mark && (text[1] == 'n' || text[1] == 'r')) {
			*to++ = *++text == 'n' ? '\n' : '\r';
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static bool
config_warns(const struct config *config, const char *text)
{
	size_t i;

	for (i = 0; i < config->warning_count; i++) {
		if (strcmp(config->warnings[i], text) == 0)
			return (true);
	}
	return (false);
}

/* Each mark is a line: "> " begins a case, "= " is its error, "~ " a warning.
 * What differs is printed. */
static bool
case_check(
    char *only, char *text, char *expected, char **warnings, size_t count)
{
	static char base[] = "base.json";
	char *argv[] = { base, only, NULL };
	struct buf why = { 0 };
	struct config *config;
	bool is_ok = true;
	size_t i;

	if (strcmp(only, "case.hcl") == 0)
		newlines_restore(text, '%');
	file_write(only, text);
	newlines_restore(expected, '\\');
	config = config_validate(2, argv, &why);
	if (strcmp(expected, "PANIC") == 0)
		is_ok = config == NULL; /* where the real one crashes */
	else if (config == NULL && strcmp(expected, "OK") == 0 &&
		 strstr(buf_text(&why), "by proconsul yet") != NULL)
		count = 0; /* on purpose: refused by name */
	else if (strcmp(config == NULL ? buf_text(&why) : "OK", expected) !=
		 0) {
		printf("# %s\n#   ours: %s\n#   not:  %s\n", text,
		    config == NULL ? buf_text(&why) : "OK", expected);
		is_ok = false;
	}
	for (i = 0; config != NULL && i < count; i++) {
		if (config_warns(config, warnings[i]))
			continue;
		printf("# %s\n#   does not warn: %s\n", text, warnings[i]);
		is_ok = false;
	}
	if (config != NULL && config->warning_count != count) {
		printf("# %s\n#   %zu warnings, not %zu\n", text,
		    config->warning_count, count);
		is_ok = false;
	}
	config_free(config);
	buf_deinit(&why);
	return (is_ok);
}

static void
cases_check(const char *path, char *only, size_t least)
{
	char line[8192], text[8192] = "", expected[8192] = "";
	char *warnings[8];
	size_t count = 0, checked = 0, i;
	FILE *in = fopen(path, "r");

	CHECK(in != NULL);
	file_write("base.json", BASE);
	for (;;) {
		bool is_end =
		    in == NULL || fgets(line, sizeof(line), in) == NULL;

		line[strcspn(line, "\n")] = '\0';
		if ((is_end || line[0] == '>') && expected[0] != '\0') {
			CHECK(
			    case_check(only, text, expected, warnings, count));
			for (i = 0; i < count; i++)
				free(warnings[i]);
			count = 0;
			checked++;
			expected[0] = '\0';
		}
		if (is_end)
			break;
		if (line[0] == '>')
			strcpy(text, strlen(line) > 2 ? line + 2 : "");
		else if (line[0] == '=')
			strcpy(expected, line + 2);
		else if (line[0] == '~' && count < 8)
			warnings[count++] = strdup(line + 2);
	}
	if (in != NULL)
		fclose(in);
	printf("# %zu cases\n", checked);
	CHECK(checked > least);
}

static void
test_cases(void)
{
	static char json[] = "case.json", hcl[] = "case.hcl";

	cases_check(cases_path, json, 300);
	cases_check(hcl_cases_path, hcl, 300);
}

/* --- Loading, as an agent does. --- */

#define ARGS_MAX 16

/* Flags in one text, separated by blanks. NULL: *why has the error. */
static struct config *
load(const char *flags, struct buf *why)
{
	char *copy = strdup(flags), *rest, *word, *argv[ARGS_MAX];
	struct config *config;
	int argc = 0;

	for (word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	buf_reset(why);
	config = config_load(argc, argv, why);
	free(copy);
	return (config);
}

static bool
fails_with(const char *flags, const char *text)
{
	struct buf why = { 0 };
	struct config *config = load(flags, &why);
	bool is_ok = config == NULL && strcmp(buf_text(&why), text) == 0;

	if (!is_ok)
		printf("# %s\n#   ours: %s\n#   not:  %s\n", flags,
		    config == NULL ? buf_text(&why) : "OK", text);
	config_free(config);
	buf_deinit(&why);
	return (is_ok);
}

static void
test_dev(void)
{
	struct buf why = { 0 };
	struct config *c = load("-dev -node=n1 -data-dir=/tmp", &why);

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(c->is_dev && c->is_server && c->is_bootstrap && c->has_ui);
	CHECK(!c->has_bootstrap && !c->leave_on_terminate);
	CHECK(c->skip_leave_on_interrupt);
	CHECK(strcmp(c->node_name, "n1") == 0);
	CHECK(strcmp(c->data_dir, "") == 0);
	CHECK(strcmp(c->datacenter, "dc1") == 0);
	CHECK(strcmp(c->domain, "consul.") == 0);
	CHECK(strcmp(c->bind_address, "127.0.0.1") == 0);
	CHECK(strcmp(c->advertise_address, "127.0.0.1") == 0);
	CHECK(c->http_addresses.count == 1);
	CHECK(strcmp(c->http_addresses.text[0], "127.0.0.1") == 0);
	CHECK_EQ(c->http_port, 8500);
	CHECK_EQ(c->dns_port, 8600);
	CHECK_EQ(c->server_port, 8300);
	CHECK_EQ(c->serf_lan_port, 8301);
	CHECK_EQ(c->serf_wan_port, 8302);
	CHECK_EQ(c->log_level, LOG_LEVEL_DEBUG);
	CHECK_EQ(c->keys.performance.raft_multiplier, 1);
	CHECK_EQ(c->keys.gossip_lan.probe_interval.ns, 100000000);
	CHECK_EQ(c->keys.gossip_lan.gossip_nodes, 3);
	CHECK_EQ(c->keys.dns_config.soa.expire, 86400);
	CHECK_EQ(c->keys.session_ttl_min.ns, 10000000000);
	CHECK_EQ(c->tagged_addresses.count, 4);
	CHECK_EQ(c->node_meta.count, 1);
	config_free(c);
	buf_deinit(&why);
}

static void
test_merge(void)
{
	struct buf why = { 0 };
	struct config *c;

	file_write("a.json",
	    "{\"node_name\":\"a\",\"datacenter\":\"a\",\"node_meta\":{\"x\":"
	    "\"1\",\"y\":\"1\"},\"ports\":{\"http\":1,\"dns\":1},"
	    "\"http_config\":{\"block_endpoints\":[\"/a\"]},"
	    "\"service\":{\"name\":\"s1\"},"
	    "\"services\":[{\"name\":\"s0\"}]}");
	file_write("b.json",
	    "{\"datacenter\":\"b\",\"node_meta\":{\"y\":\"2\"},\"ports\":{"
	    "\"dns\":2},\"http_config\":{\"block_endpoints\":[\"/b\"],"
	    "\"allow_write_http_from\":[\"10.0.0.0/8\"]},"
	    "\"service\":{\"name\":\"s2\"},\"check\":{\"name\":\"c\","
	    "\"ttl\":\"1s\"}}");
	c = load("-dev -node=f -node-meta=z:3 -config-file=a.json "
		 "-config-file=b.json -allow-write-http-from=127.0.0.0/8",
	    &why);
	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(strcmp(c->node_name, "f") == 0);	/* flags beat files */
	CHECK(strcmp(c->datacenter, "b") == 0); /* the last file wins */
	CHECK_EQ(c->http_port, 1);		/* stanzas: field by field */
	CHECK_EQ(c->dns_port, 2);
	CHECK_EQ(c->keys.node_meta.count, 3); /* maps: by key */
	CHECK(slice_is(c->keys.node_meta.items[1].key, "y"));
	CHECK(slice_is(c->keys.node_meta.items[1].value, "2"));
	CHECK_EQ(c->node_meta.count, 4);
	CHECK_EQ(c->keys.http_config.block_endpoints.count, 2); /* lists */
	CHECK(slice_is(c->keys.http_config.block_endpoints.items[1], "/b"));
	/* List flags stand before the files. */
	CHECK_EQ(c->keys.http_config.allow_write_http_from.count, 2);
	CHECK(slice_is(
	    c->keys.http_config.allow_write_http_from.items[0], "127.0.0.0/8"));
	CHECK_EQ(c->service_count, 3);
	CHECK(slice_is(c->services[0].name, "s0"));
	CHECK(slice_is(c->services[1].name, "s1"));
	CHECK(slice_is(c->services[2].name, "s2"));
	CHECK_EQ(c->check_count, 1);
	CHECK_EQ(c->path_count, 2);
	config_free(c);
	buf_deinit(&why);
}

static void
test_definitions(void)
{
	struct buf why = { 0 };
	struct config *c;

	file_write("s.json",
	    "{\"services\":[{\"id\":\"hello1\",\"name\":\"hello\",\"tags\":["
	    "\"primary\"],\"address\":\"172.17.0.5\",\"port\":5000,"
	    "\"weights\":{\"warning\":3},\"check\":{\"ttl\":\"3s\",\"token\":"
	    "\"x\",\"service_id\":\"y\"},\"checks\":[{\"http\":"
	    "\"http://localhost:5000/\",\"tls_skip_verify\":true,\"method\":"
	    "\"Get\",\"interval\":\"10s\",\"header\":{\"a\":[\"b\"]}}]}],"
	    "\"check\":{\"ID\":\"q\",\"scriptargs\":[\"ls\",\"-l\"],"
	    "\"service_id\":\"hello1\",\"Interval\":\"1m\"}}");
	c = load("-dev -config-file=s.json", &why);
	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK_EQ(c->service_count, 1);
	CHECK(slice_is(c->services[0].id, "hello1"));
	CHECK_EQ(c->services[0].tags.count, 1);
	CHECK_EQ(c->services[0].port, 5000);
	CHECK_EQ(c->services[0].weights->passing, 1);
	CHECK_EQ(c->services[0].weights->warning, 3);
	CHECK_EQ(c->services[0].checks.count, 2); /* `checks`, then `check` */
	CHECK(slice_is(c->services[0].checks.items[0].method, "Get"));
	CHECK(c->services[0].checks.items[0].tls_skip_verify);
	CHECK_EQ(c->services[0].checks.items[0].header.count, 1);
	CHECK_EQ(c->services[0].checks.items[0].interval.ns, 10000000000);
	CHECK_EQ(c->services[0].checks.items[1].ttl.ns, 3000000000);
	CHECK_EQ(c->services[0].check.ttl.ns, 0);
	CHECK_EQ(c->check_count, 1);
	CHECK(slice_is(c->checks[0].id, "q"));
	CHECK(slice_is(c->checks[0].service_id, "hello1"));
	CHECK_EQ(c->checks[0].script_args.count, 2);
	CHECK_EQ(c->checks[0].interval.ns, 60000000000);
	config_free(c);
	buf_deinit(&why);
}

/* What Consul only keeps, as the real one shows it on /v1/agent/service. */
static void
test_kept(void)
{
	static const char expected[] =
	    "\"Config\":{\"a\":{\"b\":{\"c\":1}},\"bb\":[{},{\"x\":1}],"
	    "\"l\":[1,{\"r\":[{\"s\":2}]}],\"one\":1,\"oo\":[1]}";
	struct buf why = { 0 }, out = { 0 };
	struct config *c;

	file_write("kept.hcl",
	    "services { name = \"p\" proxy { config { a { b { c = 1 } } "
	    "l = [ 1, { r { s = 2 } } ] bb { } bb { x = 1 } one = [ 1 ] "
	    "oo = [ [ 1 ] ] } } }");
	c = load("-dev -config-file kept.hcl", &why);
	CHECK(c != NULL && c->service_count == 1);
	if (c != NULL && c->service_count == 1)
		json_from_type(&service_definition_type, &c->services[0], &out);
	CHECK(strstr(buf_text(&out), expected) != NULL);
	config_free(c);
	buf_deinit(&out);
	buf_deinit(&why);
}

static void
test_directory(void)
{
	struct buf why = { 0 };
	struct config *c;

	mkdir("d", 0755);
	mkdir("d/sub.json", 0755);
	file_write("d/b.json", "{\"node_name\":\"b\",\"datacenter\":\"b\"}");
	file_write("d/a.json", "{\"node_name\":\"a\"}");
	file_write("d/B.json", "{\"node_name\":\"B\",\"datacenter\":\"BB\"}");
	file_write("d/sub.json/c.json", "{\"foo\":1}");
	file_write("d/e.json", "");
	file_write("d/notes.txt", "not ours");
	c = load("-dev -config-dir d", &why);
	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(strcmp(c->node_name, "b") == 0); /* bytewise: B a b */
	CHECK(strcmp(c->datacenter, "b") == 0);
	CHECK(config_warns(c,
	    "skipping file d/notes.txt, extension must be .hcl or .json, or "
	    "config format must be set"));
	config_free(c);
	CHECK(fails_with("-dev -config-format=json -config-dir=d",
	    "failed to parse d/notes.txt: invalid character 'o' in literal "
	    "null (expecting 'u')"));
	file_write("d/f.hcl", "node_name = \"x\" services { name = \"s\" }");
	c = load("-dev -config-dir=d", &why);
	CHECK(c != NULL && strcmp(c->node_name, "x") == 0);
	CHECK(c != NULL && c->service_count == 1);
	config_free(c);
	CHECK(fails_with("-dev -config-file=nofile",
	    "config: Open failed on nofile. open nofile: no such file or "
	    "directory"));
	buf_deinit(&why);
}

static void
test_flags(void)
{
	CHECK(fails_with("-foo", "flag provided but not defined: -foo"));
	CHECK(fails_with("--foo=1", "flag provided but not defined: -foo"));
	CHECK(fails_with("---x", "bad flag syntax: ---x"));
	CHECK(fails_with("-http-port", "flag needs an argument: -http-port"));
	CHECK(fails_with("-server=maybe",
	    "invalid boolean value \"maybe\" for -server: strconv.ParseBool: "
	    "parsing \"maybe\": invalid syntax"));
	CHECK(fails_with("-http-port=zz",
	    "invalid value \"zz\" for flag -http-port: strconv.Atoi: parsing "
	    "\"zz\": invalid syntax"));
	CHECK(fails_with("-http-port 99999999999999999999",
	    "invalid value \"99999999999999999999\" for flag -http-port: "
	    "strconv.Atoi: parsing \"99999999999999999999\": value out of "
	    "range"));
	CHECK(fails_with("-dev a b", "Unexpected extra arguments: [a b]"));
	CHECK(fails_with("-dev -- -x", "Unexpected extra arguments: [-x]"));
	CHECK(fails_with("-config-format=zz -dev",
	    "config: -config-format must be either 'hcl' or 'json'"));
	CHECK(fails_with("-dev -log-level=zz",
	    "Invalid log level: zz. Valid log levels are: [TRACE DEBUG INFO "
	    "WARN ERR ERROR]"));
	CHECK(fails_with("-dev -node-id=zz",
	    "failed to setup node ID: specified NodeID is invalid: uuid "
	    "string is wrong length"));
	CHECK(fails_with("-dev -retry-interval=zz",
	    "1 error occurred:\n\t* retry_interval: invalid duration: \"zz\": "
	    "time: invalid duration \"zz\"\n\n"));
	CHECK(
	    fails_with("-server -bind=127.0.0.1", "data_dir cannot be empty"));
	CHECK(fails_with("-dev -bootstrap-expect=3",
	    "'bootstrap_expect > 0' not allowed in dev mode"));
	CHECK(fails_with("-dev -node-meta=consul-x:1",
	    "node_meta invalid: Couldn't load metadata pair ('consul-x', "
	    "'1'): Key prefix 'consul-' is reserved for internal use"));
}

static void
test_refused(void)
{
	static const struct {
		const char *flags;
		const char *key;
	} rows[] = {
		{ "-join-wan=1.1.1.1", "start_join_wan" },
		{ "-retry-join-wan=1.1.1.1", "retry_join_wan" },
		{ "-https-port=8501", "ports.https" },
		{ "-grpc-port=8502", "ports.grpc" },
	};
	struct buf why = { 0 };
	struct config *c;
	char flags[256], text[256];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(flags, sizeof(flags), "-dev %s", rows[i].flags);
		snprintf(text, sizeof(text),
		    "%s is not supported by proconsul yet: it asks for ",
		    rows[i].key);
		c = load(flags, &why);
		if (c != NULL ||
		    strncmp(buf_text(&why), text, strlen(text)) != 0)
			printf("# %s: %s\n", flags, buf_text(&why));
		CHECK(c == NULL &&
		      strncmp(buf_text(&why), text, strlen(text)) == 0);
		config_free(c);
	}
	CHECK(fails_with("-dev -hcl=server=true -hcl=server=1",
	    "failed to parse flags-1.hcl: 1 error(s) decoding:\n\n* 'server' "
	    "expected type 'bool', got unconvertible type 'int'"));
	buf_deinit(&why);
}

static void
test_recursors(void)
{
	struct config_recursors list;
	struct arena arena = { 0 };
	struct buf why = { 0 };
	struct config *c;

	c = load("-dev -recursor=1.2.3.4 -recursor=1.2.3.4:54 "
		 "-recursor=::1 -recursor=[::1]:5353 -recursor=a.b:domain "
		 "-recursor=1.2.3.4:53 -recursor={{\"5.5.5.5\"}}",
	    &why);
	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK_EQ(config_recursors_read(c, &arena, &list, &why), ERR_OK);
	CHECK_EQ(list.count, 6);
	CHECK(strcmp(list.items[0].host, "1.2.3.4") == 0);
	CHECK_EQ(list.items[0].port, 53);
	CHECK_EQ(list.items[1].port, 54);
	CHECK(strcmp(list.items[2].host, "::1") == 0);
	CHECK(strcmp(list.items[3].host, "::1") == 0);
	CHECK_EQ(list.items[3].port, 5353);
	CHECK(strcmp(list.items[4].host, "a.b") == 0);
	CHECK_EQ(list.items[4].port, 53);
	CHECK(strcmp(list.items[5].host, "5.5.5.5") == 0);
	config_free(c);
	arena_deinit(&arena);
	buf_deinit(&why);
	CHECK(fails_with("-dev -recursor=1.2.3.4:x",
	    "Invalid recursor address: address tcp/x: unknown port"));
	CHECK(fails_with("-dev -recursor=1.2.3.4:99999",
	    "Invalid recursor address: address 99999: invalid port"));
	CHECK(fails_with("-dev -recursor=a:b:c",
	    "Invalid recursor address: address a:b:c: too many colons in "
	    "address"));
	CHECK(fails_with("-dev -recursor=unix:///x",
	    "DNS Recursors cannot be unix sockets: unix:///x"));
}

static void
test_node_id(void)
{
	static const char id[] = "599A6F93-e9c4-8bae-acdc-6177949377b0";
	struct buf why = { 0 };
	struct config *c;

	mkdir("data", 0755);
	c = load(
	    "-server -bootstrap-expect=1 -data-dir=data -bind=127.0.0.1", &why);
	CHECK(c != NULL && strcmp(c->node_id, "") == 0);
	CHECK(c != NULL && c->has_bootstrap && c->bootstrap_expect == 0);
	config_free(c);
	file_write("data/node-id", id);
	c = load(
	    "-server -bootstrap-expect=1 -data-dir=data -bind=127.0.0.1", &why);
	CHECK(c != NULL &&
	      strcmp(c->node_id, "599a6f93-e9c4-8bae-acdc-6177949377b0") == 0);
	config_free(c);
	buf_deinit(&why);
}

/* Any mutilation of a file is an error or a configuration, and no more. */
static void
test_cut(void)
{
	static const char text[] =
	    "{\"ports\":{\"http\":1},\"services\":[{\"name\":\"a\",\"checks\":"
	    "[{\"ttl\":\"1s\",\"header\":{\"a\":[\"b\"]}}],\"weights\":{"
	    "\"passing\":1}}],\"node_meta\":{\"a\":\"b\"}}";
	char cut[sizeof(text)];
	struct buf why = { 0 };
	size_t i;

	for (i = 1; i + 1 < sizeof(text); i++) {
		memcpy(cut, text, i);
		cut[i] = '\0';
		file_write("cut.json", cut);
		CHECK(load("-dev -config-file=cut.json", &why) == NULL);
	}
	buf_deinit(&why);
}

int
main(void)
{
	struct rlimit files = { OPEN_FILES, OPEN_FILES };
	char folder[] = "/tmp/config_test.XXXXXX", remove[64];

	if (realpath(CASES, cases_path) == NULL ||
	    realpath(HCL_CASES, hcl_cases_path) == NULL ||
	    mkdtemp(folder) == NULL || chdir(folder) != 0 ||
	    setrlimit(RLIMIT_NOFILE, &files) != 0) {
		perror(CASES);
		return (1);
	}
	RUN(test_cases);
	RUN(test_dev);
	RUN(test_merge);
	RUN(test_definitions);
	RUN(test_kept);
	RUN(test_directory);
	RUN(test_flags);
	RUN(test_refused);
	RUN(test_recursors);
	RUN(test_node_id);
	RUN(test_cut);
	snprintf(remove, sizeof(remove), "rm -rf %s", folder);
	if (system(remove) != 0)
		return (1);
	return (tap_done());
}
