import { clusterName } from "../cluster/names.ts";
import { protoDuration } from "../cluster/traffic-policy.ts";
import type { Json, MeshService } from "../types.ts";
import type { Destination, HeaderOps, HttpRoute, HttpRouteDestination } from "./virtual-service.ts";

export interface Registry {
  readonly byHost: ReadonlyMap<string, MeshService>;
  readonly port: number;
  readonly defaultRetry?: Json;
  readonly hash: (destination: Destination) => Json | undefined;
  /** The listener ends TLS. */
  readonly tls?: boolean;
  /** The routes come from the Gateway API, whose paths end at slashes and whose wrong backends answer 500. */
  readonly gatewaySemantics?: boolean;
}

/** The cluster a destination names; without a port, the service's only port, else the listener's (`GetDestinationCluster`). */
export function destinationCluster(destination: Destination, registry: Pick<Registry, "byHost" | "port">): string {
  if (destination.host === "") return "UnknownService";
  const service = registry.byHost.get(destination.host);
  const port = destination.port !== undefined ? (destination.port.number ?? 0) : service?.ports.length === 1 ? (service.ports[0]?.number ?? registry.port) : registry.port;
  return clusterName(port, destination.subset ?? "", destination.host);
}

const DEFAULT_RETRY: Json = {
  hostSelectionRetryMaxAttempts: "5", numRetries: 2, retriableStatusCodes: [503],
  retryHostPredicate: [{ name: "envoy.retry_host_predicates.previous_hosts", typedConfig: { "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate" } }],
  retryOn: "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
};

/** Codes that have a name in HTTP; other numbers are taken for words. */
const isStatus = (word: string): boolean => /^[1-5]\d\d$/.test(word) && !/^(10[4-9]|1[1-9]\d|20[9]|21\d|22[0-57-9]|2[3-9]\d|306|309|3[1-9]\d|4(19|20|2[7]|30|3[2-9]|4\d|50|5[2-9]|[6-9]\d)|509|51[2-9]|5[2-9]\d)$/.test(word);

/** @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/retry/retry.go ConvertPolicy */
export function retryPolicy(retries: HttpRoute["retries"], fallback: Json | undefined): Json | undefined {
  if (retries === undefined) return fallback === undefined ? DEFAULT_RETRY : retryPolicy(fallback as HttpRoute["retries"], undefined);
  if ((retries.attempts ?? 0) <= 0) return undefined;
  const out: Json = { ...DEFAULT_RETRY, numRetries: retries.attempts };
  if (retries.retryOn !== undefined && retries.retryOn !== "") {
    const parts = retries.retryOn.split(",").map((part) => part.trim()).filter((part) => part !== "");
    const codes = parts.filter(isStatus).map(Number);
    const words = parts.filter((part) => !isStatus(part)).join(",");
    out["retryOn"] = codes.length > 0 && !words.includes("retriable-status-codes") ? `${words},retriable-status-codes` : words;
    if (codes.length > 0) out["retriableStatusCodes"] = codes;
    else delete out["retriableStatusCodes"];
  }
  if (retries.perTryTimeout !== undefined) out["perTryTimeout"] = protoDuration(retries.perTryTimeout);
  if (retries.retryRemoteLocalities === true) out["retryPriority"] = { name: "envoy.retry_priorities.previous_priorities", typedConfig: { "@type": "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig", updateFrequency: 2 } };
  return out;
}

/** A percentage in millionths, cut off as istiod cuts it. */
export const percent = (value: number): Json => {
  const numerator = Math.trunc(value * 10000);
  return { denominator: "MILLION", ...(numerator === 0 ? {} : { numerator }) };
};
export const hundredths = (value: number): Json => (value === 0 ? {} : { numerator: value });

const isInternal = (name: string): boolean => name.startsWith(":") || name.toLowerCase() === "host";

