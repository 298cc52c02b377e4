/* `kv import`: writes what `kv export` has printed. */
#include "api_types.h"
#include "command.h"
#include "files.h"
#include "kv.h"

struct kv_import_options {
	struct client_options client;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(kv_import_options),
	SERVER_FLAGS(kv_import_options),
	NAMESPACE_FLAG(kv_import_options),
	FLAGS_END,
};
/* clang-format on */

static int
entry_write(struct run *run, const struct kv_entry *entry)
{
	const char *key = arena_text(&run->arena, entry->key);
	struct buf value = { 0 };
	struct request request;
	bool is_written;
	int status = 0;

	if (kv_base64_decode(entry->value, &value, &run->why) != ERR_OK) {
		status = run_fail(
		    run, "Error base 64 decoding value for key %s", key);
		buf_deinit(&value);
		return (status);
	}
	request_init(&request, &run->arena, "PUT", "/v1/kv/%s", key);
	if (entry->flags != 0)
		request_param_uint(&request, "flags", entry->flags);
	request.body = buf_slice(&value);
	if (kv_key_check(key, &run->why) != ERR_OK ||
	    kv_write(run->client, &request, &is_written, &run->why) != ERR_OK)
		status =
		    run_fail(run, "Error! Failed writing data for key %s", key);
	else
		printf("Imported: %s\n", key);
	buf_deinit(&value);
	return (status);
}

/* json.h says which of its structs was meant; Consul's command calls its own
 * by another name. */
static void
print_mistake(const char *why)
{
	static const char list[] = "type []structs.", one[] = "type structs.";
	const char *at = strstr(why, list);
	size_t size = at != NULL ? strlen(list) : strlen(one);
	const char *name = at != NULL ? "type []*impexp." : "type impexp.";

	if (at == NULL && (at = strstr(why, one)) == NULL)
		say_error("Cannot unmarshal data: %s", why);
	else
		say_error("Cannot unmarshal data: %.*s%s%s", (int)(at - why),
		    why, name, at + size);
}

static int
entries_write(struct run *run, struct slice text)
{
	struct kv_entries entries = { 0 };
	char why[JSON_WHY_MAX];
	struct json *json;
	size_t i;

	if (json_parse_all(text, &run->arena, &json, why) != ERR_OK ||
	    json_to_type(json, JSON_API_LAX, &kv_entries_type, &run->arena,
		&entries, why) != ERR_OK) {
		print_mistake(why);
		return (1);
	}
	for (i = 0; i < entries.list.count; i++) {
		if (entry_write(run, &entries.list.items[i]) != 0)
			return (1);
	}
	return (0);
}

static int
kv_import_work(struct run *run, const void *options)
{
	const struct kv_import_options *o = options;
	struct buf text = { 0 };
	int status = 1;

	if (run->argc == 0)
		return (say_error("Error! Missing DATA argument"));
	if (run->argc > 1)
		return (say_error("Error! Too many arguments (expected 1, got "
				  "%d)",
		    run->argc));
	if (*run->argv[0] == '\0')
		return (say_error("Error! Empty DATA argument"));
	if (argument_read(run->argv[0], &text, &run->why) != ERR_OK)
		say_error("Error! %s", buf_text(&run->why));
	else if (run_connect(run, &o->client))
		status = entries_write(run, buf_slice(&text));
	buf_deinit(&text);
	return (status);
}

static const struct command_spec spec = {
	.usage = "kv import [DATA]",
	.about = "Writes the keys of a JSON text such as `kv export` "
		 "prints. @FILE stands for what is in the file, - for what "
		 "comes on standard input.",
	.flags = flags,
	.work = kv_import_work,
};

int
kv_import_run(int argc, char **argv)
{
	struct kv_import_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
