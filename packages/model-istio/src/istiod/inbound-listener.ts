import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { AUTHN, connectionManager, HTTP_INSPECTOR, METADATA_EXCHANGE, protocolFilters, socket, stats, tcpProxy, TLS_INSPECTOR } from "./filters.ts";
import type { InboundPort } from "./inbound-ports.ts";
import type { Model } from "./model.ts";
import type { MtlsMode } from "./peer-authentication.ts";
import type { Policies } from "./policies.ts";
import { policiesOf } from "./policies.ts";
import type { ListenerClass } from "./protocol.ts";
import { listenerClass } from "./protocol.ts";
import { downstreamMutual, typed } from "./tls-context.ts";
import type { Json, Protocol, Proxy } from "./types.ts";

const MESH_HTTP = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
const MESH_ALL = ["istio", "istio-peer-exchange", ...MESH_HTTP];
const PLAIN_HTTP = ["http/1.1", "h2c"];

interface ChainOption { readonly http: boolean; readonly alpn?: readonly string[]; readonly transport?: "tls" | "raw_buffer"; readonly mutual: boolean }

/** The chains of a port by its class and mTLS mode. @see istio 1.18 filterchain_options.go getFilterChainMatchOptions */
export function chainOptions(kind: ListenerClass, mode: MtlsMode): readonly ChainOption[] {
  const http = kind === "http";
  if (kind === "auto") {
    const meshHttp: ChainOption = { http: true, alpn: MESH_HTTP, transport: "tls", mutual: true };
    const plainHttp: ChainOption = { http: true, alpn: PLAIN_HTTP, transport: "raw_buffer", mutual: false };
    const raw: ChainOption = { http: false, transport: "raw_buffer", mutual: false };
    if (mode === "STRICT") return [meshHttp, { http: false, transport: "tls", mutual: true }];
    if (mode === "DISABLE") return [plainHttp, raw];
    return [meshHttp, plainHttp, { http: false, alpn: ["istio-peer-exchange", "istio"], transport: "tls", mutual: true }, raw, { http: false, transport: "tls", mutual: false }];
  }
  if (mode === "STRICT") return [{ http, transport: "tls", mutual: true }];
  if (mode === "DISABLE") return [{ http, transport: "raw_buffer", mutual: false }];
  return [{ http, alpn: MESH_ALL, transport: "tls", mutual: true }, ...(http ? [] : [{ http, transport: "tls" as const, mutual: false }]), { http, transport: "raw_buffer", mutual: false }];
}

interface ChainTarget { readonly name: string; readonly httpName: string; readonly match: Json; readonly cluster: string; readonly vhost: string; readonly operation: string; readonly statPrefix: string; readonly protocol: Protocol }

function chain(model: Model, option: ChainOption, target: ChainTarget, policies: Policies): Json {
  const filterChainMatch: Json = { ...target.match };
  if (option.alpn !== undefined) filterChainMatch["applicationProtocols"] = option.alpn;
  if (option.transport !== undefined) filterChainMatch["transportProtocol"] = option.transport;
  const route = { routeConfig: { name: target.cluster, validateClusters: false, virtualHosts: [{ name: target.vhost, domains: ["*"], routes: [{ name: "default", match: { prefix: "/" }, decorator: { operation: target.operation }, route: { cluster: target.cluster, timeout: "0s", maxStreamDuration: { grpcTimeoutHeaderMax: "0s", maxStreamDuration: "0s" } } }] }] } };
  return {
    name: option.http ? target.httpName : target.name, filterChainMatch,
    filters: option.http
      ? [AUTHN, METADATA_EXCHANGE, connectionManager(model, { kind: "inbound", protocol: target.protocol, statPrefix: target.statPrefix, route, policies: policies.http })]
      : [AUTHN, METADATA_EXCHANGE, ...policies.tcp, stats(true), ...protocolFilters(model, target.protocol, target.cluster, tcpProxy(target.cluster))],
    ...(option.mutual ? { transportSocket: downstreamMutual(option.http ? ["h2", "http/1.1"] : ["istio-peer-exchange", "h2", "http/1.1"], model.mesh.trustDomain) } : {}),
  };
}

const disabled = (ports: readonly number[]): Json | undefined => {
  const rules = [...ports].sort((a, b) => a - b).map((port) => ({ destinationPortRange: { start: port, end: port + 1 } }));
  return rules.length === 0 ? undefined : rules.length === 1 ? rules[0] : { orMatch: { rules } };
};

