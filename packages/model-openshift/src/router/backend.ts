import type { Origin } from "@hopscope/core";
import type { Backend, Line, Server } from "../haproxy/program.ts";
import {
  addressList,
  BALANCE,
  clipTimeout,
  COOKIE_NAME,
  escapeSingleQuotes,
  firstMatch,
  FORWARDED,
  haproxyAnnotation,
  HSTS,
  isInteger,
  isTrue,
  REWRITE,
  rewriteTarget,
  SAME_SITE,
  TIME,
} from "./annotations.ts";
import { backendPrefix, compareBytes } from "./keys.ts";
import { md5 } from "./md5.ts";
import { routeKey, routeOrigin, type HeaderAction, type RouteConfig } from "./objects.ts";
import { endpointWeights, matchingEndpoints, type RouterEndpoint, type RouterEndpoints } from "./servers.ts";
import type { RouterSettings } from "./settings.ts";

const SERVICE_CA = "/var/run/configmaps/service-ca/service-ca.crt";
const WORK = "/var/lib/haproxy/router";
/** HAProxy takes 64 words a line; three are `acl whitelist src`. */
const LONGEST_LIST = 61;

/** What there is behind the routes: endpoints and Services by `namespace/name`. */
export interface ServiceWorld {
  readonly endpoints: RouterEndpoints;
  readonly services: ReadonlyMap<string, Origin>;
}

export interface BuiltBackend {
  readonly backend: Backend;
  readonly list?: { readonly file: string; readonly items: readonly string[] };
}

const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** `set-header`/`del-header` lines of header actions, with the names and values in single quotes. */
export const headerLines = (actions: readonly HeaderAction[], origin: (path: string) => Origin): readonly Line[] =>
  actions.map(({ name, action, value, path }) => ({
    text: action === "Set" ? `set-header ${quoted(name)} ${quoted(value)}` : `del-header ${quoted(name)}`,
    origin: origin(path),
  }));

const FORWARDED_FIELDS = [
  ["X-Forwarded-Host", "%[req.hdr(host)]", ""],
  ["X-Forwarded-Port", "%[dst_port]", ""],
  ["X-Forwarded-Proto", "http", "!{ ssl_fc }"],
  ["X-Forwarded-Proto", "https", "{ ssl_fc }"],
  ["X-Forwarded-Proto-Version", "h2", "{ ssl_fc_alpn -i h2 }"],
] as const;

function forwardedLines(mode: string, ipMode: RouterSettings["ipMode"]): readonly string[] {
  if (mode === "never") return [];
  const verb = mode === "append" ? "add-header" : "set-header";
  const line = (name: string, value: string, condition: string): string => {
    const conditions = [condition, mode === "if-none" ? `!{ req.hdr(${name}) -m found }` : ""].filter((part) => part !== "").join(" ");
    return `${verb} ${name} ${value}${conditions === "" ? "" : ` if ${conditions}`}`;
  };
  const four = "for=%[src];host=%[req.hdr(host)];proto=%[req.hdr(X-Forwarded-Proto)]";
  const six = 'for=\\"[%[src]]\\";host=%[req.hdr(host)];proto=%[req.hdr(X-Forwarded-Proto)]';
  const last =
    ipMode === "v4v6"
      ? [line("Forwarded", six, "ipv6_addr"), line("Forwarded", four, "!ipv6_addr")]
      : [line("Forwarded", ipMode === "v6" ? six : four, "")];
  const head = mode === "replace" ? ["set-header X-Forwarded-For %[src]"] : [];
  return [...head, ...FORWARDED_FIELDS.map(([name, value, condition]) => line(name, value, condition)), ...last];
}

const RATE = "rate-limit-connections";
function rateLines(annotations: Readonly<Record<string, string>>, http: boolean): readonly string[] {
  if (!isTrue(haproxyAnnotation(annotations, RATE))) return [];
  const limits: readonly (readonly [string, string])[] = [
    ["concurrent-tcp", "src_conn_cur ge "],
    ["rate-tcp", "src_conn_rate ge"],
    ...(http ? ([["rate-http", "src_http_req_rate ge"]] as const) : []),
  ];
  return [
    "content track-sc2 src",
    ...limits.flatMap(([key, test]) => {
      const value = haproxyAnnotation(annotations, `${RATE}.${key}`);
      return isInteger(value) ? [`content reject if { ${test} ${value} }`] : [];
    }),
  ];
}

