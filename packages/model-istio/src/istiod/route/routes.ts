import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { istioConfigName } from "../mesh/config-order.ts";
import { faultConfig } from "./faults.ts";
import { isMade } from "../convert/made.ts";
import type { Model } from "../model.ts";
import type { RouteContext } from "./match.ts";
import { applies, isCatchAll, routeMatch } from "./match.ts";
import type { Registry } from "./action.ts";
import { headerFields, retryPolicy, routeAction } from "./action.ts";
import type { Json } from "../types.ts";
import type { HttpMatch, HttpRoute, VirtualService } from "./virtual-service.ts";

export interface CompiledRoute { readonly route: Json; readonly origin: Origin }

/** The name traces give the route: its one destination and path, else the VirtualService's (`route.go GetRouteOperation`). */
function operation(route: Json, name: string, port: number): string {
  const match = route["match"] as { readonly prefix?: string; readonly path?: string; readonly safeRegex?: { readonly regex: string } };
  const path = match.prefix !== undefined ? `${match.prefix}*` : (match.path ?? match.safeRegex?.regex ?? "/*");
  const [direction, at, , host] = String((route["route"] as Json | undefined)?.["cluster"] ?? "").split("|");
  return direction !== "" && host !== undefined ? `${host}:${at}${path}` : `${name}:${port}${path}`;
}

function compileItem(vs: VirtualService, item: HttpRoute, match: HttpMatch | undefined, registry: Registry): Json {
  const action = routeAction(item, registry);
  const own = headerFields(item.headers?.request, item.headers?.response);
  const config = vs.parents ?? istioConfigName("virtual-service", vs.resource);
  const out: Json = { match: routeMatch(match, vs), metadata: { filterMetadata: { istio: { config } } }, ...action };
  for (const [field, value] of Object.entries(own)) out[field] = [...(value as readonly unknown[]), ...((action[field] as readonly unknown[] | undefined) ?? [])];
  const name = match?.name === undefined || match.name === "" ? item.name : `${item.name ?? ""}.${match.name}`;
  if (name !== undefined && name !== "") out["name"] = name;
  if ((match?.statPrefix ?? "") !== "") out["statPrefix"] = match?.statPrefix;
  const fault = item.fault === undefined ? undefined : faultConfig(item.fault);
  if (fault !== undefined) out["typedPerFilterConfig"] = { "envoy.filters.http.fault": fault };
  out["decorator"] = { operation: operation(out, vs.resource.metadata.name, registry.port) };
  return out;
}

/**
 * Compiles a VirtualService's HTTP items for one proxy, gateway and port; what follows a catch-all is cut.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/route.go BuildHTTPRoutesForVirtualService
 */
export function compileRoutes(vs: VirtualService, context: RouteContext, registry: Registry): readonly CompiledRoute[] {
  const out: CompiledRoute[] = [];
  for (const item of vs.http) {
    const origin = (path: string): Origin => originOf(item.from ?? vs.resource, path === "" || isMade(vs.resource) ? item.path : `${item.path ?? ""}.${path}`);
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
export function defaultRoute(model: Model, cluster: string, host: string, port: number, hash: Json | undefined): Json {
  const retry = retryPolicy(undefined, model.mesh.defaultHttpRetryPolicy);
  return { name: "default", match: { prefix: "/" }, decorator: { operation: `${host}:${port}/*` }, route: { cluster, timeout: "0s", maxGrpcTimeout: "0s", ...(retry === undefined ? {} : { retryPolicy: retry }), ...(hash === undefined ? {} : { hashPolicy: [hash] }) } };
}
