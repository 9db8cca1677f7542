import type { Json, LocalitySetting } from "./types.ts";

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

/**
 * The policy for one port: a subset's fields over the rule's, then the port's own settings instead of both.
 * @see istio 1.18 pilot/pkg/networking/util/util.go MergeTrafficPolicy
 */
export function policyFor(base: TrafficPolicy | undefined, subset: TrafficPolicy | undefined, port: number): PortPolicy {
  const merged: TrafficPolicy = { ...base, ...subset };
  const { portLevelSettings: _base, ...fields } = merged;
  const own = subset?.portLevelSettings?.find((entry) => entry.port?.number === port) ?? base?.portLevelSettings?.find((entry) => entry.port?.number === port);
  if (own === undefined) return fields;
  const { port: _port, ...settings } = own;
  return settings;
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
  if (tcp?.connectTimeout !== undefined) cluster["connectTimeout"] = tcp.connectTimeout;
  const alive: Json = { ...keepalive, ...tcp?.tcpKeepalive };
  if (Object.keys(alive).length > 0) {
    const seconds = (value: unknown): number | undefined => (typeof value === "string" ? Math.floor(durationSeconds(value)) : undefined);
    cluster["upstreamConnectionOptions"] = { tcpKeepalive: { keepaliveProbes: alive["probes"], keepaliveTime: seconds(alive["time"]), keepaliveInterval: seconds(alive["interval"]) } };
  }
  cluster["circuitBreakers"] = { thresholds: [threshold] };
  const common: Json = {};
  if (http?.idleTimeout !== undefined) common["idleTimeout"] = http.idleTimeout;
  if ((http?.maxRequestsPerConnection ?? 0) > 0) common["maxRequestsPerConnection"] = http?.maxRequestsPerConnection;
  if (tcp?.maxConnectionDuration !== undefined) common["maxConnectionDuration"] = tcp.maxConnectionDuration;
  return { http: common };
}

/** Reads `1h30m`, `10s`, `250ms` into seconds. */
export function durationSeconds(text: string): number {
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

/** Writes outlier detection (`cluster_traffic_policy.go applyOutlierDetection`). */
export function applyOutlier(cluster: Json, outlier: Outlier | undefined): void {
  if (outlier === undefined) return;
  const out: Json = {};
  const five = outlier.consecutive5xxErrors ?? (outlier.consecutiveErrors !== undefined && outlier.consecutiveErrors > 0 ? undefined : undefined);
  if (outlier.consecutive5xxErrors !== undefined) { out["consecutive5xx"] = five; out["enforcingConsecutive5xx"] = outlier.consecutive5xxErrors > 0 ? 100 : 0; }
  const gateway = outlier.consecutiveGatewayErrors ?? outlier.consecutiveErrors;
  if (gateway !== undefined) { out["consecutiveGatewayFailure"] = gateway; out["enforcingConsecutiveGatewayFailure"] = gateway > 0 ? 100 : 0; }
  out["enforcingSuccessRate"] = 0;
  if (outlier.interval !== undefined) out["interval"] = protoDuration(outlier.interval);
  if (outlier.baseEjectionTime !== undefined) out["baseEjectionTime"] = protoDuration(outlier.baseEjectionTime);
  if ((outlier.maxEjectionPercent ?? 0) > 0) out["maxEjectionPercent"] = outlier.maxEjectionPercent;
  if (outlier.splitExternalLocalOriginErrors === true) {
    out["splitExternalLocalOriginErrors"] = true;
    const local = outlier.consecutiveLocalOriginFailures ?? 0;
    if (local > 0) { out["consecutiveLocalOriginFailure"] = local; out["enforcingConsecutiveLocalOriginFailure"] = 100; }
  }
  cluster["outlierDetection"] = out;
  cluster["commonLbConfig"] = { ...(cluster["commonLbConfig"] as Json | undefined), healthyPanicThreshold: (outlier.minHealthPercent ?? 0) > 0 ? { value: outlier.minHealthPercent } : {} };
}

/** Writes the load balancing policy (`cluster_traffic_policy.go applyLoadBalancer`). */
export function applyLoadBalancer(cluster: Json, lb: LoadBalancer | undefined): void {
  if (cluster["type"] === "ORIGINAL_DST") { cluster["lbPolicy"] = "CLUSTER_PROVIDED"; return; }
  const hash = lb?.consistentHash;
  if (hash !== undefined) {
    const ring = hash["ringHash"] as Json | undefined;
    const maglev = hash["maglev"] as Json | undefined;
    if (maglev !== undefined) {
      cluster["lbPolicy"] = "MAGLEV";
      if (maglev["tableSize"] !== undefined) cluster["maglevLbConfig"] = { tableSize: String(maglev["tableSize"]) };
    } else {
      cluster["lbPolicy"] = "RING_HASH";
      const minimum = ring?.["minimumRingSize"] ?? hash["minimumRingSize"];
      cluster["ringHashLbConfig"] = minimum === undefined ? {} : { minimumRingSize: String(minimum) };
      if (minimum === undefined) cluster["ringHashLbConfig"] = { minimumRingSize: "1024" };
    }
    return;
  }
  switch (lb?.simple) {
    case "ROUND_ROBIN": delete cluster["lbPolicy"]; break;
    case "RANDOM": cluster["lbPolicy"] = "RANDOM"; break;
    case "PASSTHROUGH": cluster["lbPolicy"] = "CLUSTER_PROVIDED"; cluster["type"] = "ORIGINAL_DST"; delete cluster["edsClusterConfig"]; delete cluster["loadAssignment"]; break;
    default: cluster["lbPolicy"] = "LEAST_REQUEST";
  }
  if (lb?.warmupDurationSecs !== undefined) {
    const window = { slowStartWindow: protoDuration(lb.warmupDurationSecs) };
    if (cluster["lbPolicy"] === "LEAST_REQUEST") cluster["leastRequestLbConfig"] = { slowStartConfig: window };
    if (cluster["lbPolicy"] === undefined) cluster["roundRobinLbConfig"] = { slowStartConfig: window };
  }
}