function rewriteLines(route: RouteConfig): readonly string[] {
  const target = firstMatch(REWRITE, haproxyAnnotation(route.annotations, "rewrite-target"));
  if (target === "") return [];
  return [`replace-path '^${escapeSingleQuotes(route.path)}${target === "/" ? "/?" : ""}(.*)$' '${rewriteTarget(target)}'`];
}

function cookieWords(route: RouteConfig): string | undefined {
  if (isTrue(haproxyAnnotation(route.annotations, "disable_cookies"))) return undefined;
  const name = firstMatch(COOKIE_NAME, route.annotations["router.openshift.io/cookie_name"], md5(` ${routeKey(route)}`));
  const secure = (route.termination === "edge" || route.termination === "reencrypt") && route.tls?.policy !== "Allow";
  const site = firstMatch(SAME_SITE, route.annotations["router.openshift.io/cookie-same-site"], "None");
  return `${name} insert indirect nocache httponly${secure ? ` secure attr SameSite=${site}` : ""}`;
}

interface Sharing {
  readonly weight: number;
  readonly endpoints: readonly RouterEndpoint[];
  readonly service: string;
  readonly path: string;
}

function serverOf(route: RouteConfig, settings: RouterSettings, share: Sharing, endpoint: RouterEndpoint, checked: boolean): Server {
  const { annotations, termination } = route;
  const connections = haproxyAnnotation(annotations, "pod-concurrent-connections");
  const interval =
    clipTimeout(firstMatch(TIME, annotations["router.openshift.io/haproxy.health.check.interval"], settings.checkInterval)) || "5000ms";
  const destination = route.tls?.destinationCaCertificate ?? "";
  const tls =
    termination !== "reencrypt"
      ? []
      : [
          "ssl",
          ...(settings.http2 ? ["alpn h2,http/1.1"] : []),
          ...(destination === "" ? [`verifyhost ${share.service}.${route.namespace}.svc`] : []),
          "verify required",
          `ca-file ${destination === "" ? SERVICE_CA : `${WORK}/cacerts/${routeKey(route)}.pem`}`,
        ];
  return {
    name: endpoint.id,
    address: endpoint.address,
    port: endpoint.port,
    weight: share.weight,
    ...(termination !== "passthrough" && { cookie: md5(endpoint.id) }),
    flags: [
      ...tls,
      ...((termination === "" || termination === "edge") && endpoint.appProtocol === "h2c" ? ["proto h2"] : []),
      ...(checked && !endpoint.idled ? ["check", `inter ${interval}`] : []),
      ...(isInteger(connections) ? [`maxconn ${connections}`] : []),
    ],
    origin: endpoint.origin,
  };
}

/**
 * Writes the backend of an admitted route.
 *
 * @see openshift/router release-4.14, images/router/haproxy/conf/haproxy-config.template "app level backends"
 */
