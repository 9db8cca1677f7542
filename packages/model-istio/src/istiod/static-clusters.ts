import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { downstreamProtocol, explicitHttp2, METADATA_EXCHANGE } from "./cluster-parts.ts";
import { destinationRuleFor } from "./destination-rules.ts";
import type { InboundPort } from "./inbound-ports.ts";
import type { Model } from "./model.ts";
import { isHttp2 } from "./protocol.ts";
import type { ConnectionPool } from "./traffic-policy.ts";
import { applyConnectionPool, policyFor } from "./traffic-policy.ts";
import type { Json, Proxy } from "./types.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const UNLIMITED = { thresholds: [{ maxConnections: 4294967295, maxPendingRequests: 4294967295, maxRequests: 4294967295, maxRetries: 4294967295, trackRemaining: true }] };
const extension = (options: Json): Json => ({ [HTTP_OPTIONS]: { "@type": `type.googleapis.com/${HTTP_OPTIONS}`, ...options } });
const BIND = { sourceAddress: { address: "127.0.0.6", portValue: 0 } };
const BIND6 = { sourceAddress: { address: "::6", portValue: 0 } };

const passthrough = (model: Model, name: string, more: Json): Json => ({
  name, type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED", connectTimeout: model.mesh.connectTimeout, circuitBreakers: UNLIMITED,
  typedExtensionProtocolOptions: extension({ commonHttpProtocolOptions: { idleTimeout: "300s" }, ...downstreamProtocol() }), ...more,
});

/** The clusters that name no service: black hole and pass-through. */
export function staticClusters(model: Model, proxy: Proxy): readonly Json[] {
  const blackHole: Json = { name: "BlackHoleCluster", type: "STATIC", connectTimeout: model.mesh.connectTimeout };
  if (proxy.type === "router") return [blackHole];
  const v6 = proxy.ips.some((ip) => ip.includes(":"));
  const v4 = proxy.ips.some((ip) => !ip.includes(":"));
  return [
    blackHole,
    passthrough(model, "PassthroughCluster", { filters: [METADATA_EXCHANGE] }),
    ...(v4 ? [passthrough(model, "InboundPassthroughClusterIpv4", { upstreamBindConfig: BIND })] : []),
    ...(v6 ? [passthrough(model, "InboundPassthroughClusterIpv6", { upstreamBindConfig: BIND6 })] : []),
  ];
}

/** The limits a DestinationRule puts on the workload's own side, where its proxy sees that rule (`cluster_builder.go buildInboundClusterForPortOrUDS`). */
function connectionPoolOf(model: Model, proxy: Proxy, entry: InboundPort): ConnectionPool | undefined {
  const service = model.services.find((candidate) => candidate.host === entry.host);
  const rule = service === undefined ? undefined : destinationRuleFor(model.destinationRules, proxy, service, model.mesh, "inbound");
  return policyFor(rule?.trafficPolicy, undefined, entry.servicePort).connectionPool;
}

/** The clusters towards the proxy's own workload, one for each target port. */
export function inboundClusters(model: Model, proxy: Proxy, ports: readonly InboundPort[], origins: Map<string, Origin>): readonly Json[] {
  const v6 = proxy.ips[0]?.includes(":") === true;
  return ports.map((entry) => {
    const name = `inbound|${entry.targetPort}||`;
    origins.set(`cluster/${name}`, originOf(entry.resource, entry.path));
    const cluster: Json = { name, connectTimeout: model.mesh.connectTimeout, circuitBreakers: UNLIMITED, commonLbConfig: {} };
    if (entry.endpoint === undefined) Object.assign(cluster, { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED", upstreamBindConfig: v6 ? BIND6 : BIND });
    else {
      cluster["type"] = "STATIC";
      cluster["loadAssignment"] = { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address: entry.endpoint } }] }] };
    }
    const pool = connectionPoolOf(model, proxy, entry);
    const { http } = applyConnectionPool(cluster, pool, undefined);
    if (pool === undefined) cluster["circuitBreakers"] = UNLIMITED;
    const options: Json = {};
    if (pool?.http?.useClientProtocol === true) Object.assign(options, downstreamProtocol());
    else if (isHttp2(entry.protocol) || (pool?.http?.h2UpgradePolicy === "UPGRADE" && entry.protocol === "HTTP")) Object.assign(options, explicitHttp2());
    else if (entry.protocol === "UnsupportedProtocol" && model.flags.sniffInbound) Object.assign(options, downstreamProtocol());
    if (Object.keys(http).length > 0) {
      if (Object.keys(options).length === 0) options["explicitHttpConfig"] = { httpProtocolOptions: {} };
      options["commonHttpProtocolOptions"] = http;
    }
    if (Object.keys(options).length > 0) cluster["typedExtensionProtocolOptions"] = extension(options);
    if (entry.services.length > 0) cluster["metadata"] = { filterMetadata: { istio: { services: entry.services } } };
    return cluster;
  });
}
