import { breaker, pickHost, upstreamVersion } from "./cluster.ts";
import { trimmed } from "./codec.ts";
import { type FormatFacts, mutateHeaders } from "./header-mutation.ts";
import { type Headers, headerOf, withHeader } from "./headers.ts";
import { type Host, socketFor } from "./hosts.ts";
import { flag, type Json, list, nanoseconds, object, text, texts } from "./json.ts";
import { backOff, type RetryPolicy, retryPolicy, wouldRetry } from "./retry.ts";
import { rewrittenHost, rewrittenPath, setHost } from "./rewrite.ts";
import type { Target } from "./route-match.ts";
import type { AttemptResult, Established, Run } from "./run.ts";

/** Everything that was resolved for a request before the router filter runs. */
export interface Resolved {
  readonly routes: Json;
  readonly virtualHost: Json;
  readonly route: Json;
  readonly action: Json;
  readonly target: Target;
}

/** How the router ended a request. */
export interface Routed {
  readonly cluster?: string;
  readonly host?: Host;
  readonly status: number;
  readonly flags: readonly string[];
  readonly details: string;
  readonly headers: Headers;
  readonly upstream?: Headers;
  readonly attempts: number;
  /** The answer is Envoy's own. */
  readonly local: boolean;
  readonly unknown?: string;
}

const local = (status: number, flags: readonly string[], details: string, rest: Partial<Routed> = {}): Routed => ({ status, flags, details, headers: [], attempts: 0, local: true, ...rest });

/** The levels of header operations, in the order in which they apply. */
export function mutationLevels({ routes, virtualHost, route, target }: Omit<Resolved, "target"> & { readonly target?: Target }): readonly Json[] {
  const levels = [target?.weighted ?? {}, route, virtualHost, routes];
  return flag(routes["most_specific_header_mutations_wins"]) ? levels.reverse() : levels;
}

const DEFAULT_TIMEOUT = 15e9;
const WITH_LENGTH = new Set(["POST", "PUT", "PATCH", "OPTIONS"]);

export interface RouterOptions {
  readonly suppress: boolean;
  readonly version: "1.0" | "1.1" | "2";
  /** Settings of Istio's ALPN filter, if it ran. */
  readonly alpn?: Json;
}

/** The ALPN list that Istio's filter puts in place of the cluster's own. */
function alpnFor(filter: Json | undefined, cluster: Json, version: "1.1" | "2"): readonly string[] | undefined {
  const istio = object(object(object(cluster["metadata"])["filter_metadata"])["istio"]);
  if (filter === undefined || istio["alpn_override"] === "false") return undefined;
  const wanted = version === "2" ? "HTTP2" : "HTTP11";
  const entry = list(filter["alpn_override"]).find((item) => (text(item["upstream_protocol"]) ?? "HTTP10") === wanted);
  return entry === undefined ? undefined : texts(entry["alpn_override"]);
}

function requestHeaders(resolved: Resolved, headers: Headers, facts: FormatFacts, options: RouterOptions, timeout: number): Headers {
  const { action, route, virtualHost } = resolved;
  let result = mutateHeaders(headers, mutationLevels(resolved), "request", facts);
  const whole = headerOf(headers, ":path") ?? "";
  const host = rewrittenHost(action, result);
  if (host !== undefined) result = setHost(result, host, action, !options.suppress);
  const path = rewrittenPath(route, action, whole);
  if (path !== undefined) {
    if (!options.suppress) result = withHeader(result, "x-envoy-original-path", whole);
    result = withHeader(result, ":path", path);
  }
  if (flag(virtualHost["include_request_attempt_count"])) result = withHeader(result, "x-envoy-attempt-count", "1");
  if (timeout > 0 && !options.suppress) result = withHeader(result, "x-envoy-expected-rq-timeout-ms", String(Math.floor(timeout / 1e6)));
  return result;
}

interface Trial {
  readonly result: AttemptResult | { readonly type: "overflow" } | { readonly type: "no-host" };
  readonly host?: Host;
  readonly sent?: Headers;
}