export function buildBackend(route: RouteConfig, settings: RouterSettings, found: ServiceWorld): BuiltBackend {
  const { annotations, termination } = route;
  const { endpoints } = found;
  const http = termination !== "passthrough";
  const secure = termination === "edge" || termination === "reencrypt";
  const at = (path?: string): Origin => routeOrigin(route, path);
  const note = (name: string): Origin => at(`metadata.annotations["haproxy.router.openshift.io/${name}"]`);
  const lines = (texts: readonly string[], origin: Origin): readonly Line[] => texts.map((text) => ({ text, origin }));

  const shares = route.services
    .map((service) => ({ ...service, endpoints: matchingEndpoints(endpoints.get(`${route.namespace}/${service.name}`), route.targetPort) }))
    .toSorted((left, right) => compareBytes(left.name, right.name));
  const weights = endpointWeights(shares.map((share) => ({ weight: share.weight, endpoints: share.endpoints.length })));
  const weighted = shares.map((share, index): Sharing => ({ weight: weights[index] ?? 0, endpoints: share.endpoints, service: share.name, path: share.path }));
  const active = weighted.reduce((sum, share) => sum + (share.weight > 0 ? share.endpoints.length : 0), 0);
  const servers = weighted
    .filter((share) => http || share.weight > 0)
    .flatMap((share) => share.endpoints.map((endpoint) => serverOf(route, settings, share, endpoint, active > 1)));

  const several = route.services.filter((service) => service.weight > 0).length > 1;
  const usual = several ? "roundrobin" : http ? settings.balance : "source";
  const forwarded = firstMatch(FORWARDED, haproxyAnnotation(annotations, "set-forwarded-headers"), settings.forwarded);
  const items = addressList(haproxyAnnotation(annotations, "ip_whitelist"));
  const raw = haproxyAnnotation(annotations, "ip_whitelist");
  const entries = items === undefined ? [] : raw.split(" ").filter((item) => item !== "");
  const file = entries.length > LONGEST_LIST ? `${WORK}/whitelists/${routeKey(route)}.txt` : undefined;
  const timeout = clipTimeout(firstMatch(TIME, haproxyAnnotation(annotations, "timeout")));
  const tunnelOf = (...names: readonly string[]): string => clipTimeout(firstMatch(TIME, ...names.map((name) => haproxyAnnotation(annotations, name))));
  const tunnel = http ? tunnelOf("timeout-tunnel") : tunnelOf("timeout-tunnel", "timeout");
  const hsts = firstMatch(HSTS, haproxyAnnotation(annotations, "hsts_header"));
  const rates = rateLines(annotations, http);
  const cookie = http ? cookieWords(route) : undefined;

  const backend: Backend = {
    name: `${backendPrefix(termination)}:${routeKey(route)}`,
    mode: http ? "http" : "tcp",
    balance: firstMatch(BALANCE, haproxyAnnotation(annotations, "balance"), usual),
    options: !http
      ? []
      : [
          "redispatch",
          ...(forwarded === "append" ? ["forwardfor"] : forwarded === "if-none" ? ["forwardfor if-none"] : []),
          ...(settings.caseAdjustments && isTrue(haproxyAnnotation(annotations, "h1-adjust-case")) ? ["h1-case-adjust-bogus-server"] : []),
        ],
    ...(cookie !== undefined && { cookie }),
    timeouts: { ...(http && timeout !== "" && { server: timeout }), ...(tunnel !== "" && { tunnel }), check: "5000ms" },
    acls: [
      ...(items === undefined ? [] : lines([`whitelist src ${file === undefined ? raw : `-f ${file}`}`], note("ip_whitelist"))),
      ...(http && forwarded !== "never" && settings.ipMode === "v4v6" ? lines(["ipv6_addr src -m sub :"], settings.origin) : []),
    ],
    tcpRequest: [...(items === undefined ? [] : lines(["content reject if !whitelist"], note("ip_whitelist"))), ...lines(rates, note(RATE))],
    httpRequest: !http
      ? []
      : [
          ...lines(forwardedLines(forwarded, settings.ipMode), settings.origin),
          ...lines(rewriteLines(route), note("rewrite-target")),
          ...headerLines(route.requestHeaders, at),
        ],
    httpResponse: !http
      ? []
      : [
          ...(secure && hsts !== "" ? lines([`set-header Strict-Transport-Security '${hsts}'`], note("hsts_header")) : []),
          ...headerLines(route.responseHeaders, at),
        ],
    other: [
      ...(rates.length > 0 ? ["stick-table type ip size 100k expire 30s store conn_cur,conn_rate(3s),http_req_rate(10s)"] : []),
      ...(http ? [] : ["hash-type consistent"]),
    ],
    servers,
    origin: at(),
    services: shares.map((share) => {
      const key = `${route.namespace}/${share.name}`;
      const service = found.services.get(key);
      return {
        name: share.name,
        weight: share.weight,
        endpoints: (endpoints.get(key) ?? []).map(({ port, portName }) => ({ port, portName })),
        servers: share.endpoints.length,
        origin: at(share.path),
        ...(service !== undefined && { service }),
      };
    }),
  };
  return { backend, ...(file !== undefined && { list: { file, items: entries } }) };
}
