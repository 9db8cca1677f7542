import type { Json, LocalitySetting } from "../types.ts";

export interface ClientTls {
  readonly mode?: "DISABLE" | "SIMPLE" | "MUTUAL" | "ISTIO_MUTUAL";
  readonly clientCertificate?: string; readonly privateKey?: string; readonly caCertificates?: string; readonly credentialName?: string;
  readonly subjectAltNames?: readonly string[]; readonly sni?: string; readonly insecureSkipVerify?: boolean;
}
export interface LoadBalancer {
  readonly simple?: string;
  readonly consistentHash?: Json;
  readonly localityLbSetting?: LocalitySetting;
  readonly warmupDurationSecs?: string;
}
export interface ConnectionPool {
  readonly tcp?: { readonly maxConnections?: number; readonly connectTimeout?: string; readonly tcpKeepalive?: { readonly probes?: number; readonly time?: string; readonly interval?: string }; readonly maxConnectionDuration?: string };
  readonly http?: { readonly http1MaxPendingRequests?: number; readonly http2MaxRequests?: number; readonly maxRequestsPerConnection?: number; readonly maxRetries?: number; readonly idleTimeout?: string; readonly h2UpgradePolicy?: string; readonly useClientProtocol?: boolean };
}
export interface Outlier {
  readonly consecutiveErrors?: number; readonly consecutive5xxErrors?: number; readonly consecutiveGatewayErrors?: number; readonly consecutiveLocalOriginFailures?: number;
  readonly splitExternalLocalOriginErrors?: boolean; readonly interval?: string; readonly baseEjectionTime?: string; readonly maxEjectionPercent?: number; readonly minHealthPercent?: number;
}
export interface PortPolicy { readonly connectionPool?: ConnectionPool; readonly loadBalancer?: LoadBalancer; readonly outlierDetection?: Outlier; readonly tls?: ClientTls }
export interface TrafficPolicy extends PortPolicy {
  readonly portLevelSettings?: readonly (PortPolicy & { readonly port?: { readonly number?: number } })[];
  readonly tunnel?: Json;
}

const COMPONENTS = ["connectionPool", "outlierDetection", "loadBalancer", "tls"] as const;

function mergePolicy(original: PortPolicy | undefined, own: TrafficPolicy | undefined, port: number): PortPolicy | undefined {
  if (own === undefined) return original;
  const level = own.portLevelSettings?.find((entry) => entry.port?.number === port);
  const merged = level ?? { ...original, ...Object.fromEntries(COMPONENTS.flatMap((field) => (own[field] === undefined ? [] : [[field, own[field]]]))) };
  return Object.fromEntries(COMPONENTS.map((field) => [field, merged[field]])) as PortPolicy;
}

/**
 * The policy for one port: the rule's, overlaid by the subset's; a level's own settings for the port stand instead of all else.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/cluster_builder.go MergeTrafficPolicy
 */
export function policyFor(base: TrafficPolicy | undefined, subset: TrafficPolicy | undefined, port: number): PortPolicy {
  return mergePolicy(mergePolicy(undefined, base, port), subset, port) ?? {};
}

const UNLIMITED = 4294967295;

/** Writes connection pool limits and timeouts into a cluster (`cluster_traffic_policy.go applyConnectionPool`). */
export function applyConnectionPool(cluster: Json, pool: ConnectionPool | undefined, keepalive: Json | undefined): { readonly http: Json } {
  const threshold: Json = { maxConnections: UNLIMITED, maxPendingRequests: UNLIMITED, maxRequests: UNLIMITED, maxRetries: UNLIMITED, trackRemaining: true };
  const { tcp, http } = pool ?? {};
  const positive = (field: string, value: number | undefined): void => { if (value !== undefined && value > 0) threshold[field] = value; };
  positive("maxPendingRequests", http?.http1MaxPendingRequests);
  positive("maxRequests", http?.http2MaxRequests);
  positive("maxRetries", http?.maxRetries);
  positive("maxConnections", tcp?.maxConnections);
  if (tcp?.connectTimeout !== undefined) cluster["connectTimeout"] = protoDuration(tcp.connectTimeout);
  if (keepalive !== undefined || tcp?.tcpKeepalive !== undefined) {
    const alive: Json = { ...keepalive, ...tcp?.tcpKeepalive };
    const seconds = (value: unknown): number | undefined => (typeof value === "string" ? Math.floor(durationSeconds(value)) : undefined);
    cluster["upstreamConnectionOptions"] = { tcpKeepalive: { keepaliveProbes: Number(alive["probes"] ?? 0) > 0 ? alive["probes"] : undefined, keepaliveTime: seconds(alive["time"]), keepaliveInterval: seconds(alive["interval"]) } };
  }
  cluster["circuitBreakers"] = { thresholds: [threshold] };
  const common: Json = {};
  if (http?.idleTimeout !== undefined) common["idleTimeout"] = protoDuration(http.idleTimeout);
  if ((http?.maxRequestsPerConnection ?? 0) > 0) common["maxRequestsPerConnection"] = http?.maxRequestsPerConnection;
  if (tcp?.maxConnectionDuration !== undefined) common["maxConnectionDuration"] = protoDuration(tcp.maxConnectionDuration);
  return { http: common };
}

