import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { clusterName, sniName } from "./names.ts";
import { downstreamProtocol, explicitHttp2, METADATA_EXCHANGE } from "./parts.ts";
import { istioConfigName } from "../mesh/config-order.ts";
import type { DestinationRule, Subset } from "./destination-rules.ts";
import { destinationRuleFor } from "./destination-rules.ts";
import { loadAssignment } from "./load-assignment.ts";
import { applyLocality, localitySetting } from "./locality.ts";
import type { Model } from "../model.ts";
import { isHttp, isHttp2 } from "../mesh/protocol.ts";
import type { Scope } from "../mesh/scope.ts";
import { RAW_BUFFER, upstreamMutual, upstreamTls } from "./tls-context.ts";
import type { PortPolicy } from "./traffic-policy.ts";
import { applyConnectionPool, applyLoadBalancer, applyOutlier, policyFor } from "./traffic-policy.ts";
import type { Json, MeshService, Port, Proxy } from "../types.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** Names that the endpoints' certificates may have: of their service accounts, and those a ServiceEntry lists. */
function accounts(model: Model, service: MeshService): string[] {
  const { identityDomain } = model.mesh;
  const aliases = Array.isArray(model.mesh["trustDomainAliases"]) ? (model.mesh["trustDomainAliases"] as string[]) : [];
  const names = new Set<string>(service.subjectAltNames ?? []);
  for (const other of model.servicesOf.get(service.host) ?? []) {
    if (other.namespace !== service.namespace) continue;
    for (const endpoint of [...other.endpoints, ...(other.unready ?? [])]) {
      if (endpoint.serviceAccount === undefined) continue;
      for (const domain of [identityDomain, ...aliases]) names.add(`spiffe://${domain}/ns/${endpoint.namespace === "" ? service.namespace : endpoint.namespace}/sa/${endpoint.serviceAccount}`);
    }
  }
  return [...names].sort();
}

/** Decides whether a client may speak Istio mTLS to a service by itself (`push_context.go BestEffortInferServiceMTLSMode`). */
function autoMutual(model: Model, service: MeshService, port: Port, passthrough: boolean): boolean {
  if (!model.mesh.enableAutoMtls || service.external) return false;
  if (service.resolution === "passthrough" || passthrough) {
    const endpoints = [...service.endpoints, ...(service.unready ?? [])].filter((e) => e.servicePort === port.number);
    if (endpoints.length === 0 || endpoints.some((e) => e.tlsMode !== "istio")) return false;
  }
  return model.peers.namespace(service.namespace) !== "DISABLE";
}

interface Target { readonly service: MeshService; readonly port: Port; readonly rule: DestinationRule | undefined; readonly subset: Subset | undefined; readonly dnat: boolean }

type Kind = "client" | "passthrough" | "dns" | "dns-round-robin";

/** How Envoy finds the hosts; a rule's load balancer PASSTHROUGH makes it the destination the client asked for. */
function kindOf(proxy: Proxy, { service, port, rule, subset }: Target): Kind {
  const isPassthrough = (policy: PortPolicy | undefined): boolean => policy?.loadBalancer?.simple === "PASSTHROUGH";
  if (isPassthrough(policyFor(rule?.trafficPolicy, undefined, port.number)) || isPassthrough(subset?.trafficPolicy)) return "passthrough";
  return service.resolution === "passthrough" && proxy.type === "router" ? "client" : service.resolution;
}

