/* Numbers, times and errors of json_read.c; see json_read.h. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_read.h"

#define NUMBER_BYTES_MAX 64
/* Between Go's year 1 and 1970. */
#define WIRE_TIME_UNIX_EPOCH INT64_C(62135596800)

void
json_read_fail(struct json_reader *r, const char *format, ...)
{
	struct buf text;
	va_list args;
	char line[JSON_WHY_MAX];

	if (r->error_count == JSON_ERRORS_MAX)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_init(&text);
	buf_put_text(&text, line);
	r->errors[r->error_count++] = arena_copy(r->arena, buf_slice(&text));
	buf_deinit(&text);
}

bool
json_read_is_over(const struct json_reader *r)
{
	return (r->dialect != JSON_CONFIG && r->error_count > 0);
}

/* --- Go's encoding/json. --- */

/*
 * Structs that Consul reads by an UnmarshalJSON of their own. Go forgets where
 * it is at their border, and calls the struct behind it by no name.
 */
static bool
is_opaque(const struct type *type)
{
	static const char *const names[] = { "ServiceDefinition", "CheckType",
		"CheckDefinition", "HealthCheckDefinition", "ServiceConnect",
		"ConnectProxyConfig", "Upstream", "ExposePath",
		"DeregisterRequest", "Session" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(type->name, names[i]) == 0)
			return (true);
	return (false);
}

bool
json_read_has_aliases(const struct type *type)
{
	return (is_opaque(type) &&
		strcmp(type->name, "HealthCheckDefinition") != 0 &&
		strcmp(type->name, "DeregisterRequest") != 0);
}

/* The place as seen by the outermost decoder: what lies inside an opaque
 * struct, other than the root, is known by that struct's field only. */
static const struct place *
place_seen(const struct place *at)
{
	const struct place *seen = at;

	for (; at != NULL; at = at->outer)
		if (at->outer != NULL && at->owner != NULL &&
		    at->outer->outer != NULL && is_opaque(at->owner))
			seen = at->outer;
	return (seen);
}

static void
put_go_path(struct buf *b, const struct place *at)
{
	if (at == NULL || at->outer == NULL)
		return;
	put_go_path(b, at->outer);
	if (at->name.size == 0 || at->is_entry)
		return;
	if (b->size > 0)
		buf_put_u8(b, '.');
	buf_put_slice(b, at->name);
}

/* The struct that has the innermost named field. */
static const struct type *
place_owner(const struct place *at)
{
	while (at != NULL && (at->name.size == 0 || at->is_entry))
		at = at->outer;
	return (at == NULL ? NULL : at->owner);
}

/* Fields whose type in Go has a name of its own. */
/* clang-format off */
static const struct go_name {
	const char *owner, *field, *name;
} go_names[] = {
	{ "CheckType",		   "CheckID",	    "types.CheckID" },
	{ "CheckDefinition",	   "ID",	    "types.CheckID" },
	{ "HealthCheck",	   "CheckID",	    "types.CheckID" },
	{ "DeregisterRequest",	   "CheckID",	    "types.CheckID" },
	{ "Session",		   "Checks",	    "[]types.CheckID" },
	{ "Session",		   "Behavior",	    "structs.SessionBehavior" },
	{ "RegisterRequest",	   "ID",	    "types.NodeID" },
	{ "RegisterRequest",	   "Checks",	    "structs.HealthChecks" },
	{ "ServiceDefinition",	   "Kind",	    "structs.ServiceKind" },
	{ "ServiceDefinition",	   "Checks",	    "structs.CheckTypes" },
	{ "NodeService",	   "Kind",	    "structs.ServiceKind" },
	{ "ConnectProxyConfig",	   "Upstreams",	    "structs.Upstreams" },
	{ "MeshGatewayConfig",	   "Mode",	    "structs.MeshGatewayMode" },
	{ "HealthCheckDefinition", "OutputMaxSize", "uint" },
	{ "ServiceQuery",	   "IgnoreCheckIDs", "[]types.CheckID" },
	{ "CoordinateUpdateRequest", "Coord",	    "coordinate.Coordinate" },
	{ "api.TxnOps",		   "",		    "api.TxnOps" },
};
/* clang-format on */

