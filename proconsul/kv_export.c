/* `kv export`: keys and values below a prefix, as JSON for `kv import`. */
#include "api_types.h"
#include "command.h"
#include "kv.h"

struct kv_export_options {
	struct client_options client;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(kv_export_options),
	SERVER_FLAGS(kv_export_options),
	NAMESPACE_FLAG(kv_export_options),
	FLAGS_END,
};
/* clang-format on */

static void
print_pairs(const struct api_kv_pairs *pairs)
{
	const struct api_kv_pair *pair;
	struct buf text = { 0 };
	size_t i;

	buf_put_text(&text, "[");
	for (i = 0; i < pairs->list.count; i++) {
		pair = &pairs->list.items[i];
		buf_put_text(&text, i > 0 ? ",\n\t{\n" : "\n\t{\n");
		buf_put_text(&text, "\t\t\"key\": ");
		json_put_text(&text, pair->key);
		buf_printf(&text, ",\n\t\t\"flags\": %" PRIu64, pair->flags);
		buf_put_text(&text, ",\n\t\t\"value\": \"");
		base64_encode(pair->value, &text);
		buf_put_text(&text, "\"\n\t}");
	}
	buf_put_text(&text, pairs->list.count > 0 ? "\n]" : "]");
	puts(buf_text(&text));
	buf_deinit(&text);
}

static int
kv_export_work(struct run *run, const void *options)
{
	const struct kv_export_options *o = options;
	struct api_kv_pairs pairs = { 0 };
	struct request request;
	struct response response;
	const char *prefix;
	enum err err;

	if (run_check_count(run, 1) != 0 || !run_connect(run, &o->client))
		return (1);
	prefix = run->argc == 1 ? kv_key_strip(run->argv[0]) : "";
	request_init(&request, &run->arena, "GET", "/v1/kv/%s", prefix);
	request_param(&request, "recurse", "");
	if (o->client.is_stale)
		request_param(&request, "stale", "");
	err = client_ask(run->client, &request, &response, &run->why);
	if (err == ERR_OK && response.status == 200) {
		err = run_parse_type(
		    run, response.body, &api_kv_pairs_type, &pairs);
	} else if (err == ERR_OK && response.status != 404) {
		buf_printf(
		    &run->why, "Unexpected response code: %u", response.status);
		err = ERR_REFUSED;
	}
	if (err != ERR_OK)
		return (run_fail(run, "Error querying Consul agent"));
	print_pairs(&pairs);
	return (0);
}

static const struct command_spec spec = {
	.usage = "kv export [KEY_OR_PREFIX]",
	.about = "Prints all keys with a prefix, their flags and values "
		 "(in base64) as JSON.",
	.flags = flags,
	.work = kv_export_work,
};

int
kv_export_run(int argc, char **argv)
{
	struct kv_export_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
