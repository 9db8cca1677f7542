import type { CertificateEntry, HaproxyProgram, MapEntry, MapName } from "../haproxy/program.ts";
import { backendPrefix, compareBytes, compareMapLines, routePattern, sniPattern } from "./keys.ts";
import { routeKey, routeOrigin, type RouteConfig } from "./objects.ts";

const sorted = (entries: readonly MapEntry[]): readonly MapEntry[] =>
  entries.toSorted((left, right) => compareMapLines(`${left.key} ${left.value}`, `${right.key} ${right.value}`));

/**
 * Writes the map files of the admitted routes.
 *
 * @see openshift/router release-4.14, pkg/router/template/util/haproxy/map_entry.go
 */
export function buildMaps(routes: readonly RouteConfig[], allowWildcards: boolean): HaproxyProgram["maps"] {
  const isWildcard = (route: RouteConfig): boolean => allowWildcards && route.wildcardPolicy === "Subdomain";
  const own = (route: RouteConfig, path = route.path): string => routePattern(route.host, path, isWildcard(route));
  const name = (route: RouteConfig): string => `${backendPrefix(route.termination)}:${routeKey(route)}`;
  const terminated = (route: RouteConfig): boolean => route.termination === "edge" || route.termination === "reencrypt";
  const map = (included: (route: RouteConfig) => boolean, entry: (route: RouteConfig) => readonly [string, string], path: string): readonly MapEntry[] =>
    sorted(
      routes.filter(included).map((route) => {
        const [key, value] = entry(route);
        return { key, value, origin: routeOrigin(route, path) };
      }),
    );
  const maps: Readonly<Record<MapName, readonly MapEntry[]>> = {
    "os_http_be.map": map(
      (route) => route.termination === "" || (terminated(route) && route.tls?.policy === "Allow"),
      (route) => [own(route), name(route)],
      "spec.host",
    ),
    "os_edge_reencrypt_be.map": map(terminated, (route) => [own(route), name(route)], "spec.host"),
    "os_route_http_redirect.map": map(
      () => true,
      (route) => [own(route), route.tls?.policy === "Redirect" ? "1" : "0"],
      "spec.tls.insecureEdgeTerminationPolicy",
    ),
    "os_tcp_be.map": map(
      (route) => route.path === "" && (route.termination === "passthrough" || route.termination === "reencrypt"),
      (route) => [own(route, ""), name(route)],
      "spec.host",
    ),
    "os_sni_passthrough.map": map(
      (route) => route.path === "" && route.termination === "passthrough",
      (route) => [sniPattern(route.host, isWildcard(route)), "1"],
      "spec.tls.termination",
    ),
    "os_wildcard_domain.map": map(isWildcard, (route) => [own(route, ""), "1"], "spec.wildcardPolicy"),
  };
  return maps;
}

/** One line of `cert_config.map`, as the file has it. */
export const certificateLine = (entry: CertificateEntry): string =>
  [entry.file, ...(entry.alpn.length > 0 ? [`[alpn ${entry.alpn.join(",")}]`] : []), entry.host].join(" ");

/** Writes the crt-list: edge and reencrypt routes with a certificate of their own, in descending order. */
export function buildCertificates(routes: readonly RouteConfig[], settings: { readonly allowWildcards: boolean; readonly http2: boolean }): readonly CertificateEntry[] {
  return routes
    .filter((route) => (route.termination === "edge" || route.termination === "reencrypt") && (route.tls?.certificate ?? "") !== "")
    .map((route): CertificateEntry => {
      const wildcard = settings.allowWildcards && route.wildcardPolicy === "Subdomain" && route.host.indexOf(".") > 0;
      return {
        file: `/var/lib/haproxy/router/certs/${routeKey(route)}.pem`,
        alpn: settings.http2 ? ["h2", "http/1.1"] : [],
        host: wildcard ? `*${route.host.slice(route.host.indexOf("."))}` : route.host,
        origin: routeOrigin(route, "spec.tls.certificate"),
      };
    })
    .toSorted((left, right) => compareBytes(certificateLine(right), certificateLine(left)));
}