static const char *
go_name(const struct place *at)
{
	for (size_t i = 0; i < sizeof(go_names) / sizeof(go_names[0]); i++)
		if (at->owner != NULL &&
		    strcmp(at->owner->name, go_names[i].owner) == 0 &&
		    slice_is(at->name, go_names[i].field))
			return (go_names[i].name);
	return (NULL);
}

/* The same, also for an element of a list that is named by its element. */
static const char *
go_name_of(const struct place *at)
{
	const char *name = go_name(at);

	if (name != NULL || at->outer == NULL || at->name.size > 0)
		return (name);
	name = go_name(at->outer);
	return (name != NULL && strncmp(name, "[]", 2) == 0 ? name + 2 : NULL);
}

static void
put_go_type(struct buf *b, const struct place *at)
{
	static const char *const names[] = {
		[KIND_BOOL] = "bool",
		[KIND_U64] = "uint64",
		[KIND_INT] = "int",
		[KIND_FLOAT] = "float64",
		[KIND_STR] = "string",
		[KIND_BYTES] = "[]uint8",
		[KIND_DURATION] = "time.Duration",
		[KIND_TIME] = "time.Time",
		[KIND_STRS] = "[]string",
		[KIND_INTS] = "[]int",
		[KIND_FLOATS] = "[]float64",
		[KIND_MAP_STR] = "map[string]string",
		[KIND_MAP_INT] = "map[string]int",
		[KIND_MAP_STRS] = "map[string][]string",
		[KIND_MAP_ANY] = "map[string]interface {}",
		[KIND_MAP] = "map[string]structs.",
		[KIND_MAP_LIST] = "map[string][]structs.",
		[KIND_LIST] = "[]structs.",
		[KIND_LISTS] = "[][]structs.",
		[KIND_STRUCT] = "structs.",
		[KIND_PTR] = "structs.",
	};
	const char *own = go_name_of(at);

	if (own != NULL) {
		buf_put_text(b, own);
		return;
	}
	if ((size_t)at->kind < sizeof(names) / sizeof(names[0]) &&
	    names[at->kind] != NULL)
		buf_put_text(b, names[at->kind]);
	if (at->type == NULL)
		return;
	/* A type of another package says so itself. */
	if (strchr(at->type->name, '.') != NULL)
		b->size -= strlen("structs.");
	buf_put_text(b, at->type->name);
}

static const char *
go_value(const struct json *value)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "bool",
		[JSON_NUMBER] = "number",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	return (names[value->kind]);
}

static void
mismatch_api(
    struct json_reader *r, const struct place *at, const char *value_text)
{
	const struct place *seen = place_seen(at);
	const struct type *owner = place_owner(seen);
	const char *name = "", *dot;
	struct buf path, text;

	buf_init(&path);
	buf_init(&text);
	put_go_path(&path, seen);
	if (owner != NULL && !is_opaque(owner))
		name = owner->name;
	dot = strrchr(name, '.'); /* its package is not told here */
	buf_printf(&text, "json: cannot unmarshal %s into Go ", value_text);
	if (path.size == 0)
		buf_put_text(&text, "value");
	else
		buf_printf(&text, "struct field %s.%s",
		    dot == NULL ? name : dot + 1, buf_text(&path));
	buf_put_text(&text, " of type ");
	put_go_type(&text, at);
	json_read_fail(r, "%s", buf_text(&text));
	buf_deinit(&path);
	buf_deinit(&text);
}

/* --- mapstructure. --- */

static void
put_config_path(struct buf *b, const struct place *at)
{
	if (at == NULL || at->outer == NULL)
		return;
	put_config_path(b, at->outer);
	if (at->name.size == 0 || at->is_entry) {
		if (at->is_entry)
			buf_printf(b, "[%.*s]", SLICE_ARGS(at->name));
		else
			buf_printf(b, "[%zu]", at->index);
		return;
	}
	if (b->size > 0)
		buf_put_u8(b, '.');
	buf_put_slice(b, at->name);
}