function tryOnce(run: Run, cluster: Json, resolved: Resolved, headers: Headers, connection: Established, options: RouterOptions, tried: readonly string[], responseTimeout: number | undefined): Trial {
  const own = object(object(object(resolved.target.weighted?.["metadata_match"])["filter_metadata"])["envoy.lb"]);
  const subset = { ...object(object(object(resolved.action["metadata_match"])["filter_metadata"])["envoy.lb"]), ...own };
  const host = pickHost(run, { cluster, headers, restored: connection.restored, subset, tried });
  if (host === undefined) return { result: { type: "no-host" } };
  let sent = headers;
  if (flag(resolved.action["auto_host_rewrite"]) && host.hostname !== undefined && host.hostname !== "") sent = setHost(sent, host.hostname, resolved.action, !options.suppress);
  const version = upstreamVersion(cluster, options.version);
  if (version === "1.1") sent = trimmed(sent);
  if (version === "1.1" && WITH_LENGTH.has(headerOf(sent, ":method") ?? "") && headerOf(sent, "content-length") === undefined) sent = withHeader(sent, "content-length", "0");
  if (breaker(cluster, "max_requests") === 0 || breaker(cluster, "max_pending_requests") === 0) return { result: { type: "overflow" }, host, sent };
  return { result: run.attempt({ cluster, host, transportSocket: socketFor(cluster, host), http: { headers: sent, version, alpn: alpnFor(options.alpn, cluster, version) }, responseTimeout }), host, sent };
}

function ended(trial: Trial, attempts: number, cluster: string, exhausted: boolean): Routed {
  const { result, host, sent } = trial;
  const rest = { cluster, host, upstream: sent, attempts };
  const more = exhausted ? ["URX"] : [];
  const reset = (status: number, flag: string, why: string): Routed => local(status, [...more, flag], `upstream_reset_before_response_started{${why}}`, rest);
  switch (result.type) {
    case "response":
      return { ...rest, status: result.status, flags: more, details: "via_upstream", headers: result.headers, local: false };
    case "bytes":
      return reset(502, "UPE", "protocol_error");
    case "connect-failure":
      return result.reason === "timeout" ? reset(503, "UF", "connection_timeout") : reset(503, "UF", `remote_connection_failure|${result.detail}`);
    case "reset":
      return reset(503, "UC", "connection_termination");
    case "timeout":
      return local(504, [...more, "UT"], "response_timeout", rest);
    case "overflow":
      return { ...reset(503, "UO", "overflow"), headers: [["x-envoy-overloaded", "true"]] };
    case "no-host":
      return local(503, [...more, "UH"], "no_healthy_upstream", { ...rest, attempts });
    default:
      return local(503, more, "unknown", { ...rest, unknown: result.reason });
  }
}

/**
 * Sends a request to a cluster, with retries and time limits.
 *
 * @see Envoy 1.26, source/common/router/router.cc, retry_state_impl.cc
 */
export function routeToCluster(run: Run, resolved: Resolved, headers: Headers, facts: FormatFacts, connection: Established, options: RouterOptions): Routed {
  const { action, virtualHost, target } = resolved;
  const cluster = run.config.clusters.get(target.cluster);
  if (cluster === undefined) {
    run.note("cluster", { table: "cluster", rule: target.cluster, verdict: "is not known" }, resolved.route);
    const code = text(action["cluster_not_found_response_code"]) ?? "";
    return local(code === "NOT_FOUND" ? 404 : code === "INTERNAL_SERVER_ERROR" ? 500 : 503, ["NC"], "cluster_not_found");
  }
  if (list(action["request_mirror_policies"]).length > 0) run.caveat({ code: "envoy/mirror", problem: `requests to cluster "${target.cluster}" are mirrored as well; the copies are not followed` });
  const timeout = nanoseconds(action["timeout"]) ?? DEFAULT_TIMEOUT;
  const perTry = nanoseconds(object(action["retry_policy"])["per_try_timeout"]) ?? 0;
  const shown = perTry > 0 && (timeout === 0 || perTry < timeout) ? perTry : timeout;
  const prepared = requestHeaders(resolved, headers, { ...facts, cluster: target.cluster }, options, shown);
  const policy: RetryPolicy | undefined = retryPolicy(action, virtualHost);
  const tried: string[] = [];
  for (let attempt = 1; ; attempt++) {
    const numbered = headerOf(prepared, "x-envoy-attempt-count") !== undefined && flag(virtualHost["include_request_attempt_count"]) ? withHeader(prepared, "x-envoy-attempt-count", String(attempt)) : prepared;
    const trial = tryOnce(run, cluster, resolved, numbered, connection, options, policy?.avoidTried === true ? tried : [], shown > 0 ? shown : undefined);
    const { result } = trial;
    const wanted = policy !== undefined && result.type !== "overflow" && result.type !== "no-host" && (result.type !== "timeout" || perTry > 0) && wouldRetry(policy, result);
    const count = result.type === "no-host" ? attempt - 1 : attempt;
    if (!wanted || policy === undefined || policy.retries === 0) return ended(trial, count, target.cluster, wanted);
    if (attempt > policy.retries) return ended(trial, count, target.cluster, true);
    if (trial.host !== undefined) tried.push(trial.host.name);
    run.note("retry", { table: "retry_policy", rule: [...policy.conditions].join(","), verdict: `attempt ${attempt + 1} of ${policy.retries + 1}` }, resolved.route);
    run.wait(backOff(policy, attempt));
  }
}
