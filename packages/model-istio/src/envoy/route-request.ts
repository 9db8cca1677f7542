import type { Choose } from "@hopscope/core";
import { type FormatFacts, mutateHeaders } from "./header-mutation.ts";
import { type Headers, headerOf, withHeader } from "./headers.ts";
import { directHeaders } from "./http.ts";
import { isObject, type Json, list, normalise, numberOf, object, text } from "./json.ts";
import { redirectCode, redirectLocation, rewrittenHost, rewrittenPath, setHost, tlsRedirect } from "./rewrite.ts";
import { findRoute, findVirtualHost, pickCluster } from "./route-match.ts";
import { mutationLevels } from "./router.ts";
import { headerMatches } from "./string-match.ts";

/** A request as a route table alone sees it. */
export interface RouteRequest {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly tls?: boolean;
  /** The client counts as internal. */
  readonly internal?: boolean;
}

/** What a route table makes of a request. Empty text where something does not apply. */
export interface RouteAnswer {
  readonly virtualHost: string;
  readonly virtualCluster: string;
  readonly route: string;
  readonly cluster: string;
  /** Path and host as they go upstream. */
  readonly path: string;
  readonly host: string;
  /** Where a redirect, or a direct response's Location, points. */
  readonly location: string;
  readonly status: number | undefined;
  readonly requestHeaders: Headers;
  readonly responseHeaders: Headers;
}

export interface RouteOptions {
  readonly choose: Choose;
  readonly runtime?: ReadonlyMap<string, unknown>;
  /** Decides runtime fractions in place of a choice. */
  readonly decideRuntime?: (key: string, share: number) => boolean;
}

const NOTHING: RouteAnswer = { virtualHost: "", virtualCluster: "", route: "", cluster: "", path: "", host: "", location: "", status: undefined, requestHeaders: [], responseHeaders: [] };

function virtualCluster(virtualHost: Json, headers: Headers): string {
  const clusters = list(virtualHost["virtual_clusters"]);
  const found = clusters.find((cluster) => list(cluster["headers"]).every((matcher) => headerMatches(matcher, headers)));
  return found === undefined ? (clusters.length === 0 ? "" : "other") : (text(found["name"]) ?? "");
}

/**
 * Asks a route configuration alone, without listeners or clusters, what it does with a request.
 *
 * @see Envoy 1.26, test/tools/router_check
 * @example
 * routeRequest({ virtual_hosts: [] }, { method: "GET", authority: "shop.test", path: "/" }, { choose: () => 0 }).cluster // ""
 */
export function routeRequest(configuration: unknown, request: RouteRequest, options: RouteOptions): RouteAnswer {
  const routes = object(normalise(configuration));
  const scheme = request.tls === true ? "https" : "http";
  const pseudo: Headers = [[":method", request.method], [":scheme", scheme], [":authority", request.authority], [":path", request.path], ["x-forwarded-proto", scheme]];
  const headers = [...pseudo, ...(request.headers ?? [])];
  const virtualHost = findVirtualHost(routes, request.authority);
  if (virtualHost === undefined) return NOTHING;
  const tls = text(virtualHost["require_tls"]) ?? "NONE";
  if (request.tls !== true && (tls === "ALL" || (tls === "EXTERNAL_ONLY" && request.internal !== true))) return { ...NOTHING, location: tlsRedirect(headers), status: 301 };
  const route = findRoute(virtualHost, { headers, certificate: false, runtime: options.runtime ?? new Map(), choose: options.choose, decideRuntime: options.decideRuntime });
  if (route === undefined) return NOTHING;
  const facts: FormatFacts = {
    headers, source: { address: "127.0.0.1", port: 0 }, direct: { address: "127.0.0.1", port: 0 }, local: { address: "127.0.0.1", port: 0 },
    protocol: "HTTP/1.1", sni: "", route: text(route["name"]) ?? "", chain: "", cluster: "", peer: undefined,
  };
  const levels = (target?: ReturnType<typeof pickCluster>): readonly Json[] => mutationLevels({ routes, virtualHost, route, action: object(route["route"]), target });
  const named = { virtualHost: text(virtualHost["name"]) ?? "", route: text(route["name"]) ?? "" };
  if (isObject(route["redirect"])) return { ...NOTHING, location: redirectLocation(route, route["redirect"], headers), status: redirectCode(route["redirect"]) };
  if (isObject(route["direct_response"])) {
    const response = route["direct_response"];
    const answer = mutateHeaders(directHeaders(route, response, headers), levels(), "response", facts);
    return { ...NOTHING, location: redirectLocation(route, {}, headers), status: numberOf(response["status"]), responseHeaders: answer };
  }
  const action = object(route["route"]);
  const target = pickCluster(action, headers, options.choose, "weighted clusters");
  let sent = mutateHeaders(headers, levels(target), "request", { ...facts, cluster: target.cluster });
  const host = rewrittenHost(action, sent);
  if (host !== undefined) sent = setHost(sent, host, action, false);
  const path = rewrittenPath(route, action, request.path);
  if (path !== undefined) sent = withHeader(sent, ":path", path);
  return {
    ...NOTHING, ...named, virtualCluster: virtualCluster(virtualHost, headers), cluster: target.cluster, path: headerOf(sent, ":path") ?? "", host: headerOf(sent, ":authority") ?? "",
    requestHeaders: sent, responseHeaders: mutateHeaders([], levels(target), "response", facts),
  };
}