/** Header operations as Envoy's to-add and to-remove lists, by `request` and `response`. */
export function headerFields(request: HeaderOps | undefined, response: HeaderOps | undefined): Json {
  const entries = (ops: HeaderOps | undefined): Json[] => {
    const list = (record: Readonly<Record<string, string>> | undefined, more: Json): Json[] =>
      Object.entries(record ?? {}).filter(([key]) => !isInternal(key)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ ...more, header: value === "" ? { key } : { key, value } }));
    return [...list(ops?.set, { appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" }), ...list(ops?.add, {})];
  };
  const out: Json = {};
  const put = (field: string, value: readonly unknown[] | undefined): void => { if (value !== undefined && value.length > 0) out[field] = value; };
  put("requestHeadersToAdd", entries(request));
  put("requestHeadersToRemove", request?.remove?.filter((name) => !isInternal(name)));
  put("responseHeadersToAdd", entries(response));
  put("responseHeadersToRemove", response?.remove?.filter((name) => !isInternal(name)));
  return out;
}

/** The Host an operation sets: a rewrite in Envoy's terms. */
export function hostOf(ops: HeaderOps | undefined): string | undefined {
  const find = (record: Readonly<Record<string, string>> | undefined): string | undefined => Object.entries(record ?? {}).findLast(([key]) => key.toLowerCase() === ":authority" || key.toLowerCase() === "host")?.[1];
  const set = find(ops?.set);
  return set !== undefined && set !== "" ? set : find(ops?.add);
}

function mirrors(route: HttpRoute, registry: Registry): Json[] {
  const one = (destination: Destination, fraction: Json | undefined): Json[] =>
    (fraction === undefined ? [] : [{ cluster: destinationCluster(destination, registry), runtimeFraction: { defaultValue: fraction }, traceSampled: false }]);
  const share = (percentage: { readonly value?: number } | undefined, whole: number | undefined): Json | undefined => {
    if (percentage !== undefined) return (percentage.value ?? 0) > 0 ? percent(percentage.value ?? 0) : undefined;
    return whole === 0 ? undefined : hundredths(whole ?? 100);
  };
  return [
    ...(route.mirror === undefined ? [] : one(route.mirror, share(route.mirrorPercentage, route.mirrorPercent))),
    ...(route.mirrors ?? []).flatMap((mirror) => one(mirror.destination, share(mirror.percentage, undefined))),
  ];
}

const FULL = "%FULLREPLACE()%";

function rewriting(rewrite: HttpRoute["rewrite"], gatewaySemantics: boolean): Json {
  const uri = rewrite?.uri ?? "";
  if (gatewaySemantics && uri.startsWith(FULL)) return { regexRewrite: { pattern: { regex: "/.*" }, substitution: uri.slice(FULL.length) } };
  return uri === "" ? {} : { prefixRewrite: uri };
}

function clusterWeight(item: HttpRouteDestination, registry: Registry): Json {
  const host = hostOf(item.headers?.request);
  return { name: destinationCluster(item.destination, registry), weight: item.weight ?? 0, ...headerFields(item.headers?.request, item.headers?.response), ...(host === undefined || host === "" ? {} : { hostRewriteLiteral: host }) };
}

/**
 * Redirect, direct response or forwarding; redirect wins over direct response over route.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/route.go translateRoute, applyHTTPRouteDestination
 */
export function routeAction(route: HttpRoute, registry: Registry): Json {
  const semantics = registry.gatewaySemantics === true;
  if (route.redirect !== undefined) {
    const redirect = redirectAction(route.redirect, registry);
    return redirect === undefined ? {} : { redirect };
  }
  if (route.directResponse !== undefined) {
    const { body } = route.directResponse;
    return { directResponse: { status: route.directResponse.status, ...(body === undefined ? {} : { body: body.string !== undefined ? { inlineString: body.string } : { inlineBytes: body.bytes } }) } };
  }
  const timeout = route.timeout === undefined ? "0s" : protoDuration(route.timeout);
  const action: Json = { timeout, maxGrpcTimeout: timeout, ...(semantics ? { clusterNotFoundResponseCode: "INTERNAL_SERVER_ERROR" } : {}) };
  const retry = retryPolicy(route.retries, registry.defaultRetry);
  if (retry !== undefined) action["retryPolicy"] = retry;
  const mirrored = mirrors(route, registry);
  if (mirrored.length > 0) action["requestMirrorPolicies"] = mirrored;
  const { rewrite } = route;
  Object.assign(action, rewriting(rewrite, semantics));
  const authority = (rewrite?.authority ?? "") === "" ? hostOf(route.headers?.request) : rewrite?.authority;
  if (authority !== undefined && authority !== "") action["hostRewriteLiteral"] = authority;
  if (route.corsPolicy !== undefined) action["cors"] = corsPolicy(route.corsPolicy);
  const all = route.route ?? [];
  const used = all.length === 1 ? all : all.filter((item) => (item.weight ?? 0) > 0);
  const hashes = used.flatMap((item) => registry.hash(item.destination) ?? []);
  if (hashes.length > 0) action["hashPolicy"] = hashes;
  const only = used[0];
  if (used.length === 1 && only !== undefined) {
    action["cluster"] = destinationCluster(only.destination, registry);
    const host = hostOf(only.headers?.request);
    if (host !== undefined && host !== "" && action["hostRewriteLiteral"] === undefined) action["hostRewriteLiteral"] = host;
    return { route: action, ...headerFields(only.headers?.request, only.headers?.response) };
  }
  action["weightedClusters"] = used.length === 0 ? {} : { clusters: used.map((item) => clusterWeight(item, registry)) };
  return { route: action };
}

const CODES: Readonly<Record<number, string>> = { 0: "", 301: "", 302: "FOUND", 303: "SEE_OTHER", 307: "TEMPORARY_REDIRECT", 308: "PERMANENT_REDIRECT" };
const PREFIX = "%PREFIX()%";

/** A redirect in Envoy's terms; undefined for a code that Envoy has not, which leaves the route without any action. */
function redirectAction(redirect: NonNullable<HttpRoute["redirect"]>, registry: Registry): Json | undefined {
  const code = CODES[redirect.redirectCode ?? 0];
  if (code === undefined) return undefined;
  const out: Json = {};
  if ((redirect.authority ?? "") !== "") out["hostRedirect"] = redirect.authority;
  const uri = redirect.uri ?? "";
  if (registry.gatewaySemantics === true && uri.startsWith(PREFIX)) out["prefixRewrite"] = uri.slice(PREFIX.length);
  else out["pathRedirect"] = uri;
  if ((redirect.scheme ?? "") !== "") out["schemeRedirect"] = redirect.scheme;
  const port = redirect.port ?? (redirect.derivePort === "FROM_REQUEST_PORT" ? registry.port : 0);
  const scheme = (redirect.scheme ?? "") === "" ? (registry.tls === true ? "https" : "http") : redirect.scheme;
  if (port !== 0 && !(port === 80 && scheme === "http") && !(port === 443 && scheme === "https")) out["portRedirect"] = port;
  if (code !== "") out["responseCode"] = code;
  return out;
}

interface Cors { readonly allowOrigins?: readonly { exact?: string; prefix?: string; regex?: string }[]; readonly allowOrigin?: readonly string[]; readonly allowCredentials?: boolean; readonly maxAge?: string; readonly [list: string]: unknown }

function corsPolicy(policy: Cors): Json {
  const out: Json = { filterEnabled: { defaultValue: { numerator: 100 } } };
  for (const field of ["allowMethods", "allowHeaders", "exposeHeaders"]) { const list = policy[field]; if (Array.isArray(list) && list.length > 0) out[field] = list.join(","); }
  const origins = policy.allowOrigins?.map((o) => (o.regex !== undefined ? { safeRegex: { regex: o.regex } } : o)) ?? policy.allowOrigin?.map((exact) => ({ exact }));
  if (origins !== undefined && origins.length > 0) out["allowOriginStringMatch"] = origins;
  if (policy.allowCredentials !== undefined) out["allowCredentials"] = policy.allowCredentials;
  if (policy.maxAge !== undefined) out["maxAge"] = String(Number.parseInt(protoDuration(policy.maxAge), 10));
  return out;
}
