/* Parameters of a request; see query.h. */
#include <assert.h>
#include <stdlib.h>

#include "query.h"
#include "uri.h"

/* The next pair of *rest, up to a separator. */
static struct slice
pair_take(struct slice *rest)
{
	size_t end = 0;
	struct slice pair;

	while (end < rest->size && rest->data[end] != '&' &&
	       rest->data[end] != ';')
		end++;
	pair = slice_head(*rest, end);
	*rest = slice_tail(*rest, end < rest->size ? end + 1 : end);
	return (pair);
}

static size_t
pairs_count(struct slice text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '&' || text.data[i] == ';';
	return (count);
}

bool
query_parse(struct slice text, struct arena *arena, struct query *out)
{
	size_t most = pairs_count(text);

	*out = (struct query){ 0 };
	if (text.size == 0)
		return (true);
	if (most > QUERY_PARAMS_MAX)
		return (false);
	out->items = arena_array(arena, most, sizeof(*out->items));
	while (text.size > 0) {
		struct slice pair = pair_take(&text);
		size_t equals = slice_find(pair, '=', 0);
		struct param *param = &out->items[out->count];
		struct slice value = { 0 };

		if (pair.size == 0)
			continue;
		if (equals != SIZE_MAX) {
			value = slice_tail(pair, equals + 1);
			pair.size = equals;
		}
		if (!uri_query_decode(pair, arena, &param->name) ||
		    !uri_query_decode(value, arena, &param->value))
			return (false);
		out->count++;
	}
	return (true);
}

static const struct param *
param_find(const struct query *q, const char *name)
{
	for (size_t i = 0; i < q->count; i++)
		if (slice_is(q->items[i].name, name))
			return (&q->items[i]);
	return (NULL);
}

bool
query_has(const struct query *q, const char *name)
{
	return (param_find(q, name) != NULL);
}

struct slice
query_get(const struct query *q, const char *name)
{
	const struct param *param = param_find(q, name);

	return (param != NULL ? param->value : (struct slice){ 0 });
}

struct slice_list
query_all(const struct query *q, const char *name, struct arena *arena)
{
	struct slice_list all = { 0 };

	if (!query_has(q, name))
		return (all);
	all.items = arena_array(arena, q->count, sizeof(*all.items));
	for (size_t i = 0; i < q->count; i++)
		if (slice_is(q->items[i].name, name))
			all.items[all.count++] = q->items[i].value;
	return (all);
}

static int
param_compare(const void *a, const void *b)
{
	const struct param *const *x = a, *const *y = b;
	int order = slice_compare((*x)->name, (*y)->name);

	/* Values of one name keep their order: the array is one. */
	return (order != 0 ? order : (*x > *y) - (*x < *y));
}

void
query_encode(const struct query *q, struct buf *out)
{
	const struct param *sorted[QUERY_PARAMS_MAX];

	assert(q->count <= QUERY_PARAMS_MAX);
	for (size_t i = 0; i < q->count; i++)
		sorted[i] = &q->items[i];
	qsort(sorted, q->count, sizeof(sorted[0]), param_compare);
	for (size_t i = 0; i < q->count; i++) {
		if (i > 0)
			buf_put_u8(out, '&');
		uri_query_encode(sorted[i]->name, out);
		buf_put_u8(out, '=');
		uri_query_encode(sorted[i]->value, out);
	}
}

bool
query_u64(struct slice value, uint64_t *out, const char **why)
{
	uint64_t number = 0;

	*why = "invalid syntax";
	if (value.size == 0)
		return (false);
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] < '0' || value.data[i] > '9')
			return (false);
	*why = "value out of range";
	for (size_t i = 0; i < value.size; i++)
		if (__builtin_mul_overflow(number, 10U, &number) ||
		    __builtin_add_overflow(
			number, (uint64_t)value.data[i] - '0', &number))
			return (false);
	*out = number;
	return (true);
}

bool
query_int(struct slice value, int64_t *out, const char **why)
{
	bool is_negative = value.size > 0 && value.data[0] == '-';
	bool has_sign = is_negative || (value.size > 0 && value.data[0] == '+');
	uint64_t most = (uint64_t)INT64_MAX + is_negative;
	uint64_t number;

	if (!query_u64(slice_tail(value, has_sign), &number, why))
		return (false);
	*why = "value out of range";
	if (number > most)
		return (false);
	*out = is_negative ? (int64_t)(0 - number) : (int64_t)number;
	return (true);
}

