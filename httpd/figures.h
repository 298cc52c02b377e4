/*
 * What httpd measures: how long each endpoint takes, and how often those of
 * the catalog are called.
 *
 * Names   http.GET.v1.kv._: method and pattern; "_" stands for an argument
 * Source  Consul's agent/http.go, wrap; api/config.md 7
 */
#ifndef HTTPD_FIGURES_H
#define HTTPD_FIGURES_H

#include "config.h"
#include "metrics.h"
#include "respond.h"

struct figures;
struct figures_endpoint;
struct request;

struct figures *figures_new(const struct config *);
/* The request has found its endpoint. */
void figures_begin(struct request *);
void figures_answered(const struct figures_endpoint *, const struct blob *);

#endif
