import type { Choose } from "@hopscope/core";
import { type Headers, headerOf } from "./headers.ts";
import { flag, isObject, type Json, list, numberOf, object, share, text, texts } from "./json.ts";
import { metadataMatches } from "./metadata-match.ts";
import { pathOnly, portStart } from "./path.ts";
import { fullMatch } from "./regex.ts";
import { headerMatches, queryMatches, queryOf } from "./string-match.ts";
import { templateMatches } from "./uri-template.ts";

/** What routes may look at beside the headers. */
export interface RouteFacts {
  readonly headers: Headers;
  readonly certificate: boolean;
  readonly runtime: ReadonlyMap<string, unknown>;
  readonly choose: Choose;
  /** Decides runtime fractions in place of a choice. */
  readonly decideRuntime?: (key: string, share: number) => boolean;
}

/**
 * Finds the virtual host of an authority: exact domain, longest `*.suffix`, longest `prefix.*`, then `*`.
 *
 * @see Envoy 1.26, RouteMatcher::findVirtualHost
 */
export function findVirtualHost(routes: Json, authority: string): Json | undefined {
  const at = flag(routes["ignore_port_in_host_matching"]) ? portStart(authority) : -1;
  const host = (at < 0 ? authority : authority.slice(0, at)).toLowerCase();
  const all = list(routes["virtual_hosts"]).flatMap((virtualHost) => texts(virtualHost["domains"]).map((domain) => ({ virtualHost, domain: domain.toLowerCase() })));
  const exact = all.find(({ domain }) => domain === host && host !== "" && domain !== "*");
  if (exact !== undefined) return exact.virtualHost;
  const longest = (fits: (domain: string) => boolean): Json | undefined =>
    all.filter(({ domain }) => domain.length > 1 && host.length >= domain.length && fits(domain)).sort((a, b) => b.domain.length - a.domain.length)[0]?.virtualHost;
  return (
    longest((domain) => domain.startsWith("*") && host.endsWith(domain.slice(1))) ??
    longest((domain) => domain.endsWith("*") && host.startsWith(domain.slice(0, -1))) ??
    all.find(({ domain }) => domain === "*")?.virtualHost
  );
}

export const isGrpc = (headers: Headers): boolean => /^application\/grpc(\+|$)/.test(headerOf(headers, "content-type") ?? "");

/** Whether a share of requests takes part; certain shares are no choice. */
export function takesPart(point: string, fraction: number, choose: Choose): boolean {
  if (fraction <= 0) return false;
  if (fraction >= 1) return true;
  return choose(point, [{ name: "yes", weight: fraction }, { name: "no", weight: 1 - fraction }]) === 0;
}

function runtimeHolds(fraction: Json, facts: RouteFacts, point: string): boolean {
  const key = text(fraction["runtime_key"]) ?? "";
  const value = facts.runtime.get(key);
  const wanted = isObject(value) ? share(value) : typeof value === "number" ? value / 100 : share(fraction["default_value"]);
  return facts.decideRuntime === undefined ? takesPart(point, wanted, facts.choose) : facts.decideRuntime(key, wanted);
}

/** Whether the path specifier of a RouteMatch holds for a path (with or without query). */
export function pathMatches(match: Json, whole: string, method: string): boolean {
  const fold = match["case_sensitive"] === false || (isObject(match["case_sensitive"]) && match["case_sensitive"]["value"] === false) ? (input: string): string => input.toLowerCase() : (input: string): string => input;
  const path = pathOnly(whole);
  const prefix = text(match["prefix"]);
  if (prefix !== undefined) return fold(path).startsWith(fold(prefix));
  const exact = text(match["path"]);
  if (exact !== undefined) return fold(path) === fold(exact);
  const separated = text(match["path_separated_prefix"]);
  if (separated !== undefined) return fold(path) === fold(separated) || fold(path).startsWith(`${fold(separated)}/`);
  if (isObject(match["safe_regex"])) return fullMatch(text(match["safe_regex"]["regex"]) ?? "", path);
  if (isObject(match["path_match_policy"])) return templateMatches(text(object(match["path_match_policy"]["typed_config"])["path_template"]) ?? "", path);
  if (match["connect_matcher"] !== undefined) return method === "CONNECT";
  return false;
}

/** Whether every condition of a RouteMatch holds. */
export function routeMatches(route: Json, facts: RouteFacts): boolean {
  const match = object(route["match"]);
  const path = headerOf(facts.headers, ":path") ?? "";
  if (!pathMatches(match, path, headerOf(facts.headers, ":method") ?? "")) return false;
  if (match["grpc"] !== undefined && !isGrpc(facts.headers)) return false;
  if (!list(match["headers"]).every((matcher) => headerMatches(matcher, facts.headers))) return false;
  const query = list(match["query_parameters"]);
  if (query.length > 0) {
    const parameters = queryOf(path);
    if (!query.every((matcher) => queryMatches(matcher, parameters))) return false;
  }
  const presented = object(match["tls_context"])["presented"];
  if (presented !== undefined && flag(presented) !== facts.certificate) return false;
  const validated = object(match["tls_context"])["validated"];
  if (validated !== undefined && flag(validated) !== facts.certificate) return false;
  // Metadata that filters set later in the request is absent when the route is chosen.
  if (!list(match["dynamic_metadata"]).every((matcher) => metadataMatches(matcher, {}))) return false;
  const fraction = match["runtime_fraction"];
  return !isObject(fraction) || runtimeHolds(fraction, facts, `route ${text(route["name"]) ?? ""} runtime fraction`);
}

/** The first route of a virtual host whose match holds. */
export const findRoute = (virtualHost: Json, facts: RouteFacts): Json | undefined => list(virtualHost["routes"]).find((route) => routeMatches(route, facts));

/** The cluster entry that a route's action chooses: a name, and the weighted entry it came from. */
export interface Target {
  readonly cluster: string;
  readonly weighted?: Json;
}

/**
 * Picks the cluster of a route action: named, by a header, or by weight.
 *
 * @see Envoy 1.26, config.route.v3.RouteAction
 */
export function pickCluster(action: Json, headers: Headers, choose: Choose, point: string): Target {
  const named = text(action["cluster"]);
  if (named !== undefined && named !== "") return { cluster: named };
  const header = text(action["cluster_header"]);
  if (header !== undefined && header !== "") return { cluster: headerOf(headers, header.toLowerCase()) ?? "" };
  const weighted = list(object(action["weighted_clusters"])["clusters"]);
  const total = weighted.reduce((sum, item) => sum + (numberOf(item["weight"]) ?? 0), 0);
  const alternatives = weighted.map((item) => ({ name: text(item["name"]) ?? "", weight: total === 0 ? 0 : (numberOf(item["weight"]) ?? 0) / total }));
  const live = alternatives.map((item, index) => ({ ...item, index })).filter(({ weight }) => weight > 0);
  if (live.length === 0) return { cluster: "" };
  const index = live.length === 1 ? 0 : choose(point, live.map(({ name, weight }) => ({ name, weight })));
  const entry = weighted[live[index]?.index ?? 0] ?? {};
  const byHeader = text(entry["cluster_header"]);
  const name = text(entry["name"]) ?? "";
  return { cluster: name === "" && byHeader !== undefined ? (headerOf(headers, byHeader.toLowerCase()) ?? "") : name, weighted: entry };
}
