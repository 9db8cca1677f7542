import type { Diagnostic } from "@hopscope/core";
import { type LabelSelector, matchesSelector, originOf, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import type { HaproxyProgram, Line, RouterCaveat } from "../haproxy/program.ts";
import { refusedLine } from "../haproxy/rules.ts";
import { admitRoutes, compareAge, routeStatus } from "./admission.ts";
import { buildBackend, headerLines } from "./backend.ts";
import { compareBytes } from "./keys.ts";
import { ingressRoutes } from "./ingress.ts";
import { buildCertificates, buildMaps } from "./maps.ts";
import { fields, readRoute, routeKey, routeOrigin, type RouteConfig } from "./objects.ts";
import { routerEndpoints } from "./servers.ts";
import { readSettings, type RouterSettings } from "./settings.ts";

export interface RouterOptions {
  /** Name of the IngressController whose routers are compiled; `default` unless given. */
  readonly controller?: string;
}

const X_SSL = ["", "-Client-CN", "-Client-DER", "-Client-DN", "-Client-NotAfter", "-Client-NotBefore", "-Client-SHA1", "-Client-Serial", "-Client-Subject", "-Client-Verify", "-Client-Version"];

/** What a pod is told about the client's certificate, where the router asks for one. */
const CLIENT_HEADERS = [
  "X-SSL %[ssl_fc]",
  "X-SSL-Client-Verify %[ssl_c_verify]",
  "X-SSL-Client-Serial %{+Q}[ssl_c_serial,hex]",
  "X-SSL-Client-Version %{+Q}[ssl_c_version]",
  "X-SSL-Client-SHA1 %{+Q}[ssl_c_sha1,hex]",
  "X-SSL-Client-DN %{+Q}[ssl_c_s_dn]",
  "X-SSL-Client-CN %{+Q}[ssl_c_s_dn(cn)]",
  "X-SSL-Issuer %{+Q}[ssl_c_i_dn]",
  "X-SSL-Client-NotBefore %{+Q}[ssl_c_notbefore]",
  "X-SSL-Client-NotAfter %{+Q}[ssl_c_notafter]",
  "X-SSL-Client-DER %{+Q}[ssl_c_der,base64]",
];

/** Lines of the HTTP frontends, in the order of the template. */
function frontendLines(settings: RouterSettings, tls: boolean): readonly Line[] {
  const line = (text: string): Line => ({ text, origin: settings.origin });
  return [
    line("deny if { hdr_len(content-length) 0 }"),
    line("del-header Proxy"),
    ...X_SSL.map((suffix) => line(`del-header X-SSL${suffix}`)),
    line("del-header X-SSL-Issuer"),
    line("set-header Host %[req.hdr(Host),lower]"),
    ...(tls && settings.clientTls.verify !== "none" ? CLIENT_HEADERS.map((header) => line(`set-header ${header}`)) : []),
    ...headerLines(settings.requestHeaders, (path) => ({ ...settings.origin, path })),
  ];
}

/** Labels of namespaces; one without a Namespace object has the label the API server always sets. */
function namespaceLabels(snapshot: Snapshot): (name: string) => Readonly<Record<string, string>> {
  const known = new Map(resourcesOf(snapshot, "Namespace", { group: "" }).map((resource) => [resource.metadata.name, resource.metadata.labels ?? {}]));
  return (name) => ({ "kubernetes.io/metadata.name": name, ...known.get(name) });
}

/** A selector of an IngressController: none selects everything. */
const selects = (selector: unknown, labels: Readonly<Record<string, string>>): boolean =>
  selector === undefined || selector === null || matchesSelector(fields(selector) as LabelSelector, labels);

/** Warns where the age decides about a host and the objects do not tell it. */
function ageCaveats(routes: readonly RouteConfig[]): readonly RouterCaveat[] {
  const unknown = routes.filter((route) => route.created === 0);
  const holders = new Map<string, number>();
  for (const route of unknown) holders.set(route.host, (holders.get(route.host) ?? 0) + 1);
  return unknown.filter((route) => (holders.get(route.host) ?? 0) > 1).map((route) => ({
    code: "router/route-age-unknown",
    problem: `${routeOrigin(route).object} shares the host "${route.host}" and has no creationTimestamp; the order of names is taken for the age`,
    origin: routeOrigin(route, "metadata.creationTimestamp"),
    host: route.host,
  }));
}

/**
 * Compiles Routes, Services and an IngressController to the HAProxy configuration their router would write.
 *
 * @see openshift/router release-4.14
 * @example
 * const program = compileRouter(snapshot);
 * program.maps["os_http_be.map"][0]?.value // "be_http:shop:web"
 */
export function compileRouter(snapshot: Snapshot, options: RouterOptions = {}): HaproxyProgram {
  const settings = readSettings(snapshot, options.controller ?? "default");
  const labels = namespaceLabels(snapshot);
  const derived = ingressRoutes(snapshot);
  const all = [...resourcesOf(snapshot, "Route", { group: "route.openshift.io" }), ...derived.routes].map((resource) => readRoute(resource, settings.domain)).toSorted(compareAge);
  const selected = all.filter((route) => selects(settings.namespaceSelector, labels(route.namespace)) && selects(settings.routeSelector, route.labels));
  const verdicts = admitRoutes(selected, settings);
  const admitted = selected.filter((route) => verdicts.get(route)?.admitted === true).toSorted((left, right) => compareBytes(routeKey(left), routeKey(right)));
  const services = new Map(resourcesOf(snapshot, "Service", { group: "" }).map((service) => [`${service.metadata.namespace ?? "default"}/${service.metadata.name}`, originOf(service)]));
  const world = { endpoints: routerEndpoints(snapshot), services };
  const built = admitted.map((route) => buildBackend(route, settings, world));
  const frontendRequest = frontendLines(settings, false);
  const frontendResponse = headerLines(settings.responseHeaders, (path) => ({ ...settings.origin, path }));
  const lines = [...frontendRequest, ...frontendResponse, ...built.flatMap(({ backend }) => [...backend.httpRequest, ...backend.httpResponse])];
  const bad = lines.map((line) => ({ line, problem: refusedLine(line.text) })).find(({ problem }) => problem !== undefined);
  const diagnostics = all
    .filter((route) => verdicts.get(route)?.admitted === false)
    .map((route): Diagnostic => {
      const status = routeStatus(route, verdicts.get(route), settings);
      return { code: "router/route-not-admitted", severity: "warning", origin: originOf(route.resource, "spec.host"), problem: `the router refuses the Route (${status.reason}): ${status.message}` };
    });
  return {
    controller: settings.name,
    origin: settings.origin,
    domain: settings.domain,
    defaults: settings.timeouts,
    bufsize: settings.bufsize,
    maxrewrite: settings.maxrewrite,
    maxconn: settings.maxconn,
    acceptProxy: settings.acceptProxy,
    monitorUri: "/_______internal_router_healthz",
    frontendRequest,
    tlsFrontendRequest: frontendLines(settings, true),
    frontendResponse,
    ...(settings.uniqueId !== undefined && {
      uniqueIdHeader: { text: settings.uniqueId.header, origin: { ...settings.origin, path: "spec.httpHeaders.uniqueId" } },
    }),
    clientTls: { ...settings.clientTls, origin: { ...settings.origin, path: "spec.clientTLS" } },
    noRouteStatus: settings.errorPages ? 404 : 503,
    maps: buildMaps(admitted, settings.allowWildcards),
    certificates: buildCertificates(admitted, settings),
    defaultCertificateNames: settings.defaultCertificateNames,
    backends: built.map(({ backend }) => backend),
    lists: Object.fromEntries(built.flatMap(({ list }) => (list === undefined ? [] : [[list.file, list.items] as const]))),
    status: all.map((route) => routeStatus(route, verdicts.get(route), settings)),
    ...(bad?.problem !== undefined && { refused: { problem: bad.problem, origin: bad.line.origin } }),
    diagnostics,
    caveats: [...settings.caveats, ...derived.caveats, ...ageCaveats(selected)],
  };
}
