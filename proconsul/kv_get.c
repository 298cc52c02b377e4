/* `kv get`: a value, or the keys and values below a prefix. */
#include "api_types.h"
#include "command.h"
#include "kv.h"
#include "table.h"

struct kv_get_options {
	struct client_options client;
	bool is_base64;
	bool is_detailed;
	bool wants_keys;
	bool is_recursive;
	const char *separator;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(kv_get_options),
	SERVER_FLAGS(kv_get_options),
	NAMESPACE_FLAG(kv_get_options),
	{ "base64", FLAG_BOOL, offsetof(struct kv_get_options, is_base64), "",
	    "Print values in base64.", NULL, false },
	{ "detailed", FLAG_BOOL, offsetof(struct kv_get_options, is_detailed),
	    "", "Print indexes, flags and session beside the value.", NULL,
	    false },
	{ "keys", FLAG_BOOL, offsetof(struct kv_get_options, wants_keys), "",
	    "Print the keys below the prefix, up to the next separator, and "
	    "no values.", NULL, false },
	{ "recurse", FLAG_BOOL, offsetof(struct kv_get_options, is_recursive),
	    "", "Print all keys with the prefix, and their values.", NULL,
	    false },
	{ "separator", FLAG_TEXT, offsetof(struct kv_get_options, separator),
	    "string", "Where -keys cuts keys off; empty for nowhere.",
	    "\"/\"", false },
	FLAGS_END,
};
/* clang-format on */

static struct slice
printed_value(const struct api_kv_pair *pair, const struct kv_get_options *o,
    struct arena *arena)
{
	struct buf text = { 0 };
	struct slice value = pair->value;

	if (o->is_base64) {
		base64_encode(value, &text);
		value = arena_copy(arena, buf_slice(&text));
		buf_deinit(&text);
	}
	return (value);
}

static void
print_slice(struct slice text)
{
	if (text.size > 0)
		fwrite(text.data, 1, text.size, stdout);
}

static void
print_detailed(struct run *run, const struct api_kv_pair *pair,
    const struct kv_get_options *o)
{
	struct slice value = printed_value(pair, o, &run->arena);
	struct slice session = pair->session;

	printf("CreateIndex      %" PRIu64 "\n", pair->create_index);
	printf("Flags            %" PRIu64 "\n", pair->flags);
	printf("Key              %.*s\n", SLICE_ARGS(pair->key));
	printf("LockIndex        %" PRIu64 "\n", pair->lock_index);
	printf("ModifyIndex      %" PRIu64 "\n", pair->modify_index);
	printf("Session          %.*s\n",
	    SLICE_ARGS(session.size > 0 ? session : SLICE("-")));
	fputs(value.size > 0 ? "Value            " : "Value", stdout);
	print_slice(value);
	putchar('\n');
}

/* The pairs under a key or prefix; none is a 404. */
static enum err
pairs_get(struct run *run, const struct kv_get_options *o, const char *key,
    struct api_kv_pairs *pairs)
{
	struct request request;
	struct response response;
	enum err err;

	request_init(
	    &request, &run->arena, "GET", "/v1/kv/%s", kv_key_strip(key));
	if (o->is_recursive)
		request_param(&request, "recurse", "");
	if (o->client.is_stale)
		request_param(&request, "stale", "");
	err = client_ask(run->client, &request, &response, &run->why);
	if (err != ERR_OK || response.status == 404)
		return (err);
	if (response.status != 200) {
		buf_printf(
		    &run->why, "Unexpected response code: %u", response.status);
		return (ERR_REFUSED);
	}
	return (run_parse_type(run, response.body, &api_kv_pairs_type, pairs));
}

static int
print_keys(struct run *run, const struct kv_get_options *o, const char *key)
{
	struct api_names keys = { 0 };
	struct request request;
	struct response response;
	size_t i;

	request_init(
	    &request, &run->arena, "GET", "/v1/kv/%s", kv_key_strip(key));
	request_param(&request, "keys", "");
	if (*o->separator != '\0')
		request_param(&request, "separator", o->separator);
	if (o->client.is_stale)
		request_param(&request, "stale", "");
	if (client_ask(run->client, &request, &response, &run->why) != ERR_OK)
		return (run_fail(run, "Error querying Consul agent"));
	if (response.status == 404)
		return (0);
	if (response.status != 200)
		return (say_error("Error querying Consul agent: Unexpected "
				  "response code: %u",
		    response.status));
	if (run_parse_type(run, response.body, &api_names_type, &keys) !=
	    ERR_OK)
		return (run_fail(run, "Error querying Consul agent"));
	for (i = 0; i < keys.list.count; i++) {
		print_slice(keys.list.items[i]);
		putchar('\n');
	}
	return (0);
}

static int
print_tree(struct run *run, const struct kv_get_options *o, const char *key)
{
	struct api_kv_pairs pairs = { 0 };
	size_t i;

	if (pairs_get(run, o, key, &pairs) != ERR_OK)
		return (run_fail(run, "Error querying Consul agent"));
	for (i = 0; i < pairs.list.count; i++) {
		if (o->is_detailed) {
			if (i > 0)
				putchar('\n');
			print_detailed(run, &pairs.list.items[i], o);
			continue;
		}
		print_slice(pairs.list.items[i].key);
		putchar(':');
		print_slice(
		    printed_value(&pairs.list.items[i], o, &run->arena));
		putchar('\n');
	}
	return (0);
}

static int
print_one(struct run *run, const struct kv_get_options *o, const char *key)
{
	struct api_kv_pairs pairs = { 0 };

	if (pairs_get(run, o, key, &pairs) != ERR_OK)
		return (run_fail(run, "Error querying Consul agent"));
	if (pairs.list.count == 0)
		return (say_error("Error! No key exists at: %s", key));
	if (o->is_detailed) {
		print_detailed(run, &pairs.list.items[0], o);
	} else {
		print_slice(
		    printed_value(&pairs.list.items[0], o, &run->arena));
		putchar('\n');
	}
	return (0);
}

static int
kv_get_work(struct run *run, const void *options)
{
	const struct kv_get_options *o = options;
	const char *key;

	if (run_check_count(run, 1) != 0)
		return (1);
	key = run->argc == 1 ? kv_key_strip(run->argv[0]) : "";
	if (*key == '\0' && !o->is_recursive && !o->wants_keys)
		return (say_error("Error! Missing KEY argument"));
	if (!run_connect(run, &o->client))
		return (1);
	if (o->wants_keys)
		return (print_keys(run, o, key));
	if (o->is_recursive)
		return (print_tree(run, o, key));
	return (print_one(run, o, key));
}

static const struct command_spec spec = {
	.usage = "kv get [options] [KEY_OR_PREFIX]",
	.about = "Prints the value of a key. With -recurse, keys and "
		 "values below a prefix; with -keys, only the keys.",
	.flags = flags,
	.work = kv_get_work,
};

int
kv_get_run(int argc, char **argv)
{
	struct kv_get_options options = { .separator = "/" };

	return (command_main(&spec, argc, argv, &options));
}
