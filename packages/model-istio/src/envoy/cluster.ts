import type { SocketAddress } from "@hopscope/core";
import { balance } from "./balance.ts";
import type { Headers } from "./headers.ts";
import { clusterHosts, clusterType, type Host, originalHost, subsetHosts } from "./hosts.ts";
import { type Json, list, numberOf, object, text } from "./json.ts";
import type { Run } from "./run.ts";

export interface HostRequest {
  readonly cluster: Json;
  readonly headers: Headers;
  readonly restored: SocketAddress | undefined;
  /** The route's `envoy.lb` metadata. */
  readonly subset: Json;
  /** Names of hosts that earlier attempts used. */
  readonly tried: readonly string[];
}

/** A limit of the cluster's circuit breaker for the default priority. */
export function breaker(cluster: Json, field: string): number | undefined {
  const threshold = list(object(cluster["circuit_breakers"])["thresholds"]).find((item) => (text(item["priority"]) ?? "DEFAULT") === "DEFAULT");
  return threshold === undefined ? undefined : numberOf(threshold[field]);
}

/** `outbound|80|v1|host` taken apart. */
function clusterNameParts(name: string): { readonly direction: string; readonly port: string; readonly subset: string; readonly host: string } | undefined {
  const parts = name.split("|");
  return parts.length === 4 ? { direction: parts[0] ?? "", port: parts[1] ?? "", subset: parts[2] ?? "", host: parts[3] ?? "" } : undefined;
}

function reportEmpty(run: Run, cluster: Json): void {
  const name = text(cluster["name"]) ?? "";
  const parts = clusterNameParts(name);
  if (parts?.direction !== "outbound" || parts.subset === "") return;
  run.finding(
    {
      code: "mesh/subset-without-endpoints",
      severity: "error",
      problem: `subset "${parts.subset}" of host "${parts.host}" selects no endpoint, so Envoy answers 503 (UH) for cluster "${name}"`,
      fix: `give the labels of subset "${parts.subset}" to pods of the Service that are ready, or correct the subset in the DestinationRule`,
    },
    cluster,
  );
}

/**
 * Picks the host for one attempt; `undefined` where the load balancer has none.
 *
 * Hosts that were tried already are avoided as long as there are others (the `previous_hosts` predicate).
 */
export function pickHost(run: Run, request: HostRequest): Host | undefined {
  const { cluster } = request;
  const name = text(cluster["name"]) ?? "";
  if (clusterType(cluster) === "ORIGINAL_DST") {
    const host = originalHost(cluster, request.restored, request.headers);
    run.note("cluster", { table: "cluster", rule: name, verdict: host === undefined ? "no original destination" : `original destination ${host.name}` }, cluster);
    return host;
  }
  const hosts = clusterHosts(run.config, cluster, run.resolve);
  const shares = balance(cluster, subsetHosts(cluster, hosts, request.subset));
  const fresh = shares.filter((item) => !request.tried.includes(item.host.name));
  const left = fresh.length > 0 ? fresh : shares;
  const total = left.reduce((sum, item) => sum + item.weight, 0);
  const [only] = left;
  if (only === undefined) {
    if (hosts.length === 0 && cluster["load_assignment"] !== undefined && clusterType(cluster).endsWith("DNS")) run.caveat({ code: "envoy/dns-unresolved", problem: `no address is known for the names of cluster "${name}"` });
    if (cluster["cluster_type"] !== undefined) run.caveat({ code: "envoy/cluster-type", problem: `cluster "${name}" is of type "${text(object(cluster["cluster_type"])["name"]) ?? ""}", which is not modelled` });
    if (hosts.length === 0) reportEmpty(run, cluster);
    run.note("cluster", { table: "cluster", rule: name, verdict: hosts.length === 0 ? "has no endpoint" : "has no healthy endpoint" }, cluster);
    return undefined;
  }
  const index = left.length === 1 ? 0 : run.choose(`cluster ${name}`, left.map((item) => ({ name: item.host.name, weight: item.weight / total })));
  const host = (left[index] ?? only).host;
  run.note("cluster", { table: "cluster", rule: name, verdict: left.length === 1 ? `endpoint ${host.name}` : `one of ${left.length} endpoints: ${host.name}` }, cluster);
  return host;
}

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The HTTP version that a cluster's hosts are spoken to in. */
export function upstreamVersion(cluster: Json, downstream: "1.0" | "1.1" | "2"): "1.1" | "2" {
  const options = object(object(cluster["typed_extension_protocol_options"])[HTTP_OPTIONS]);
  const explicit = options["explicit_http_config"];
  if (explicit !== undefined) return object(explicit)["http2_protocol_options"] === undefined ? "1.1" : "2";
  if (options["use_downstream_protocol_config"] !== undefined || cluster["protocol_selection"] === "USE_DOWNSTREAM_PROTOCOL") return downstream === "2" ? "2" : "1.1";
  return options["auto_config"] !== undefined || cluster["http2_protocol_options"] !== undefined ? "2" : "1.1";
}