/**
 * The listener behind port 15006.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/listener_inbound.go buildInboundListeners
 */
export function inboundListener(model: Model, proxy: Proxy, ports: readonly InboundPort[], origins: Map<string, Origin>): Json {
  const policies = policiesOf(model, proxy);
  const own = model.mesh.proxyInboundListenPort;
  const v6 = proxy.ips[0]?.includes(":") === true;
  const peer = model.peers.workload(proxy.namespace, proxy.labels);
  const wild = v6 ? "::" : "0.0.0.0";
  const prefixRanges = [{ addressPrefix: wild, prefixLen: 0 }];
  const pass = `InboundPassthroughClusterIpv${v6 ? 6 : 4}`;
  const chains: Json[] = [{ name: "virtualInbound-blackhole", filterChainMatch: { destinationPort: own }, filters: [METADATA_EXCHANGE, stats(true), tcpProxy("BlackHoleCluster")] }];
  const chainOrigins: Origin[] = [{ object: "virtualInbound" }];
  const needTls: boolean[] = [];
  const noTls: number[] = [own];
  const noHttp: number[] = [own];
  const passTarget = (match: Json): ChainTarget => ({ name: "virtualInbound", httpName: "virtualInbound-catchall-http", match, cluster: pass, vhost: "inbound|http|0", operation: ":0/*", statPrefix: pass, protocol: "UnsupportedProtocol" });
  const peerOrigin: Origin = peer.from === undefined ? { object: "virtualInbound" } : originOf(peer.from, "spec.mtls");
  const addAll = (options: readonly ChainOption[], target: ChainTarget, origin: Origin): void => {
    for (const option of options) { chains.push(chain(model, option, target, policies)); chainOrigins.push(origin); }
    needTls.push(options.some((option) => option.transport === "tls"));
  };
  let sniffs = false;
  if (model.flags.inboundPassthrough) {
    const options = chainOptions("auto", peer.mode);
    addAll(options, passTarget({ prefixRanges }), peerOrigin);
    if (model.flags.sniffInbound && peer.mode !== "STRICT") sniffs = true;
    for (const [port, mode] of peer.ports) {
      if (ports.some((entry) => entry.targetPort === port)) continue;
      addAll(chainOptions("auto", mode), passTarget({ destinationPort: port, prefixRanges }), peerOrigin);
      if (mode === "DISABLE") noTls.push(port);
      if (mode === "STRICT") noHttp.push(port);
      else if (model.flags.sniffInbound) sniffs = true;
    }
  }
  for (const entry of ports) {
    const kind = listenerClass(entry.protocol, model.flags, "inbound");
    const mode = peer.ports.get(entry.targetPort) ?? peer.mode;
    const cluster = `inbound|${entry.targetPort}||`;
    const name = `${wild}_${entry.targetPort}`;
    addAll(chainOptions(kind, mode), { name, httpName: name, match: { destinationPort: entry.targetPort }, cluster, vhost: `inbound|http|${entry.servicePort}`, operation: `${entry.host}:${entry.servicePort}/*`, statPrefix: `inbound_${wild}_${entry.targetPort}`, protocol: entry.protocol }, originOf(entry.resource, entry.path));
    if (mode === "DISABLE") noTls.push(entry.targetPort);
    if (kind === "auto" && mode !== "STRICT") sniffs = true;
    else noHttp.push(entry.targetPort);
  }
  for (const [index, origin] of chainOrigins.entries()) origins.set(`listener/virtualInbound/chain/${index}`, origin);
  origins.set("listener/virtualInbound", { object: "virtualInbound" });
  const withDisabled = (filter: Json, off: readonly number[]): Json => ({ ...filter, filterDisabled: disabled(off) });
  return {
    name: "virtualInbound", address: socket(wild, own), trafficDirection: "INBOUND", filterChains: chains,
    continueOnListenerFiltersTimeout: true, listenerFiltersTimeout: model.mesh.protocolDetectionTimeout,
    listenerFilters: [
      typed("envoy.filters.listener.original_dst", "envoy.extensions.filters.listener.original_dst.v3.OriginalDst"),
      ...(proxy.interceptionMode === "TPROXY" ? [typed("envoy.filters.listener.original_src", "envoy.extensions.filters.listener.original_src.v3.OriginalSrc", { mark: 1337 })] : []),
      ...(needTls.includes(true) ? [withDisabled(TLS_INSPECTOR, noTls)] : []),
      ...(sniffs ? [withDisabled(HTTP_INSPECTOR, noHttp)] : []),
    ],
  };
}
