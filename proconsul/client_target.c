/* Whom to ask; see client_target.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client_target.h"
#include "files.h"
#include "log.h"
#include "say.h"

#define DEFAULT_ADDRESS "127.0.0.1:8500"
#define HTTP_PORT_MAX	65535

/* The flag, the environment, or `otherwise`. */
static const char *
choose(const char *flag, const char *variable, const char *otherwise)
{
	const char *value = flag;

	if (value == NULL || *value == '\0')
		value = getenv(variable);
	return (value == NULL || *value == '\0' ? otherwise : value);
}

static bool
environment_bool(const char *variable, bool otherwise)
{
	const char *text = getenv(variable);
	bool value;

	if (text == NULL || *text == '\0')
		return (otherwise);
	if (flag_parse_bool(text, &value) == ERR_OK)
		return (value);
	say_log("WARN", "consul-api",
	    "could not parse %s: error=\"strconv.ParseBool: parsing \"%s\": "
	    "invalid syntax\"",
	    variable, text);
	return (otherwise);
}

/* "scheme://rest" or "host:port". */
static enum err
address_parse(struct client_target *t, const char *address, struct buf *why)
{
	const char *rest = strstr(address, "://");
	struct slice scheme;

	if (rest == NULL) {
		t->host = address;
		return (ERR_OK);
	}
	scheme = slice(address, (size_t)(rest - address));
	t->host = rest + 3;
	if (slice_is(scheme, "https")) {
		t->is_https = true;
	} else if (slice_is(scheme, "unix")) {
		t->unix_path = t->host;
	} else if (!slice_is(scheme, "http")) {
		buf_printf(
		    why, "Unknown protocol scheme: %.*s", SLICE_ARGS(scheme));
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

struct slice
host_without_port(const char *host)
{
	const char *port = strrchr(host, ':');

	/* What is no number is no port, and part of the name. */
	if (port == NULL || port[1 + strspn(port + 1, "0123456789")] != '\0')
		return (slice_of_text(host));
	return (slice(host, (size_t)(port - host)));
}

enum err
client_host_check(const char *host, struct buf *why)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.:[]%";
	const char *port = strrchr(host, ':');

	if (*host == '\0') {
		buf_put_text(why, "http: no Host in request URL");
		return (ERR_INVALID);
	}
	if (host[strspn(host, allowed)] == '\0') {
		if (port == NULL || strchr(port, ']') != NULL)
			return (ERR_OK);
		if (port[1] != '\0' &&
		    port[1 + strspn(port + 1, "0123456789")] == '\0') {
			if (strlen(port) <= 6 &&
			    strtol(port + 1, NULL, 10) <= HTTP_PORT_MAX)
				return (ERR_OK);
			buf_printf(why, "dial tcp: address %s: invalid port",
			    port + 1);
			return (ERR_INVALID);
		}
	}
	buf_printf(why, "dial tcp: lookup %.*s: no such host",
	    SLICE_ARGS(host_without_port(host)));
	return (ERR_INVALID);
}

static enum err
token_load(struct client_target *t, const char *path, struct buf *why)
{
	struct buf content = { 0 };
	struct buf reason = { 0 };
	struct slice token;
	enum err err;

	err = file_read(path, &content, &reason);
	if (err != ERR_OK) {
		buf_printf(
		    why, "Error loading token file: %s", buf_text(&reason));
	} else {
		token = slice_trim(buf_slice(&content));
		if (token.size > 0)
			t->token = arena_text(&t->arena, token);
	}
	buf_deinit(&content);
	buf_deinit(&reason);
	return (err);
}

/* `what` is "File" or "Path", for errors. */
static enum err
authority_add(struct client_target *t, const char *path, const char *what,
    struct buf *why)
{
	static const char mark[] = "-----BEGIN CERTIFICATE-----";
	size_t before = t->authorities.size;
	struct buf reason = { 0 };
	enum err err;

	err = file_read(path, &t->authorities, &reason);
	if (err != ERR_OK) {
		buf_printf(
		    why, "Error loading CA %s: %s", what, buf_text(&reason));
	} else if (memmem(buf_text(&t->authorities) + before,
		       t->authorities.size - before, mark,
		       sizeof(mark) - 1) == NULL) {
		buf_printf(why,
		    "Error loading CA %s: Couldn't parse PEM in: %s", what,
		    path);
		err = ERR_INVALID;
	} else {
		buf_put_u8(&t->authorities, '\n');
	}
	buf_deinit(&reason);
	return (err);
}

/* All files of a directory and those below it. */
static enum err
authorities_add_below(
    struct client_target *t, const char *path, int depth, struct buf *why)
{
	struct dirent **entries;
	struct stat st;
	enum err err = ERR_OK;
	char *name;
	int count, i;

	if (lstat(path, &st) != 0) {
		buf_printf(why, "lstat %s: ", path);
		errno_put(why, errno);
		return (ERR_IO);
	}
	if (!S_ISDIR(st.st_mode))
		return (authority_add(t, path, "Path", why));
	if (depth == 0) {
		buf_printf(why, "%s is nested too deeply", path);
		return (ERR_TOO_DEEP);
	}
	count = scandir(path, &entries, NULL, alphasort);
	if (count < 0) {
		buf_printf(why, "open %s: ", path);
		errno_put(why, errno);
		return (ERR_IO);
	}
	for (i = 0; i < count; i++) {
		if (err == ERR_OK && strcmp(entries[i]->d_name, ".") != 0 &&
		    strcmp(entries[i]->d_name, "..") != 0) {
			if (asprintf(&name, "%s/%s", path, entries[i]->d_name) <
			    0)
				fatal("out of memory");
			err = authorities_add_below(t, name, depth - 1, why);
			free(name);
		}
		free(entries[i]);
	}
	free(entries);
	return (err);
}

static enum err
certificate_check(struct client_target *t, struct buf *why)
{
	const char *const paths[] = { t->client_cert, t->client_key };
	static const char *const names[] = { "certificate", "key" };
	struct buf content = { 0 };
	enum err err = ERR_OK;
	size_t i;

	if (t->client_cert == NULL && t->client_key == NULL)
		return (ERR_OK);
	if (t->client_cert == NULL || t->client_key == NULL) {
		buf_put_text(
		    why, "both client cert and client key must be provided");
		return (ERR_INVALID);
	}
	for (i = 0; err == ERR_OK && i < 2; i++) {
		buf_reset(&content);
		err = file_read(paths[i], &content, why);
		if (err == ERR_OK &&
		    strstr(buf_text(&content), "-----BEGIN ") == NULL) {
			buf_printf(why,
			    "tls: failed to find any PEM data in "
			    "%s input",
			    names[i]);
			err = ERR_INVALID;
		}
	}
	buf_deinit(&content);
	return (err);
}

enum err
client_target_init(
    struct client_target *t, const struct client_options *o, struct buf *why)
{
	const char *file;
	enum err err;

	*t = (struct client_target){ 0 };
	arena_init(&t->arena);
	t->is_https = environment_bool("CONSUL_HTTP_SSL", false);
	t->verifies = environment_bool("CONSUL_HTTP_SSL_VERIFY", true);
	t->token = choose(o->token, "CONSUL_HTTP_TOKEN", "");
	t->user = choose(NULL, "CONSUL_HTTP_AUTH", "");
	t->datacenter = o->datacenter == NULL ? "" : o->datacenter;
	t->name_space = choose(o->name_space, "CONSUL_NAMESPACE", "");
	t->client_cert = choose(o->client_cert, "CONSUL_CLIENT_CERT", NULL);
	t->client_key = choose(o->client_key, "CONSUL_CLIENT_KEY", NULL);
	t->tls_server_name =
	    choose(o->tls_server_name, "CONSUL_TLS_SERVER_NAME", NULL);
	err = address_parse(
	    t, choose(o->http_addr, "CONSUL_HTTP_ADDR", DEFAULT_ADDRESS), why);
	file = choose(o->token_file, "CONSUL_HTTP_TOKEN_FILE", NULL);
	if (err == ERR_OK && file != NULL)
		err = token_load(t, file, why);
	if (err == ERR_OK)
		err = certificate_check(t, why);
	file = choose(o->ca_file, "CONSUL_CACERT", NULL);
	if (err == ERR_OK && file != NULL) {
		err = authority_add(t, file, "File", why);
	} else if (err == ERR_OK) {
		file = choose(o->ca_path, "CONSUL_CAPATH", NULL);
		if (file != NULL)
			err = authorities_add_below(t, file, 8, why);
	}
	if (err != ERR_OK)
		client_target_deinit(t);
	return (err);
}

void
client_target_deinit(struct client_target *t)
{
	buf_deinit(&t->authorities);
	arena_deinit(&t->arena);
}