/** Reads `1h30m`, `10s`, `250ms` into seconds. */
function durationSeconds(text: string): number {
  const unit: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, "µs": 1e-6, ns: 1e-9 };
  let total = 0;
  for (const [, value, name] of text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g)) total += Number(value) * (unit[name ?? "s"] ?? 1);
  return total;
}

/** A duration as proto3 JSON prints it: seconds with as many of three, six or nine decimals as needed. */
export function protoDuration(text: string): string {
  const nanos = Math.round(durationSeconds(text) * 1e9);
  const fraction = nanos % 1e9;
  if (fraction === 0) return `${nanos / 1e9}s`;
  const digits = fraction % 1e6 === 0 ? 3 : fraction % 1e3 === 0 ? 6 : 9;
  return `${(nanos / 1e9).toFixed(digits)}s`;
}

/** Writes outlier detection (`cluster.go applyOutlierDetection`). */
export function applyOutlier(cluster: Json, outlier: Outlier | undefined): void {
  if (outlier === undefined) return;
  const out: Json = { enforcingSuccessRate: 0 };
  const enforced = (value: number | undefined, field: string, enforcing: string): void => {
    if (value !== undefined) { out[field] = value; out[enforcing] = value > 0 ? 100 : 0; }
  };
  enforced(outlier.consecutive5xxErrors, "consecutive5xx", "enforcingConsecutive5xx");
  enforced(outlier.consecutiveGatewayErrors, "consecutiveGatewayFailure", "enforcingConsecutiveGatewayFailure");
  if (outlier.interval !== undefined) out["interval"] = protoDuration(outlier.interval);
  if (outlier.baseEjectionTime !== undefined) out["baseEjectionTime"] = protoDuration(outlier.baseEjectionTime);
  if ((outlier.maxEjectionPercent ?? 0) > 0) out["maxEjectionPercent"] = outlier.maxEjectionPercent;
  if (outlier.splitExternalLocalOriginErrors === true) {
    out["splitExternalLocalOriginErrors"] = true;
    const local = outlier.consecutiveLocalOriginFailures ?? 0;
    if (local > 0) { out["consecutiveLocalOriginFailure"] = local; out["enforcingConsecutiveLocalOriginFailure"] = 100; }
    out["enforcingLocalOriginSuccessRate"] = 0;
  }
  cluster["outlierDetection"] = out;
  const least = outlier.minHealthPercent ?? 0;
  if (least >= 0) cluster["commonLbConfig"] = { ...(cluster["commonLbConfig"] as Json | undefined), healthyPanicThreshold: least > 0 ? { value: least } : {} };
}

/** Writes the load balancing policy (`cluster.go applyLoadBalancer`); Redis clusters that Envoy shards always use Maglev. */
export function applyLoadBalancer(cluster: Json, lb: LoadBalancer | undefined, redis: boolean): void {
  if (cluster["type"] === "ORIGINAL_DST") { cluster["lbPolicy"] = "CLUSTER_PROVIDED"; return; }
  if (redis) { cluster["lbPolicy"] = "MAGLEV"; return; }
  const slow = lb?.warmupDurationSecs === undefined ? undefined : { slowStartConfig: { slowStartWindow: protoDuration(lb.warmupDurationSecs) } };
  switch (lb?.simple) {
    case "ROUND_ROBIN":
      delete cluster["lbPolicy"];
      if (slow !== undefined) cluster["roundRobinLbConfig"] = slow;
      break;
    case "RANDOM": cluster["lbPolicy"] = "RANDOM"; break;
    default:
      cluster["lbPolicy"] = "LEAST_REQUEST";
      if (slow !== undefined) cluster["leastRequestLbConfig"] = slow;
  }
  if (lb?.consistentHash !== undefined) hashing(cluster, lb.consistentHash);
}

function hashing(cluster: Json, hash: Json): void {
  const use = (field: string, config: Json): void => {
    for (const other of ["leastRequestLbConfig", "roundRobinLbConfig"]) delete cluster[other];
    cluster[field] = config;
  };
  const maglev = hash["maglev"] as Json | undefined;
  const ring = hash["ringHash"] as Json | undefined;
  if (maglev !== undefined) {
    cluster["lbPolicy"] = "MAGLEV";
    if (Number(maglev["tableSize"] ?? 0) !== 0) use("maglevLbConfig", { tableSize: String(maglev["tableSize"]) });
    return;
  }
  cluster["lbPolicy"] = "RING_HASH";
  const least = Number((ring === undefined ? hash["minimumRingSize"] : ring["minimumRingSize"]) ?? 0);
  if (least !== 0) use("ringHashLbConfig", { minimumRingSize: String(least) });
  else if (ring === undefined) use("ringHashLbConfig", { minimumRingSize: "1024" });
}
