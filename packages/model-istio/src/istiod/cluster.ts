import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { clusterName, sniName } from "./cluster-names.ts";
import { downstreamProtocol, explicitHttp2, METADATA_EXCHANGE } from "./cluster-parts.ts";
import { istioConfigName } from "./config-order.ts";
import type { DestinationRule, Subset } from "./destination-rules.ts";
import { destinationRuleFor } from "./destination-rules.ts";
import { loadAssignment } from "./load-assignment.ts";
import type { Model } from "./model.ts";
import { isHttp2 } from "./protocol.ts";
import type { Scope } from "./scope.ts";
import { RAW_BUFFER, upstreamMutual, upstreamTls } from "./tls-context.ts";
import type { PortPolicy } from "./traffic-policy.ts";
import { applyConnectionPool, applyLoadBalancer, applyOutlier, policyFor } from "./traffic-policy.ts";
import type { Json, MeshService, Port, Proxy } from "./types.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

function accounts(service: MeshService, trustDomain: string): string[] {
  const names = new Set([...service.endpoints, ...(service.unreadyAccounts ?? [])].flatMap((e) => (e.serviceAccount === undefined ? [] : [`spiffe://${trustDomain}/ns/${e.namespace}/sa/${e.serviceAccount}`])));
  return [...names].sort();
}

/** Decides whether a client may speak Istio mTLS to a service by itself (`push_context.go BestEffortInferServiceMTLSMode`). */
function autoMutual(model: Model, service: MeshService, port: Port, policy: PortPolicy): boolean {
  if (!model.mesh.enableAutoMtls || service.external) return false;
  if (service.resolution === "passthrough" || policy.loadBalancer?.simple === "PASSTHROUGH") {
    const endpoints = service.endpoints.filter((e) => e.servicePort === port.number);
    return endpoints.length > 0 && endpoints.every((e) => e.tlsMode === "istio");
  }
  return model.peers.namespace(service.namespace) !== "DISABLE";
}

interface Target { readonly service: MeshService; readonly port: Port; readonly rule: DestinationRule | undefined; readonly subset: Subset | undefined }

