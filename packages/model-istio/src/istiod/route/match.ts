import { selects } from "../mesh/config-order.ts";
import type { Json, Proxy } from "../types.ts";
import type { HttpMatch, StringMatch } from "./virtual-service.ts";

export interface RouteContext { readonly proxy: Proxy; readonly gateways: readonly string[]; readonly port: number }

/** Says whether a match can apply to this proxy, gateway and listener port at all (`route.go sourceMatchHTTP`). */
export function applies(match: Pick<HttpMatch, "gateways" | "sourceLabels" | "sourceNamespace" | "port">, context: RouteContext): boolean {
  if (match.port !== undefined && match.port !== 0 && match.port !== context.port) return false;
  if (match.gateways !== undefined && match.gateways.length > 0) return match.gateways.some((gateway) => context.gateways.includes(gateway));
  if (!selects(match.sourceLabels, context.proxy.labels)) return false;
  return match.sourceNamespace === undefined || match.sourceNamespace === "" || match.sourceNamespace === context.proxy.namespace;
}

const isAny = (match: StringMatch): boolean => match.regex === "*" || (match.exact === undefined && match.prefix === undefined && match.regex === undefined);

function stringMatcher(match: StringMatch): Json {
  if (match.exact !== undefined) return { exact: match.exact };
  if (match.prefix !== undefined) return { prefix: match.prefix };
  return { safeRegex: { regex: match.regex ?? "" } };
}

function header(name: string, match: StringMatch): Json {
  return isAny(match) ? { name, presentMatch: true } : { name, stringMatch: stringMatcher(match) };
}

const sorted = (record: Readonly<Record<string, StringMatch>> | undefined): [string, StringMatch][] => Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

function path(uri: StringMatch | undefined, bySegments: boolean): Json {
  if (uri?.exact !== undefined) return { path: uri.exact };
  if (uri?.prefix !== undefined) return bySegments && uri.prefix !== "/" ? { pathSeparatedPrefix: uri.prefix.replace(/\/$/, "") } : { prefix: uri.prefix };
  return uri?.regex === undefined ? { prefix: "/" } : { safeRegex: { regex: uri.regex } };
}

/**
 * Compiles one match of a VirtualService's HTTP item. Prefixes made from the Gateway API or Ingress end at slashes.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/route.go TranslateRouteMatch
 */
export function routeMatch(match: HttpMatch | undefined, semantics: { readonly gatewaySemantics?: boolean; readonly ingressSemantics?: boolean } = {}): Json {
  if (match === undefined) return { prefix: "/" };
  const headers: Json[] = [];
  const metadata: Json[] = [];
  for (const [record, invert] of [[match.headers, false], [match.withoutHeaders, true]] as const) {
    for (const [name, value] of sorted(record)) {
      const claim = jwtClaim(name, value);
      if (claim !== undefined) metadata.push({ ...claim, ...(invert ? { invert } : {}) });
      else headers.push({ ...header(name, value), ...(invert ? { invertMatch: true } : {}) });
    }
  }
  headers.sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : String(a["name"]) > String(b["name"]) ? 1 : 0));
  for (const [name, value] of [[":method", match.method], [":authority", match.authority], [":scheme", match.scheme]] as const) if (value !== undefined) headers.push(header(name, value));
  const query = sorted(match.queryParams).map(([name, value]) => (isAny(value) ? { name, presentMatch: true } : { name, stringMatch: stringMatcher(value) }));
  return {
    ...path(match.uri, semantics.gatewaySemantics === true || semantics.ingressSemantics === true), caseSensitive: match.ignoreUriCase !== true,
    ...(headers.length > 0 ? { headers } : {}), ...(metadata.length > 0 ? { dynamicMetadata: metadata } : {}), ...(query.length > 0 ? { queryParameters: query } : {}),
  };
}

const CLAIM = "@request.auth.claims.";

/** A header name that stands for a token's claim, names of nested claims joined by dots. */
function jwtClaim(name: string, match: StringMatch): Json | undefined {
  if (!name.toLowerCase().startsWith(CLAIM)) return undefined;
  const keys = ["request.auth.claims", ...name.slice(CLAIM.length).split(".")];
  return { filter: "istio_authn", path: keys.map((key) => ({ key })), value: { listMatch: { oneOf: { stringMatch: stringMatcher(match) } } } };
}

/** A match that every request satisfies (`route.go isCatchAllRoute`). */
export function isCatchAll(match: Json): boolean {
  const { headers, queryParameters, dynamicMetadata } = match;
  const any = match["prefix"] === "/" || match["pathSeparatedPrefix"] === "/" || (match["safeRegex"] as Json | undefined)?.["regex"] === "*";
  return any && headers === undefined && queryParameters === undefined && dynamicMetadata === undefined;
}
