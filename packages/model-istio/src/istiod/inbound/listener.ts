import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { METADATA_EXCHANGE, socket, stats, tcpProxy } from "../filter/filters.ts";
import type { ChainTarget } from "./chains.ts";
import { inboundChains } from "./chains.ts";
import { inboundInspectors } from "./inspectors.ts";
import type { InboundPort } from "./ports.ts";
import { hasIpv4, wildcardOf } from "./ports.ts";
import type { Model } from "../model.ts";
import { policiesOf } from "../policy/policies.ts";
import { listenerClass } from "../mesh/protocol.ts";
import { typed } from "../cluster/tls-context.ts";
import type { Json, Proxy } from "../types.ts";

interface Chain { readonly chain: Json; readonly origin: Origin }

const ORIGINAL_DST = typed("envoy.filters.listener.original_dst", "envoy.extensions.filters.listener.original_dst.v3.OriginalDst");
const ORIGINAL_SRC = typed("envoy.filters.listener.original_src", "envoy.extensions.filters.listener.original_src.v3.OriginalSrc", { mark: 1337 });

function listener(model: Model, proxy: Proxy, name: string, at: { readonly address: string; readonly port: number; readonly bindToPort: boolean }, chains: readonly Json[]): Json {
  const transparent = !at.bindToPort && proxy.interceptionMode === "TPROXY";
  const filters = [...(at.bindToPort ? [] : [ORIGINAL_DST]), ...(transparent ? [ORIGINAL_SRC] : []), ...inboundInspectors(chains, model.flags.sniffInbound)];
  return {
    name, address: socket(at.address, at.port), trafficDirection: "INBOUND", filterChains: chains, ...(transparent ? { transparent: true } : {}),
    continueOnListenerFiltersTimeout: true, listenerFiltersTimeout: model.mesh.protocolDetectionTimeout,
    ...(filters.length === 0 ? {} : { listenerFilters: filters }),
  };
}

function portTarget(entry: InboundPort): ChainTarget {
  const name = `${entry.bind}_${entry.targetPort}`;
  return {
    name, httpName: name, match: entry.targetPort > 0 ? { destinationPort: entry.targetPort } : {}, cluster: `inbound|${entry.targetPort}||`, vhost: `inbound|http|${entry.servicePort}`,
    operation: `${entry.host}:${entry.servicePort}/*`, statPrefix: `inbound_${name}`, protocol: entry.protocol,
    ...(entry.tls === undefined ? {} : { tls: entry.tls }),
  };
}

/**
 * The listener behind port 15006, and those of Sidecar ports that are bound instead of redirected to.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/listener_inbound.go buildInboundListeners
 */
export function inboundListeners(model: Model, proxy: Proxy, ports: readonly InboundPort[], origins: Map<string, Origin>): readonly Json[] {
  const policies = policiesOf(model, proxy);
  const own = model.mesh.proxyInboundListenPort;
  const peer = model.peers.workload(proxy.namespace, proxy.labels);
  const peerOrigin: Origin = peer.from === undefined ? { object: "virtualInbound" } : originOf(peer.from, "spec.mtls");
  const passChains: Chain[] = [{ chain: { name: "virtualInbound-blackhole", filterChainMatch: { destinationPort: own }, filters: [METADATA_EXCHANGE, stats(true), tcpProxy("BlackHoleCluster")] }, origin: { object: "virtualInbound" } }];
  for (const version of [4, 6] as const) {
    if (version === 4 ? !hasIpv4(proxy) : !proxy.ips.some((ip) => ip.includes(":"))) continue;
    const cluster = `InboundPassthroughClusterIpv${version}`;
    const prefixRanges = [{ addressPrefix: version === 4 ? "0.0.0.0" : "::", prefixLen: 0 }];
    const settings = [{ match: { prefixRanges }, mode: peer.mode }, ...[...peer.ports].filter(([port]) => !ports.some((entry) => entry.targetPort === port)).map(([destinationPort, mode]) => ({ match: { prefixRanges, destinationPort }, mode }))];
    for (const { match, mode } of settings) {
      const target: ChainTarget = { name: "virtualInbound", httpName: "virtualInbound-catchall-http", match, cluster, vhost: "inbound|http|0", operation: ":0/*", statPrefix: cluster, protocol: "UnsupportedProtocol" };
      passChains.push(...inboundChains(model, policies, target, { kind: "auto", mode }).map((chain) => ({ chain, origin: peerOrigin })));
    }
  }
  const bound: Json[] = [];
  const redirected: Chain[] = [];
  for (const entry of ports) {
    const kind = listenerClass(entry.protocol, model.flags, "inbound");
    if (kind === "none") continue;
    const origin = originOf(entry.resource, entry.path);
    const target = portTarget(entry);
    const chains = inboundChains(model, policies, target, { kind, mode: peer.ports.get(entry.targetPort) ?? peer.mode });
    if (!entry.bindToPort) redirected.push(...chains.map((chain) => ({ chain, origin })));
    else {
      bound.push(listener(model, proxy, target.name, { address: entry.bind, port: entry.targetPort, bindToPort: true }, chains));
      origins.set(`listener/${target.name}`, origin);
      for (const index of chains.keys()) origins.set(`listener/${target.name}/chain/${index}`, origin);
    }
  }
  if (proxy.interceptionMode === "NONE") return bound;
  const all = [...passChains, ...redirected];
  for (const [index, { origin }] of all.entries()) origins.set(`listener/virtualInbound/chain/${index}`, origin);
  origins.set("listener/virtualInbound", { object: "virtualInbound" });
  return [listener(model, proxy, "virtualInbound", { address: wildcardOf(proxy), port: own, bindToPort: false }, all.map(({ chain }) => chain)), ...bound];
}
