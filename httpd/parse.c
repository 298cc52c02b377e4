/* Request heads; see parse.h. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "limits.h"
#include "parse.h"

#define LENGTH_DIGITS_MAX 18

/* RFC 7230 3.2.6: tchar. */
static bool
is_token_char(uint8_t c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return ((c >= '0' && c <= '9') ||
		((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		(c != 0 && strchr(others, c) != NULL));
}

/* What Go lets stand in Host: reg-name, IP literals, ports. */
static bool
is_host_char(uint8_t c)
{
	static const char others[] = "!$%&'()*+,-.:;=@[]_~";

	return ((c >= '0' && c <= '9') ||
		((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		(c != 0 && strchr(others, c) != NULL));
}

static bool
is_value_char(uint8_t c)
{
	return (c == '\t' || (c >= 0x20 && c != 0x7f));
}

/* The three classes as one table: the hot loop is one load a byte. */
enum {
	CLASS_TOKEN = 1,
	CLASS_HOST = 2,
	CLASS_VALUE = 4,
};

static const uint8_t *
classes(void)
{
	static uint8_t table[256];

	if (table['a'] == 0)
		for (unsigned c = 0; c < 256; c++)
			table[c] =
			    (is_token_char((uint8_t)c) ? CLASS_TOKEN : 0) |
			    (is_host_char((uint8_t)c) ? CLASS_HOST : 0) |
			    (is_value_char((uint8_t)c) ? CLASS_VALUE : 0);
	return (table);
}

static bool
all_are(struct slice s, uint8_t class)
{
	const uint8_t *table = classes();

	for (size_t i = 0; i < s.size; i++)
		if ((table[s.data[i]] & class) == 0)
			return (false);
	return (true);
}

const char *
refusal_status(enum refusal refusal)
{
	static const char *const statuses[] = {
#define X(name, status, text) status,
		REFUSALS(X)
#undef X
	};

	assert(refusal < REFUSAL_NONE);
	return (statuses[refusal]);
}

const char *
refusal_text(enum refusal refusal)
{
	static const char *const texts[] = {
#define X(name, status, text) text,
		REFUSALS(X)
#undef X
	};

	assert(refusal < REFUSAL_NONE);
	return (
	    texts[refusal] != NULL ? texts[refusal] : refusal_status(refusal));
}

size_t
head_find_end(struct slice bytes, size_t *scanned)
{
	size_t at = *scanned;

	while ((at = slice_find(bytes, '\n', at)) != SIZE_MAX) {
		size_t next = at + 1;

		if (next < bytes.size && bytes.data[next] == '\r')
			next++;
		if (next >= bytes.size) {
			*scanned = at;
			return (0);
		}
		if (bytes.data[next] == '\n')
			return (next + 1);
		at++;
	}
	*scanned = bytes.size;
	return (0);
}

static struct slice
trim(struct slice s)
{
	while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_tail(s, 1);
	while (s.size > 0 &&
	       (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
		s.size--;
	return (s);
}

/* The next line of *rest without its end; RFC 7230 3.5: a lone LF will do. */
static struct slice
line_take(struct slice *rest)
{
	size_t end = slice_find(*rest, '\n', 0);
	struct slice line;

	if (end == SIZE_MAX)
		end = rest->size;
	line = slice_head(*rest, end);
	*rest = slice_tail(*rest, end < rest->size ? end + 1 : end);
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return (line);
}

static enum http_method
method_of(struct slice text)
{
	static const char *const names[] = { "GET", "PUT", "POST", "DELETE",
		"HEAD", "OPTIONS", "CONNECT" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(text, names[i]))
			return ((enum http_method)(1U << i));
	return (HTTP_OTHER);
}

static bool
digits_read(struct slice s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.size == 0 || s.size > LENGTH_DIGITS_MAX)
		return (false);
	for (size_t i = 0; i < s.size; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return (false);
		value = value * 10 + (s.data[i] - '0');
	}
	*out = value;
	return (true);
}

/* "HTTP/1.1", and as Go, anything else of that form. */
static enum refusal
version_parse(struct slice text, struct head *head)
{
	uint64_t major, minor;
	size_t dot;

	if (slice_is(text, "HTTP/1.1"))
		return (REFUSAL_NONE);
	if (!slice_starts_with(text, SLICE("HTTP/")))
		return (REFUSAL_MALFORMED);
	text = slice_tail(text, 5);
	dot = slice_find(text, '.', 0);
	if (dot == SIZE_MAX || !digits_read(slice_head(text, dot), &major) ||
	    !digits_read(slice_tail(text, dot + 1), &minor))
		return (REFUSAL_MALFORMED);
	if (major != 1)
		return (REFUSAL_VERSION);
	head->is_http10 = minor == 0;
	return (REFUSAL_NONE);
}

static bool
is_hex(uint8_t c)
{
	return (
	    (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'));
}

static bool
escapes_are_valid(struct slice s)
{
	size_t at = 0;

	while ((at = slice_find(s, '%', at)) != SIZE_MAX) {
		if (at + 2 >= s.size || !is_hex(s.data[at + 1]) ||
		    !is_hex(s.data[at + 2]))
			return (false);
		at += 3;
	}
	return (true);
}

/* "http://host/path" becomes "/path" (RFC 7230 5.3.2). */
static bool
authority_skip(struct slice *path)
{
	size_t colon = slice_find(*path, ':', 0);
	size_t slash;

	if (colon == 0 || colon == SIZE_MAX ||
	    !slice_starts_with(slice_tail(*path, colon), SLICE("://")))
		return (false);
	slash = slice_find(*path, '/', colon + 3);
	*path = slash == SIZE_MAX ? SLICE("/") : slice_tail(*path, slash);
	return (true);
}

static enum refusal
target_parse(struct slice target, struct head *head)
{
	size_t mark = slice_find(target, '?', 0);

	for (size_t i = 0; i < target.size; i++)
		if (target.data[i] <= 0x20 || target.data[i] == 0x7f)
			return (REFUSAL_MALFORMED);
	head->path = target;
	if (mark != SIZE_MAX) {
		head->path = slice_head(target, mark);
		head->query = slice_tail(target, mark + 1);
		head->has_query = true;
	}
	if (slice_is(target, "*"))
		return (REFUSAL_NONE);
	if (head->method == HTTP_CONNECT && target.size > 0 &&
	    target.data[0] != '/')
		return (REFUSAL_NONE); /* authority form: nobody routes it */
	if ((head->path.size == 0 || head->path.data[0] != '/') &&
	    !authority_skip(&head->path))
		return (REFUSAL_MALFORMED);
	return (
	    escapes_are_valid(head->path) ? REFUSAL_NONE : REFUSAL_MALFORMED);
}

static enum refusal
request_line_parse(struct slice line, struct head *head)
{
	size_t first = slice_find(line, ' ', 0);
	size_t second;
	enum refusal refusal, version;

	if (first == SIZE_MAX)
		return (REFUSAL_MALFORMED);
	second = slice_find(line, ' ', first + 1);
	if (second == SIZE_MAX)
		return (REFUSAL_MALFORMED);
	head->method_text = slice_head(line, first);
	if (first == 0 || !all_are(head->method_text, CLASS_TOKEN))
		return (REFUSAL_MALFORMED);
	head->method = method_of(head->method_text);
	version = version_parse(slice_tail(line, second + 1), head);
	if (version == REFUSAL_MALFORMED)
		return (version);
	refusal = target_parse(
	    slice_head(slice_tail(line, first + 1), second - first - 1), head);
	return (refusal != REFUSAL_NONE ? refusal : version);
}

/* Headers that endpoints or framing look at, and where they are kept. */
static const struct known {
	const char *name;
	size_t size;
	size_t offset; /* of a slice in struct head */
} knowns[] = {
#define KNOWN(name, member)                                           \
	{                                                             \
		name, sizeof(name) - 1, offsetof(struct head, member) \
	}
	KNOWN("Host", host),
	KNOWN("Accept", accept),
	KNOWN("Expect", expect),
	KNOWN("Connection", connection),
	KNOWN("Authorization", authorization),
	KNOWN("Cache-Control", cache_control),
	KNOWN("X-Consul-Token", consul_token),
	KNOWN("Accept-Encoding", accept_encoding),
	KNOWN("Transfer-Encoding", transfer_encoding),
	KNOWN("If-Modified-Since", if_modified_since),
	KNOWN("X-Consul-Namespace", consul_namespace),
	KNOWN("X-Forwarded-For", forwarded_for),
#undef KNOWN
};

static const struct known *
known_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(knowns) / sizeof(knowns[0]); i++)
		if (knowns[i].size == name.size &&
		    strncasecmp(knowns[i].name, (const char *)name.data,
			name.size) == 0)
			return (&knowns[i]);
	return (NULL);
}

/* RFC 7230 3.3.2: several are fine while they agree. */
static enum refusal
length_take(struct slice value, struct head *head)
{
	uint64_t length;

	if (!digits_read(value, &length))
		return (REFUSAL_MALFORMED);
	if (head->has_length && head->content_length != length)
		return (REFUSAL_MALFORMED);
	head->has_length = true;
	head->content_length = length;
	return (REFUSAL_NONE);
}

static enum refusal
header_take(struct slice name, struct slice value, struct head *head)
{
	const struct known *known = known_find(name);
	struct slice *kept;

	if (known != NULL) {
		/* NOLINTNEXTLINE: offsets are those of slices */
		kept = (struct slice *)(void *)((char *)head + known->offset);
		head->host_count += kept == &head->host;
		head->transfer_encoding_count +=
		    kept == &head->transfer_encoding;
		if (kept->data == NULL)
			*kept = value;
	} else if (name.size == 14 &&
		   slice_equal_fold(name, SLICE("Content-Length")))
		return (length_take(value, head));
	return (REFUSAL_NONE);
}

/* The earlier in Go's order. */
static enum refusal
earlier(enum refusal a, enum refusal b)
{
	return (a < b ? a : b);
}

static enum refusal
header_parse(struct slice line, struct head *head)
{
	enum refusal refusal = REFUSAL_NONE;
	size_t colon = slice_find(line, ':', 0);
	struct slice name, value;

	/* RFC 7230 3.2.4: no line folding. */
	if (colon == SIZE_MAX || line.data[0] == ' ' || line.data[0] == '\t')
		return (REFUSAL_MALFORMED);
	name = slice_head(line, colon);
	value = trim(slice_tail(line, colon + 1));
	if (name.size == 0 || !all_are(name, CLASS_TOKEN))
		refusal = REFUSAL_NAME;
	if (!all_are(value, CLASS_VALUE))
		refusal = earlier(refusal, REFUSAL_VALUE);
	return (earlier(refusal, header_take(name, value, head)));
}

bool
header_has_token(struct slice value, const char *token)
{
	struct slice wanted = slice_of_text(token);

	while (value.size > 0) {
		size_t comma = slice_find(value, ',', 0);
		size_t end = comma == SIZE_MAX ? value.size : comma;

		if (slice_equal_fold(trim(slice_head(value, end)), wanted))
			return (true);
		value = slice_tail(value, comma == SIZE_MAX ? end : end + 1);
	}
	return (false);
}

/* "gzip", "gzip;q=0.5", "deflate, gzip", but not "gzip;q=0". */
static bool
gzip_is_accepted(struct slice value)
{
	while (value.size > 0) {
		size_t comma = slice_find(value, ',', 0);
		size_t end = comma == SIZE_MAX ? value.size : comma;
		struct slice coding = trim(slice_head(value, end));
		struct slice rest;

		value = slice_tail(value, comma == SIZE_MAX ? end : end + 1);
		if (coding.size < 4 ||
		    !slice_equal_fold(slice_head(coding, 4), SLICE("gzip")))
			continue;
		rest = trim(slice_tail(coding, 4));
		return (!slice_is(rest, ";q=0") && !slice_is(rest, ";q=0.0"));
	}
	return (false);
}

static enum refusal
framing_check(struct head *head)
{
	/* As Go (its issue 12785): HTTP/1.0 knows no transfer encodings. */
	if (head->transfer_encoding_count > 0 && !head->is_http10) {
		if (head->transfer_encoding_count > 1 ||
		    !slice_equal_fold(
			head->transfer_encoding, SLICE("chunked")))
			return (REFUSAL_ENCODING);
		head->is_chunked = true;
		/* RFC 7230 3.3.3: such a message ought to be an error. */
		if (head->has_length)
			return (REFUSAL_MALFORMED);
	}
	return (REFUSAL_NONE);
}

static enum refusal
host_check(const struct head *head)
{
	if (head->host_count == 0 && !head->is_http10 &&
	    head->method != HTTP_CONNECT)
		return (REFUSAL_NO_HOST);
	if (head->host_count > 1)
		return (REFUSAL_HOSTS);
	return (all_are(head->host, CLASS_HOST) ? REFUSAL_NONE : REFUSAL_HOST);
}

static void
connection_decide(struct head *head)
{
	if (head->connection.size > 0) {
		head->wants_close = header_has_token(head->connection, "close");
		head->wants_keep_alive =
		    header_has_token(head->connection, "keep-alive");
	}
	if (head->expect.size > 0) {
		head->expects_continue =
		    !head->is_http10 &&
		    header_has_token(head->expect, "100-continue");
		head->expects_more = !head->expects_continue;
	}
	head->accepts_gzip = head->accept_encoding.size > 0 &&
			     gzip_is_accepted(head->accept_encoding);
}

enum refusal
head_parse(struct slice bytes, struct head *head)
{
	struct slice rest = bytes;
	struct slice line = line_take(&rest);
	enum refusal refusal;
	unsigned count = 0;

	*head = (struct head){ .size = bytes.size };
	refusal = request_line_parse(line, head);
	while (refusal != REFUSAL_MALFORMED) {
		line = line_take(&rest);
		if (line.size == 0)
			break;
		if (++count > HTTP_HEADERS_MAX)
			return (REFUSAL_TOO_LARGE);
		refusal = earlier(refusal, header_parse(line, head));
	}
	if (refusal == REFUSAL_MALFORMED)
		return (refusal);
	refusal = earlier(refusal, framing_check(head));
	refusal = earlier(refusal, host_check(head));
	connection_decide(head);
	return (refusal);
}
