import { AUTHN, connectionManager, METADATA_EXCHANGE, plaintextAlpn, protocolFilters, stats, tcpProxy } from "../filter/filters.ts";
import type { Model } from "../model.ts";
import type { MtlsMode } from "../policy/peer-authentication.ts";
import type { Policies } from "../policy/policies.ts";
import type { ListenerClass } from "../mesh/protocol.ts";
import type { ServerTls } from "../cluster/tls-context.ts";
import { downstreamMutual, gatewayTls } from "../cluster/tls-context.ts";
import type { Json, Protocol } from "../types.ts";

const MESH_HTTP = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
const MESH_ALL = ["istio", "istio-peer-exchange", ...MESH_HTTP];

interface ChainOption { readonly http: boolean; readonly alpn?: readonly string[]; readonly transport: "tls" | "raw_buffer"; readonly mutual: boolean }

/** The chains of a port by its class and mTLS mode. @see istio 1.18 filterchain_options.go getFilterChainMatchOptions */
function chainOptions(kind: ListenerClass, mode: MtlsMode, plain: readonly string[]): readonly ChainOption[] {
  const http = kind === "http";
  if (kind === "auto") {
    const meshHttp: ChainOption = { http: true, alpn: MESH_HTTP, transport: "tls", mutual: true };
    const plainHttp: ChainOption = { http: true, alpn: plain, transport: "raw_buffer", mutual: false };
    const raw: ChainOption = { http: false, transport: "raw_buffer", mutual: false };
    if (mode === "STRICT") return [meshHttp, { http: false, transport: "tls", mutual: true }];
    if (mode === "DISABLE") return [plainHttp, raw];
    return [meshHttp, plainHttp, { http: false, alpn: ["istio-peer-exchange", "istio"], transport: "tls", mutual: true }, raw, { http: false, transport: "tls", mutual: false }];
  }
  if (mode === "STRICT") return [{ http, transport: "tls", mutual: true }];
  if (mode === "DISABLE") return [{ http, transport: "raw_buffer", mutual: false }];
  return [{ http, alpn: MESH_ALL, transport: "tls", mutual: true }, ...(http ? [] : [{ http, transport: "tls" as const, mutual: false }]), { http, transport: "raw_buffer", mutual: false }];
}

/** What one port's chains have in common. */
export interface ChainTarget { readonly name: string; readonly httpName: string; readonly match: Json; readonly cluster: string; readonly vhost: string; readonly operation: string; readonly statPrefix: string; readonly protocol: Protocol; readonly tls?: ServerTls }

/** The chains of one port. */
export function inboundChains(model: Model, policies: Policies, target: ChainTarget, { kind, mode }: { readonly kind: ListenerClass; readonly mode: MtlsMode }): readonly Json[] {
  const route = { routeConfig: { name: target.cluster, validateClusters: false, virtualHosts: [{ name: target.vhost, domains: ["*"], routes: [{ name: "default", match: { prefix: "/" }, decorator: { operation: target.operation }, route: { cluster: target.cluster, timeout: "0s", maxStreamDuration: { grpcTimeoutHeaderMax: "0s", maxStreamDuration: "0s" } } }] }] } };
  const own = mode === "DISABLE" ? target.tls : undefined;
  const options: readonly ChainOption[] = own === undefined ? chainOptions(kind, mode, plaintextAlpn(model)) : [{ http: kind === "http", transport: "tls", mutual: true }];
  const socket = (http: boolean): Json => (own === undefined ? downstreamMutual(http ? ["h2", "http/1.1"] : ["istio-peer-exchange", "h2", "http/1.1"], model.mesh) : gatewayTls(own, ["h2", "http/1.1"]));
  return options.map((option) => ({
    name: option.http ? target.httpName : target.name,
    filterChainMatch: { ...target.match, ...(option.alpn === undefined ? {} : { applicationProtocols: option.alpn }), transportProtocol: option.transport },
    filters: option.http
      ? [AUTHN, METADATA_EXCHANGE, connectionManager(model, { kind: "inbound", protocol: target.protocol, statPrefix: target.statPrefix, route, policies: policies.http })]
      : [AUTHN, METADATA_EXCHANGE, ...policies.tcp, stats(true), ...protocolFilters(model, target.protocol, target.cluster, tcpProxy(target.cluster))],
    ...(option.mutual ? { transportSocket: socket(option.http) } : {}),
  }));
}
