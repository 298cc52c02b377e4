/* Answers and their heads; see respond.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "respond.h"
#include "xmalloc.h"

void
response_deinit(struct response *r)
{
	buf_deinit(&r->body);
}

void
response_json_text(struct response *r, const char *json)
{
	r->content = CONTENT_JSON;
	buf_put_text(&r->body, json);
}

void
response_text_slice(struct response *r, int status, struct slice text)
{
	r->status = status;
	r->content = CONTENT_TEXT;
	buf_reset(&r->body);
	buf_put_slice(&r->body, text);
}

void
response_text(struct response *r, int status, const char *format, ...)
{
	char text[1024];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert(size >= 0);
	if ((size_t)size >= sizeof(text))
		size = sizeof(text) - 1;
	response_text_slice(r, status, slice(text, (size_t)size));
}

void
response_meta(struct response *r, const struct query_meta *meta)
{
	r->has_meta = true;
	/* Clients take 0 for "never blocks": api/http.md 1.7. */
	r->index = meta->index != 0 ? meta->index : 1;
	r->last_contact = meta->last_contact;
	r->knows_leader = meta->known_leader;
}

const char *
http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = { { 200, "OK" }, { 206, "Partial Content" },
		{ 301, "Moved Permanently" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 409, "Conflict" },
		{ 413, "Request Entity Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Requested Range Not Satisfiable" },
		{ 417, "Expectation Failed" }, { 429, "Too Many Requests" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return (texts[i].text);
	return ("");
}

void
http_date(int64_t seconds, char out[DATE_BYTES + 1])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t when = (time_t)seconds;
	struct tm tm;
	char text[64];

	gmtime_r(&when, &tm);
	snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	memcpy(out, text, DATE_BYTES);
	out[DATE_BYTES] = '\0';
}

static void
put_header(struct buf *out, const char *name, struct slice value)
{
	if (value.size == 0)
		return;
	buf_put_text(out, name);
	buf_put_text(out, ": ");
	buf_put_slice(out, value);
	buf_put_text(out, "\r\n");
}

static void
put_number(struct buf *out, const char *name, uint64_t value)
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%" PRIu64, value);

	put_header(out, name, slice(digits, (size_t)size));
}

static struct slice
content_type(const struct response *r)
{
	if (r->content_type.size > 0)
		return (r->content_type);
	switch (r->content) {
	case CONTENT_JSON:
		return (SLICE("application/json"));
	case CONTENT_PLAIN:
	case CONTENT_RAW:
		return (SLICE("text/plain"));
	case CONTENT_HTML:
		return (SLICE("text/html; charset=utf-8"));
	case CONTENT_NONE:
	case CONTENT_TEXT:
		break;
	}
	return ((struct slice){ 0 });
}

/* Of a head that is being made. */
struct places {
	size_t date_at;
	size_t contact_at;
	size_t contact_size;
};

static void
put_meta(struct buf *out, const struct response *r, struct places *places)
{
	put_header(out, "X-Cache", r->cache);
	put_header(out, "X-Consul-Contenthash", r->content_hash);
	if (r->consistency != NULL)
		put_header(out, "X-Consul-Effective-Consistency",
		    slice_of_text(r->consistency));
	if (r->has_meta || r->has_index)
		put_number(out, "X-Consul-Index", r->index);
	if (r->has_meta || r->has_contact) {
		put_header(out, "X-Consul-Knownleader",
		    r->knows_leader ? SLICE("true") : SLICE("false"));
		buf_put_text(out, "X-Consul-Lastcontact: ");
		places->contact_at = out->size;
		buf_printf(out, "%" PRId64, r->last_contact.ns / 1000000);
		places->contact_size = out->size - places->contact_at;
		buf_put_text(out, "\r\n");
	}
	put_header(out, "X-Consul-Reason", r->reason);
}

