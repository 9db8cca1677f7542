import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { istioConfigName } from "./config-order.ts";
import { destinationRuleFor } from "./destination-rules.ts";
import type { Model } from "./model.ts";
import { applies, isCatchAll, routeMatch } from "./route-match.ts";
import type { RouteContext } from "./route-match.ts";
import { DEFAULT_RETRY, faultConfig, headerFields, retryPolicy, routeAction } from "./route-action.ts";
import type { Registry } from "./route-action.ts";
import { policyFor, protoDuration } from "./traffic-policy.ts";
import type { Json, MeshService, Proxy } from "./types.ts";
import type { HttpMatch, HttpRoute, VirtualService } from "./virtual-services.ts";

export interface CompiledRoute { readonly route: Json; readonly origin: Origin }

/** Consistent-hash policies of a destination, from its DestinationRule (`route.go consistentHashToHashPolicy`). */
export function hashPolicies(model: Model, proxy: Proxy, byHost: ReadonlyMap<string, MeshService>): Registry["hash"] {
  return (host, port, subset) => {
    const service = byHost.get(host);
    if (service === undefined) return undefined;
    const rule = destinationRuleFor(model.destinationRules, proxy, service, model.mesh);
    const hash = policyFor(rule?.trafficPolicy, rule?.subsets.find((entry) => entry.name === subset)?.trafficPolicy, port).loadBalancer?.consistentHash;
    if (hash === undefined) return undefined;
    if (typeof hash["httpHeaderName"] === "string") return [{ header: { headerName: hash["httpHeaderName"] } }];
    const cookie = hash["httpCookie"] as { name?: string; path?: string; ttl?: string } | undefined;
    if (cookie !== undefined) return [{ cookie: { name: cookie.name, ...(cookie.path === undefined ? {} : { path: cookie.path }), ...(cookie.ttl === undefined ? {} : { ttl: protoDuration(cookie.ttl) }) } }];
    if (hash["useSourceIp"] === true) return [{ connectionProperties: { sourceIp: true } }];
    if (typeof hash["httpQueryParameterName"] === "string") return [{ queryParameter: { name: hash["httpQueryParameterName"] } }];
    return undefined;
  };
}

function compileItem(vs: VirtualService, item: HttpRoute, match: HttpMatch | undefined, registry: Registry): Json {
  const compiled = routeMatch(match);
  const action = routeAction(item, registry, true);
  const own = headerFields(item.headers?.request, item.headers?.response);
  const out: Json = { match: compiled, metadata: { filterMetadata: { istio: { config: istioConfigName("virtual-service", vs.resource) } } }, ...action };
  for (const [field, value] of Object.entries(own)) out[field] = [...(value as readonly unknown[]), ...((action[field] as readonly unknown[] | undefined) ?? [])];
  const name = [item.name, match?.name].filter((part) => part !== undefined && part !== "").join(".");
  if (name !== "") out["name"] = name;
  if (item.fault !== undefined) out["typedPerFilterConfig"] = { "envoy.filters.http.fault": faultConfig(item.fault) };
  if (action["redirect"] === undefined && action["directResponse"] === undefined) {
    const target = (action["route"] as Json)["cluster"];
    const weighted = ((action["route"] as Json)["weightedClusters"] as { clusters?: readonly { name: string }[] } | undefined)?.clusters?.[0]?.name;
    const cluster = (typeof target === "string" ? target : (weighted ?? "")).split("|");
    out["decorator"] = { operation: `${cluster[3] ?? ""}:${cluster[1] ?? ""}/${match?.uri === undefined ? "*" : `${(match.uri.exact ?? match.uri.prefix ?? match.uri.regex ?? "").replace(/^\//, "")}${match.uri.prefix === undefined ? "" : "*"}`}` };
  }
  return out;
}

/**
 * Compiles a VirtualService's HTTP items for one proxy, gateway and port; what follows a catch-all is cut.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/route.go BuildHTTPRoutesForVirtualService
 */
export function compileRoutes(vs: VirtualService, context: RouteContext, registry: Registry): readonly CompiledRoute[] {
  const out: CompiledRoute[] = [];
  for (const item of vs.http) {
    const origin = (path: string): Origin => originOf(item.from ?? vs.resource, path === "" ? item.path : `${item.path ?? ""}.${path}`);
    if (item.match === undefined || item.match.length === 0) {
      out.push({ route: compileItem(vs, item, undefined, registry), origin: origin("") });
      return out;
    }
    for (const [index, match] of item.match.entries()) {
      if (!applies(match, context)) continue;
      const route = compileItem(vs, item, match, registry);
      out.push({ route, origin: origin(`match[${index}]`) });
      if (isCatchAll(route["match"] as Json)) return out;
    }
  }
  return out;
}

/** The route to a service that no VirtualService speaks of. */
export function defaultRoute(model: Model, cluster: string, host: string, port: number, hash?: readonly Json[]): Json {
  const retry = model.mesh.defaultHttpRetryPolicy === undefined ? DEFAULT_RETRY : retryPolicy(undefined, model.mesh.defaultHttpRetryPolicy);
  return { name: "default", match: { prefix: "/" }, decorator: { operation: `${host}:${port}/*` }, route: { cluster, timeout: "0s", maxGrpcTimeout: "0s", ...(retry === undefined ? {} : { retryPolicy: retry }), ...(hash === undefined ? {} : { hashPolicy: hash }) } };
}
