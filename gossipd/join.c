/* Joining; see join.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "common/daemon.h"
#include "common/log.h"
#include "common/names.h"
#include "common/xmalloc.h"
#include "join.h"
#include "resolve.h"

struct joining {
	struct pool *pool; /* lent */
	join_fn *done;
	void *arg;
	struct slice *texts; /* in the arena */
	size_t count, next;
	struct arena arena;
	struct resolved resolved; /* of the text before `next` */
	size_t next_address;
	uint16_t port;
	size_t joined;
	struct buf errors; /* "\n\t* ..." each */
	size_t error_count;
	ev_timer turn; /* one step a turn of the loop */
};

static void next_step(struct joining *);

/* --- What was written. --- */

/* Go's ParseUint(text, 10, 16); else *why says what it says. */
static bool
port_parse(const char *text, uint16_t *out, const char **why)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port = strtoul(text, NULL, 10);

	if (digits == 0 || text[digits] != '\0') {
		*why = "invalid syntax";
		return (false);
	}
	*why = "value out of range";
	if (port > UINT16_MAX)
		return (false);
	*out = (uint16_t)port;
	return (true);
}

/* Cut a port off `text` and give what stood there; NULL: there was none. */
static const char *
port_cut(char *text)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL || (strchr(text, ':') != colon && colon[-1] != ']'))
		return (NULL); /* none, or IPv6 without brackets */
	*colon = '\0';
	return (colon + 1);
}

static char *
brackets_cut(char *text)
{
	size_t size = strlen(text);

	if (size < 2 || text[0] != '[' || text[size - 1] != ']')
		return (text);
	text[size - 1] = '\0';
	return (text + 1);
}

static void
error_add(
    struct joining *j, const char *what, const char *about, struct slice why)
{
	buf_printf(&j->errors, "\n\t* Failed to %s %s: %.*s", what, about,
	    SLICE_ARGS(why));
	j->error_count++;
}

/* --- Steps. --- */

static void
on_turn(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	next_step(w->data);
}

static void
step_later(struct joining *j)
{
	ev_timer_init(&j->turn, on_turn, 0, 0);
	j->turn.data = j;
	ev_timer_start(j->pool->daemon->loop, &j->turn);
}

static void
on_joined(void *arg, bool is_ok, struct slice why)
{
	struct joining *j = arg;
	char ip[IP_TEXT_MAX];

	if (is_ok)
		j->joined++;
	else
		error_add(j, "join",
		    endpoint_print_ip(
			&j->resolved.addresses[j->next_address - 1], ip),
		    why);
	step_later(j);
}

static void
address_join(struct joining *j)
{
	struct gossip_event event = { .kind = GOSSIP_JOIN };
	struct endpoint *to = &j->resolved.addresses[j->next_address++];

	to->port = j->port;
	event.as.join.to = *to;
	pool_command(j->pool, &event,
	    &(struct pool_command){ .done = on_joined, .arg = j });
}

static void
on_resolved(void *arg, const struct resolved *resolved)
{
	struct joining *j = arg;

	j->resolved = *resolved;
	j->next_address = 0;
	if (resolved->count == 0)
		error_add(j, "resolve",
		    arena_text(&j->arena, j->texts[j->next - 1]),
		    slice_of_text(resolved->why));
	step_later(j);
}

static void
port_refuse(struct joining *j, const char *port, const char *why)
{
	j->resolved.count = 0;
	error_add(j, "resolve", arena_text(&j->arena, j->texts[j->next - 1]),
	    arena_printf(
		&j->arena, "strconv.ParseUint: parsing \"%s\": %s", port, why));
	step_later(j);
}

/* We may read the resolver's files that were there at our start, and no new
 * ones in their places: then what is asked now fails, and our next life, which
 * retries its joins, can. */
static void
names_check(struct daemon *d)
{
	if (!names_are_stale())
		return;
	log_info("agent",
	    "Files of the resolver have been replaced, starting anew to read "
	    "them",
	    "daemon=gossipd");
	daemon_stop(d, EXIT_ANEW);
}

static void
text_take(struct joining *j, struct slice text)
{
	const struct config *c = j->pool->daemon->config;
	int own_port = j->pool->is_wan ? c->serf_wan_port : c->serf_lan_port;
	char copy[JOIN_TEXT_MAX] = "", *host = copy, *slash;
	const char *port, *why;

	if (text.size < sizeof(copy))
		memcpy(copy, text.data, text.size);
	if ((slash = strchr(host, '/')) != NULL)
		host = slash + 1;
	j->port = (uint16_t)own_port;
	port = port_cut(host);
	if (port != NULL && !port_parse(port, &j->port, &why)) {
		port_refuse(j, port, why);
		return;
	}
	host = brackets_cut(host);
	j->next_address = 0;
	j->resolved.count = 0;
	if (endpoint_parse_ip(host, &j->resolved.addresses[0])) {
		j->resolved.count = 1;
		address_join(j);
		return;
	}
	names_check(j->pool->daemon);
	resolve(j->pool->daemon->loop, host, on_resolved, j);
}

static void
finish(struct joining *j)
{
	struct slice why = { 0 };

	if (j->joined == 0 && j->error_count > 0)
		why = arena_printf(&j->arena, "%zu error%s occurred:%.*s\n\n",
		    j->error_count, j->error_count == 1 ? "" : "s",
		    SLICE_ARGS(buf_slice(&j->errors)));
	j->done(j->arg, j->joined, why);
	buf_deinit(&j->errors);
	arena_deinit(&j->arena);
	free(j);
}

static void
next_step(struct joining *j)
{
	if (j->next_address < j->resolved.count)
		address_join(j);
	else if (j->next < j->count)
		text_take(j, j->texts[j->next++]);
	else
		finish(j);
}

void
join_start(struct pool *pool, const struct slice *addresses, size_t count,
    join_fn *done, void *arg)
{
	struct joining *j = xcalloc(1, sizeof(*j));

	j->pool = pool;
	j->done = done;
	j->arg = arg;
	j->count = count;
	arena_init(&j->arena);
	j->texts = arena_array(&j->arena, count, sizeof(*j->texts));
	for (size_t i = 0; i < count; i++)
		j->texts[i] = arena_copy(&j->arena, addresses[i]);
	step_later(j);
}
