/*
 * The handlers of the route table, one file a section of api/http.md.
 *
 * Each checks syntax, fills the request of a method, and names the renderer of
 * its reply. None of them decides anything.
 */
#ifndef HTTPD_API_H
#define HTTPD_API_H

#include "request.h"

route_fn api_kv;
route_fn api_txn;

route_fn api_session_create;
route_fn api_session_destroy;
route_fn api_session_info;
route_fn api_session_node;
route_fn api_session_list;
route_fn api_session_renew;

route_fn api_catalog_register;
route_fn api_catalog_deregister;
route_fn api_catalog_datacenters;
route_fn api_catalog_nodes;
route_fn api_catalog_services;
route_fn api_catalog_service;
route_fn api_catalog_node;
route_fn api_catalog_node_services;

route_fn api_health_node;
route_fn api_health_checks;
route_fn api_health_service;
route_fn api_health_state;

route_fn api_ui_nodes;
route_fn api_ui_node;
route_fn api_ui_services;

route_fn api_agent_self;
route_fn api_agent_host;
route_fn api_agent_metrics;
route_fn api_agent_monitor;
route_fn api_agent_members;
route_fn api_agent_join;
route_fn api_agent_leave;
route_fn api_agent_force_leave;
route_fn api_agent_reload;
route_fn api_agent_maintenance;

route_fn api_agent_services;
route_fn api_agent_service;
route_fn api_agent_service_register;
route_fn api_agent_service_deregister;
route_fn api_agent_service_maintenance;
route_fn api_agent_checks;
route_fn api_agent_check_register;
route_fn api_agent_check_deregister;
route_fn api_agent_check_pass;
route_fn api_agent_check_warn;
route_fn api_agent_check_fail;
route_fn api_agent_check_update;
route_fn api_agent_health_id;
route_fn api_agent_health_name;

route_fn api_event_fire;
route_fn api_event_list;
route_fn api_snapshot;

route_fn api_query;
route_fn api_query_id;

route_fn api_status_leader;
route_fn api_status_peers;
route_fn api_operator_raft_configuration;
route_fn api_operator_raft_peer;
route_fn api_operator_autopilot_configuration;
route_fn api_operator_autopilot_health;
route_fn api_operator_keyring;

route_fn api_coordinate_datacenters;
route_fn api_coordinate_nodes;
route_fn api_coordinate_node;
route_fn api_coordinate_update;

/* Capabilities that are off, as Consul says it; and those that are not built
 * yet, by name: never a made-up answer. */
route_fn api_acl_disabled;
route_fn api_connect_authorize;
route_fn api_connect_configuration;
route_fn api_connect_leaf;
route_fn api_connect_roots;
route_fn api_discovery_chain;
route_fn api_not_built;

#endif
