/* What is saved and comes back, and the files it is kept in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "healthd/md5.h"
#include "healthd/persist.h"
#include "log.h"
#include "tests/lib/tap.h"

static char folder[] = "/tmp/persist_test.XXXXXX";
static struct persist persist;
static struct local local;
static struct instant now;

static void
begin(void)
{
	static const struct local_config config = {
		.node = SLICE("n1"),
		.output_max = 4096,
	};

	now = instant_now();
	persist_open(&persist, folder);
	local_init(&local, &config, 3);
}

static void
save_all(void)
{
	for (size_t i = 0; i < local.effect_count; i++)
		persist_do(&persist, &local, &local.effects[i]);
	local_effects_clear(&local);
}

static void
end(void)
{
	local_deinit(&local);
	close(persist.services);
	close(persist.checks);
	close(persist.states);
}

static void
path_of(const char *part, const char *id, char *out, size_t size)
{
	char name[MD5_HEX_SIZE];

	md5_hex(slice_of_text(id), name);
	snprintf(out, size, "%s/%s/%s", folder, part, name);
}

static bool
is_there(const char *part, const char *id)
{
	char path[256];

	path_of(part, id, path, sizeof(path));
	return (access(path, F_OK) == 0);
}

static bool
file_is(const char *part, const char *id, const char *expected)
{
	char path[256], text[4096];
	size_t size;
	FILE *file;

	path_of(part, id, path, sizeof(path));
	file = fopen(path, "re");
	if (file == NULL)
		return (false);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	if (strcmp(text, expected) != 0)
		printf("# got: %s\n", text);
	return (strcmp(text, expected) == 0);
}

static void
file_put(const char *part, const char *id, const char *text)
{
	char path[256];
	FILE *file;

	path_of(part, id, path, sizeof(path));
	file = fopen(path, "we");
	CHECK(file != NULL);
	if (file == NULL)
		return;
	fputs(text, file);
	fclose(file);
}

static void
api_register(int64_t port)
{
	struct pair meta = { SLICE("k"), SLICE("v") };
	struct slice tag = SLICE("x");
	struct weights weights = { 3, 2 };
	struct service_definition d = {
		.name = SLICE("api"),
		.port = port,
		.tags = { &tag, 1 },
		.meta = { &meta, 1 },
		.weights = &weights,
		.check = {
			.ttl = SECONDS(3600),
			.notes = SLICE("n"),
			.deregister_critical_service_after = SECONDS(5400),
		},
	};
	struct service_registration r = {
		.definition = &d,
		.source = SOURCE_API,
	};
	struct buf why = { 0 };

	CHECK_EQ(local_register_service(&local, &r, now, &why), ERR_OK);
	buf_deinit(&why);
}

/* RFC 1321, A.5. */
static void
test_md5(void)
{
	char hex[MD5_HEX_SIZE];

	md5_hex(SLICE(""), hex);
	CHECK(strcmp(hex, "d41d8cd98f00b204e9800998ecf8427e") == 0);
	md5_hex(SLICE("abc"), hex);
	CHECK(strcmp(hex, "900150983cd24fb0d6963f7d28e17f72") == 0);
	md5_hex(SLICE("1234567890123456789012345678901234567890123456789012345"
		      "6789012345678901234567890"),
	    hex);
	CHECK(strcmp(hex, "57edf4a22be3c955ac49da2e2107b67a") == 0);
}

/* Byte for byte what Consul 1.8.7 left in its data directory. */
static void
test_files_are_consuls(void)
{
	struct stat st;
	char path[256];

	begin();
	api_register(3);
	save_all();
	CHECK(file_is("services", "api",
	    "{\"Token\":\"\",\"Service\":{\"ID\":\"api\",\"Service\":\"api\","
	    "\"Tags\":[\"x\"],\"Address\":\"\",\"Meta\":{\"k\":\"v\"},"
	    "\"Port\":3,\"Weights\":{\"Passing\":3,\"Warning\":2},"
	    "\"EnableTagOverride\":false,\"Proxy\":{\"MeshGateway\":{},"
	    "\"Expose\":{}},\"Connect\":{},\"CreateIndex\":0,"
	    "\"ModifyIndex\":0},\"Source\":\"remote\"}"));
	CHECK(file_is("checks", "service:api",
	    "{\"Check\":{\"Node\":\"n1\",\"CheckID\":\"service:api\","
	    "\"Name\":\"Service 'api' check\",\"Status\":\"critical\","
	    "\"Notes\":\"n\",\"Output\":\"\",\"ServiceID\":\"api\","
	    "\"ServiceName\":\"api\",\"ServiceTags\":[\"x\"],"
	    "\"Type\":\"ttl\",\"Definition\":{},\"CreateIndex\":0,"
	    "\"ModifyIndex\":0},\"ChkType\":{\"CheckID\":\"\",\"Name\":\"\","
	    "\"Status\":\"\",\"Notes\":\"n\",\"ScriptArgs\":null,"
	    "\"HTTP\":\"\",\"Header\":null,\"Method\":\"\",\"Body\":\"\","
	    "\"TCP\":\"\",\"Interval\":0,\"AliasNode\":\"\","
	    "\"AliasService\":\"\",\"DockerContainerID\":\"\",\"Shell\":\"\","
	    "\"GRPC\":\"\",\"GRPCUseTLS\":false,\"TLSSkipVerify\":false,"
	    "\"Timeout\":0,\"TTL\":3600000000000,\"SuccessBeforePassing\":0,"
	    "\"FailuresBeforeCritical\":0,\"ProxyHTTP\":\"\","
	    "\"ProxyGRPC\":\"\","
	    "\"DeregisterCriticalServiceAfter\":5400000000000,"
	    "\"OutputMaxSize\":0},\"Token\":\"\",\"Source\":\"remote\"}"));
	path_of("services", "api", path, sizeof(path));
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	end();
}

