import type { SocketAddress } from "@hopscope/core";
import { printSocket, socketOf } from "./address.ts";
import { bitsOf } from "./address.ts";
import { type Headers, headerOf } from "./headers.ts";
import { flag, type Json, list, numberOf, object, text, texts } from "./json.ts";
import type { EnvoyConfig } from "./load.ts";

/** An upstream host, as the load balancer sees it. */
export interface Host {
  readonly socket: SocketAddress;
  readonly name: string;
  readonly hostname: string | undefined;
  readonly health: "healthy" | "degraded" | "unhealthy";
  readonly weight: number;
  readonly priority: number;
  readonly locality: string;
  readonly localityWeight: number;
  readonly metadata: Json;
}

export const clusterType = (cluster: Json): string => text(cluster["type"]) ?? (cluster["cluster_type"] === undefined ? "STATIC" : (text(object(cluster["cluster_type"])["name"]) ?? "").includes("original_dst") ? "ORIGINAL_DST" : "STRICT_DNS");

const HEALTH: Readonly<Record<string, Host["health"]>> = { UNHEALTHY: "unhealthy", TIMEOUT: "unhealthy", DRAINING: "unhealthy", DEGRADED: "degraded" };

function hostsOf(assignment: Json): readonly Host[] {
  return list(assignment["endpoints"]).flatMap((group) =>
    list(group["lb_endpoints"]).flatMap((item) => {
      const endpoint = object(item["endpoint"]);
      const socket = socketOf(endpoint["address"]);
      if (socket === undefined) return [];
      return [
        {
          socket,
          name: printSocket(socket),
          hostname: text(endpoint["hostname"]),
          health: HEALTH[text(item["health_status"]) ?? ""] ?? "healthy",
          weight: numberOf(item["load_balancing_weight"]) ?? 1,
          priority: numberOf(group["priority"]) ?? 0,
          locality: JSON.stringify(group["locality"] ?? {}),
          localityWeight: numberOf(group["load_balancing_weight"]) ?? 0,
          metadata: object(object(item["metadata"])["filter_metadata"]),
        },
      ];
    }),
  );
}

/** Resolves a DNS name to addresses for STRICT_DNS and LOGICAL_DNS clusters; `undefined` where nobody knows. */
export type Resolve = (name: string) => readonly string[] | undefined;

function resolved(hosts: readonly Host[], resolve: Resolve | undefined): readonly Host[] {
  return hosts.flatMap((host) => {
    if (bitsOf(host.socket.address) !== undefined) return [host];
    const addresses = resolve?.(host.socket.address) ?? [];
    return addresses.map((address) => {
      const socket = { address, port: host.socket.port };
      return { ...host, socket, name: printSocket(socket), hostname: host.hostname ?? host.socket.address };
    });
  });
}

/** All hosts of a cluster, healthy or not, but those of ORIGINAL_DST, which has none of its own. */
export function clusterHosts(config: EnvoyConfig, cluster: Json, resolve?: Resolve): readonly Host[] {
  const name = text(cluster["name"]) ?? "";
  const service = text(object(cluster["eds_cluster_config"])["service_name"]);
  const discovered = (service === undefined || service === "" ? undefined : config.endpoints.get(service)) ?? config.endpoints.get(name);
  const own = cluster["load_assignment"];
  const assignment = clusterType(cluster) === "EDS" ? discovered : (own ?? discovered);
  const hosts = hostsOf(object(assignment));
  if (!clusterType(cluster).endsWith("DNS")) return hosts;
  const found = resolved(hosts, resolve);
  const known = found.length > 0 || own === undefined ? found : hostsOf(object(discovered)).filter((host) => bitsOf(host.socket.address) !== undefined);
  return clusterType(cluster) === "LOGICAL_DNS" ? known.slice(0, 1) : known;
}

/** The host of an ORIGINAL_DST cluster: where the connection wanted to go, or what a header says. */
export function originalHost(cluster: Json, destination: SocketAddress | undefined, headers: Headers): Host | undefined {
  const options = object(cluster["original_dst_lb_config"]);
  let socket = destination;
  if (flag(options["use_http_header"])) {
    const named = text(options["http_header_name"]);
    const value = headerOf(headers, named === undefined || named === "" ? "x-envoy-original-dst-host" : named.toLowerCase()) ?? "";
    const parts = /^\[?([^\]]+?)\]?:(\d+)$/.exec(value);
    socket = parts !== null && bitsOf(parts[1] ?? "") !== undefined && Number(parts[2]) <= 65535 ? { address: parts[1] ?? "", port: Number(parts[2]) } : undefined;
  }
  if (socket === undefined) return undefined;
  const port = numberOf(options["upstream_port_override"]);
  const target = port === undefined ? socket : { address: socket.address, port };
  return { socket: target, name: printSocket(target), hostname: undefined, health: "healthy", weight: 1, priority: 0, locality: "", localityWeight: 0, metadata: {} };
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const carries = (host: Host, wanted: Json): boolean => Object.entries(wanted).every(([key, value]) => equal(object(host.metadata["envoy.lb"])[key], value));

/**
 * The hosts among which a cluster with subsets chooses for a route's `envoy.lb` metadata.
 *
 * @see Envoy 1.26, source/extensions/load_balancing_policies/subset/subset_lb.cc
 */
export function subsetHosts(cluster: Json, hosts: readonly Host[], wanted: Json): readonly Host[] {
  const config = object(cluster["lb_subset_config"]);
  const selectors = list(config["subset_selectors"]);
  if (selectors.length === 0) return hosts;
  const keys = Object.keys(wanted).sort();
  const selector = selectors.find((item) => equal([...texts(item["keys"])].sort(), keys));
  if (selector !== undefined && keys.length > 0) {
    const members = hosts.filter((host) => carries(host, wanted));
    if (members.length > 0) return members;
  }
  const own = text(selector?.["fallback_policy"]);
  const policy = own === undefined || own === "NOT_DEFINED" ? (text(config["fallback_policy"]) ?? "NO_FALLBACK") : own;
  if (policy === "ANY_ENDPOINT") return hosts;
  if (policy === "DEFAULT_SUBSET") return hosts.filter((host) => carries(host, object(config["default_subset"])));
  if (policy === "KEYS_SUBSET") return subsetHosts(cluster, hosts, Object.fromEntries(Object.entries(wanted).filter(([key]) => texts(selector?.["fallback_keys_subset"]).includes(key))));
  return [];
}

/** The transport socket towards a host: the first match in its metadata, else the cluster's own. */
export function socketFor(cluster: Json, host: Host): unknown {
  const facts = object(host.metadata["envoy.transport_socket_match"]);
  const found = list(cluster["transport_socket_matches"]).find((item) => Object.entries(object(item["match"])).every(([key, value]) => equal(facts[key], value)));
  return found === undefined ? cluster["transport_socket"] : found["transport_socket"];
}
