/* Figures of requests; see figures.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "figures.h"
#include "httpd.h"
#include "request.h"
#include "xmalloc.h"

#define COMMON_METHODS 5  /* that are common: HTTP_GET to HTTP_HEAD */
#define STATUS_AT      9  /* of "HTTP/1.1 200 OK" */
#define METHOD_BYTES   16 /* longer ones nobody means */

/* Endpoints whose calls are counted, too. */
static const struct {
	const char *pattern;
	const char *name;
} counted[] = {
	{ "/v1/catalog/register", "catalog_register" },
	{ "/v1/catalog/deregister", "catalog_deregister" },
	{ "/v1/catalog/datacenters", "catalog_datacenters" },
	{ "/v1/catalog/nodes", "catalog_nodes" },
	{ "/v1/catalog/services", "catalog_services" },
	{ "/v1/catalog/service/", "catalog_service_nodes" },
	{ "/v1/catalog/node/", "catalog_node_services" },
	{ "/v1/catalog/node-services/", "catalog_node_service_list" },
};

#define COUNTED (sizeof(counted) / sizeof(counted[0]))

struct figures_endpoint {
	const char *name;
	struct figures *all;
};

struct figures {
	struct buf node; /* label of calls */
	struct metric
	    *timed[ROUTES_MAX][COMMON_METHODS]; /* lent; NULL: not yet */
	const struct figures_endpoint *endpoints[ROUTES_MAX];
	struct figures_endpoint counted[COUNTED];
};

struct figures *
figures_new(const struct config *config)
{
	struct figures *f = xcalloc(1, sizeof(*f));
	const struct route *route;

	buf_put_text(&f->node, config->node_name);
	for (size_t i = 0; i < COUNTED; i++) {
		f->counted[i].name = counted[i].name;
		f->counted[i].all = f;
		for (size_t j = 0; (route = route_row(j)) != NULL; j++)
			if (strcmp(route->pattern, counted[i].pattern) == 0)
				f->endpoints[j] = &f->counted[i];
	}
	return (f);
}

/* "http.GET.v1.kv._" of "/v1/kv/". */
static void
name_make(struct buf *out, struct slice method, const char *pattern)
{
	buf_put_text(out, "http.");
	buf_put_slice(out, method);
	for (; *pattern != '\0'; pattern++)
		buf_put_u8(out, *pattern == '/' ? '.' : (uint8_t)*pattern);
	if (out->data[out->size - 1] == '.')
		buf_put_u8(out, '_');
}

static struct metric *
metric_find(struct figures *f, const struct request *r)
{
	size_t method = (size_t)__builtin_ctz(r->head->method);
	size_t index = route_index(r->route);
	struct metric *m = NULL;
	struct buf name = { 0 };

	if (method < COMMON_METHODS && f->timed[index][method] != NULL)
		return (f->timed[index][method]);
	if (r->head->method_text.size > METHOD_BYTES)
		return (NULL);
	name_make(&name, r->head->method_text, r->route->pattern);
	if (method < COMMON_METHODS)
		m = f->timed[index][method] =
		    metrics_named(METRIC_SAMPLE, buf_slice(&name));
	else
		m = metrics_passing(METRIC_SAMPLE, buf_slice(&name));
	buf_deinit(&name);
	return (m);
}

static void
endpoint_count(const struct figures_endpoint *e, const char *outcome)
{
	struct buf name = { 0 };

	buf_printf(&name, "client.%s.%s", outcome, e->name);
	metric_add(metrics_named_for(METRIC_COUNTER, buf_slice(&name), "node",
		       buf_slice(&e->all->node)),
	    1);
	buf_deinit(&name);
}

void
figures_begin(struct request *r)
{
	struct figures *f = r->httpd->figures;
	const struct figures_endpoint *endpoint =
	    f->endpoints[route_index(r->route)];

	if ((r->head->method & r->route->methods) == 0)
		endpoint = NULL;
	if (endpoint != NULL)
		endpoint_count(endpoint, "api");
	conn_measure(r->conn, metric_find(f, r), endpoint);
}

void
figures_answered(const struct figures_endpoint *e, const struct blob *blob)
{
	assert(blob->size > STATUS_AT);
	if (blob->data[STATUS_AT] == '2')
		endpoint_count(e, "api.success");
	else if (blob->data[STATUS_AT] == '5')
		endpoint_count(e, "rpc.error");
}
