import type { Caveat } from "@hopscope/core";
import { objectName, originOf, SOURCE } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";
import { hashOf, nthAddress, parseSubnet, sizeOf, suffixOf } from "../workload/address-pool.ts";
import { exampleAddress } from "./balancer-addresses.ts";
import { endpointsOf, type EndpointSlice, type ServiceEndpoint, slicesOf } from "./endpoints.ts";
import { clusterIps, familyOf, isHeadless, loadBalancerIps, type Service, type ServicePort, servicesOf } from "./service.ts";

const NODE_PORTS = { first: 30_000, count: 2_768 };
/** Names that get the tenth address of the service network, as the DNS operators give it. */
const CLUSTER_DNS = new Set(["openshift-dns/dns-default", "kube-system/kube-dns"]);

/** The Services of a snapshot with the cluster addresses and node ports that the API server would have given. */
export function deriveServices(snapshot: Snapshot, caveats: Caveat[]): readonly Service[] {
  const services = servicesOf(snapshot);
  const addresses = new Set(services.flatMap(clusterIps));
  const ports = new Set(services.flatMap((service) => (service.spec.ports ?? []).flatMap((port) => port.nodePort ?? [])));
  return services.map((service) => withBalancer(withNodePorts(withClusterIp(service, snapshot, addresses, caveats), ports, caveats), caveats));
}

/** A manifest's Service of type LoadBalancer has no status: it gets an address as a load balancer outside would give one. */
function withBalancer(service: Service, caveats: Caveat[]): Service {
  if (service.spec.type !== "LoadBalancer" || service.status !== undefined) return service;
  const ip = service.spec.loadBalancerIP ?? exampleAddress(objectName(service));
  caveats.push({ code: "assumed/load-balancer-address", problem: `${objectName(service)} states no address of its load balancer; ${ip} is assumed`, origin: originOf(service, "spec.type") });
  return { ...service, status: { loadBalancer: { ingress: [{ ip }] } } };
}

function withClusterIp(service: Service, snapshot: Snapshot, taken: Set<string>, caveats: Caveat[]): Service {
  if (service.spec.type === "ExternalName" || isHeadless(service) || clusterIps(service).length > 0) return service;
  const networks = snapshot.cluster.network.services.flatMap((text) => parseSubnet(text) ?? []);
  const dual = service.spec.ipFamilyPolicy === "PreferDualStack" || service.spec.ipFamilyPolicy === "RequireDualStack";
  const wanted = service.spec.ipFamilies ?? networks.slice(0, dual ? 2 : 1).map((network) => (network.family === 4 ? "IPv4" : "IPv6"));
  const { namespace = "", name } = service.metadata;
  const given = wanted.flatMap((family) => {
    const network = networks.find((candidate) => (candidate.family === 4) === (family === "IPv4"));
    if (network === undefined) return [];
    const size = Math.min(sizeOf(network), 65_536);
    // The API server takes from the upper part of the network first and leaves its beginning to fixed addresses.
    const lower = Math.min(256, Math.max(1, Math.floor(size / 16)));
    const room = Math.max(1, size - lower - 1);
    const start = CLUSTER_DNS.has(`${namespace}/${name}`) ? -1 : hashOf(`${namespace}/${name}`) % room;
    for (let step = 0; step <= room; step++) {
      const candidate = nthAddress(network, start < 0 && step === 0 ? 10 : lower + ((Math.max(0, start) + step) % room));
      if (taken.has(candidate)) continue;
      taken.add(candidate);
      return [candidate];
    }
    return [];
  });
  const [clusterIP] = given;
  if (clusterIP === undefined) return service;
  caveats.push({ code: "assumed/cluster-ip", problem: `${objectName(service)} states no cluster address; ${given.join(" and ")} is assumed`, origin: originOf(service, "spec") });
  return { ...service, spec: { ...service.spec, clusterIP, clusterIPs: given, ipFamilies: given.map(familyOf) } };
}