static void
test_comes_back(void)
{
	struct buf why = { 0 };
	struct local_check *c;

	begin();
	api_register(3);
	CHECK_EQ(local_update_ttl(&local, SLICE("service:api"), CHECK_WARNING,
		     SLICE("hello"), now, &why),
	    ERR_OK);
	save_all();
	end();
	begin();
	persist_load(&persist, &local, now);
	CHECK_EQ(
	    local_service_find(&local, SLICE("api"))->service.weights->passing,
	    3);
	c = local_check_find(&local, SLICE("service:api"));
	CHECK(c != NULL && slice_is(c->check.status, "warning"));
	CHECK(c != NULL && slice_is(c->check.output, "hello"));
	CHECK(c != NULL && c->deregister_after.ns == SECONDS(5400).ns);
	CHECK(c != NULL &&
	      !instant_before(instant_add(now, SECONDS(3600)), c->timer.due));
	CHECK_EQ(local.effect_count, 0); /* it is saved already */
	local_deregister_service(&local, SLICE("api"));
	save_all();
	CHECK(!is_there("services", "api"));
	CHECK(!is_there("checks", "service:api"));
	CHECK(!is_there("checks/state", "service:api"));
	end();
	buf_deinit(&why);
}

static void
test_a_state_that_ran_out_is_dropped(void)
{
	struct local_check *c;

	begin();
	api_register(3);
	save_all();
	end();
	file_put("checks/state", "service:api",
	    "{\"CheckID\":\"service:api\",\"Output\":\"old\","
	    "\"Status\":\"passing\",\"Expires\":1000}");
	begin();
	persist_load(&persist, &local, now);
	c = local_check_find(&local, SLICE("service:api"));
	CHECK(c != NULL && slice_is(c->check.status, "critical"));
	save_all();
	CHECK(!is_there("checks/state", "service:api"));
	end();
}

/* The file's definition is there before what was saved is read. */
static void
test_files_win(void)
{
	struct service_definition d = { .name = SLICE("api"), .port = 9 };
	struct definitions all = { .services = &d, .service_count = 1 };
	struct buf why = { 0 };

	begin();
	api_register(3);
	save_all();
	end();
	begin();
	CHECK_EQ(local_reload(&local, &all, now, &why), ERR_OK);
	persist_load(&persist, &local, now);
	CHECK_EQ(local_service_find(&local, SLICE("api"))->service.port, 9);
	save_all();
	CHECK(!is_there("services", "api"));
	end();
	buf_deinit(&why);
}

/* A check whose service is gone goes, too; what is not JSON stays there. */
static void
test_what_can_not_come_back(void)
{
	begin();
	api_register(3);
	save_all();
	end();
	file_put("services", "api", "{\"Service\":");
	file_put("services", "empty", "");
	begin();
	persist_load(&persist, &local, now);
	CHECK(local_service_find(&local, SLICE("api")) == NULL);
	CHECK(local_check_find(&local, SLICE("service:api")) == NULL);
	save_all();
	CHECK(is_there("services", "api"));
	CHECK(!is_there("checks", "service:api"));
	end();
}

static void
test_nothing_without_a_folder(void)
{
	struct persist none;

	begin();
	persist_open(&none, "");
	api_register(3);
	for (size_t i = 0; i < local.effect_count; i++)
		persist_do(&none, &local, &local.effects[i]);
	persist_load(&none, &local, now);
	end();
}

int
main(void)
{
	char command[64];

	log_set_level(LOG_LEVEL_NONE);
	if (mkdtemp(folder) == NULL)
		return (1);
	RUN(test_md5);
	RUN(test_files_are_consuls);
	RUN(test_comes_back);
	RUN(test_a_state_that_ran_out_is_dropped);
	RUN(test_files_win);
	RUN(test_what_can_not_come_back);
	RUN(test_nothing_without_a_folder);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return (system(command) == 0 ? tap_done() : 1);
}
