import { selects } from "./config-order.ts";
import type { Json, Proxy } from "./types.ts";
import type { HttpMatch, StringMatch } from "./virtual-services.ts";

export interface RouteContext { readonly proxy: Proxy; readonly gateways: readonly string[]; readonly port: number }

/** Says whether a match can apply to this proxy, gateway and listener port at all (`route.go sourceMatchHTTP`). */
export function applies(match: Pick<HttpMatch, "gateways" | "sourceLabels" | "sourceNamespace" | "port">, context: RouteContext): boolean {
  if (match.port !== undefined && match.port !== 0 && match.port !== context.port) return false;
  if (match.gateways !== undefined && match.gateways.length > 0) return match.gateways.some((gateway) => context.gateways.includes(gateway));
  if (!selects(match.sourceLabels, context.proxy.labels)) return false;
  return match.sourceNamespace === undefined || match.sourceNamespace === "" || match.sourceNamespace === context.proxy.namespace;
}

const isAny = (match: StringMatch): boolean => match.regex === "*" || (match.exact === undefined && match.prefix === undefined && match.regex === undefined) || match.prefix === "";

function stringMatcher(match: StringMatch): Json {
  if (match.exact !== undefined) return { exact: match.exact };
  if (match.prefix !== undefined) return { prefix: match.prefix };
  return { safeRegex: { regex: match.regex ?? "" } };
}

function header(name: string, match: StringMatch): Json {
  return isAny(match) ? { name, presentMatch: true } : { name, stringMatch: stringMatcher(match) };
}

const sorted = (record: Readonly<Record<string, StringMatch>> | undefined): [string, StringMatch][] => Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * Compiles one match of a VirtualService's HTTP item.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/route.go TranslateRouteMatch
 */
export function routeMatch(match: HttpMatch | undefined): Json {
  const out: Json = { prefix: "/" };
  if (match === undefined) return out;
  const headers: Json[] = [];
  const metadata: Json[] = [];
  for (const [name, value] of sorted(match.headers)) {
    const claim = jwtClaim(name, value);
    if (claim !== undefined) metadata.push(claim);
    else headers.push(header(name, value));
  }
  for (const [name, value] of sorted(match.withoutHeaders)) {
    const claim = jwtClaim(name, value);
    if (claim !== undefined) { metadata.push({ ...claim, invert: true }); continue; }
    headers.push({ ...header(name, value), invertMatch: true });
  }
  headers.sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : String(a["name"]) > String(b["name"]) ? 1 : 0));
  for (const [name, value] of [[":method", match.method], [":authority", match.authority], [":scheme", match.scheme]] as const) if (value !== undefined) headers.push(header(name, value));
  if (match.uri !== undefined) {
    if (match.uri.exact !== undefined) { delete out["prefix"]; out["path"] = match.uri.exact; }
    else if (match.uri.prefix !== undefined) out["prefix"] = match.uri.prefix;
    else if (match.uri.regex !== undefined) { delete out["prefix"]; out["safeRegex"] = { regex: match.uri.regex }; }
  }
  out["caseSensitive"] = match.ignoreUriCase !== true;
  if (headers.length > 0) out["headers"] = headers;
  if (metadata.length > 0) out["dynamicMetadata"] = metadata;
  const query = sorted(match.queryParams).map(([name, value]) => (isAny(value) ? { name, presentMatch: true } : { name, stringMatch: stringMatcher(value) }));
  if (query.length > 0) out["queryParameters"] = query;
  return out;
}

function jwtClaim(name: string, match: StringMatch): Json | undefined {
  const found = /^@request\.auth\.claims(?:\.(.+)|((?:\[[^\]]+\])+))$/i.exec(name);
  if (found === null) return undefined;
  const keys = found[1] !== undefined ? found[1].split(".") : (found[2] ?? "").slice(1, -1).split("][");
  const value = stringMatcher(match);
  const string = { stringMatch: value };
  return { filter: "istio_authn", path: [{ key: "request.auth.claims" }, ...keys.map((key) => ({ key }))], value: { orMatch: { valueMatchers: [string, { listMatch: { oneOf: string } }] } } };
}

/** A match that every request satisfies (`route.go IsCatchAllRoute`). */
export function isCatchAll(match: Json): boolean {
  const { headers, queryParameters, dynamicMetadata } = match;
  const any = match["prefix"] === "/" || match["pathSeparatedPrefix"] === "/" || (match["safeRegex"] as Json | undefined)?.["regex"] === "*";
  return any && headers === undefined && queryParameters === undefined && dynamicMetadata === undefined;
}
