/* The grammar of HCL 1; see hcl.h. Source: hashicorp/hcl 1.0.0. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hcl.h"
#include "hcl_node.h"

#define KEYS_MAX 64 /* of one item: labels */

struct parser {
	struct hcl_scan scan;
	struct arena *arena;
	struct hcl_token token; /* the last one read */
	bool is_unread;		/* it comes once more */
	bool is_key_alone;	/* a block ended where a value stands */
	bool is_at_end;		/* the source ended where a value stands */
	unsigned depth;
	size_t node_count;
	char *why;
};

static enum err object_parse(struct parser *, struct hcl_node **);
static enum err list_parse(struct parser *, struct hcl_node **);

enum err
hcl_fail(char *why, struct hcl_position at, const char *format, ...)
{
	char text[JSON_WHY_MAX - 48];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (at.line == 0)
		snprintf(why, JSON_WHY_MAX, "At -: %s", text);
	else
		snprintf(why, JSON_WHY_MAX, "At %zu:%zu: %s", at.line,
		    at.column, text);
	return (ERR_INVALID);
}

static enum hcl_token_kind
take(struct parser *p)
{
	if (p->is_unread) {
		p->is_unread = false;
		return (p->token.kind);
	}
	do {
		p->token = hcl_scan_next(&p->scan);
	} while (p->token.kind == HCL_COMMENT);
	return (p->token.kind);
}

static void
untake(struct parser *p)
{
	p->is_unread = true;
}

static enum hcl_token_kind
look(struct parser *p)
{
	enum hcl_token_kind kind = take(p);

	untake(p);
	return (kind);
}

static enum err
node_new(struct parser *p, enum hcl_kind kind, struct hcl_node **out)
{
	struct hcl_node *node;

	if (p->node_count++ == HCL_NODES_MAX || p->depth > HCL_DEPTH_MAX)
		return (hcl_fail(p->why, p->token.at,
		    p->depth > HCL_DEPTH_MAX ? "exceeded max depth"
					     : "too many values"));
	node = arena_alloc(p->arena, sizeof(*node));
	node->kind = kind;
	node->at = p->token.at;
	node->token = p->token;
	*out = node;
	return (ERR_OK);
}

static bool
is_literal(enum hcl_token_kind kind)
{
	return (kind == HCL_NUMBER || kind == HCL_FLOAT || kind == HCL_BOOL ||
		kind == HCL_STRING || kind == HCL_HEREDOC);
}

/* --- Keys. --- */

struct keys {
	struct hcl_token items[KEYS_MAX];
	size_t count;
};

/* Keys up to '=' or '{', which is left in p->token. The end of the source
 * (and, with keys before it, that of the block) is no mistake here. */
static enum err
keys_parse(struct parser *p, struct keys *keys)
{
	for (keys->count = 0; keys->count < KEYS_MAX; keys->count++) {
		switch (take(p)) {
		case HCL_EOF:
			return (ERR_OK);
		case HCL_ASSIGN:
			if (keys->count > 1)
				return (hcl_fail(p->why, p->token.at,
				    "nested object expected: LBRACE got: "
				    "ASSIGN"));
			if (keys->count == 0)
				return (hcl_fail(p->why, p->token.at,
				    "no object keys found!"));
			return (ERR_OK);
		case HCL_LBRACE:
			if (keys->count == 0)
				return (hcl_fail(p->why, p->token.at,
				    "expected: IDENT | STRING got: LBRACE"));
			return (ERR_OK);
		case HCL_IDENT:
		case HCL_STRING:
			keys->items[keys->count] = p->token;
			break;
		case HCL_ILLEGAL:
			return (
			    hcl_fail(p->why, p->token.at, "illegal character"));
		case HCL_RBRACE:
			if (keys->count > 0)
				return (ERR_OK);
			/* FALLTHROUGH */
		default:
			return (hcl_fail(p->why, p->token.at,
			    "expected: IDENT | STRING | ASSIGN | LBRACE got: "
			    "%s",
			    hcl_token_name(p->token.kind)));
		}
	}
	return (hcl_fail(p->why, p->token.at, "too many keys"));
}

