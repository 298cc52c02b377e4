/* `kv put`: writes a key, if need be only under a condition. */
#include "command.h"
#include "files.h"
#include "kv.h"

struct kv_put_options {
	struct client_options client;
	bool acquires;
	bool releases;
	bool is_base64;
	bool is_cas;
	uint64_t flags;
	uint64_t modify_index;
	const char *session;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(kv_put_options),
	SERVER_FLAGS(kv_put_options),
	NAMESPACE_FLAG(kv_put_options),
	{ "acquire", FLAG_BOOL, offsetof(struct kv_put_options, acquires), "",
	    "Lock the key for -session, and write it if that works.", NULL,
	    false },
	{ "base64", FLAG_BOOL, offsetof(struct kv_put_options, is_base64), "",
	    "The data is base64; store what it stands for.", NULL, false },
	{ "cas", FLAG_BOOL, offsetof(struct kv_put_options, is_cas), "",
	    "Write only if the key still has -modify-index.", NULL, false },
	{ "flags", FLAG_UINT, offsetof(struct kv_put_options, flags), "uint",
	    "A number to keep beside the value; Consul does not read it.",
	    NULL, false },
	{ "modify-index", FLAG_UINT,
	    offsetof(struct kv_put_options, modify_index), "uint",
	    "ModifyIndex that -cas compares.", NULL, false },
	{ "release", FLAG_BOOL, offsetof(struct kv_put_options, releases), "",
	    "Unlock the key that -session holds, and write it.", NULL, false },
	{ "session", FLAG_TEXT, offsetof(struct kv_put_options, session),
	    "string", "ID of the session for -acquire and -release.", NULL,
	    false },
	FLAGS_END,
};
/* clang-format on */

/* Key and data of the arguments; 1 and said so where they are wrong. */
static int
arguments_read(
    struct run *run, const struct kv_put_options *o, struct buf *data)
{
	struct buf text = { 0 };
	enum err err = ERR_OK;

	if (run->argc == 0)
		return (say_error("Error! Missing KEY argument"));
	if (run->argc > 2)
		return (say_error("Error! Too many arguments (expected 1 or 2, "
				  "got %d)",
		    run->argc));
	if (run->argc == 2)
		err = argument_read(run->argv[1], &text, &run->why);
	if (err != ERR_OK) {
		say_error("Error! %s", buf_text(&run->why));
	} else if (!o->is_base64) {
		buf_put_slice(data, buf_slice(&text));
	} else if (kv_base64_decode(buf_slice(&text), data, &run->why) !=
		   ERR_OK) {
		/* As in Consul: said, and what was decoded is written. */
		say_error("Error! Cannot base 64 decode data: %s",
		    buf_text(&run->why));
		buf_reset(&run->why);
	}
	buf_deinit(&text);
	return (err == ERR_OK ? 0 : 1);
}

static void
request_make(struct run *run, const struct kv_put_options *o,
    const struct buf *data, struct request *request)
{
	request_init(request, &run->arena, "PUT", "/v1/kv/%s", run->argv[0]);
	if (o->flags != 0)
		request_param_uint(request, "flags", o->flags);
	if (o->is_cas)
		request_param_uint(request, "cas", o->modify_index);
	else if (o->acquires)
		request_param(request, "acquire", o->session);
	else if (o->releases)
		request_param(request, "release", o->session);
	request->body = buf_slice(data);
}

static int
data_write(
    struct run *run, const struct kv_put_options *o, const struct buf *data)
{
	const char *key = run->argv[0];
	struct request request;
	bool is_written;

	request_make(run, o, data, &request);
	if (kv_key_check(key, &run->why) != ERR_OK ||
	    kv_write(run->client, &request, &is_written, &run->why) != ERR_OK)
		return (o->is_cas
			    ? run_fail(run, "Error! Did not write to %s", key)
			    : run_fail(run, "Error! Failed writing data"));
	if (!is_written && o->is_cas)
		return (
		    say_error("Error! Did not write to %s: CAS failed", key));
	if (!is_written && o->acquires)
		return (say_error("Error! Did not acquire lock"));
	if (!is_written && o->releases)
		return (say_error("Error! Did not release lock"));
	printf("Success! %s: %s\n",
	    o->is_cas	  ? "Data written to"
	    : o->acquires ? "Lock acquired on"
	    : o->releases ? "Lock released on"
			  : "Data written to",
	    key);
	return (0);
}

static int
kv_put_work(struct run *run, const void *options)
{
	const struct kv_put_options *o = options;
	struct buf data = { 0 };
	int status;

	status = arguments_read(run, o, &data);
	if (status != 0) {
		/* said already */
	} else if ((o->acquires || o->releases) && *o->session == '\0') {
		status = say_error("Error! Missing -session (required with "
				   "-acquire and -release)");
	} else if (o->is_cas && o->modify_index == 0) {
		status = say_error("Must specify -modify-index with -cas!");
	} else {
		status = run_connect(run, &o->client)
			     ? data_write(run, o, &data)
			     : 1;
	}
	buf_deinit(&data);
	return (status);
}

static const struct command_spec spec = {
	.usage = "kv put [options] KEY [DATA]",
	.about = "Writes DATA to a key; nothing makes it empty. @FILE "
		 "stands for what is in the file, - for what comes on "
		 "standard input.",
	.flags = flags,
	.work = kv_put_work,
};

int
kv_put_run(int argc, char **argv)
{
	struct kv_put_options options = { .session = "" };

	return (command_main(&spec, argc, argv, &options));
}
