import { hostIsSubset, hostMatches } from "../mesh/host.ts";
import type { Json } from "../types.ts";
import type { Problems } from "./names.ts";
import { badDuration, badExportTo, badName, badPort, badRegex, badSelectorLabels, badSubnet, badWildcard, each, isAddress, isLabel, when } from "./names.ts";
import type { Destination, Headers, HttpMatch, HttpRoute, HttpRouteDestination, L4Match, L4Route, VirtualServiceSpec } from "../route/virtual-service.ts";

const isAuthority = (name: string): boolean => /^(:authority|host)$/i.test(name);
const isInternal = (name: string): boolean => name.startsWith(":") || /^host$/i.test(name);

function badOperation(name: string, allowed: (name: string) => boolean): Problems {
  if (name === "") return ["header name cannot be empty"];
  if (allowed(name)) return [];
  if (/^host$/i.test(name)) return [`invalid header "${name}": cannot set Host header`];
  return when(isInternal(name), `invalid header "${name}": header cannot have ":" prefix`);
}

function badHeaders(headers: Headers | undefined, allowed: (name: string) => boolean): Problems {
  const never = (): boolean => false;
  const named = (side: Headers["request"], test: (name: string) => boolean): Problems => [
    ...each([...Object.keys(side?.add ?? {}), ...Object.keys(side?.set ?? {})], (name) => badOperation(name, test)),
    ...each([...Object.values(side?.add ?? {}), ...Object.values(side?.set ?? {})], (value) => when(/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value), `header value configuration ${value} is invalid`)),
    ...each(side?.remove, (name) => badOperation(name, never)),
  ];
  return [...named(headers?.request, allowed), ...named(headers?.response, never)];
}

/** Wrong in a destination. */
export function badDestination(destination: Destination | undefined): Problems {
  if (destination === undefined) return [];
  const { host = "", subset = "", port } = destination as Partial<Destination>;
  return [
    ...(host === "*" ? [`invalid destination host ${host}`] : badWildcard(host)), ...when(subset !== "" && !isLabel(subset), `subset name is invalid: ${subset}`), ...(port === undefined ? [] : badPort(port.number ?? 0)),
  ];
}

function badTargets(targets: readonly (HttpRouteDestination | { readonly destination: Destination; readonly weight?: number })[] | undefined): Problems {
  const all = targets ?? [];
  const total = all.reduce((sum, { weight = 0 }) => sum + weight, 0);
  return [
    ...each(all, (item) => [
      ...when((item as Partial<HttpRouteDestination>).destination === undefined, "destination is required"), ...("headers" in item ? badHeaders(item.headers, (name) => /^host$/i.test(name)) : []),
      ...badDestination(item.destination), ...when((item.weight ?? 0) < 0, `weight ${item.weight ?? 0} < 0`),
    ]),
    ...when(all.length > 1 && total === 0, "total destination weight = 0"),
  ];
}

function badGateways(names: readonly string[] | undefined): Problems {
  return each(names, (name) => {
    const [namespace = "", ...rest] = name.split("/");
    if (rest.length === 0) return badName(name);
    return [
      ...when(namespace === "" || rest.join("/") === "", "config namespace and gateway name cannot be empty"), ...when(!isLabel(namespace), `invalid value for namespace: "${namespace}"`),
      ...when(!isLabel(rest.join("/")), `invalid value for gateway name: "${rest.join("/")}"`),
    ];
  });
}

function badMatch(match: HttpMatch, independent: boolean): Problems {
  const named = Object.entries(match.headers ?? {}).flatMap(([name, header]) => [
    ...when(header.prefix === "", `header prefix match ${name} may not be empty`), ...when(name === "", "header name cannot be empty"), ...(independent ? badRegex(header, "headers") : []),
  ]);
  const plain = independent
    ? [...badRegex(match.uri, "uri"), ...badRegex(match.scheme, "scheme"), ...badRegex(match.method, "method"), ...badRegex(match.authority, "authority"), ...each(Object.values(match.queryParams ?? {}), (value) => badRegex(value, "queryParams"))]
    : [];
  const space = match.sourceNamespace ?? "";
  return [...named, ...plain, ...((match.port ?? 0) === 0 ? [] : badPort(match.port ?? 0)), ...badSelectorLabels(match.sourceLabels), ...badGateways(match.gateways), ...when(space !== "" && !isLabel(space), `sourceNamespace match ${space} is invalid`)];
}

