import { selects } from "./config-order.ts";
import type { DestinationRule, Subset } from "./destination-rules.ts";
import type { Model } from "./model.ts";
import type { PortPolicy } from "./traffic-policy.ts";
import type { Endpoint, Json, LocalitySetting, MeshService, Port, Proxy } from "./types.ts";

interface Target { readonly service: MeshService; readonly port: Port; readonly subset: Subset | undefined; readonly policy: PortPolicy; readonly rule: DestinationRule | undefined }

function mutual(model: Model, endpoint: Endpoint, policy: PortPolicy): boolean {
  if (policy.tls?.mode === "DISABLE") return false;
  if (endpoint.tlsMode !== "istio") return false;
  if (policy.tls?.mode === "ISTIO_MUTUAL") return true;
  const peer = model.peers.workload(endpoint.namespace, endpoint.labels);
  return (peer.ports.get(endpoint.port) ?? peer.mode) !== "DISABLE";
}

function workloadText(endpoint: Endpoint): string {
  const { labels } = endpoint;
  if (endpoint.workload === "" && Object.keys(labels).length === 0) return endpoint.namespace === "" ? ";;;;" : `;${endpoint.namespace};;;`;
  const name = labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? endpoint.workload;
  const revision = labels["service.istio.io/canonical-revision"] ?? labels["app.kubernetes.io/version"] ?? labels["version"] ?? "";
  return `${endpoint.workload};${endpoint.namespace};${name};${revision === "latest" ? "" : revision};Kubernetes`;
}

function localityJson(text: string): Json {
  const [region = "", zone = "", subZone = ""] = text.split("/");
  return { ...(region === "" ? {} : { region }), ...(zone === "" ? {} : { zone }), ...(subZone === "" ? {} : { subZone }) };
}

const matchesLocality = (pattern: string, locality: string): boolean => {
  const want = pattern.split("/");
  const have = locality.split("/");
  return want.every((part, index) => part === "*" || part === (have[index] ?? ""));
};

/** Failover priority by how much of the locality agrees (`loadbalancer.go applyLocalityFailover`). */
function failover(own: string, groups: { locality: string; priority: number }[], setting: LocalitySetting | undefined): void {
  const [region = "", zone = "", subzone = ""] = own.split("/");
  for (const group of groups) {
    const [r = "", z = "", s = ""] = group.locality.split("/");
    let level = r !== region ? 3 : z !== zone ? 2 : s !== subzone ? 1 : 0;
    if (level === 3) {
      const rule = setting?.failover?.find((entry) => entry.from === region);
      if (rule !== undefined && rule.to !== r) level = 4;
    }
    group.priority = level;
  }
  const used = [...new Set(groups.map((group) => group.priority))].sort((a, b) => a - b);
  for (const group of groups) group.priority = used.indexOf(group.priority);
}

/**
 * The endpoints of a cluster, grouped by locality, with priorities where outlier detection allows failover.
 * @see istio 1.18 pilot/pkg/xds/endpoint_builder.go and pilot/pkg/networking/core/v1alpha3/loadbalancer
 */
export function loadAssignment(model: Model, proxy: Proxy, target: Target, name: string): Json {
  const { service, port, subset, policy } = target;
  const dns = service.resolution === "dns" || service.resolution === "dns-round-robin";
  const endpoints = service.endpoints.filter((e) => e.servicePort === port.number && selects(subset?.labels, e.labels));
  if (endpoints.length === 0) return { clusterName: name };
  const groups = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) groups.set(endpoint.locality, [...(groups.get(endpoint.locality) ?? []), endpoint]);
  const list = [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([locality, members]) => ({ locality, members, priority: 0, weight: members.reduce((sum, e) => sum + e.weight, 0) }));
  const setting = policy.loadBalancer?.localityLbSetting ?? model.mesh.localityLbSetting;
  const own = model.locality(proxy.node, proxy.labels);
  if (own !== "" && policy.outlierDetection !== undefined && setting?.enabled !== false) {
    const rule = setting?.distribute?.find((entry) => entry.from !== undefined && matchesLocality(entry.from, own));
    if (rule !== undefined) {
      for (const group of list) group.weight = 0;
      for (const [pattern, weight] of Object.entries(rule.to ?? {})) {
        const hit = list.filter((group) => matchesLocality(pattern, group.locality));
        const total = hit.reduce((sum, group) => sum + group.members.reduce((s, e) => s + e.weight, 0), 0);
        for (const group of hit) group.weight = Math.ceil((weight * group.members.reduce((s, e) => s + e.weight, 0)) / total);
      }
    } else if ((setting?.distribute ?? []).length === 0) failover(own, list, setting);
  }
  const byAddress = (a: Endpoint, b: Endpoint): number => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port);
  return {
    clusterName: name,
    endpoints: list.sort((a, b) => a.priority - b.priority).map((group) => group.weight === 0 ? { loadBalancingWeight: group.members.reduce((sum, e) => sum + e.weight, 0), locality: localityJson(group.locality) } : ({
      lbEndpoints: [...group.members].sort(byAddress).map((endpoint) => ({
        endpoint: { address: endpoint.address.startsWith("unix://") ? { pipe: { path: endpoint.address.slice(7) } } : { socketAddress: { address: endpoint.address, portValue: endpoint.port } } },
        ...(dns || endpoint.known !== true ? {} : { healthStatus: "HEALTHY" }),
        loadBalancingWeight: endpoint.weight,
        metadata: { filterMetadata: { ...(mutual(model, endpoint, policy) ? { "envoy.transport_socket_match": { tlsMode: "istio" } } : {}), istio: { workload: workloadText(endpoint) } } },
      })),
      loadBalancingWeight: group.weight,
      ...(group.priority > 0 ? { priority: group.priority } : {}),
      locality: localityJson(group.locality),
    })),
  };
}
