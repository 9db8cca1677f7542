import type { RouteConfig } from "./objects.ts";

/** Go's `regexp.QuoteMeta`. */
const quoteMeta = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");

/** The domain of a host: what follows its first dot, or nothing. */
export const domainOf = (host: string): string => (host.includes(".") ? host.slice(host.indexOf(".") + 1) : "");

const hostPattern = (host: string, wildcard: boolean): string => {
  const domain = domainOf(host);
  return wildcard && domain !== "" ? `[^\\.]*${quoteMeta(`.${domain}`)}` : quoteMeta(host);
};

/**
 * Regular expression of a route's host and path in the map files.
 *
 * A path without trailing slash also covers what lies below it; one with a trailing slash covers any continuation.
 *
 * @see openshift/router release-4.14, pkg/router/template/util/util.go GenerateRouteRegexp
 * @example
 * routePattern("shop.test", "/api", false) // "^shop\\.test\\.?(:[0-9]+)?/api(/.*)?$"
 */
export function routePattern(host: string, path: string, wildcard: boolean): string {
  const only = path.replace(/\/+$/, "") === "";
  const quoted = only ? "" : quoteMeta(path);
  const below = !only && path.endsWith("/") ? "(.*)?" : "(/.*)?";
  const escaped = quoted.replaceAll(" ", "\\x20").replaceAll("\t", "\\t").replaceAll("\r", "\\r").replaceAll("\n", "\\n");
  return `^${hostPattern(host, wildcard)}\\.?(:[0-9]+)?${escaped}${below}$`;
}

/** Regular expression of a route's host for the server name of a ClientHello: no port and no trailing dot. */
export const sniPattern = (host: string, wildcard: boolean): string => `^${hostPattern(host, wildcard)}$`;

/** `be_http`, `be_edge_http`, `be_secure` or `be_tcp`. */
export function backendPrefix(termination: RouteConfig["termination"]): string {
  switch (termination) {
    case "edge":
      return "be_edge_http";
    case "reencrypt":
      return "be_secure";
    case "passthrough":
      return "be_tcp";
    default:
      return "be_http";
  }
}

/** Compares by the bytes of the UTF-8 form, as Go compares strings. */
export function compareBytes(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    // Surrogates stand for code points above U+FFFF, whose bytes sort after all others.
    const high = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
    return high(a) - high(b);
  }
  return left.length - right.length;
}

/**
 * Order of two map lines: concrete hosts before wildcards, each group descending by bytes.
 *
 * The group is told by the literal prefix `^[^\.]*\.`, as in the router; descending order puts longer paths first.
 */
export function compareMapLines(left: string, right: string): number {
  const wildcard = (line: string): number => (line.startsWith("^[^\\.]*\\.") ? 1 : 0);
  return wildcard(left) - wildcard(right) || compareBytes(right, left);
}
