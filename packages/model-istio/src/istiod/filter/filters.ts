import type { Model } from "../model.ts";
import { METADATA_EXCHANGE } from "../cluster/parts.ts";
import { isHttp2 } from "../mesh/protocol.ts";
import { destinationCluster } from "../route/action.ts";
import { typed } from "../cluster/tls-context.ts";
import type { Json, Protocol } from "../types.ts";
import type { Destination } from "../route/virtual-service.ts";

export const AUTHN: Json = { name: "istio_authn", typedConfig: { "@type": "type.googleapis.com/udpa.type.v1.TypedStruct", typeUrl: "type.googleapis.com/io.istio.network.authn.Config" } };
export const TLS_INSPECTOR: Json = typed("envoy.filters.listener.tls_inspector", "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector");
export const HTTP_INSPECTOR: Json = typed("envoy.filters.listener.http_inspector", "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector");
export const stats = (server: boolean): Json => typed("istio.stats", "stats.PluginConfig", server ? { disableHostHeaderFallback: true } : {});

export const tcpProxy = (cluster: string): Json => typed("envoy.filters.network.tcp_proxy", "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", { cluster, statPrefix: cluster });

const HTTP_METADATA: Json = { name: "istio.metadata_exchange", typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", config: { configuration: { "@type": "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange" }, vmConfig: { code: { local: { inlineString: "envoy.wasm.metadata_exchange" } }, runtime: "envoy.wasm.runtime.null" } } } };
const ALPN: Json = typed("istio.alpn", "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig", {
  alpnOverride: [{ alpnOverride: ["istio-http/1.0", "istio", "http/1.0"] }, { alpnOverride: ["istio-http/1.1", "istio", "http/1.1"], upstreamProtocol: "HTTP11" }, { alpnOverride: ["istio-h2", "istio", "h2"], upstreamProtocol: "HTTP2" }],
});
const httpFilter = (short: string, type: string): Json => typed(`envoy.filters.http.${short}`, `envoy.extensions.filters.http.${short}.v3.${type}`);

/** How paths are cleaned before they are matched (`meshConfig.pathNormalization`). */
function pathNormalization(model: Model): Json {
  const kept = { pathWithEscapedSlashesAction: "KEEP_UNCHANGED" };
  switch (model.mesh.pathNormalization?.normalization ?? "DEFAULT") {
    case "NONE": return { normalizePath: false, ...kept };
    case "MERGE_SLASHES": return { normalizePath: true, mergeSlashes: true, ...kept };
    case "DECODE_AND_MERGE_SLASHES": return { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: "UNESCAPE_AND_FORWARD" };
    default: return { normalizePath: true, ...kept };
  }
}

/** The HTTP connection manager of one chain (`listener_builder.go buildHTTPConnectionManager`). */
export function connectionManager(model: Model, options: { readonly kind: "inbound" | "outbound" | "gateway"; readonly protocol?: Protocol; readonly statPrefix: string; readonly route: Json; readonly policies?: readonly Json[] }): Json {
  const { kind } = options;
  const server = kind !== "outbound";
  return typed("envoy.filters.network.http_connection_manager", "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    ...(kind === "inbound" ? { forwardClientCertDetails: "APPEND_FORWARD", serverName: "istio-envoy", setCurrentClientCertDetails: { dns: true, subject: true, uri: true } } : {}),
    ...(kind === "gateway" ? { forwardClientCertDetails: "SANITIZE_SET", serverName: "istio-envoy", setCurrentClientCertDetails: { cert: true, dns: true, subject: true, uri: true }, httpProtocolOptions: model.flags.http10 ? { acceptHttp10: true } : {} } : model.flags.http10 ? { httpProtocolOptions: { acceptHttp10: true } } : {}),
    httpFilters: [
      HTTP_METADATA, ...(options.policies ?? []), ...(options.protocol === "GRPC-Web" ? [httpFilter("grpc_web", "GrpcWeb")] : []),
      typed("envoy.filters.http.grpc_stats", "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", { emitFilterState: true, statsForAllMethods: false }),
      ...(kind === "inbound" ? [] : [ALPN]), httpFilter("fault", "HTTPFault"), httpFilter("cors", "Cors"), stats(server), httpFilter("router", "Router"),
    ],
    ...(kind === "inbound" && options.protocol !== undefined && isHttp2(options.protocol) ? { http2ProtocolOptions: {} } : {}),
    ...pathNormalization(model),
    ...options.route,
    requestIdExtension: { typedConfig: { "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", useRequestIdForTraceSampling: true } },
    statPrefix: options.statPrefix, streamIdleTimeout: "0s", upgradeConfigs: [{ upgradeType: "websocket" }], useRemoteAddress: kind === "gateway",
  });
}

/** What an unknown connection gets: its own destination, a proxy that the Sidecar names, or nothing. */
export function passthroughFilters({ allowAny, egressProxy }: { readonly allowAny: boolean; readonly egressProxy?: Destination }): Json[] {
  const outside = egressProxy === undefined ? "PassthroughCluster" : destinationCluster(egressProxy, { byHost: new Map(), port: 0 });
  return [stats(false), tcpProxy(allowAny ? outside : "BlackHoleCluster")];
}

/** Protocol names that HTTP sniffing gives to plaintext HTTP. */
export const plaintextAlpn = (model: Model): readonly string[] => (model.flags.http10 ? ["http/1.0", "http/1.1", "h2c"] : ["http/1.1", "h2c"]);

export const rds = (name: string): Json => ({ rds: { configSource: { ads: {}, initialFetchTimeout: "0s", resourceApiVersion: "V3" }, routeConfigName: name } });

/** The filters behind a TCP chain's end, with Mongo, Redis and MySQL where their flags are on (`networkfilter.go buildNetworkFiltersStack`). */
export function protocolFilters(model: Model, protocol: Protocol, name: string, last: Json): Json[] {
  if (protocol === "Mongo" && model.flags.mongo) return [typed("envoy.filters.network.mongo_proxy", "envoy.extensions.filters.network.mongo_proxy.v3.MongoProxy", { statPrefix: name }), last];
  if (protocol === "MySQL" && model.flags.mysql) return [typed("envoy.filters.network.mysql_proxy", "envoy.extensions.filters.network.mysql_proxy.v3.MySQLProxy", { statPrefix: name }), last];
  if (protocol === "Redis" && model.flags.redis) return [typed("envoy.filters.network.redis_proxy", "envoy.extensions.filters.network.redis_proxy.v3.RedisProxy", { latencyInMicros: true, prefixRoutes: { catchAllRoute: { cluster: name } }, settings: { opTimeout: "5s" }, statPrefix: name })];
  return [last];
}

export const socket = (address: string, portValue: number): Json => ({ socketAddress: { address, portValue } });
export { METADATA_EXCHANGE };
