import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { downstreamProtocol, explicitHttp2, METADATA_EXCHANGE } from "./parts.ts";
import { destinationRuleFor } from "./destination-rules.ts";
import { socket } from "../filter/filters.ts";
import type { InboundPort } from "../inbound/ports.ts";
import { hasIpv4 } from "../inbound/ports.ts";
import type { Model } from "../model.ts";
import { isHttp2 } from "../mesh/protocol.ts";
import type { ConnectionPool } from "./traffic-policy.ts";
import { applyConnectionPool, policyFor } from "./traffic-policy.ts";
import type { Json, Proxy } from "../types.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const extension = (options: Json): Json => ({ [HTTP_OPTIONS]: { "@type": `type.googleapis.com/${HTTP_OPTIONS}`, ...options } });
const bindTo = (address: string): Json => ({ sourceAddress: { address, portValue: 0 } });

function passthrough(model: Model, name: string, more: Json): Json {
  const cluster: Json = { name, type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED", connectTimeout: model.mesh.connectTimeout };
  applyConnectionPool(cluster, {}, model.mesh.tcpKeepalive);
  return { ...cluster, typedExtensionProtocolOptions: extension({ commonHttpProtocolOptions: { idleTimeout: "300s" }, ...downstreamProtocol() }), ...more };
}

/** The clusters that name no service: black hole and pass-through. */
export function staticClusters(model: Model, proxy: Proxy): readonly Json[] {
  const blackHole: Json = { name: "BlackHoleCluster", type: "STATIC", connectTimeout: model.mesh.connectTimeout };
  if (proxy.type === "router") return [blackHole];
  const v6 = proxy.ips.some((ip) => ip.includes(":"));
  return [
    blackHole,
    passthrough(model, "PassthroughCluster", { filters: [METADATA_EXCHANGE] }),
    ...(hasIpv4(proxy) ? [passthrough(model, "InboundPassthroughClusterIpv4", { upstreamBindConfig: bindTo("127.0.0.6") })] : []),
    ...(v6 ? [passthrough(model, "InboundPassthroughClusterIpv6", { upstreamBindConfig: bindTo("::6") })] : []),
  ];
}

/** The limits a DestinationRule puts on the workload's own side, where its proxy sees that rule (`cluster_builder.go buildInboundClusterForPortOrUDS`). */
function connectionPoolOf(model: Model, proxy: Proxy, entry: InboundPort): ConnectionPool | undefined {
  const service = model.servicesOf.get(entry.host)?.[0];
  const rule = service === undefined ? undefined : destinationRuleFor(model.destinationRules, proxy, service, model.mesh, "inbound");
  return policyFor(rule?.trafficPolicy, undefined, entry.servicePort).connectionPool;
}

/** The clusters towards the proxy's own workload, one for each target port. */
export function inboundClusters(model: Model, proxy: Proxy, ports: readonly InboundPort[], origins: Map<string, Origin>): readonly Json[] {
  return ports.map((entry) => {
    const name = `inbound|${entry.targetPort}||`;
    origins.set(`cluster/${name}`, originOf(entry.resource, entry.path));
    const cluster: Json = { name, connectTimeout: model.mesh.connectTimeout, commonLbConfig: {} };
    const { endpoint } = entry;
    if (endpoint === undefined) Object.assign(cluster, { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED" });
    else {
      cluster["type"] = "STATIC";
      const address = endpoint.address.startsWith("unix://") ? { pipe: { path: endpoint.address.slice("unix://".length) } } : socket(endpoint.address, endpoint.port);
      cluster["loadAssignment"] = { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] };
    }
    // Traffic that leaves for an address of the pod needs a source that the pod's rules do not send back to the proxy.
    if (endpoint?.address !== "127.0.0.1" && endpoint?.address !== "::1") cluster["upstreamBindConfig"] = bindTo(hasIpv4(proxy) ? "127.0.0.6" : "::6");
    const pool = connectionPoolOf(model, proxy, entry);
    const { http } = applyConnectionPool(cluster, pool, model.mesh.tcpKeepalive);
    const options: Json = {};
    if (pool?.http?.useClientProtocol === true) Object.assign(options, downstreamProtocol());
    else if (isHttp2(entry.protocol)) Object.assign(options, explicitHttp2());
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