static enum err
keys_refuse(struct parser *p, const struct keys *keys)
{
	struct buf text = { 0 };
	enum err err;
	size_t i;

	p->is_key_alone = true;
	for (i = 0; i < keys->count; i++)
		buf_printf(&text, "%s%.*s", i > 0 ? " " : "",
		    SLICE_ARGS(keys->items[i].text));
	err = hcl_fail(p->why, p->token.at,
	    "key '%s' expected start of object ('{') or assignment ('=')",
	    buf_text(&text));
	buf_deinit(&text);
	return (err);
}

static enum err
keys_keep(struct parser *p, const struct keys *keys, struct hcl_item *item)
{
	enum err err = ERR_OK;
	size_t i;

	item->keys = arena_array(p->arena, keys->count, sizeof(*item->keys));
	item->key_count = keys->count;
	item->at = keys->items[0].at;
	for (i = 0; err == ERR_OK && i < keys->count; i++) {
		item->keys[i] = keys->items[i].text;
		if (keys->items[i].kind == HCL_STRING)
			err = hcl_text_value(
			    &keys->items[i], p->arena, &item->keys[i]);
	}
	if (err != ERR_OK)
		return (hcl_fail(p->why, item->at, "invalid string"));
	return (ERR_OK);
}

/* --- Values. --- */

static enum err
value_parse(struct parser *p, struct hcl_node **out)
{
	enum hcl_token_kind kind = take(p);

	if (is_literal(kind))
		return (node_new(p, HCL_LITERAL, out));
	if (kind == HCL_LBRACE)
		return (object_parse(p, out));
	if (kind == HCL_LBRACK)
		return (list_parse(p, out));
	p->is_at_end = kind == HCL_EOF;
	return (hcl_fail(p->why, p->token.at, "Unknown token: %zu:%zu %s %.*s",
	    p->token.at.line, p->token.at.column, hcl_token_name(kind),
	    SLICE_ARGS(p->token.text)));
}

/* A key and what it stands for; *out is NULL where the source ends. */
static enum err
item_parse(struct parser *p, struct hcl_item **out)
{
	struct hcl_item *item = arena_alloc(p->arena, sizeof(*item));
	struct keys keys;
	enum err err = keys_parse(p, &keys);

	*out = NULL;
	if (err != ERR_OK)
		return (err);
	if (keys.count == 0)
		return (ERR_OK);
	if (p->token.kind == HCL_ASSIGN)
		err = value_parse(p, &item->value);
	else if (p->token.kind == HCL_LBRACE)
		err = object_parse(p, &item->value);
	else
		return (keys_refuse(p, &keys));
	if (err != ERR_OK)
		return (err);
	*out = item;
	return (keys_keep(p, &keys, item));
}

/* Up to the end of the source, or of the block. That the source ends behind
 * "key =" ends the list, too, and the key is forgotten. */
static enum err
items_parse(struct parser *p, bool is_block, struct hcl_item **end)
{
	struct hcl_item *item;
	enum err err;

	for (;;) {
		if (is_block && look(p) == HCL_RBRACE)
			return (ERR_OK);
		err = item_parse(p, &item);
		if (p->is_at_end) {
			p->is_at_end = false;
			return (ERR_OK);
		}
		if (err != ERR_OK || item == NULL)
			return (err);
		*end = item;
		end = &item->next;
		if (take(p) != HCL_COMMA)
			untake(p);
	}
}

static enum err
object_parse(struct parser *p, struct hcl_node **out)
{
	enum err err = node_new(p, HCL_OBJECT, out);

	if (err != ERR_OK)
		return (err);
	p->depth++;
	err = items_parse(p, true, &(*out)->items);
	p->depth--;
	/* As the original: a mistake at a closing brace ends the block, and
	 * then another brace is missing. But not if a key has no value. */
	if (err != ERR_OK && (p->token.kind != HCL_RBRACE || p->is_key_alone))
		return (err);
	if (take(p) != HCL_RBRACE)
		return (hcl_fail(p->why, p->token.at,
		    "object expected closing RBRACE got: %s",
		    hcl_token_name(p->token.kind)));
	return (ERR_OK);
}

