import type { Caveat } from "@hopscope/core";
import { isObject, type Json, list, normalise, object, text, typeOf, values } from "./json.ts";

/** One Envoy's program: its resources as Envoy itself names and prints them, in snake_case. */
export interface EnvoyConfig {
  readonly listeners: readonly Json[];
  readonly routes: ReadonlyMap<string, Json>;
  readonly clusters: ReadonlyMap<string, Json>;
  /** ClusterLoadAssignments by cluster name. */
  readonly endpoints: ReadonlyMap<string, Json>;
  /** Values of the static runtime layers. */
  readonly runtime: ReadonlyMap<string, unknown>;
  readonly caveats: readonly Caveat[];
}

interface Draft {
  readonly listeners: Json[];
  readonly routes: Map<string, Json>;
  readonly clusters: Map<string, Json>;
  readonly endpoints: Map<string, Json>;
  readonly runtime: Map<string, unknown>;
  readonly caveats: Caveat[];
}

const nameOf = (resource: Json): string => text(resource["name"]) ?? text(resource["cluster_name"]) ?? "";

function addAssignment(draft: Draft, assignment: Json): void {
  draft.endpoints.set(nameOf(assignment), assignment);
}

/** `/clusters?format=json`: one status for each cluster, hosts with their health. */
function addStatus(draft: Draft, status: Json): void {
  const endpoints = list(status["host_statuses"]).map((host) => {
    const health = object(host["health_status"]);
    const failed = health["failed_active_health_check"] === true || health["failed_outlier_check"] === true;
    return {
      locality: host["locality"],
      priority: host["priority"],
      lb_endpoints: [{ endpoint: { address: host["address"], hostname: host["hostname"] }, load_balancing_weight: host["weight"], health_status: failed ? "UNHEALTHY" : text(health["eds_health_status"]) }],
    };
  });
  addAssignment(draft, { cluster_name: nameOf(status), endpoints });
}

function addRuntime(draft: Draft, bootstrap: Json): void {
  for (const layer of list(object(bootstrap["layered_runtime"])["layers"])) {
    for (const [key, value] of Object.entries(object(layer["static_layer"]))) draft.runtime.set(key, value);
  }
}

function addResource(draft: Draft, resource: Json): void {
  if ("filter_chains" in resource || "default_filter_chain" in resource || typeOf(resource).endsWith("v3.Listener")) draft.listeners.push(resource);
  else if ("virtual_hosts" in resource || typeOf(resource).endsWith("RouteConfiguration")) draft.routes.set(nameOf(resource), resource);
  else if ("host_statuses" in resource) addStatus(draft, resource);
  else if ("cluster_name" in resource) addAssignment(draft, resource);
  else if (nameOf(resource) !== "") draft.clusters.set(nameOf(resource), resource);
}

function addBootstrap(draft: Draft, bootstrap: Json): void {
  addRuntime(draft, bootstrap);
  const resources = object(bootstrap["static_resources"]);
  draft.listeners.push(...list(resources["listeners"]));
  for (const cluster of list(resources["clusters"])) draft.clusters.set(nameOf(cluster), cluster);
}

/** The resources inside one section of `/config_dump`, and of the single-resource forms of it. */
function addSection(draft: Draft, section: Json): void {
  const resources = (field: string, inner: string): readonly Json[] => list(section[field]).map((item) => item[inner]).filter(isObject);
  addRuntime(draft, object(section["bootstrap"]));
  draft.listeners.push(...resources("static_listeners", "listener"));
  for (const state of resources("dynamic_listeners", "active_state")) if (isObject(state["listener"])) draft.listeners.push(state["listener"]);
  for (const field of ["static_clusters", "dynamic_active_clusters"]) for (const cluster of resources(field, "cluster")) draft.clusters.set(nameOf(cluster), cluster);
  for (const field of ["static_route_configs", "dynamic_route_configs"]) for (const routes of resources(field, "route_config")) draft.routes.set(nameOf(routes), routes);
  for (const field of ["static_endpoint_configs", "dynamic_endpoint_configs"]) for (const assignment of resources(field, "endpoint_config")) addAssignment(draft, assignment);
  const single = section["active_state"] ?? section["listener"] ?? section["cluster"] ?? section["route_config"] ?? section["endpoint_config"];
  if (isObject(single)) addResource(draft, isObject(single["listener"]) ? single["listener"] : single);
}

/**
 * Reads an Envoy's configuration: a bootstrap with static resources, the admin interface's `config_dump`,
 * or arrays of resources as xDS carries them. Field names may be snake_case or lowerCamelCase.
 *
 * @see Envoy 1.26, admin.v3 ConfigDump, config.bootstrap.v3
 * @example
 * loadEnvoyConfig({ listeners: [], clusters: [{ name: "web", type: "EDS" }] }).clusters.size // 1
 */
export function loadEnvoyConfig(json: unknown): EnvoyConfig {
  const draft: Draft = { listeners: [], routes: new Map(), clusters: new Map(), endpoints: new Map(), runtime: new Map(), caveats: [] };
  const root = normalise(json);
  if (Array.isArray(root)) for (const resource of list(root)) addResource(draft, resource);
  else if (isObject(root)) {
    if (isObject(root["bootstrap"]) || isObject(root["static_resources"])) addBootstrap(draft, isObject(root["static_resources"]) ? root : object(root["bootstrap"]));
    for (const section of list(root["configs"])) addSection(draft, section);
    for (const field of ["listeners", "routes", "route_configurations", "clusters", "endpoints", "cluster_statuses"]) for (const resource of list(root[field])) addResource(draft, field === "clusters" ? { type: "STATIC", ...resource } : resource);
  }
  if (values(root).length === 0 && draft.listeners.length + draft.clusters.size + draft.routes.size + draft.endpoints.size === 0) {
    draft.caveats.push({ code: "envoy/no-resources", problem: "the input holds no listener, route configuration or cluster that is known" });
  }
  return draft;
}
