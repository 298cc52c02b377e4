/* `services register`: services of flags or files, with the local agent. */
#include "services_file.h"

struct register_options {
	struct client_options client;
	const char *address;
	const char *id;
	const char *kind;
	struct flag_list meta;
	const char *name;
	int64_t port;
	struct flag_list tags;
	struct flag_list tagged_addresses;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(register_options),
	SERVER_FLAGS(register_options),
	NAMESPACE_FLAG(register_options),
	{ "address", FLAG_TEXT, offsetof(struct register_options, address),
	    "string", "Address of the service; the node's by default.", NULL,
	    false },
	{ "id", FLAG_TEXT, offsetof(struct register_options, id), "string",
	    "ID of the service; its name by default.", NULL, false },
	{ "kind", FLAG_TEXT, offsetof(struct register_options, kind),
	    "string", "Kind of the service; empty for an ordinary one.", NULL,
	    false },
	{ "meta", FLAG_PAIRS, offsetof(struct register_options, meta),
	    "value", "Metadata as key=value; may be given more than once.",
	    NULL, false },
	{ "name", FLAG_TEXT, offsetof(struct register_options, name),
	    "string", "Name of the service.", NULL, false },
	{ "port", FLAG_INT, offsetof(struct register_options, port), "int",
	    "Port of the service.", NULL, false },
	{ "tag", FLAG_LIST, offsetof(struct register_options, tags), "value",
	    "A tag; may be given more than once.", NULL, false },
	{ "tagged-address", FLAG_PAIRS,
	    offsetof(struct register_options, tagged_addresses), "value",
	    "One more address as name=host:port; may be given more than once.",
	    NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* "key=value" into a map where the last of a key counts, as in Consul. */
static struct pair
pair_split(const char *text)
{
	const char *equals = strchr(text, '=');

	return ((struct pair){
	    slice(text, (size_t)(equals - text)),
	    slice_of_text(equals + 1),
	});
}

static void
meta_read(struct run *run, const struct flag_list *list, struct pair_list *out)
{
	struct pair pair;
	size_t i, at;

	out->items =
	    arena_array(&run->arena, list->count + 1, sizeof(*out->items));
	for (i = 0; i < list->count; i++) {
		pair = pair_split(list->items[i]);
		for (at = 0; at < out->count; at++) {
			if (slice_equal(out->items[at].key, pair.key))
				break;
		}
		out->items[at] = pair;
		if (at == out->count)
			out->count++;
	}
}

/* "host:port", with Go's words for what it is not. */
static enum err
address_split(struct run *run, struct slice text, struct service_address *out)
{
	const char *whole = arena_text(&run->arena, text);
	const char *port = strrchr(whole, ':');
	const char *what = NULL;
	struct slice host;

	if (port == NULL || (*whole == '[' && port[-1] != ']'))
		what = "missing port in address";
	else if (*whole != '[' && strchr(whole, ':') != port)
		what = "too many colons in address";
	if (what != NULL) {
		buf_printf(&run->why, "address %s: %s", whole, what);
		return (ERR_INVALID);
	}
	if (flag_parse_int(port + 1, &out->port, &run->why) != ERR_OK)
		return (ERR_INVALID);
	host = slice(whole, (size_t)(port - whole));
	if (host.size >= 2 && host.data[0] == '[')
		host = slice(whole + 1, host.size - 2);
	out->address = host;
	return (ERR_OK);
}

static enum err
tagged_addresses_read(struct run *run, const struct flag_list *list,
    struct service_definition *service)
{
	struct pair pair;
	size_t i;
	enum err err;

	service->tagged_addresses.items = arena_array(&run->arena,
	    list->count + 1, sizeof(*service->tagged_addresses.items));
	for (i = 0; i < list->count; i++) {
		pair = pair_split(list->items[i]);
		service->tagged_addresses.items[i].key = pair.key;
		err = address_split(
		    run, pair.value, &service->tagged_addresses.items[i].value);
		if (err != ERR_OK)
			return (err);
		service->tagged_addresses.count++;
	}
	return (ERR_OK);
}

/* The one service that the flags describe. */
static bool
service_of_flags(struct run *run, const struct register_options *o,
    struct services_file *out)
{
	struct service_definition *service;
	size_t i;

	service = arena_alloc(&run->arena, sizeof(*service));
	service->kind = slice_of_text(o->kind);
	service->id = slice_of_text(o->id);
	service->name = slice_of_text(o->name);
	service->address = slice_of_text(o->address);
	service->port = o->port;
	service->tags.items =
	    arena_array(&run->arena, o->tags.count + 1, sizeof(struct slice));
	for (i = 0; i < o->tags.count; i++)
		service->tags.items[i] = slice_of_text(o->tags.items[i]);
	service->tags.count = o->tags.count;
	meta_read(run, &o->meta, &service->meta);
	if (tagged_addresses_read(run, &o->tagged_addresses, service) !=
	    ERR_OK) {
		run_fail(run, "Invalid Tagged Address");
		return (false);
	}
	*out = (struct services_file){ service, 1 };
	return (true);
}

static int
service_register(struct run *run, const struct service_definition *service)
{
	struct buf body = { 0 };
	struct request request;
	struct response response;
	enum err err;

	services_body(service, &body);
	request_init(
	    &request, &run->arena, "PUT", "/v1/agent/service/register");
	request.body = buf_slice(&body);
	err = client_ask_ok(run->client, &request, &response, &run->why);
	buf_deinit(&body);
	if (err != ERR_OK)
		return (run_fail(run, "Error registering service \"%.*s\"",
		    SLICE_ARGS(service->name)));
	printf("Registered service: %.*s\n", SLICE_ARGS(service->name));
	return (0);
}

static int
register_work(struct run *run, const void *options)
{
	const struct register_options *o = options;
	struct services_file services = { 0 };
	size_t i;

	if (run->argc == 0 && *o->name == '\0')
		return (say_error("Service registration requires at least one "
				  "argument or flags."));
	if (run->argc > 0 && *o->name != '\0')
		return (say_error("Service registration requires arguments or "
				  "-id, not both."));
	if (run->argc > 0 ? !services_file_read(run, &services)
			  : !service_of_flags(run, o, &services))
		return (1);
	if (!run_connect(run, &o->client))
		return (1);
	for (i = 0; i < services.count; i++) {
		if (service_register(run, &services.items[i]) != 0)
			return (1);
	}
	return (0);
}

static const struct command_spec spec = {
	.usage = "services register [options] [FILE...]",
	.about = "Registers services with the local agent: those that "
		 "configuration files define, or the one that the flags "
		 "describe.",
	.flags = flags,
	.work = register_work,
};

int
services_register_run(int argc, char **argv)
{
	struct register_options options = {
		.address = "", .id = "", .kind = "", .name = ""
	};

	return (command_main(&spec, argc, argv, &options));
}
