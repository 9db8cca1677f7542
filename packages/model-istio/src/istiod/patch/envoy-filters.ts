import type { Resource } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { byAge, selects } from "../mesh/config-order.ts";
import type { Model } from "../model.ts";
import { canonical } from "./proto-merge.ts";
import type { Json, Labels, Proxy } from "../types.ts";

export type PatchContext = "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND" | "GATEWAY";
type Context = PatchContext | "ANY";
type Operation = "MERGE" | "ADD" | "REMOVE" | "INSERT_BEFORE" | "INSERT_AFTER" | "INSERT_FIRST" | "REPLACE";
export type ApplyTo = "LISTENER" | "LISTENER_FILTER" | "FILTER_CHAIN" | "NETWORK_FILTER" | "HTTP_FILTER" | "ROUTE_CONFIGURATION" | "VIRTUAL_HOST" | "HTTP_ROUTE" | "CLUSTER";

interface FilterMatch { readonly name?: string; readonly subFilter?: { readonly name?: string } }
export interface ListenerMatch { readonly name?: string; readonly portNumber?: number; readonly listenerFilter?: string; readonly filterChain?: { readonly name?: string; readonly sni?: string; readonly transportProtocol?: string; readonly destinationPort?: number; readonly filter?: FilterMatch } }
export interface RouteConfigurationMatch { readonly name?: string; readonly portNumber?: number; readonly portName?: string; readonly gateway?: string; readonly vhost?: { readonly name?: string; readonly route?: { readonly name?: string; readonly action?: string } } }
export interface ClusterMatch { readonly name?: string; readonly service?: string; readonly subset?: string; readonly portNumber?: number }

interface PatchSpec {
  readonly applyTo?: string;
  readonly match?: { readonly context?: Context; readonly proxy?: { readonly proxyVersion?: string; readonly metadata?: Labels }; readonly listener?: ListenerMatch; readonly routeConfiguration?: RouteConfigurationMatch; readonly cluster?: ClusterMatch };
  readonly patch?: { readonly operation?: Operation; readonly value?: Json };
}
interface Spec { readonly priority?: number; readonly workloadSelector?: { readonly labels?: Labels }; readonly configPatches?: readonly PatchSpec[] }

/** One patch of an EnvoyFilter, as it holds for a proxy. */
export interface Patch {
  readonly applyTo: string;
  readonly operation: Operation;
  readonly context: Context;
  readonly value: Json;
  readonly listener?: ListenerMatch;
  readonly routeConfiguration?: RouteConfigurationMatch;
  readonly cluster?: ClusterMatch;
}

/** The version a proxy tells; patches may ask for it. */
const PROXY_VERSION = "1.18";

function versionMatches(wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === "") return true;
  const plain = /^\^(\d+)\\\.(\d+)\.\*$/.exec(wanted);
  if (plain !== null) return PROXY_VERSION === `${plain[1]}.${plain[2]}`;
  try {
    return new RegExp(wanted).test(`${PROXY_VERSION}.7`);
  } catch {
    return true;
  }
}

const INSERTS = new Set<Operation>(["INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST"]);
const INSERTABLE = new Set(["HTTP_FILTER", "NETWORK_FILTER", "HTTP_ROUTE", "LISTENER_FILTER"]);

function patchesOf(resource: Resource): readonly Patch[] {
  return ((resource.spec ?? {}) as Spec).configPatches?.flatMap((entry): Patch[] => {
    const { patch, match, applyTo = "" } = entry;
    if (patch === undefined || !versionMatches(match?.proxy?.proxyVersion) || Object.keys(match?.proxy?.metadata ?? {}).length > 0) return [];
    const operation = patch.operation ?? "INVALID" as Operation;
    return [{
      applyTo, context: match?.context ?? "ANY", value: canonical(patch.value ?? {}) as Json,
      operation: INSERTS.has(operation) && !INSERTABLE.has(applyTo) ? "ADD" : operation,
      ...(match?.listener === undefined ? {} : { listener: match.listener }),
      ...(match?.routeConfiguration === undefined ? {} : { routeConfiguration: match.routeConfiguration }),
      ...(match?.cluster === undefined ? {} : { cluster: match.cluster }),
    }];
  }) ?? [];
}

/**
 * The patches of all EnvoyFilters that hold for a proxy: the root namespace's, then its own, by priority and age.
 * @see istio 1.18 pilot/pkg/model/push_context.go EnvoyFilters
 */
export function envoyPatches(model: Model, proxy: Proxy): readonly Patch[] {
  const spec = (resource: Resource): Spec => (resource.spec ?? {}) as Spec;
  const all = [...resourcesOf(model.seen, "EnvoyFilter")].sort((a, b) => (spec(a).priority ?? 0) - (spec(b).priority ?? 0) || byAge(a, b));
  return [...new Set([model.mesh.rootNamespace, proxy.namespace])].flatMap((namespace) =>
    all.filter((resource) => resource.metadata.namespace === namespace && selects(spec(resource).workloadSelector?.labels, proxy.labels)).flatMap(patchesOf));
}

const inContext = (patch: Patch, context: PatchContext): boolean => patch.context === context || patch.context === "ANY";

/** The patches of a kind in a context. */
export const patchesFor = (patches: readonly Patch[], applyTo: ApplyTo, context: PatchContext): readonly Patch[] => patches.filter((patch) => patch.applyTo === applyTo && inContext(patch, context));

/** Puts a value beside the first item that matches, or at an end where the patch names none; tells whether the list changed. */
export function insertInto(list: Json[], patch: Patch, isNamed: boolean, matches: (item: Json) => boolean): void {
  const value = structuredClone(patch.value);
  const at = isNamed ? list.findIndex(matches) : -1;
  switch (patch.operation) {
    case "ADD": list.push(value); break;
    case "INSERT_FIRST": list.unshift(value); break;
    case "INSERT_AFTER": if (!isNamed) list.push(value); else if (at >= 0) list.splice(at + 1, 0, value); break;
    case "INSERT_BEFORE": if (!isNamed) list.unshift(value); else if (at >= 0) list.splice(at, 0, value); break;
    case "REPLACE": if (at >= 0) list[at] = value; break;
    default:
  }
}

/** Names of filters before Envoy 1.14; a patch may still use them. */
const OLD_NAMES: Readonly<Record<string, string>> = Object.fromEntries([
  ...["buffer", "cors", "csrf", "dynamo", "fault", "grpc_http1_bridge", "grpc_json_transcoder", "grpc_web", "gzip", "health_check", "ip_tagging", "lua", "router", "squash"].map((name) => [`envoy.filters.http.${name}`, `envoy.${name}`]),
  ["envoy.filters.http.ratelimit", "envoy.rate_limit"], ["envoy.filters.http.ext_authz", "envoy.ext_authz"],
  ...["client_ssl_auth", "echo", "http_connection_manager", "mongo_proxy", "ratelimit", "redis_proxy", "tcp_proxy"].map((name) => [`envoy.filters.network.${name}`, `envoy.${name}`]),
  ...["original_dst", "original_src", "proxy_protocol", "tls_inspector", "http_inspector"].map((name) => [`envoy.filters.listener.${name}`, `envoy.listener.${name}`]),
]);
const NEW_NAMES = new Map(Object.entries(OLD_NAMES).map(([name, old]) => [old, name]));

export const filterNamed = (filter: Json, name: string | undefined): boolean => filter["name"] === name || (name !== undefined && OLD_NAMES[String(filter["name"])] === name);
export const canonicalName = (name: string): string => NEW_NAMES.get(name) ?? name;
