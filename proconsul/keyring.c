/* `keyring`: the keys that gossip is encrypted with, listed and changed. */
#include "command.h"

#define PATH		 "/v1/operator/keyring"
#define RELAY_FACTOR_MAX 5

struct keyring_options {
	struct client_options client;
	const char *install;
	const char *use;
	const char *remove;
	bool lists;
	bool lists_primary;
	bool is_local_only;
	int64_t relay_factor;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(keyring_options),
	{ "install", FLAG_TEXT, offsetof(struct keyring_options, install),
	    "string", "Give all members this key, as one that they can read.",
	    NULL, false },
	{ "list", FLAG_BOOL, offsetof(struct keyring_options, lists), "",
	    "List the keys, and how many members have each.", NULL, false },
	{ "list-primary", FLAG_BOOL,
	    offsetof(struct keyring_options, lists_primary), "",
	    "List the keys that members write with.", NULL, false },
	{ "local-only", FLAG_BOOL,
	    offsetof(struct keyring_options, is_local_only), "",
	    "Ask this datacenter only; with -list.", NULL, false },
	{ "relay-factor", FLAG_INT,
	    offsetof(struct keyring_options, relay_factor), "int",
	    "Have answers come back by way of this many other members, too: 5 "
	    "at most.", NULL, false },
	{ "remove", FLAG_TEXT, offsetof(struct keyring_options, remove),
	    "string", "Take this key from all members; not the one they write "
	    "with.", NULL, false },
	{ "use", FLAG_TEXT, offsetof(struct keyring_options, use), "string",
	    "Have all members write with this key, which they must have.",
	    NULL, false },
	FLAGS_END,
};
/* clang-format on */

static void
request_make(struct run *run, const struct keyring_options *o,
    const char *method, struct request *request)
{
	request_init(request, &run->arena, method, PATH);
	if (o->is_local_only)
		request_param(request, "local-only", "true");
	if (o->relay_factor != 0)
		request_param_uint(
		    request, "relay-factor", (uint64_t)o->relay_factor);
}

/* --- Listing. --- */

static struct slice
text_of(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return (value == NULL ? SLICE("") : value->text);
}

static bool
truth_of(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return (value != NULL && value->boolean);
}

/* "  key [3/3]" */
static void
print_keys(const struct json *pool, const char *which)
{
	const struct json *keys = json_get(pool, which), *key = NULL;
	struct slice members = text_of(pool, "NumNodes");

	if (keys != NULL)
		key = keys->first;
	for (; key != NULL; key = key->next)
		printf("  %.*s [%.*s/%.*s]\n", SLICE_ARGS(key->key),
		    SLICE_ARGS(key->text), SLICE_ARGS(members));
}

static void
print_pool(const struct json *pool, const char *which)
{
	const struct json *messages = json_get(pool, "Messages"), *m = NULL;
	struct slice segment = text_of(pool, "Segment");

	if (truth_of(pool, "WAN"))
		printf("\nWAN:\n");
	else if (segment.size > 0)
		printf("\n%.*s (LAN) [%.*s]:\n",
		    SLICE_ARGS(text_of(pool, "Datacenter")),
		    SLICE_ARGS(segment));
	else
		printf(
		    "\n%.*s (LAN):\n", SLICE_ARGS(text_of(pool, "Datacenter")));
	if (messages != NULL)
		m = messages->first;
	for (; m != NULL; m = m->next)
		printf("  ===> %.*s: %.*s\n", SLICE_ARGS(m->key),
		    SLICE_ARGS(m->text));
	print_keys(pool, which);
}

static int
keys_list(struct run *run, const struct keyring_options *o)
{
	const struct json *pools, *pool;
	struct request request;

	printf("==> Gathering installed %sencryption keys...\n",
	    o->lists ? "" : "primary ");
	request_make(run, o, "GET", &request);
	if ((pools = run_get(run, &request)) == NULL)
		return (run_fail(run, "error"));
	for (pool = pools->first; pool != NULL; pool = pool->next)
		print_pool(pool, o->lists ? "Keys" : "PrimaryKeys");
	return (0);
}

/* --- Changing. --- */

static int
key_send(struct run *run, const struct keyring_options *o, const char *method,
    const char *key)
{
	struct request request;
	struct response response;
	struct buf body = { 0 };
	int status = 0;

	request_make(run, o, method, &request);
	buf_put_text(&body, "{\"Key\":");
	json_put_text(&body, slice_of_text(key));
	buf_put_u8(&body, '}');
	request.body = buf_slice(&body);
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		status = run_fail(run, "error");
	buf_deinit(&body);
	return (status);
}

static int
act(struct run *run, const struct keyring_options *o)
{
	if (o->lists || o->lists_primary)
		return (keys_list(run, o));
	if (*o->install != '\0') {
		puts("==> Installing new gossip encryption key...");
		return (key_send(run, o, "POST", o->install));
	}
	if (*o->use != '\0') {
		puts("==> Changing primary gossip encryption key...");
		return (key_send(run, o, "PUT", o->use));
	}
	puts("==> Removing gossip encryption key...");
	return (key_send(run, o, "DELETE", o->remove));
}

static int
keyring_work(struct run *run, const void *options)
{
	const struct keyring_options *o = options;
	int actions = (*o->install != '\0') + (*o->use != '\0') +
		      (*o->remove != '\0') + o->lists + o->lists_primary;

	if (actions > 1)
		return (say_error("Only a single action is allowed"));
	if (actions == 0) {
		command_usage(stderr, run->spec);
		return (1);
	}
	if (o->relay_factor < 0 || o->relay_factor > RELAY_FACTOR_MAX)
		return (say_error("Error parsing relay factor: Relay factor "
				  "must be in range: [0, %d]",
		    RELAY_FACTOR_MAX));
	if (o->is_local_only && !o->lists)
		return (say_error("Error validating local-only: local-only "
				  "can only be set for list requests"));
	if (!run_connect(run, &o->client))
		return (1);
	return (act(run, o));
}

static const struct command_spec spec = {
	.usage = "keyring [options]",
	.about = "Lists or changes the keys that gossip is encrypted with, on "
		 "all members at once; ask a server. To replace a key, install "
		 "the new one, use it, and remove the old one. Exits with 1 "
		 "if any member did not do as asked.",
	.flags = flags,
	.work = keyring_work,
};

int
keyring_run(int argc, char **argv)
{
	struct keyring_options options = {
		.install = "", .use = "", .remove = ""
	};

	return (command_main(&spec, argc, argv, &options));
}