bool
query_bool(struct slice value, bool *out)
{
	static const char *const truths[] = { "1", "t", "T", "TRUE", "true",
		"True" };
	static const char *const lies[] = { "0", "f", "F", "FALSE", "false",
		"False" };

	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		if (slice_is(value, truths[i]) || slice_is(value, lies[i])) {
			*out = slice_is(value, truths[i]);
			return (true);
		}
	}
	return (false);
}

static const char *
max_stale_parse(
    const struct query *q, struct arena *arena, struct query_options *options)
{
	struct slice value = query_get(q, "max_stale");
	char why[128];

	if (value.size == 0)
		return (NULL);
	if (duration_parse(value, &options->max_stale_duration, why,
		sizeof(why)) == ERR_OK) {
		options->allow_stale |= options->max_stale_duration.ns > 0;
		return (NULL);
	}
	return (arena_text(
	    arena, arena_printf(arena, "Invalid max_stale value \"%.*s\"",
		       SLICE_ARGS(value))));
}

const char *
query_consistency_parse(
    const struct query *q, struct arena *arena, struct query_options *options)
{
	const char *error;

	if (query_has(q, "stale"))
		options->allow_stale = true;
	if (query_has(q, "consistent"))
		options->require_consistent = true;
	if (query_has(q, "cached"))
		options->use_cache = true;
	error = max_stale_parse(q, arena, options);
	if (error != NULL)
		return (error);
	if (options->allow_stale && options->require_consistent)
		return ("Cannot specify ?stale with ?consistent, conflicting "
			"semantics.");
	if (options->use_cache && options->require_consistent)
		return ("Cannot specify ?cached with ?consistent, conflicting "
			"semantics.");
	return (NULL);
}

const char *
query_wait_parse(const struct query *q, struct query_options *options)
{
	struct slice wait = query_get(q, "wait");
	struct slice index = query_get(q, "index");
	const char *error;
	char why[128];

	if (wait.size > 0 && duration_parse(wait, &options->max_query_time, why,
				 sizeof(why)) != ERR_OK)
		return ("Invalid wait time");
	if (index.size > 0 &&
	    !query_u64(index, &options->min_query_index, &error))
		return ("Invalid index");
	return (NULL);
}

const char *
query_options_parse(
    const struct query *q, struct arena *arena, struct query_options *options)
{
	const char *error;

	if (q->count == 0)
		return (NULL);
	error = query_consistency_parse(q, arena, options);
	return (error != NULL ? error : query_wait_parse(q, options));
}

/* "NAME=SECONDS"; *why is set if the number is none. */
static bool
is_timed(
    struct slice part, const char *name, struct duration *out, const char **why)
{
	struct slice given = slice_of_text(name);
	uint64_t seconds;

	if (part.size < given.size ||
	    !slice_equal_fold(slice_head(part, given.size), given))
		return (false);
	*why = NULL;
	if (query_u64(slice_tail(part, given.size), &seconds, why)) {
		*why = NULL;
		*out = SECONDS(
		    (int64_t)(seconds < INT32_MAX ? seconds : INT32_MAX));
	}
	return (true);
}

static bool
cache_part_parse(struct slice part, struct cache_control *out)
{
	const char *why = NULL;

	while (part.size > 0 && part.data[0] == ' ')
		part = slice_tail(part, 1);
	if (is_timed(part, "max-age=", &out->max_age, &why))
		out->must_revalidate |= why == NULL && out->max_age.ns == 0;
	else if (!is_timed(part, "stale-if-error=", &out->stale_if_error, &why))
		out->must_revalidate |=
		    slice_equal_fold(part, SLICE("must-revalidate"));
	return (why == NULL);
}

bool
query_cache_control_parse(struct slice header, struct cache_control *out)
{
	*out = (struct cache_control){ 0 };
	while (header.size > 0) {
		size_t comma = slice_find(header, ',', 0);
		size_t end = comma == SIZE_MAX ? header.size : comma;

		if (!cache_part_parse(slice_head(header, end), out))
			return (false);
		header = slice_tail(header, comma == SIZE_MAX ? end : end + 1);
	}
	return (true);
}

void
query_node_meta(
    const struct query *q, struct arena *arena, struct pair_list *out)
{
	struct slice_list all = query_all(q, "node-meta", arena);

	if (all.count == 0)
		return;
	out->items = arena_array(arena, all.count, sizeof(*out->items));
	for (size_t i = 0; i < all.count; i++) {
		size_t colon = slice_find(all.items[i], ':', 0);
		struct pair *pair = &out->items[out->count++];

		pair->key = all.items[i];
		if (colon != SIZE_MAX) {
			pair->key = slice_head(all.items[i], colon);
			pair->value = slice_tail(all.items[i], colon + 1);
		}
	}
}
