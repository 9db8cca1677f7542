import { clusterName } from "./cluster-names.ts";
import { protoDuration } from "./traffic-policy.ts";
import type { Json, MeshService } from "./types.ts";
import type { Destination, HeaderOps, HttpRoute } from "./virtual-services.ts";

export interface Registry { readonly byHost: ReadonlyMap<string, MeshService>; readonly port: number; readonly defaultRetry?: Json; readonly hash: (host: string, port: number, subset: string) => readonly Json[] | undefined }

/** The cluster a destination names; without a port, the service's only port, else the listener's (`GetDestinationCluster`). */
export function destinationCluster(destination: Destination, registry: Pick<Registry, "byHost" | "port">): string {
  const service = registry.byHost.get(destination.host);
  const number = destination.port?.number;
  const port = number !== undefined && number !== 0 ? number : service?.ports.length === 1 ? (service.ports[0]?.number ?? registry.port) : registry.port;
  return clusterName(port, destination.subset ?? "", destination.host);
}

export const DEFAULT_RETRY: Json = {
  hostSelectionRetryMaxAttempts: "5", numRetries: 2, retriableStatusCodes: [503],
  retryHostPredicate: [{ name: "envoy.retry_host_predicates.previous_hosts", typedConfig: { "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate" } }],
  retryOn: "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
};

/** @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/retry/retry.go ConvertPolicy */
export function retryPolicy(retries: HttpRoute["retries"], fallback: Json | undefined): Json | undefined {
  if (retries === undefined) return fallback === undefined ? DEFAULT_RETRY : retryPolicy(fallback as HttpRoute["retries"], undefined);
  if ((retries.attempts ?? 0) <= 0) return undefined;
  const out: Json = { ...DEFAULT_RETRY, numRetries: retries.attempts };
  if (retries.retryOn !== undefined && retries.retryOn !== "") {
    const codes: number[] = [];
    const words: string[] = [];
    for (const word of retries.retryOn.split(",").map((part) => part.trim())) {
      if (/^\d{3}$/.test(word)) codes.push(Number(word));
      else if (word !== "") words.push(word);
    }
    out["retryOn"] = [...words, ...(codes.length > 0 && !words.includes("retriable-status-codes") ? ["retriable-status-codes"] : [])].join(",");
    if (codes.length > 0) out["retriableStatusCodes"] = codes;
    else delete out["retriableStatusCodes"];
  }
  if (retries.perTryTimeout !== undefined) out["perTryTimeout"] = protoDuration(retries.perTryTimeout);
  if (retries.retryRemoteLocalities === true) out["retryPriority"] = { name: "envoy.retry_priorities.previous_priorities", typedConfig: { "@type": "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig", updateFrequency: 2 } };
  return out;
}

const percent = (value: number | undefined): Json => (value === undefined ? {} : { denominator: "MILLION", numerator: Math.round(value * 10000) });
const millionths = (value: number): Json => (value === 0 ? { denominator: "MILLION" } : percent(value));