/** The protocol options of an HTTP cluster; the fields of later rules win over those of earlier ones. */
function protocolOptions(model: Model, proxy: Proxy, port: Port, policy: PortPolicy, common: Json): { readonly options: Json | undefined; readonly http2: boolean } {
  const http = policy.connectionPool?.http;
  const upgrade = http?.h2UpgradePolicy === "UPGRADE" || (http?.h2UpgradePolicy !== "DO_NOT_UPGRADE" && model.mesh.h2UpgradePolicy === "UPGRADE" && isHttp(port.protocol));
  let chosen: Json = isHttp2(port.protocol) ? explicitHttp2() : port.protocol === "UnsupportedProtocol" && model.flags.sniffOutbound && proxy.type === "sidecar" ? downstreamProtocol() : {};
  if (http?.useClientProtocol === true) chosen = downstreamProtocol();
  if (upgrade) chosen = explicitHttp2();
  const http2 = (chosen["explicitHttpConfig"] as Json | undefined)?.["http2ProtocolOptions"] !== undefined;
  const withCommon = Object.keys(common).length === 0 ? chosen : { ...(Object.keys(chosen).length === 0 ? { explicitHttpConfig: { httpProtocolOptions: {} } } : chosen), commonHttpProtocolOptions: common };
  return { options: Object.keys(withCommon).length === 0 ? undefined : { "@type": `type.googleapis.com/${HTTP_OPTIONS}`, ...withCommon }, http2 };
}

function secure(model: Model, proxy: Proxy, cluster: Json, { target, policy, http2 }: { readonly target: Target; readonly policy: PortPolicy; readonly http2: boolean }): void {
  const { service, port, rule, subset } = target;
  const { tls } = policy;
  const sni = sniName(port.number, subset?.name ?? "", service.host);
  const mode = tls?.mode;
  if (tls !== undefined && (mode === "SIMPLE" || mode === "MUTUAL")) {
    // A sidecar may read a Secret's credential only where the rule names its workloads.
    if ((tls.credentialName ?? "") !== "" && proxy.type === "sidecar" && rule?.selector === undefined) return;
    if (mode === "MUTUAL" && (tls.credentialName ?? "") === "" && ((tls.clientCertificate ?? "") === "" || (tls.privateKey ?? "") === "")) return;
    const sans = (tls.subjectAltNames ?? []).length === 0 && !service.kubernetes ? accounts(model, service) : [...(tls.subjectAltNames ?? [])];
    cluster["transportSocket"] = upstreamTls({ ...tls, subjectAltNames: sans }, http2, model.mesh["tlsDefaults"] as Json | undefined);
  } else if (mode === "ISTIO_MUTUAL") {
    const own = (tls?.sni ?? "") === "" ? sni : (tls?.sni ?? "");
    cluster["transportSocket"] = upstreamMutual(tls?.subjectAltNames === undefined ? accounts(model, service) : [...tls.subjectAltNames], own, http2);
  } else if (tls === undefined && autoMutual(model, service, port, (subset?.trafficPolicy ?? (subset === undefined ? rule?.trafficPolicy : undefined))?.loadBalancer?.simple === "PASSTHROUGH")) {
    const socket = upstreamMutual(accounts(model, service), sni, http2);
    if (cluster["type"] === "ORIGINAL_DST") cluster["transportSocket"] = socket;
    else cluster["transportSocketMatches"] = [{ name: "tlsMode-istio", match: { tlsMode: "istio" }, transportSocket: socket }, { name: "tlsMode-disabled", match: {}, transportSocket: RAW_BUFFER }];
  }
}

