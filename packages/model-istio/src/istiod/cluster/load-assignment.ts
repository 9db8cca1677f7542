import { selects } from "../mesh/config-order.ts";
import type { DestinationRule, Subset } from "./destination-rules.ts";
import type { LocalityGroup } from "./locality.ts";
import type { Model } from "../model.ts";
import type { ClientTls, TrafficPolicy } from "./traffic-policy.ts";
import type { Endpoint, Json, MeshService, Port } from "../types.ts";

interface Target { readonly service: MeshService; readonly port: Port; readonly subset: Subset | undefined; readonly rule: DestinationRule | undefined; readonly dnat: boolean }

const tlsModeFor = (policy: TrafficPolicy | undefined, port: number): ClientTls["mode"] => {
  const tls = policy?.portLevelSettings?.find((entry) => entry.port?.number === port && entry.tls !== undefined)?.tls ?? policy?.tls;
  return tls === undefined ? undefined : (tls.mode ?? "DISABLE");
};

/**
 * Says whether clients must not speak Istio mTLS to an endpoint: a rule, a missing sidecar or its PeerAuthentication forbids it.
 * @see istio 1.18 pilot/pkg/xds/mtls_checker.go
 */
function mutualIsOff(model: Model, endpoint: Endpoint, rule: DestinationRule | undefined, port: number): boolean {
  const subset = rule?.subsets.find((entry) => selects(entry.labels, endpoint.labels));
  const mode = (subset === undefined ? undefined : tlsModeFor(subset.trafficPolicy, port)) ?? tlsModeFor(rule?.trafficPolicy, port);
  if (mode === "DISABLE") return true;
  if (mode === "ISTIO_MUTUAL") return false;
  if (endpoint.tlsMode !== "istio") return true;
  const peer = model.peers.workload(endpoint.namespace, endpoint.labels);
  return (peer.ports.get(endpoint.port) ?? peer.mode) === "DISABLE";
}

function workloadText(endpoint: Endpoint): string {
  const { labels } = endpoint;
  const name = labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? endpoint.workload;
  if (endpoint.workload === "" && Object.keys(labels).length === 0) return endpoint.namespace === "" ? ";;;;" : `;${endpoint.namespace};;;`;
  const revision = labels["service.istio.io/canonical-revision"] ?? labels["app.kubernetes.io/version"] ?? labels["version"] ?? "";
  return `${endpoint.workload};${endpoint.namespace};${name};${revision === "latest" ? "" : revision};Kubernetes`;
}

const address = (endpoint: Endpoint): Json => (endpoint.address.startsWith("unix://")
  ? { pipe: { path: endpoint.address.slice("unix://".length) } }
  : { socketAddress: { address: endpoint.address, portValue: endpoint.port } });

/**
 * The endpoints of a cluster by locality, each with what clients may speak to it.
 * @see istio 1.18 pilot/pkg/xds/endpoint_builder.go, cluster_builder.go buildLocalityLbEndpoints
 */
export function loadAssignment(model: Model, { service, port, subset, rule, dnat }: Target): readonly LocalityGroup[] {
  const dns = service.resolution === "dns" || service.resolution === "dns-round-robin";
  const groups = new Map<string, LocalityGroup["hosts"][number][]>();
  const byAddress = (a: Endpoint, b: Endpoint): number => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port);
  // Endpoints sent by EDS belong to the host, whichever object, or address of an object, they come from.
  const owners = dns ? [service] : (model.servicesOf.get(service.host) ?? []).filter((other) => other.namespace === service.namespace);
  const named = service.ports.find((entry) => entry.number === port.number)?.name ?? port.name;
  const own = owners.flatMap((owner) => owner.endpoints.filter((endpoint) => (dns ? endpoint.servicePort === port.number : endpoint.portName === named)));
  for (const endpoint of own.sort(byAddress)) {
    if (!selects(subset?.labels, endpoint.labels)) continue;
    const hosts = groups.get(endpoint.locality) ?? [];
    groups.set(endpoint.locality, hosts);
    const off = !dns && mutualIsOff(model, endpoint, rule, port.number);
    if (dnat && off) continue;
    hosts.push({
      labels: endpoint.labels, weight: endpoint.weight,
      json: {
        endpoint: { address: address(endpoint) },
        ...(dns || endpoint.known !== true ? {} : { healthStatus: "HEALTHY" }),
        loadBalancingWeight: endpoint.weight,
        metadata: { filterMetadata: { ...(endpoint.tlsMode === "istio" && !off ? { "envoy.transport_socket_match": { tlsMode: "istio" } } : {}), istio: { workload: workloadText(endpoint) } } },
      },
    });
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([locality, hosts]) => ({ locality, hosts }));
}