/* Headers up to Date, sorted by name as Go's map is when it is written. */
static void
put_sorted(struct buf *out, const struct response *r, bool is_gzip,
    const struct render_options *options, struct places *places)
{
	if (r->last_modified.size > 0)
		buf_put_text(out, "Accept-Ranges: bytes\r\n");
	if (slice_is(r->cache, "HIT"))
		buf_printf(out, "Age: %" PRId64 "\r\n", r->age.ns / 1000000000);
	put_header(out, "Allow", r->allow);
	if (is_gzip)
		buf_put_text(out, "Content-Encoding: gzip\r\n");
	if (r->content == CONTENT_RAW)
		buf_put_text(out, "Content-Security-Policy: sandbox\r\n");
	put_header(out, "Content-Type", content_type(r));
	put_header(out, "Last-Modified", r->last_modified);
	put_header(out, "Location", r->location);
	if (r->is_api)
		buf_put_text(out, "Vary: Accept-Encoding\r\n");
	put_meta(out, r, places);
	if (r->content == CONTENT_RAW)
		buf_put_text(out, "X-Content-Type-Options: nosniff\r\n");
	buf_put_slice(out, options->extra_headers);
}

static void
put_head(struct buf *out, const struct response *r, bool is_gzip,
    const struct render_options *options, struct places *places)
{
	buf_printf(
	    out, "HTTP/1.1 %d %s\r\n", r->status, http_status_text(r->status));
	put_sorted(out, r, is_gzip, options, places);
	buf_put_text(out, "Date: ");
	places->date_at = out->size;
	memset(buf_extend(out, DATE_BYTES), ' ', DATE_BYTES);
	buf_put_text(out, "\r\n");
	if (r->is_stream)
		buf_put_text(out, "Transfer-Encoding: chunked\r\n");
	else if (r->status != 304 && (!r->is_bodiless || r->body.size > 0))
		buf_printf(out, "Content-Length: %zu\r\n", r->body.size);
	if (r->content == CONTENT_TEXT && r->content_type.size == 0 &&
	    r->body.size > 0)
		buf_put_text(
		    out, "Content-Type: text/plain; charset=utf-8\r\n");
	buf_put_text(out, "\r\n");
}

static void
make_pretty(struct response *r)
{
	struct buf pretty = { 0 };

	json_pretty(buf_slice(&r->body), 4, &pretty);
	buf_put_u8(&pretty, '\n');
	buf_deinit(&r->body);
	r->body = pretty;
}

static void
make_gzip(struct response *r, struct gzip *gzip)
{
	struct buf small = { 0 };

	gzip_deflate(gzip, buf_slice(&r->body), &small);
	buf_deinit(&r->body);
	r->body = small;
}

struct blob *
blob_new(struct response *r, const struct render_options *options)
{
	bool is_gzip = options->wants_gzip && r->is_api && r->body.size > 0;
	struct buf head = { 0 };
	struct blob *blob;
	struct places places = { 0 };
	size_t body_size;

	if (options->is_pretty && r->content == CONTENT_JSON &&
	    r->body.size > 0)
		make_pretty(r);
	if (is_gzip)
		make_gzip(r, options->gzip);
	buf_reserve(&head, 512);
	put_head(&head, r, is_gzip, options, &places);
	body_size = r->is_bodiless ? 0 : r->body.size;
	blob = xmalloc(sizeof(*blob) + head.size + body_size);
	*blob = (struct blob){ .references = 1,
		.date_at = places.date_at,
		.contact_at = places.contact_at,
		.contact_size = places.contact_size,
		.head_size = head.size,
		.size = head.size + body_size };
	memcpy(blob->data, head.data, head.size);
	if (body_size > 0)
		memcpy(blob->data + head.size, r->body.data, body_size);
	buf_deinit(&head);
	response_deinit(r);
	return (blob);
}

void
blob_release(struct blob *blob)
{
	if (blob == NULL)
		return;
	assert(blob->references > 0);
	if (--blob->references == 0)
		free(blob);
}