function outboundCluster(model: Model, proxy: Proxy, { service, port, rule, subset }: Target, name: string): { readonly cluster: Json; readonly assignment?: Json } | undefined {
  const policy = policyFor(rule?.trafficPolicy, subset?.trafficPolicy, port.number);
  const assignment = loadAssignment(model, proxy, { service, port, subset, policy, rule }, name);
  const kind = service.resolution === "passthrough" && proxy.type === "router" ? "client" : service.resolution;
  const cluster: Json = { name, connectTimeout: model.mesh.connectTimeout, commonLbConfig: (policy.loadBalancer?.localityLbSetting ?? model.mesh.localityLbSetting)?.enabled === false ? {} : { localityWeightedLbConfig: {} }, filters: [METADATA_EXCHANGE] };
  const { http } = applyConnectionPool(cluster, policy.connectionPool, model.mesh.tcpKeepalive);
  if (kind === "client") {
    cluster["type"] = "EDS";
    cluster["edsClusterConfig"] = { edsConfig: { ads: {}, initialFetchTimeout: "0s", resourceApiVersion: "V3" }, serviceName: name };
  } else if (kind === "passthrough") cluster["type"] = "ORIGINAL_DST";
  else {
    if (!Array.isArray(assignment["endpoints"])) return undefined;
    cluster["type"] = kind === "dns" ? "STRICT_DNS" : "LOGICAL_DNS";
    cluster["dnsLookupFamily"] = proxy.ips.every((ip) => ip.includes(":")) ? "V6_ONLY" : "V4_ONLY";
    cluster["dnsRefreshRate"] = model.mesh.dnsRefreshRate;
    cluster["respectDnsTtl"] = true;
    cluster["loadAssignment"] = assignment;
  }
  applyOutlier(cluster, policy.outlierDetection);
  applyLoadBalancer(cluster, policy.loadBalancer ?? (port.protocol === "Redis" && model.flags.redis ? { consistentHash: { maglev: {} } } : undefined));
  const upgrade = policy.connectionPool?.http?.h2UpgradePolicy === "UPGRADE" || (policy.connectionPool?.http?.h2UpgradePolicy === undefined && model.mesh.h2UpgradePolicy === "UPGRADE");
  const http2 = isHttp2(port.protocol) || (upgrade && port.protocol === "HTTP");
  const options: Json = { "@type": `type.googleapis.com/${HTTP_OPTIONS}` };
  if (policy.connectionPool?.http?.useClientProtocol === true || (port.protocol === "UnsupportedProtocol" && model.flags.sniffOutbound && proxy.type === "sidecar")) Object.assign(options, downstreamProtocol());
  else if (http2) Object.assign(options, explicitHttp2());
  if (Object.keys(http).length > 0) {
    options["commonHttpProtocolOptions"] = http;
    if (Object.keys(options).length === 2) options["explicitHttpConfig"] = { httpProtocolOptions: {} };
  }
  if (Object.keys(options).length > 1) cluster["typedExtensionProtocolOptions"] = { [HTTP_OPTIONS]: options };
  const alpn = http2 && options["useDownstreamProtocolConfig"] === undefined;
  const metadata: Json = { services: [{ host: service.host, name: service.name, namespace: service.namespace }] };
  if (rule !== undefined) metadata["config"] = istioConfigName("destination-rule", rule.resource);
  if (subset !== undefined) metadata["subset"] = subset.name;
  const mode = policy.tls?.mode;
  const sni = sniName(port.number, subset?.name ?? "", service.host);
  if (mode === "SIMPLE" || mode === "MUTUAL") {
    cluster["transportSocket"] = upstreamTls(policy.tls ?? {}, alpn);
    metadata["alpn_override"] = "false";
  } else if (mode === "ISTIO_MUTUAL") {
    const sans = (policy.tls?.subjectAltNames ?? []).length > 0 ? [...(policy.tls?.subjectAltNames ?? [])] : accounts(service, model.mesh.trustDomain);
    cluster["transportSocket"] = upstreamMutual(sans, policy.tls?.sni ?? sni, alpn);
  } else if (policy.tls === undefined && autoMutual(model, service, port, policy)) {
    const socket = upstreamMutual(accounts(service, model.mesh.trustDomain), sni, alpn);
    if (cluster["type"] === "ORIGINAL_DST") cluster["transportSocket"] = socket;
    else cluster["transportSocketMatches"] = [{ name: "tlsMode-istio", match: { tlsMode: "istio" }, transportSocket: socket }, { name: "tlsMode-disabled", match: {}, transportSocket: RAW_BUFFER }];
  }
  cluster["metadata"] = { filterMetadata: { istio: metadata } };
  return { cluster, ...(cluster["type"] === "EDS" ? { assignment } : {}) };
}

/** All outbound clusters of a proxy, with the endpoints of those that are sent by EDS. */
export function outboundClusters(model: Model, proxy: Proxy, scope: Scope, origins: Map<string, Origin>): { readonly clusters: readonly Json[]; readonly endpoints: readonly Json[] } {
  const clusters = new Map<string, Json>();
  const endpoints: Json[] = [];
  for (const service of scope.services) {
    const rule = destinationRuleFor(model.destinationRules, proxy, scope.byHost.get(service.host) ?? service, model.mesh);
    for (const [portIndex, port] of service.ports.entries()) {
      if (port.protocol === "UDP") continue;
      for (const subset of [undefined, ...(rule?.subsets ?? [])]) {
        const name = clusterName(port.number, subset?.name ?? "", service.host);
        if (clusters.has(name)) continue;
        const built = outboundCluster(model, proxy, { service, port, rule, subset }, name);
        if (built === undefined) continue;
        clusters.set(name, built.cluster);
        origins.set(`cluster/${name}`, subset === undefined ? originOf(service.resource, `spec.ports[${portIndex}]`) : originOf(subset.from, subset.path));
        if (built.assignment !== undefined) {
          endpoints.push(built.assignment);
          origins.set(`endpoints/${name}`, originOf(service.resource, `spec.ports[${portIndex}]`));
        }
      }
    }
  }
  return { clusters: [...clusters.values()], endpoints };
}