/** Header operations as Envoy's to-add and to-remove lists, by `request` and `response`. */
export function headerFields(request: HeaderOps | undefined, response: HeaderOps | undefined): Json {
  const entries = (ops: HeaderOps | undefined): Json[] => {
    const list = (record: Readonly<Record<string, string>> | undefined, more: Json): Json[] =>
      Object.entries(record ?? {}).filter(([key]) => key.toLowerCase() !== ":authority" && key.toLowerCase() !== "host").sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ ...more, header: { key, value } }));
    return [...list(ops?.set, { appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" }), ...list(ops?.add, {})];
  };
  const out: Json = {};
  const put = (field: string, value: readonly unknown[] | undefined): void => { if (value !== undefined && value.length > 0) out[field] = value; };
  put("requestHeadersToAdd", entries(request));
  put("requestHeadersToRemove", request?.remove);
  put("responseHeadersToAdd", entries(response));
  put("responseHeadersToRemove", response?.remove);
  return out;
}

/** The Host an operation sets: a rewrite in Envoy's terms. */
const hostOf = (ops: HeaderOps | undefined): string | undefined => Object.entries({ ...ops?.add, ...ops?.set }).find(([key]) => key.toLowerCase() === ":authority" || key.toLowerCase() === "host")?.[1];

function mirrors(route: HttpRoute, registry: Registry): Json[] {
  const one = (destination: Destination, value: number | undefined, integer: number | undefined): Json[] => {
    if (value === 0 || (value === undefined && integer === 0)) return [];
    const fraction = value !== undefined ? percent(value) : { numerator: integer ?? 100 };
    return [{ cluster: destinationCluster(destination, registry), runtimeFraction: { defaultValue: fraction }, traceSampled: false }];
  };
  return [
    ...(route.mirror === undefined ? [] : one(route.mirror, route.mirrorPercentage === undefined ? undefined : (route.mirrorPercentage.value ?? 0), route.mirrorPercent)),
    ...(route.mirrors ?? []).flatMap((mirror) => one(mirror.destination, mirror.percentage === undefined ? undefined : (mirror.percentage.value ?? 0), undefined)),
  ];
}

/** Redirect, direct response or forwarding; redirect wins over direct response over route (`translateRoute`). */
export function routeAction(route: HttpRoute, registry: Registry, prefixMatch: boolean): Json {
  if (route.redirect !== undefined) return { redirect: redirectAction(route.redirect, registry.port, prefixMatch) };
  if (route.directResponse !== undefined) {
    const body = route.directResponse.body;
    return { directResponse: { status: route.directResponse.status, ...(body === undefined ? {} : { body: body.string !== undefined ? { inlineString: body.string } : { inlineBytes: body.bytes } }) } };
  }
  const timeout = route.timeout === undefined ? "0s" : protoDuration(route.timeout);
  const action: Json = { timeout, maxGrpcTimeout: timeout };
  const retry = retryPolicy(route.retries, registry.defaultRetry);
  if (retry !== undefined) action["retryPolicy"] = retry;
  const mirrored = mirrors(route, registry);
  if (mirrored.length > 0) action["requestMirrorPolicies"] = mirrored;
  const { rewrite } = route;
  const authority = rewrite?.authority !== undefined && rewrite.authority !== "" ? rewrite.authority : hostOf(route.headers?.request);
  if (authority !== undefined) action["hostRewriteLiteral"] = authority;
  if (rewrite?.uriRegexRewrite !== undefined) action["regexRewrite"] = { pattern: { regex: rewrite.uriRegexRewrite.match }, substitution: rewrite.uriRegexRewrite.rewrite };
  else if (rewrite?.uri !== undefined && rewrite.uri !== "") {
    if (prefixMatch) action["prefixRewrite"] = rewrite.uri;
    else action["regexRewrite"] = { pattern: { regex: "^/.*$|^[^/].*$" }, substitution: rewrite.uri };
  }
  if (route.corsPolicy !== undefined) action["cors"] = corsPolicy(route.corsPolicy);
  const all = route.route ?? [];
  const used = all.length === 1 ? all : all.filter((item) => (item.weight ?? 0) > 0);
  const hashes = used.flatMap((item) => {
    const cluster = destinationCluster(item.destination, registry).split("|");
    return registry.hash(item.destination.host, Number(cluster[1]), item.destination.subset ?? "") ?? [];
  });
  const only = used[0];
  if (used.length === 1 && only !== undefined) {
    action["cluster"] = destinationCluster(only.destination, registry);
    const host = hostOf(only.headers?.request);
    if (host !== undefined) action["hostRewriteLiteral"] = host;
    if (hashes.length > 0) action["hashPolicy"] = hashes;
    return { route: action, ...headerFields(only.headers?.request, only.headers?.response) };
  }
  action["weightedClusters"] = {
    clusters: used.map((item) => ({ name: destinationCluster(item.destination, registry), weight: item.weight ?? 0, ...headerFields(item.headers?.request, item.headers?.response), ...(hostOf(item.headers?.request) === undefined ? {} : { hostRewriteLiteral: hostOf(item.headers?.request) }) })),
  };
  if (hashes.length > 0) action["hashPolicy"] = hashes;
  return { route: action };
}

const CODES: Readonly<Record<number, string | undefined>> = { 302: "FOUND", 303: "SEE_OTHER", 307: "TEMPORARY_REDIRECT", 308: "PERMANENT_REDIRECT" };

function redirectAction(redirect: NonNullable<HttpRoute["redirect"]>, port: number, _prefix: boolean): Json {
  const out: Json = {};
  if (redirect.authority !== undefined && redirect.authority !== "") out["hostRedirect"] = redirect.authority;
  out["pathRedirect"] = redirect.uri ?? "";
  if (redirect.scheme !== undefined && redirect.scheme !== "") out["schemeRedirect"] = redirect.scheme;
  if (redirect.port !== undefined && redirect.port !== 0) out["portRedirect"] = redirect.port;
  else if (redirect.derivePort === "FROM_REQUEST_PORT") out["portRedirect"] = port;
  const code = CODES[redirect.redirectCode ?? 0];
  if (code !== undefined) out["responseCode"] = code;
  return out;
}

function corsPolicy(policy: Json): Json {
  const out: Json = { filterEnabled: { defaultValue: { numerator: 100 } } };
  const list = (field: string): string | undefined => (Array.isArray(policy[field]) && policy[field].length > 0 ? policy[field].join(",") : undefined);
  for (const field of ["allowMethods", "allowHeaders", "exposeHeaders"]) { const text = list(field); if (text !== undefined) out[field] = text; }
  const origins = policy["allowOrigins"] as readonly { exact?: string; prefix?: string; regex?: string }[] | undefined;
  if (origins !== undefined) out["allowOriginStringMatch"] = origins.map((o) => (o.regex !== undefined ? { safeRegex: { regex: o.regex } } : o));
  if (policy["allowCredentials"] !== undefined) out["allowCredentials"] = policy["allowCredentials"];
  if (typeof policy["maxAge"] === "string") out["maxAge"] = String(Number.parseInt(protoDuration(policy["maxAge"]), 10));
  return out;
}

/** The fault filter's configuration of one route. */
export function faultConfig(fault: Json): Json {
  const { delay, abort } = fault as { delay?: { fixedDelay?: string; percent?: number; percentage?: { value?: number } }; abort?: { httpStatus?: number; grpcStatus?: string; percentage?: { value?: number } } };
  const share = (percentage: { value?: number } | undefined): Json => (percentage === undefined ? {} : millionths(percentage.value ?? 0));
  const out: Json = { "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault" };
  if (delay !== undefined) out["delay"] = { ...(delay.fixedDelay === undefined ? {} : { fixedDelay: protoDuration(delay.fixedDelay) }), percentage: delay.percentage === undefined && delay.percent !== undefined ? { numerator: delay.percent } : share(delay.percentage) };
  const GRPC = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"];
  if (abort !== undefined) out["abort"] = { ...(abort.grpcStatus !== undefined ? { grpcStatus: GRPC.indexOf(abort.grpcStatus) } : { httpStatus: abort.httpStatus }), ...(abort.percentage === undefined ? { percentage: {} } : { percentage: share(abort.percentage) }) };
  if (abort?.grpcStatus !== undefined && abort.percentage === undefined && delay !== undefined) delete (out["abort"] as Json)["percentage"];
  return out;
}
