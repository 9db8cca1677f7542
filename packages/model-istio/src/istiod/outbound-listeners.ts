import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { connectionManager, HTTP_INSPECTOR, rds, socket, stats, tcpProxy, TLS_INSPECTOR } from "./filters.ts";
import type { Model } from "./model.ts";
import type { ListenerClass } from "./protocol.ts";
import { isTls, listenerClass, parseProtocol } from "./protocol.ts";
import type { Scope } from "./scope.ts";
import { serviceChains } from "./tcp-chains.ts";
import type { Json, MeshService, Port, Proxy } from "./types.ts";
import type { VirtualService } from "./virtual-services.ts";

interface Entry { kind: ListenerClass; bind: string; port: number; protocol: Port["protocol"]; rds: string | undefined; tcp: { chain: Json; origin: Origin }[]; httpOrigin: Origin }

const passthroughFilters = (allowAny: boolean): Json[] => [stats(false), tcpProxy(allowAny ? "PassthroughCluster" : "BlackHoleCluster")];

function virtualOutbound(model: Model, scope: Scope, wild: string): Json {
  const port = model.mesh.proxyListenPort;
  return {
    name: "virtualOutbound", address: socket(wild, port), trafficDirection: "OUTBOUND", useOriginalDst: true,
    filterChains: [
      { name: "virtualOutbound-blackhole", filterChainMatch: { destinationPort: port }, filters: [stats(false), tcpProxy("BlackHoleCluster")] },
      { name: "virtualOutbound-catchall-tcp", filters: passthroughFilters(scope.allowAny) },
    ],
  };
}

function finish(model: Model, scope: Scope, entry: Entry, origins: Map<string, Origin>): Json {
  const name = `${entry.bind}_${entry.port}`;
  const out: Json = { name, address: socket(entry.bind, entry.port), bindToPort: false, trafficDirection: "OUTBOUND" };
  const sniff = entry.rds !== undefined && model.flags.sniffOutbound;
  const chains: { chain: Json; origin: Origin }[] = [];
  if (entry.rds !== undefined) {
    const manager = connectionManager(model, { kind: "outbound", protocol: entry.protocol, statPrefix: `outbound_${name}`, route: rds(entry.rds) });
    chains.push({ chain: { ...(sniff ? { filterChainMatch: { applicationProtocols: ["http/1.1", "h2c"], transportProtocol: "raw_buffer" } } : {}), filters: [manager] }, origin: entry.httpOrigin });
  }
  chains.push(...entry.tcp);
  const matched = chains.filter(({ chain }) => chain["filterChainMatch"] !== undefined);
  const open = chains.filter(({ chain }) => chain["filterChainMatch"] === undefined);
  const sni = matched.some(({ chain }) => (chain["filterChainMatch"] as Json)["serverNames"] !== undefined);
  if (matched.length > 0 && open[0] !== undefined) {
    out["filterChains"] = matched.map(({ chain }) => chain);
    out["defaultFilterChain"] = open[0].chain;
  } else {
    out["filterChains"] = chains.map(({ chain }) => chain);
    if (matched.length > 0) out["defaultFilterChain"] = { name: "PassthroughFilterChain", filterChainMatch: {}, filters: passthroughFilters(scope.allowAny) };
  }
  if (sniff || sni) {
    out["listenerFilters"] = [TLS_INSPECTOR, ...(sniff ? [HTTP_INSPECTOR] : [])];
    if (sniff) { out["listenerFiltersTimeout"] = model.mesh.protocolDetectionTimeout; out["continueOnListenerFiltersTimeout"] = true; }
  }
  for (const [index, item] of (matched.length > 0 && open.length > 0 ? matched : chains).entries()) origins.set(`listener/${name}/chain/${index}`, item.origin);
  if (chains[0] !== undefined) origins.set(`listener/${name}`, chains[0].origin);
  return out;
}

/**
 * The listeners a sidecar's outbound traffic is handed to, and virtualOutbound.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/listener.go buildSidecarOutboundListeners
 */