static void
mismatch_config(
    struct json_reader *r, const struct place *at, const struct json *value)
{
	/* Of a value: its type, and its kind where a container is wanted. */
	static const struct {
		const char *type, *kind;
	} words[] = {
		[JSON_NULL] = { "<nil>", "invalid" },
		[JSON_BOOL] = { "bool", "bool" },
		[JSON_NUMBER] = { "float64", "float64" },
		[JSON_STRING] = { "string", "string" },
		[JSON_ARRAY] = { "[]interface {}", "slice" },
		[JSON_OBJECT] = { "map[string]interface {}", "map" },
	};
	enum form form = kind_rows[at->kind].form;
	struct buf path, type;

	buf_init(&path);
	buf_init(&type);
	put_config_path(&path, at);
	if (form == FORM_LIST)
		json_read_fail(r,
		    "'%s': source data must be an array or slice, got %s",
		    buf_text(&path), words[value->kind].kind);
	else if (form == FORM_MAP || at->type != NULL)
		json_read_fail(r, "'%s' expected a map, got '%s'",
		    buf_text(&path), words[value->kind].kind);
	else {
		/* Durations are texts to mapstructure. */
		if (at->kind == KIND_DURATION)
			buf_put_text(&type, "string");
		else
			put_go_type(&type, at);
		json_read_fail(r,
		    "'%s' expected type '%s', got unconvertible type '%s'",
		    buf_text(&path), buf_text(&type), words[value->kind].type);
	}
	buf_deinit(&path);
	buf_deinit(&type);
}

/* --- Both. --- */

void
json_read_mismatch(
    struct json_reader *r, const struct place *at, const struct json *value)
{
	if (r->dialect == JSON_CONFIG)
		mismatch_config(r, at, value);
	else
		mismatch_api(r, at, go_value(value));
}

void
json_read_too_big(struct json_reader *r, const struct place *at)
{
	struct buf path;

	buf_init(&path);
	put_config_path(&path, at);
	json_read_fail(r, "%s is larger than the limit of %zu", buf_text(&path),
	    at->limit);
	buf_deinit(&path);
}

/* The catalog's writes know what was meant by one key. */
static bool
is_enterprise(const struct place *at)
{
	const struct place *root = at;

	while (root->outer != NULL)
		root = root->outer;
	return (slice_is(at->name, "Namespace") &&
		(strcmp(root->type->name, "RegisterRequest") == 0 ||
		    strcmp(root->type->name, "DeregisterRequest") == 0));
}

static void
unknown_api(struct json_reader *r, const struct place *at)
{
	struct buf quoted;

	buf_init(&quoted);
	buf_put_quoted(&quoted, at->name);
	json_read_fail(r, "json: unknown field %s%s", buf_text(&quoted),
	    is_enterprise(at) ? " - Namespaces are a Consul Enterprise feature"
			      : "");
	buf_deinit(&quoted);
}

void
json_read_unknown(struct json_reader *r, const struct place *at)
{
	struct buf path;

	if (r->dialect == JSON_API_LAX ||
	    (r->dialect == JSON_API &&
		strcmp(at->owner->name, "HealthCheckDefinition") == 0))
		return; /* api/http.md 1.4 */
	if (r->dialect == JSON_API) {
		unknown_api(r, at);
		return;
	}
	if (r->unknown_count == JSON_ERRORS_MAX)
		return;
	buf_init(&path);
	put_config_path(&path, at);
	r->unknown[r->unknown_count++] = arena_copy(r->arena, buf_slice(&path));
	buf_deinit(&path);
}

static int
text_compare(const void *a, const void *b)
{
	return (
	    slice_compare(*(const struct slice *)a, *(const struct slice *)b));
}

static void
put_config_errors(const struct json_reader *r, struct buf *b)
{
	struct slice errors[JSON_ERRORS_MAX];

	memcpy(errors, r->errors, sizeof(errors));
	qsort(errors, r->error_count, sizeof(errors[0]), text_compare);
	buf_printf(b, "%zu error(s) decoding:\n\n", r->error_count);
	for (size_t i = 0; i < r->error_count; i++)
		buf_printf(
		    b, "%s* %.*s", i > 0 ? "\n" : "", SLICE_ARGS(errors[i]));
}

static void
put_unknown_keys(const struct json_reader *r, struct buf *b)
{
	buf_printf(b, "%zu error%s occurred:\n", r->unknown_count,
	    r->unknown_count == 1 ? "" : "s");
	for (size_t i = 0; i < r->unknown_count; i++)
		buf_printf(b, "\t* invalid config key %.*s\n",
		    SLICE_ARGS(r->unknown[i]));
	buf_put_u8(b, '\n');
}

