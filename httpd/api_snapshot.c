/*
 * /v1/snapshot: an archive of the servers' whole state, out or in; api/http.md
 * 13.
 *
 * It is never here as a whole: what comes from the one side goes to the other
 * before more is taken, so a slow client makes nobody wait but itself.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "conn.h"
#include "httpd.h"
#include "ipc.h"
#include "xmalloc.h"

#define PIECE_BYTES (256 * 1024)
/* Taking a snapshot of much, or loading one, takes its time. */
#define DEADLINE SECONDS(660)

struct job {
	struct httpd *httpd; /* lent */
	struct conn *conn;   /* lent */
	bool is_save;
	bool wants_gzip; /* of an error; an archive is gzip already */
	bool is_last;	 /* what was written is all */
	uint64_t ask;	 /* 0: none */
	uint64_t handle; /* 0: none is open */
};

static struct edge *
catalogd(const struct job *job)
{
	return (httpd_catalogd(job->httpd));
}

/* --- The end. --- */

static void
on_closed(void *arg, const struct answer *answer)
{
	(void)arg;
	(void)answer;
}

static void
job_free(struct job *job)
{
	const struct snapshot_handle handle = { .handle = job->handle };

	if (job->ask != 0)
		edge_cancel(catalogd(job), job->ask);
	else if (job->handle != 0)
		edge_ask(catalogd(job), METHOD_Snapshot_Close,
		    &snapshot_handle_type, &handle, SECONDS(10), on_closed,
		    NULL);
	free(job);
}

/* The connection has gone. */
static void
on_close(void *arg)
{
	job_free(arg);
}

static void
finish(struct job *job, struct response *out)
{
	struct conn *conn = job->conn;
	const struct render_options options = {
		.wants_gzip = job->wants_gzip,
		.gzip = job->httpd->gzip,
		.extra_headers = job->httpd->policy.api_headers,
	};
	struct blob *blob;

	out->is_api = true;
	blob = blob_new(out, &options);
	job->handle = 0; /* it has ended, too */
	job_free(job);
	conn_finish(conn, blob);
	blob_release(blob);
}

static int
status_of(struct slice text)
{
	if (memmem(text.data, text.size, "Permission denied", 17) != NULL ||
	    memmem(text.data, text.size, "ACL not found", 13) != NULL)
		return (403);
	return (500);
}

static void
fail(struct job *job, struct slice text)
{
	struct response out = { 0 };

	conn_log_error(job->conn, text);
	response_text_slice(&out, status_of(text), text);
	finish(job, &out);
}

/* --- A save: read there, when the client has taken what was read before. ---
 */

static void read_on(struct job *);

static void
on_read(void *arg, const struct answer *answer)
{
	struct job *job = arg;
	struct conn *conn = job->conn;
	struct snapshot_bytes piece;
	struct arena *arena = &job->httpd->arena;

	job->ask = 0;
	arena_reset(arena);
	if (answer->err != ERR_OK ||
	    type_decode_all(
		&snapshot_bytes_type, answer->body, arena, &piece) != ERR_OK) {
		/* The head is out: all there is to say is that it is cut. */
		conn_log_error(conn, answer->text);
		job_free(job);
		conn_abort(conn);
		return;
	}
	if (piece.data.size > 0)
		(void)conn_chunk(conn, piece.data); /* there is room: see
						       read_on() */
	if (piece.is_last) {
		job->handle = 0;
		job_free(job);
		conn_stream_end(conn);
	} else if (piece.data.size == 0)
		read_on(job);
}

static void
read_on(struct job *job)
{
	const struct snapshot_handle wanted = { .handle = job->handle };

	job->ask = edge_ask(catalogd(job), METHOD_Snapshot_Read,
	    &snapshot_handle_type, &wanted, DEADLINE, on_read, job);
}

static void
save_begin(struct job *job, const struct query_meta *meta)
{
	const struct render_options options = {
		.extra_headers = job->httpd->policy.api_headers,
	};
	struct response out = {
		.status = 200,
		.is_api = true,
		.is_stream = true,
		.content_type = SLICE("application/x-gzip"),
	};
	struct blob *head;

	response_meta(&out, meta);
	head = blob_new(&out, &options);
	conn_stream_begin(job->conn, head);
	blob_release(head);
	read_on(job);
}

/* --- A restore: written there, as the client sends it. --- */

static void write_on(struct job *);

static void
on_written(void *arg, const struct answer *answer)
{
	struct job *job = arg;
	struct response out = { .status = 200 };

	job->ask = 0;
	if (answer->err != ERR_OK)
		fail(job, answer->text);
	else if (job->is_last)
		finish(job, &out);
	else
		write_on(job);
}

static void
write_on(struct job *job)
{
	struct snapshot_write piece = { .handle = job->handle };
	struct conn *conn = job->conn;
	struct buf bytes = { 0 };
	enum conn_body body = conn_body(conn, PIECE_BYTES, &bytes);

	if (body == CONN_BODY_BROKEN) {
		job_free(job);
		conn_abort(conn);
	} else if (bytes.size > 0 || body == CONN_BODY_OVER) {
		piece.data = buf_slice(&bytes);
		piece.is_last = job->is_last = body == CONN_BODY_OVER;
		job->ask = edge_ask(catalogd(job), METHOD_Snapshot_Write,
		    &snapshot_write_type, &piece, DEADLINE, on_written, job);
	}
	buf_deinit(&bytes);
}

/* --- Both. --- */

static void
on_event(void *arg)
{
	struct job *job = arg;

	if (job->ask != 0 || job->handle == 0)
		return;
	if (job->is_save)
		read_on(job);
	else
		write_on(job);
}

static void
on_opened(void *arg, const struct answer *answer)
{
	struct job *job = arg;
	struct snapshot_opened opened;
	struct arena *arena = &job->httpd->arena;

	job->ask = 0;
	arena_reset(arena);
	if (answer->err != ERR_OK) {
		fail(job, answer->text);
		return;
	}
	if (type_decode_all(&snapshot_opened_type, answer->body, arena,
		&opened) != ERR_OK) {
		fail(job, SLICE("malformed answer of a daemon"));
		return;
	}
	job->handle = opened.handle;
	if (job->is_save)
		save_begin(job, &opened.meta);
	else
		write_on(job);
}

void
api_snapshot(struct request *r)
{
	struct snapshot_request wanted = {
		.datacenter = request_datacenter(r),
		.token = r->token,
		.allow_stale = query_has(&r->query, "stale"),
	};
	struct job *job;

	wanted.op =
	    r->head->method == HTTP_PUT ? SNAPSHOT_RESTORE : SNAPSHOT_SAVE;
	job = xcalloc(1, sizeof(*job));
	job->httpd = r->httpd;
	job->conn = r->conn;
	job->wants_gzip = r->head->accepts_gzip;
	job->is_save = wanted.op == SNAPSHOT_SAVE;
	conn_own(r->conn, on_event, on_close, job);
	job->ask = edge_ask(catalogd(job), METHOD_Snapshot_Open,
	    &snapshot_request_type, &wanted, DEADLINE, on_opened, job);
}