export function outboundListeners(model: Model, proxy: Proxy, scope: Scope, origins: Map<string, Origin>): readonly Json[] {
  const entries = new Map<string, Entry>();
  const reserved = new Set(proxy.reservedPorts ?? [15021, 15090]);
  const wild = proxy.ips[0]?.includes(":") === true ? "::" : "0.0.0.0";
  const put = (service: MeshService, port: Port, index: number, bind: string, virtualServices: readonly VirtualService[], cidr: string | undefined): void => {
    const kind = listenerClass(port.protocol, model.flags, "outbound");
    const origin = originOf(service.resource, `spec.ports[${index}]`);
    const wildcard = kind === "http" || bind === wild;
    const address = kind === "http" ? wild : bind;
    if (wildcard && reserved.has(port.number)) return;
    const key = `${address}:${port.number}`;
    const existing = entries.get(key);
    const build = (): Entry["tcp"] => serviceChains(model, proxy, scope, { service, port, virtualServices, origin, cidr, sni: isTls(port.protocol) && wildcard });
    if (kind === "http") {
      if (existing === undefined) entries.set(key, { kind, bind: address, port: port.number, protocol: port.protocol, rds: String(port.number), tcp: [], httpOrigin: origin });
      else if (existing.kind === "tcp" && existing.rds === undefined && model.flags.sniffOutbound && existing.protocol !== "Mongo" && existing.protocol !== "MySQL") { existing.kind = "auto"; existing.rds = String(port.number); existing.httpOrigin = origin; }
      return;
    }
    if (existing === undefined) {
      const rdsName = kind === "auto" ? (bind === wild ? String(port.number) : `${service.host}:${port.number}`) : undefined;
      entries.set(key, { kind, bind: address, port: port.number, protocol: port.protocol, rds: rdsName, tcp: build(), httpOrigin: origin });
      return;
    }
    if (!model.flags.sniffOutbound && existing.rds !== undefined) return;
    if (kind === "auto" && existing.kind === "auto") return;
    if (port.protocol !== existing.protocol && [port.protocol, existing.protocol].some((p) => p === "Mongo" || p === "MySQL")) return;
    for (const item of build()) {
      const same = existing.tcp.some((known) => JSON.stringify(known.chain["filterChainMatch"] ?? {}) === JSON.stringify(item.chain["filterChainMatch"] ?? {}));
      if (!same) existing.tcp.push(item);
    }
    if (kind === "auto" && existing.rds === undefined) { existing.rds = String(port.number); existing.httpOrigin = origin; }
    if (existing.rds !== undefined) existing.kind = "auto";
  };
  for (const listener of scope.egress) {
    for (const service of listener.services) {
      for (const [index, own] of service.ports.entries()) {
        // A Sidecar's listener with a port speaks that port's protocol, whatever the service says.
        const port = listener.port?.protocol === undefined || listener.port.number !== own.number ? own : { ...own, protocol: parseProtocol(listener.port.protocol) };
        const kind = listenerClass(port.protocol, model.flags, "outbound");
        if (kind === "none") continue;
        const only = listener.port === undefined || listener.port.number === 0 || listener.port.number === port.number;
        if (!only) continue;
        if (service.resolution === "passthrough" && service.headless && (kind === "tcp" || kind === "auto")) {
          for (const endpoint of service.endpoints) {
            if (endpoint.servicePort === port.number && !proxy.ips.includes(endpoint.address)) put(service, port, index, endpoint.address, listener.virtualServices, undefined);
          }
          continue;
        }
        const auto = proxy.dnsAutoAllocate === true && proxy.dnsCapture === true ? service.autoAddress : undefined;
        const address = auto ?? service.address;
        const cidr = address.includes("/");
        put(service, port, index, address === "0.0.0.0" || cidr ? wild : address, listener.virtualServices, cidr ? address : undefined);
      }
    }
  }
  origins.set("listener/virtualOutbound", { object: "virtualOutbound" });
  return [...[...entries.values()].map((entry) => finish(model, scope, entry, origins)), virtualOutbound(model, scope, wild)];
}
