/* A yamux connection: its bytes, and its pings. See net.h. */
#include "net.h"

void
mux_link_init(struct mux_link *ml, struct link *link, bool is_client)
{
	mux_init(&ml->mux, is_client);
	ml->link = link;
	ml->counted = 0;
	ml->pings = 0;
	ml->awaits_pong = false;
	link_set_timer(link, MUX_PING_EVERY);
}

void
mux_link_deinit(struct mux_link *ml)
{
	(void)links_keep(ml->link->links, &ml->counted, 0);
	mux_deinit(&ml->mux);
}

bool
mux_link_push(struct mux_link *ml)
{
	size_t size;

	buf_put_slice(&ml->link->out, buf_slice(&ml->mux.out));
	buf_deinit(&ml->mux.out);
	size = link_waiting(ml->link) + ml->mux.out_waiting;
	return (links_keep(ml->link->links, &ml->counted, size) &&
		size <= MUX_OUT_BYTES_MAX);
}

bool
mux_link_tick(struct mux_link *ml)
{
	if (ml->awaits_pong)
		return (false);
	ml->awaits_pong = true;
	mux_ping(&ml->mux, ml->pings++);
	link_set_timer(ml->link, MUX_PONG_WITHIN);
	return (mux_link_push(ml));
}

void
mux_link_pong(struct mux_link *ml)
{
	ml->awaits_pong = false;
	link_set_timer(ml->link, MUX_PING_EVERY);
}
