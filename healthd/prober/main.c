/* The prober's start; see prober.h. */
#include <signal.h>

#include "healthd/runner.h"
#include "log.h"
#include "names.h"
#include "privsep.h"
#include "prober.h"

int
main(void)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_NOENV);

	if (loop == NULL)
		fatal("libev has no loop for us");
	/* The end of the runner and of healthd is the end of the socket. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		fatal("libcurl does not start");
	names_load();
	prober_new(loop, PROBER_SOCKET);
	privsep_confine_prober();
	ev_run(loop, 0);
	return (0);
}
