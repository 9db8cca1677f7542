import { breaker, pickHost } from "./cluster.ts";
import { socketFor } from "./hosts.ts";
import { type Json, list, object, text, typeOf } from "./json.ts";
import { asksAuthorizer, denialDetails, evaluateRbac, shadowRbac } from "./rbac.ts";
import { pickCluster } from "./route-match.ts";
import { type Established, type Run, type Verdict, verdict } from "./run.ts";

/** RBAC as a network filter; tells the details of a denial, and what later filters may read. */
export function networkRbac(run: Run, filter: Json, connection: Established): { readonly denied?: string; readonly metadata: Json } {
  const config = object(filter["typed_config"]);
  const facts = { direct: connection.source, remote: connection.source, destination: connection.destination, sni: connection.sni, tls: connection.tls, peer: connection.peer, headers: [] };
  const shadow = shadowRbac(config, facts);
  if (shadow !== undefined) run.note("rbac", { table: "network rbac shadow rules", rule: shadow.answer.policy, verdict: `${shadow.answer.allowed ? "allowed" : "denied"}, not enforced` }, filter);
  const answer = evaluateRbac(config["rules"], facts);
  for (const field of [...answer.unknown, ...(shadow?.answer.unknown ?? [])]) run.caveat({ code: "envoy/rbac-field", problem: `RBAC looks at "${field}", which is not modelled; it was taken as absent` });
  if (config["rules"] !== undefined) run.note("rbac", { table: "network rbac", rule: answer.policy, verdict: answer.allowed ? "allowed" : "denied" }, filter);
  return { metadata: shadow?.metadata ?? {}, ...(answer.allowed ? {} : { denied: denialDetails(answer.policy) }) };
}

/** ext_authz as a network filter: its answer is not known. */
export function networkAuthorizer(run: Run, filter: Json, metadata: Json): void {
  if (asksAuthorizer(object(filter["typed_config"]), metadata)) run.caveat({ code: "envoy/network-filter", problem: `network filter "${text(filter["name"]) ?? ""}" asks an external authorizer, whose answer is not known; it was taken as a yes` });
}

/**
 * Proxies a TCP connection: picks the cluster and a host, and connects at once.
 *
 * @see Envoy 1.26, source/common/tcp_proxy/tcp_proxy.cc; flags as measured with 1.40
 */
export function proxyTcp(run: Run, proxy: Json, connection: Established, sniCluster: boolean): Verdict {
  const target = sniCluster && connection.sni !== "" ? { cluster: connection.sni } : pickCluster(proxy, [], run.choose, "tcp_proxy weighted clusters");
  const cluster = run.config.clusters.get(target.cluster);
  run.note("tcp proxy", { table: "tcp_proxy", rule: target.cluster, verdict: cluster === undefined ? "cluster is not known" : "chosen" }, cluster);
  if (cluster === undefined) return verdict("tcp", { flags: ["NC"], closed: `cluster "${target.cluster}" is not known` });
  const known = { cluster: target.cluster };
  if (breaker(cluster, "max_connections") === 0) return verdict("tcp", { ...known, flags: ["UO"], closed: "circuit breaker allows no connection" });
  if (breaker(cluster, "max_pending_requests") === 0) return verdict("tcp", { ...known, flags: ["URX"], closed: "circuit breaker allows no pending connection" });
  const own = object(object(target.weighted?.["metadata_match"])["filter_metadata"])["envoy.lb"];
  const subset = { ...object(object(object(proxy["metadata_match"])["filter_metadata"])["envoy.lb"]), ...object(own) };
  const host = pickHost(run, { cluster, headers: [], restored: connection.restored, subset, tried: [] });
  if (host === undefined) return verdict("tcp", { ...known, flags: ["UH"], closed: `cluster "${target.cluster}" has no healthy host` });
  const result = run.attempt({ cluster, host, transportSocket: socketFor(cluster, host) });
  if (result.type === "connect-failure") return verdict("tcp", { ...known, host, flags: ["UF", "URX"], attempts: 1, closed: result.detail });
  if (result.type === "unknown") return verdict("tcp", { ...known, host, attempts: 1, unknown: result.reason });
  return verdict("tcp", { ...known, host, attempts: 1, closed: result.type === "reset" ? "upstream closed the connection" : undefined });
}

const isNetworkFilter = (filter: Json, name: string): boolean => {
  const type = typeOf(filter["typed_config"]);
  return type === "" ? text(filter["name"]) === `envoy.filters.network.${name}` : type.startsWith(`envoy.extensions.filters.network.${name}.`) || type.endsWith(`envoy.config.filter.network.${name}.v2.${name}`);
};

export const networkFilters = (chain: Json): readonly Json[] => list(chain["filters"]);
export { isNetworkFilter };