function conflicts(route: HttpRoute, isDelegate: boolean): Problems {
  const targets = (route.route ?? []).length > 0;
  if (!isDelegate && route.delegate !== undefined) {
    return [...when(route.redirect !== undefined, `root HTTP route ${route.name ?? ""} must not specify redirect`), ...when(route.route !== undefined, `root HTTP route ${route.name ?? ""} must not specify route`)];
  }
  const own = when(isDelegate && route.delegate !== undefined, "delegate HTTP route cannot contain delegate");
  if (route.redirect !== undefined) {
    return [
      ...own, ...when(targets, "HTTP route cannot contain both route and redirect"), ...when(route.fault !== undefined, "HTTP route cannot contain both fault and redirect"),
      ...when(route.rewrite !== undefined, "HTTP route rule cannot contain both rewrite and redirect"), ...when(route.directResponse !== undefined, "HTTP route rule cannot contain both direct_response and redirect"),
    ];
  }
  if (route.directResponse !== undefined) {
    return [
      ...own, ...when(targets, "HTTP route cannot contain both route and direct_response"), ...when(route.fault !== undefined, "HTTP route cannot contain both fault and direct_response"),
      ...when(route.rewrite !== undefined, "HTTP route rule cannot contain both rewrite and direct_response"),
    ];
  }
  return [...own, ...when(!targets, "HTTP route, redirect or direct_response is required")];
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"]);
interface Cors { readonly allowOrigins?: readonly Json[]; readonly allowMethods?: readonly string[]; readonly allowHeaders?: readonly string[]; readonly exposeHeaders?: readonly string[]; readonly maxAge?: string }

function badCors(policy: Cors | undefined): Problems {
  return [
    ...each(policy?.allowOrigins, (origin) => {
      const value = String(origin["exact"] ?? origin["prefix"] ?? origin["regex"] ?? "");
      return value === "" ? ["'' is not a valid match type for CORS allow origins"] : badRegex(origin, "corsPolicy.allowOrigins");
    }),
    ...each(policy?.allowMethods, (method) => when(!METHODS.has(method), `"${method}" is not a supported HTTP method`)),
    ...each([...(policy?.allowHeaders ?? []), ...(policy?.exposeHeaders ?? [])], (name) => when(name === "", "header name cannot be empty")),
    ...badDuration(policy?.maxAge),
  ];
}

const badStatus = (status: number | undefined): Problems => (status === undefined ? [] : when(status < 200 || status > 600, `HTTP status ${status} is not in range 200-599`));
interface Share { readonly value?: number }
interface Fault { readonly delay?: { readonly fixedDelay?: string; readonly exponentialDelay?: string; readonly percentage?: Share }; readonly abort?: { readonly httpStatus?: number; readonly http2Error?: string; readonly percentage?: Share } }

function badFault(fault: Fault | undefined): Problems {
  if (fault === undefined) return [];
  const share = (percentage: Share | undefined): Problems => {
    const value = percentage?.value ?? 0;
    return when(value < 0 || value > 100 || (value > 0 && value < 0.0001), `percentage ${value} is neither 0.0, nor in range [0.0001, 100.0]`);
  };
  return [
    ...when(fault.abort === undefined && fault.delay === undefined, "HTTP fault injection must have an abort and/or a delay"),
    ...share(fault.abort?.percentage), ...badStatus(fault.abort?.httpStatus), ...when(fault.abort?.http2Error !== undefined, "HTTP/2 abort fault injection not supported yet"),
    ...share(fault.delay?.percentage), ...badDuration(fault.delay?.fixedDelay), ...badDuration(fault.delay?.exponentialDelay), ...when(fault.delay?.exponentialDelay !== undefined, "exponentialDelay not supported yet"),
  ];
}

const RETRY_ON = new Set(["5xx", "gateway-error", "reset", "connect-failure", "retriable-4xx", "refused-stream", "retriable-status-codes", "retriable-headers", "envoy-ratelimited", "cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"]);

function badRetries(retries: HttpRoute["retries"]): Problems {
  if (retries === undefined) return [];
  const { attempts = 0, perTryTimeout, retryOn = "", retryRemoteLocalities } = retries;
  return [
    ...when(attempts < 0, "attempts cannot be negative"),
    ...when(attempts === 0 && (perTryTimeout !== undefined || retryOn !== "" || retryRemoteLocalities !== undefined), "http retry policy configured when attempts are set to 0 (disabled)"),
    ...badDuration(perTryTimeout), ...each(retryOn === "" ? [] : retryOn.split(","), (policy) => when(!RETRY_ON.has(policy) && !/^[1-5]\d\d$/.test(policy), `"${policy}" is not a valid retryOn policy`)),
  ];
}

function badRedirect(redirect: HttpRoute["redirect"]): Problems {
  if (redirect === undefined) return [];
  const { uri = "", authority = "", port, derivePort, scheme = "", redirectCode = 0 } = redirect;
  if (uri === "" && authority === "" && port === undefined && derivePort === undefined && scheme === "") return ["redirect must specify URI, authority, scheme, or port"];
  if (redirectCode !== 0 && (redirectCode < 300 || redirectCode > 399)) return [`${redirectCode} is not a valid redirect code, must be 3xx`];
  if (!["", "http", "https"].includes(scheme)) return ["invalid redirect scheme, must be \"http\" or \"https\""];
  return (port ?? 0) > 0 ? badPort(port ?? 0) : [];
}

function badAuthority(route: HttpRoute): Problems {
  const set = [...Object.entries(route.headers?.request?.set ?? {}), ...Object.entries(route.headers?.request?.add ?? {})].filter(([name]) => isAuthority(name)).map(([, value]) => value);
  const [current, next] = [...(route.rewrite?.authority === undefined || route.rewrite.authority === "" ? [] : [route.rewrite.authority]), ...set];
  return next === undefined ? [] : [`authority header cannot be set multiple times: have "${current}", attempting to set "${next}"`];
}

function badHttp(route: HttpRoute, isDelegate: boolean): Problems {
  const independent = !isDelegate && route.delegate === undefined;
  const share = route.mirrorPercentage?.value ?? 0;
  const size = route.directResponse?.body === undefined ? 0 : (route.directResponse.body.string ?? route.directResponse.body.bytes ?? "").length;
  return [
    ...conflicts(route, isDelegate), ...each(route.match, (match) => badMatch(match, independent)),
    ...badHeaders(route.headers, isAuthority), ...badCors(route.corsPolicy as Cors | undefined), ...badFault(route.fault as Fault | undefined),
    ...when((route.mirrorPercent ?? 0) > 100, `mirror_percent must have a max value of 100 (it has ${route.mirrorPercent ?? 0})`),
    ...when(share > 100, `mirror_percentage must have a max value of 100 (it has ${share.toFixed(6)})`), ...when(share < 0, `mirror_percentage must have a min value of 0 (it has ${share.toFixed(6)})`),
    ...badDestination(route.mirror), ...badRedirect(route.redirect), ...when(size > 1024 * 1024, "large direct_responses may impact control plane performance, must be less than 1MB"), ...badStatus(route.directResponse?.status),
    ...badRetries(route.retries),
    ...when(route.rewrite?.uriRegexRewrite !== undefined, "unknown field \"uriRegexRewrite\" in istio.networking.v1alpha3.HTTPRewrite"),
    ...when(route.rewrite !== undefined && (route.rewrite.uri ?? "") === "" && (route.rewrite.authority ?? "") === "" && route.rewrite.uriRegexRewrite === undefined, "rewrite must specify URI, authority, or both"),
    ...badAuthority(route), ...badTargets(route.route), ...badDuration(route.timeout),
  ];
}

function badL4Match(match: L4Match): Problems {
  return [...each(match.destinationSubnets, badSubnet), ...((match.port ?? 0) === 0 ? [] : badPort(match.port ?? 0)), ...badSelectorLabels(match.sourceLabels), ...badGateways(match.gateways)];
}

function badSni(sni: string, hosts: readonly string[]): Problems {
  const wrong = badWildcard(sni);
  if (wrong.length > 0) return isAddress(sni) ? [] : wrong;
  return when(!hosts.some((host) => hostIsSubset(sni, host)), `SNI host "${sni}" is not a compatible subset of any of the virtual service hosts: [${hosts.join(", ")}]`);
}

const badTls = (route: L4Route, hosts: readonly string[]): Problems => [
  ...when((route.match ?? []).length === 0, "TLS route must have at least one match condition"),
  ...each(route.match, (match) => [...((match.sniHosts ?? []).length === 0 ? ["TLS match must have at least one SNI host"] : each(match.sniHosts, (sni) => badSni(sni, hosts))), ...badL4Match(match)]),
  ...when((route.route ?? []).length === 0, "TLS route is required"), ...badTargets(route.route),
];

const badTcp = (route: L4Route): Problems => [...each(route.match, badL4Match), ...when((route.route ?? []).length === 0, "TCP route is required"), ...badTargets(route.route)];

/**
 * What istiod's admission refuses in a VirtualService.
 * @see istio 1.18 pkg/config/validation/validation.go ValidateVirtualService
 */
export function badVirtualService(spec: VirtualServiceSpec, namespace: string): Problems {
  const { hosts = [], gateways = [], http = [], tls = [], tcp = [] } = spec;
  const isDelegate = hosts.length === 0;
  const inMesh = gateways.length === 0 || gateways.includes("mesh");
  const wrong = each(hosts, (host) => {
    const problems = badWildcard(host);
    if (problems.length > 0) return isAddress(host) ? [] : problems;
    return when(inMesh && host === "*", "wildcard host * is not allowed for virtual services bound to the mesh gateway");
  });
  const twice = wrong.length > 0 ? [] : hosts.flatMap((host, index) => hosts.slice(index + 1).filter((other) => hostMatches(host, other)).map((other) => `duplicate hosts in virtual service: ${host} & ${other}`));
  return [
    ...when(isDelegate && gateways.length > 0, "delegate virtual service must have no gateways specified"), ...when(isDelegate && tls.length > 0, "delegate virtual service must have no tls route specified"),
    ...when(isDelegate && tcp.length > 0, "delegate virtual service must have no tcp route specified"), ...badGateways(gateways), ...wrong, ...twice,
    ...when(http.length + tls.length + tcp.length === 0, "http, tcp or tls must be provided in virtual service"),
    ...each(http, (route) => badHttp(route, isDelegate)), ...each(tls, (route) => badTls(route, hosts)), ...each(tcp, badTcp), ...badExportTo(namespace, spec.exportTo),
  ];
}
