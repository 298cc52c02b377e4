/*
 * JSON: text in to a small tree (yajl underneath), struct tables to and from
 * it, and generated text.
 *
 * Limits   depth JSON_DEPTH_MAX, JSON_VALUES_MAX
 * Memory   a tree lives in its arena; texts in it too
 * Source   api/http.md 1.4 and 1.5 (Go's encoding/json), api/config.md 1
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "arena.h"
#include "bytes.h"
#include "err.h"
#include "type.h"

#define JSON_DEPTH_MAX	64
#define JSON_VALUES_MAX 262144 /* of one text */
#define JSON_WHY_MAX	512

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER, /* kept as text; see json_number_* */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_kind kind;
	bool boolean;
	bool is_blocks;	    /* of HCL: an array of blocks, not of values */
	bool is_integer;    /* of HCL: a number without a fraction */
	struct slice text;  /* of a string (unescaped) or number */
	struct json *first; /* array or object: children, in order */
	struct json *next;  /* the following sibling */
	struct slice key;   /* where the parent is an object */
	size_t count;	    /* of children */
};

/* Parse the first JSON value of `text`. *rest (may be NULL) is what follows.
 * `why` gets Go's text: "EOF", "unexpected EOF", "invalid character 'b'
 * looking for beginning of value", ... */
MUST_CHECK enum err json_parse(struct slice text, struct arena *,
    struct json **, struct slice *rest, char why[JSON_WHY_MAX]);
/* The same for a text that holds nothing else but blanks, as files do: "
 * unexpected end of JSON input", "invalid character 't' after top-level
 * value". */
MUST_CHECK enum err json_parse_all(
    struct slice text, struct arena *, struct json **, char why[JSON_WHY_MAX]);
/* The child with this very key, or NULL. */
const struct json *json_get(const struct json *object, const char *key);

/* How keys and errors are treated, as Consul does it in two places. */
enum json_dialect {
	JSON_API,     /* Go's encoding/json: keys in any case; unknown refused;
		       * durations as text or nanoseconds */
	JSON_API_LAX, /* the same, unknown keys skipped */
	JSON_CONFIG,  /* mapstructure: list of one for a scalar, float to int;
		       * durations as text */
};

/*
 * Fill *object (zeroed or holding defaults; null leaves a field as it is)
 * from a tree. Texts are lent by the tree.
 *
 * Errors  *why gets Go's text. API: what stands behind "Request decode failed:
 *	   ", for the first error only (`json: unknown field "Foo"`). CONFIG:
 *	   what stands behind the file's name, all errors at once
 *	   ("1 error(s) decoding:\n\n* 'server' expected ...", or "1 error
 *	   occurred:\n\t* invalid config key foo\n\n"), cut at JSON_WHY_MAX
 */
MUST_CHECK enum err json_to_type(const struct json *, enum json_dialect,
    const struct type *, struct arena *, void *object, char why[JSON_WHY_MAX]);
/* msgpack of a tree: numbers become floats, as in Go's interface{}. */
void json_to_any(const struct json *, struct buf *);

/*
 * Compact JSON of *object, rows in order, Go's escapes and number forms.
 *
 * Nil lists print as null, or as [] and {} where the row has JSON_EMPTY_LIST.
 * That is how /v1/catalog, /v1/health and /v1/agent show tags and checks. Of
 * the same structs /v1/txn, /v1/query/.../execute and /v1/internal/ui keep the
 * nulls: json_from_type_nulls. Where an endpoint shows [] for a list that is
 * marked by neither, as a whole answer often does, it sets `items` to
 * TYPE_EMPTY (type.h) first.
 */
void json_from_type(const struct type *, const void *object, struct buf *);
void json_from_type_nulls(
    const struct type *, const void *object, struct buf *);
void json_put_text(struct buf *, struct slice); /* quoted, escaped */
void json_put_float(struct buf *, double);
void json_put_base64(struct buf *, struct slice); /* quoted; "" if empty */
void json_put_any(struct buf *, struct slice msgpack);
/* `indent` blanks a level; compact JSON in, and no trailing newline. */
void json_pretty(struct slice compact, unsigned indent, struct buf *);

void base64_encode(struct slice, struct buf *);
/* ERR_INVALID: *out is as it was. */
MUST_CHECK enum err base64_decode(struct slice, struct buf *out);
/* And where the first bad byte stands, as Go tells it. */
MUST_CHECK enum err base64_decode_at(
    struct slice, struct buf *out, size_t *bad_at);

#endif