function outboundCluster(model: Model, proxy: Proxy, target: Target, name: string): { readonly cluster: Json; readonly assignment?: Json } | undefined {
  const { service, port, rule, subset } = target;
  const policy = policyFor(rule?.trafficPolicy, subset?.trafficPolicy, port.number);
  const kind = kindOf(proxy, target);
  const locality = localitySetting(model.mesh.localityLbSetting, policy.loadBalancer?.localityLbSetting);
  const cluster: Json = { name, connectTimeout: model.mesh.connectTimeout, commonLbConfig: locality === undefined ? {} : { localityWeightedLbConfig: {} }, filters: [METADATA_EXCHANGE] };
  const { http: common } = applyConnectionPool(cluster, policy.connectionPool, model.mesh.tcpKeepalive);
  if (kind === "client") {
    cluster["type"] = "EDS";
    cluster["edsClusterConfig"] = { edsConfig: { ads: {}, initialFetchTimeout: "0s", resourceApiVersion: "V3" }, serviceName: name };
  } else if (kind === "passthrough") cluster["type"] = "ORIGINAL_DST";
  const resolves = service.resolution === "dns" || service.resolution === "dns-round-robin";
  // A policy PASSTHROUGH for the whole rule comes after the DNS fields; one for a subset before.
  if (resolves && (kind !== "passthrough" || subset === undefined)) {
    const groups = loadAssignment(model, { service, port, subset, rule, dnat: target.dnat });
    if (groups.length === 0) return undefined;
    if (kind !== "passthrough") {
      cluster["type"] = service.resolution === "dns" ? "STRICT_DNS" : "LOGICAL_DNS";
      cluster["loadAssignment"] = { clusterName: name, endpoints: applyLocality(groups, { own: model.locality(proxy.node, proxy.labels), proxy, setting: locality, failover: policy.outlierDetection !== undefined, byLabels: false }) };
    }
    cluster["dnsLookupFamily"] = proxy.ips.length > 0 && proxy.ips.every((ip) => ip.includes(":")) ? "V6_ONLY" : "V4_ONLY";
    cluster["dnsRefreshRate"] = model.mesh.dnsRefreshRate;
    cluster["respectDnsTtl"] = true;
  }
  applyOutlier(cluster, policy.outlierDetection);
  applyLoadBalancer(cluster, policy.loadBalancer, port.protocol === "Redis" && model.flags.redis);
  const { options, http2 } = protocolOptions(model, proxy, port, policy, common);
  if (options !== undefined) cluster["typedExtensionProtocolOptions"] = { [HTTP_OPTIONS]: options };
  const metadata: Json = { services: [{ host: service.host, name: service.name, namespace: service.namespace }] };
  if (rule !== undefined) metadata["config"] = istioConfigName("destination-rule", rule.resource);
  if (subset !== undefined) metadata["subset"] = subset.name;
  if (policy.tls?.mode === "SIMPLE" || policy.tls?.mode === "MUTUAL") metadata["alpn_override"] = "false";
  if (!target.dnat) secure(model, proxy, cluster, { target, policy, http2 });
  cluster["metadata"] = { filterMetadata: { istio: metadata } };
  if (cluster["type"] !== "EDS") return { cluster };
  const groups = loadAssignment(model, { service, port, subset, rule, dnat: target.dnat });
  const endpoints = applyLocality(groups, { own: model.locality(proxy.node, proxy.labels), proxy, setting: locality, failover: policy.outlierDetection !== undefined, byLabels: true });
  return { cluster, assignment: { clusterName: name, ...(endpoints.length === 0 ? {} : { endpoints }) } };
}

/**
 * All outbound clusters of a proxy, with the endpoints of those that are sent by EDS.
 *
 * With `dnat` they are those of a gateway that leads TLS through by its server name: the same hosts, without a socket of their own.
 *
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/cluster.go buildOutboundClusters, buildOutboundSniDnatClusters
 */
export function outboundClusters(model: Model, proxy: Proxy, scope: Scope, origins: Map<string, Origin>, dnat = false): { readonly clusters: readonly Json[]; readonly endpoints: readonly Json[] } {
  const clusters = new Map<string, Json>();
  const endpoints: Json[] = [];
  for (const service of scope.services) {
    if (dnat && service.external) continue;
    const rule = destinationRuleFor(model.destinationRules, proxy, scope.byHost.get(service.host) ?? service, model.mesh);
    for (const [portIndex, port] of service.ports.entries()) {
      if (port.protocol === "UDP") continue;
      for (const subset of [undefined, ...(rule?.subsets ?? [])]) {
        const name = (dnat ? sniName : clusterName)(port.number, subset?.name ?? "", service.host);
        if (clusters.has(name)) continue;
        const built = outboundCluster(model, proxy, { service, port, rule, subset, dnat }, name);
        if (built === undefined) {
          if (subset === undefined) break;
          continue;
        }
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