enum err
json_read_result(const struct json_reader *r, char why[JSON_WHY_MAX])
{
	struct buf text;

	if (r->error_count == 0 && r->unknown_count == 0)
		return (ERR_OK);
	buf_init(&text);
	if (r->error_count == 0)
		put_unknown_keys(r, &text);
	else if (r->dialect == JSON_CONFIG)
		put_config_errors(r, &text);
	else
		buf_put_slice(&text, r->errors[0]);
	snprintf(why, JSON_WHY_MAX, "%s", buf_text(&text));
	buf_deinit(&text);
	return (ERR_INVALID);
}

/* --- Numbers. --- */

double
json_real(struct slice text)
{
	char copy[NUMBER_BYTES_MAX * 8];

	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARGS(text));
	return (strtod(copy, NULL));
}

void
json_read_real_as_int(struct slice text, int64_t *out)
{
	double value = json_real(text);

	if (value >= 0x1p63)
		*out = INT64_MAX;
	else if (value < -0x1p63)
		*out = INT64_MIN;
	else
		*out = (int64_t)value;
}

static bool
is_integer(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (strchr(".eE", text.data[i]) != NULL)
			return (false);
	return (text.size < NUMBER_BYTES_MAX);
}

/* Go says which number only where the number itself is the fault. */
static void
mismatch_number(
    struct json_reader *r, const struct place *at, const struct json *value)
{
	char text[NUMBER_BYTES_MAX * 2];

	if (r->dialect == JSON_CONFIG) {
		mismatch_config(r, at, value);
		return;
	}
	snprintf(text, sizeof(text), "number %.*s", SLICE_ARGS(value->text));
	mismatch_api(r, at, text);
}

void
json_read_number(struct json_reader *r, const struct place *at,
    const struct json *value, void *out)
{
	char text[NUMBER_BYTES_MAX];

	if (value->kind != JSON_NUMBER) {
		json_read_mismatch(r, at, value);
		return;
	}
	if (at->kind == KIND_FLOAT) {
		*(double *)out = json_real(value->text);
		if (isinf(*(double *)out)) /* 1e400 */
			mismatch_number(r, at, value);
		return;
	}
	if (!is_integer(value->text)) {
		if (r->dialect == JSON_CONFIG)
			json_read_real_as_int(value->text, out);
		else
			mismatch_number(r, at, value);
		return;
	}
	snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(value->text));
	errno = 0;
	if (at->kind == KIND_U64)
		*(uint64_t *)out = strtoull(text, NULL, 10);
	else
		*(int64_t *)out = strtoll(text, NULL, 10);
	if (errno == ERANGE || (at->kind == KIND_U64 && text[0] == '-'))
		mismatch_number(r, at, value);
}

/* --- Times. --- */

/* RFC 3339's zone: Z or +hh:mm. */
static bool
read_zone(const char *zone, int *minutes)
{
	unsigned hours, rest;
	char end;

	if (strcmp(zone, "Z") == 0) {
		*minutes = -1; /* Go's mark of UTC */
		return (true);
	}
	if ((*zone != '+' && *zone != '-') ||
	    sscanf(zone + 1, "%2u:%2u%c", &hours, &rest, &end) != 2 ||
	    hours > 23 || rest > 59)
		return (false);
	*minutes = (int)(hours * 60 + rest) * (*zone == '-' ? -1 : 1);
	return (true);
}

bool
json_read_time(struct slice text, struct wire_time *out)
{
	char copy[NUMBER_BYTES_MAX], *rest;
	struct tm tm = { 0 };
	int32_t ns = 0, scale = 100000000;
	int zone;

	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARGS(text));
	rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest == NULL)
		return (false);
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
			ns += (*rest - '0') * scale;
			scale /= 10;
		}
	if (!read_zone(rest, &zone))
		return (false);
	out->seconds =
	    timegm(&tm) + WIRE_TIME_UNIX_EPOCH - (zone == -1 ? 0 : zone * 60);
	out->ns = ns;
	out->zone_minutes = (int16_t)zone;
	out->is_set = true;
	return (true);
}