/* One element; the text of a mistake inside is told with where it began. */
static enum err
element_parse(struct parser *p, struct hcl_node **out)
{
	struct hcl_position at = p->token.at;
	enum hcl_token_kind kind = p->token.kind;
	char inner[JSON_WHY_MAX];
	enum err err;

	if (is_literal(kind))
		return (node_new(p, HCL_LITERAL, out));
	if (kind != HCL_LBRACE && kind != HCL_LBRACK)
		return (hcl_fail(p->why, at,
		    "unexpected token while parsing list: %s",
		    hcl_token_name(kind)));
	err = kind == HCL_LBRACE ? object_parse(p, out) : list_parse(p, out);
	if (err == ERR_OK)
		return (ERR_OK);
	memcpy(inner, p->why, sizeof(inner));
	return (hcl_fail(p->why, at, "error while trying to parse %s: %s",
	    kind == HCL_LBRACE ? "object within list" : "list within list",
	    inner));
}

static enum err
list_parse(struct parser *p, struct hcl_node **out)
{
	bool needs_comma = false;
	struct hcl_node **end;
	enum err err = node_new(p, HCL_LIST, out);

	if (err != ERR_OK)
		return (err);
	for (end = &(*out)->first;;) {
		enum hcl_token_kind kind = take(p);

		if (kind == HCL_RBRACK)
			return (ERR_OK);
		if (kind == HCL_COMMA) {
			needs_comma = false;
			continue;
		}
		if (needs_comma)
			return (hcl_fail(p->why, p->token.at,
			    "error parsing list, expected comma or list end, "
			    "got: %s",
			    hcl_token_name(kind)));
		p->depth++;
		err = element_parse(p, end);
		p->depth--;
		if (err != ERR_OK)
			return (err);
		needs_comma = kind != HCL_LBRACK;
		end = &(*end)->next;
	}
}

/* --- The whole. --- */

static struct slice
without_returns(struct slice text, struct arena *arena)
{
	uint8_t *copy;
	size_t i, size = 0;

	if (slice_find(text, '\r', 0) == SIZE_MAX)
		return (text);
	copy = arena_array(arena, text.size, 1);
	for (i = 0; i < text.size; i++) {
		if (text.data[i] != '\r' || i + 1 == text.size ||
		    text.data[i + 1] != '\n')
			copy[size++] = text.data[i];
	}
	return (slice(copy, size));
}

static bool
is_json(struct slice text)
{
	while (text.size > 0 && text.data[0] != '\0' &&
	       strchr(" \t\r\n\v\f", text.data[0]) != NULL)
		text = slice_tail(text, 1);
	return (text.size > 0 && text.data[0] == '{');
}

/* What JSON has and HCL has not: an object in an object is a block, null is
 * an empty text, and numbers are whole or not. */
static void
json_adapt(struct json *value, struct arena *arena, bool is_in_object)
{
	struct json *child, *block;

	for (child = value->first; child != NULL; child = child->next)
		json_adapt(child, arena, value->kind == JSON_OBJECT);
	if (value->kind == JSON_NULL)
		value->kind = JSON_STRING;
	if (value->kind == JSON_NUMBER)
		value->is_integer =
		    slice_find(value->text, '.', 0) == SIZE_MAX &&
		    slice_find(value->text, 'e', 0) == SIZE_MAX &&
		    slice_find(value->text, 'E', 0) == SIZE_MAX;
	if (value->kind != JSON_OBJECT || !is_in_object)
		return;
	block = arena_alloc(arena, sizeof(*block));
	*block = *value;
	block->next = NULL;
	*value = (struct json){ .kind = JSON_ARRAY,
		.is_blocks = true,
		.first = block,
		.next = value->next,
		.key = value->key,
		.count = 1 };
}

enum err
hcl_parse(struct slice text, struct arena *arena, struct json **out,
    char why[JSON_WHY_MAX])
{
	struct parser p = { .arena = arena, .why = why };
	struct hcl_item *items = NULL;
	enum err err;

	if (is_json(text)) {
		err = json_parse_all(text, arena, out, why);
		if (err == ERR_OK)
			json_adapt(*out, arena, false);
		return (err);
	}
	hcl_scan_init(&p.scan, without_returns(text, arena));
	err = items_parse(&p, false, &items);
	if (p.scan.why != NULL)
		return (hcl_fail(why, p.scan.why_at, "%s", p.scan.why));
	if (err != ERR_OK)
		return (err);
	return (hcl_tree_build(items, arena, out, why));
}