function withNodePorts(service: Service, taken: Set<number>, caveats: Caveat[]): Service {
  const { type, allocateLoadBalancerNodePorts = true, ports = [] } = service.spec;
  const wanted = type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts && loadBalancerIps(service).length === 0);
  if (!wanted || ports.every((port) => port.nodePort !== undefined)) return service;
  const given: number[] = [];
  const next = ports.map((port): ServicePort => {
    if (port.nodePort !== undefined) return port;
    const start = hashOf(`${objectName(service)}/${port.port}/${port.protocol ?? "TCP"}`);
    for (let step = 0; step < NODE_PORTS.count; step++) {
      const nodePort = NODE_PORTS.first + ((start + step) % NODE_PORTS.count);
      if (taken.has(nodePort)) continue;
      taken.add(nodePort);
      given.push(nodePort);
      return { ...port, nodePort };
    }
    return port;
  });
  caveats.push({ code: "assumed/node-port", problem: `${objectName(service)} states no node port; ${given.join(", ")} is assumed`, origin: originOf(service, "spec.ports") });
  return { ...service, spec: { ...service.spec, ports: next } };
}

/** The EndpointSlices that the controller would have made for Services that have a selector and no endpoints written anywhere. */
export function deriveSlices(snapshot: Snapshot, caveats: Caveat[]): readonly EndpointSlice[] {
  return servicesOf(snapshot).flatMap((service) => {
    const { namespace, name } = service.metadata;
    if (slicesOf(snapshot, service).length > 0 || service.spec.type === "ExternalName") return [];
    if (resourcesOf(snapshot, "Endpoints", { group: "", namespace }).some((resource) => resource.metadata.name === name)) return mirrored(snapshot, service);
    if (Object.keys(service.spec.selector ?? {}).length === 0) return [];
    const { endpoints } = endpointsOf(snapshot, service);
    const addresses = new Set(endpoints.map((endpoint) => endpoint.address));
    caveats.push({
      code: "assumed/endpoints",
      problem: `the endpoints of ${objectName(service)} are not stated; they are derived from its selector (${addresses.size === 0 ? "no pod" : [...addresses].slice(0, 4).join(", ")}${addresses.size > 4 ? ", …" : ""})`,
      origin: originOf(service, "spec.selector"),
    });
    return slicesFor(service, endpoints);
  });
}

const mirrored = (snapshot: Snapshot, service: Service): readonly EndpointSlice[] => slicesFor(service, endpointsOf(snapshot, service).endpoints);

/** One slice for each family and each set of port numbers: pods may mean other numbers by one port name. */
function slicesFor(service: Service, endpoints: readonly ServiceEndpoint[]): readonly EndpointSlice[] {
  const { namespace, name } = service.metadata;
  const byAddress = new Map<string, ServiceEndpoint[]>();
  for (const endpoint of endpoints) {
    const list = byAddress.get(endpoint.address);
    if (list === undefined) byAddress.set(endpoint.address, [endpoint]);
    else list.push(endpoint);
  }
  const groups = new Map<string, ServiceEndpoint[][]>();
  for (const [address, list] of byAddress) {
    const key = `${familyOf(address)} ${list.map(({ portName, protocol, port }) => `${portName}/${protocol}/${port}`).join(" ")}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [list]);
    else group.push(list);
  }
  if (groups.size === 0) groups.set("IPv4", []);
  return [...groups].map(([key, group], index) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-${suffixOf(`${namespace ?? ""}/${name}/${index}`, 5)}`, namespace, labels: { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" } },
    addressType: key.startsWith("IPv6") ? "IPv6" : "IPv4",
    endpoints: group.flatMap((list) => list.slice(0, 1)).map(({ address, ready, serving, terminating, nodeName, hostname, pod }) => ({
      addresses: [address],
      conditions: { ready, serving, terminating },
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(pod === undefined ? {} : { targetRef: { kind: "Pod", ...pod } }),
    })),
    ports: (group[0] ?? []).map(({ portName, protocol, port, appProtocol }) => ({ name: portName, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) })),
    [SOURCE]: service[SOURCE],
  }));
}
