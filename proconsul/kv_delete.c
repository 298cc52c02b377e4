/* `kv delete`: removes a key, or all with a prefix. */
#include "command.h"
#include "kv.h"

struct kv_delete_options {
	struct client_options client;
	bool is_cas;
	bool is_recursive;
	uint64_t modify_index;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(kv_delete_options),
	SERVER_FLAGS(kv_delete_options),
	NAMESPACE_FLAG(kv_delete_options),
	{ "cas", FLAG_BOOL, offsetof(struct kv_delete_options, is_cas), "",
	    "Delete only if the key still has -modify-index.", NULL, false },
	{ "modify-index", FLAG_UINT,
	    offsetof(struct kv_delete_options, modify_index), "uint",
	    "ModifyIndex that -cas compares.", NULL, false },
	{ "recurse", FLAG_BOOL,
	    offsetof(struct kv_delete_options, is_recursive), "",
	    "Delete every key with this prefix.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* What Consul says when it did not work depends on the kind. */
static int
delete_fail(struct run *run, const struct kv_delete_options *o, const char *key)
{
	if (o->is_recursive)
		return (run_fail(run, "Error! Did not delete prefix %s", key));
	if (o->is_cas)
		return (run_fail(run, "Error! Did not delete key %s", key));
	return (run_fail(run, "Error deleting key %s", key));
}

static int
key_delete(struct run *run, const struct kv_delete_options *o, const char *key)
{
	struct request request;
	bool is_deleted;

	request_init(
	    &request, &run->arena, "DELETE", "/v1/kv/%s", kv_key_strip(key));
	if (o->is_recursive)
		request_param(&request, "recurse", "");
	if (o->is_cas)
		request_param_uint(&request, "cas", o->modify_index);
	if (kv_write(run->client, &request, &is_deleted, &run->why) != ERR_OK)
		return (delete_fail(run, o, key));
	if (!is_deleted && o->is_cas)
		return (
		    say_error("Error! Did not delete key %s: CAS failed", key));
	if (o->is_recursive)
		printf("Success! Deleted keys with prefix: %s\n", key);
	else
		printf("Success! Deleted key: %s\n", key);
	return (0);
}

static int
kv_delete_work(struct run *run, const void *options)
{
	const struct kv_delete_options *o = options;
	const char *key;

	if (run_check_count(run, 1) != 0)
		return (1);
	key = run->argc == 1 ? kv_key_strip(run->argv[0]) : "";
	if (*key == '\0' && !o->is_recursive)
		return (say_error("Error! Missing KEY argument"));
	if (o->is_cas && o->modify_index == 0)
		return (say_error("Must specify -modify-index with -cas!"));
	if (o->modify_index != 0 && !o->is_cas)
		return (
		    say_error("Cannot specify -modify-index without -cas!"));
	if (o->is_recursive && o->is_cas)
		return (say_error("Cannot specify both -cas and -recurse!"));
	if (!run_connect(run, &o->client))
		return (1);
	return (key_delete(run, o, key));
}

static const struct command_spec spec = {
	.usage = "kv delete [options] KEY_OR_PREFIX",
	.about = "Deletes a key, or with -recurse all keys with a prefix. "
		 "One that is not there counts as deleted.",
	.flags = flags,
	.work = kv_delete_work,
};

int
kv_delete_run(int argc, char **argv)
{
	struct kv_delete_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
