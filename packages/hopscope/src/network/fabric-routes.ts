import { balancersOf, endpointsOf, objectName, type Pod, resourcesOf, type Service, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import type { NodeFacts } from "@hopscope/model-ovn";
import type { FabricHost, FabricRoute } from "./fabric.ts";
import { bare } from "./nodes.ts";
import { routerOf } from "./roles.ts";

/** The described hosts outside, as the network outside knows them. `listens: []` listens on nothing. */
export function fabricHosts(snapshot: Snapshot): readonly FabricHost[] {
  return snapshot.cluster.outside.hosts.map((host) => ({
    object: `outside ${host.name}`,
    addresses: host.addresses,
    ports: host.listensUnknown === true ? undefined : host.listens.map(({ port }) => port),
    endpoint: `outside/${host.name}`,
  }));
}

/**
 * The node that holds each ingress VIP: the one whose annotation lists it, else the first with a router on the host network
 * (keepalived's check wants a router; which of several it picks is not known).
 */
export function holdersOf(snapshot: Snapshot, nodes: readonly NodeFacts[], pods: readonly Pod[]): ReadonlyMap<string, readonly string[]> {
  const held = new Map<string, string[]>();
  for (const { vip } of snapshot.cluster.ingress) {
    const holder = nodes.find(({ hostAddresses }) => hostAddresses.includes(vip)) ?? nodes.find(({ name }) => pods.some((pod) => routerOf(pod) !== undefined && pod.spec.nodeName === name)) ?? nodes[0];
    if (holder !== undefined) held.set(holder.name, [...(held.get(holder.name) ?? []), vip]);
  }
  return held;
}

/** Which node the network outside sends each of the cluster's addresses to. */
export function fabricRoutes(snapshot: Snapshot, nodes: readonly NodeFacts[], vips: ReadonlyMap<string, readonly string[]>): readonly FabricRoute[] {
  const routes = new Map<string, FabricRoute>();
  const add = (route: FabricRoute): void => {
    if (!routes.has(route.address)) routes.set(route.address, route);
  };
  for (const node of nodes) {
    for (const address of [...node.gateway.addresses.map(bare), ...node.hostAddresses]) add({ address, nodes: [node.name], why: "address of the node", origin: { object: `Node ${node.name}` } });
    for (const address of vips.get(node.name) ?? []) add({ address, nodes: [node.name], why: "ingress VIP", origin: { object: `Node ${node.name}` } });
  }
  for (const egress of resourcesOf(snapshot, "EgressIP")) {
    const items = (egress.status as { items?: readonly { egressIP: string; node: string }[] } | undefined)?.items ?? [];
    for (const { egressIP, node } of items) add({ address: egressIP, nodes: [node], why: "EgressIP", origin: { object: objectName(egress) } });
  }
  for (const service of servicesOf(snapshot)) for (const route of serviceRoutes(snapshot, service, nodes)) add(route);
  return [...routes.values()];
}

/**
 * Where packets for a Service's own addresses go: to every node, or, with externalTrafficPolicy Local, to those that have a ready
 * endpoint. A load balancer that is known by a name ends at its own address and goes on to the node port.
 */
function serviceRoutes(snapshot: Snapshot, service: Service, nodes: readonly NodeFacts[]): readonly FabricRoute[] {
  const { externalIPs = [], externalTrafficPolicy, ports = [] } = service.spec;
  const origin = { object: objectName(service) };
  const near = new Set(endpointsOf(snapshot, service).endpoints.filter(({ ready }) => ready).map(({ nodeName }) => nodeName));
  const local = externalTrafficPolicy === "Local" ? nodes.filter(({ name }) => near.has(name)) : nodes;
  const holders = (local.length === 0 ? nodes : local).map(({ name }) => name);
  const balanced = balancersOf(snapshot, service).map(({ address, hostname }): FabricRoute => ({
    address,
    nodes: holders,
    why: hostname === undefined ? "address of a Service" : `load balancer ${hostname}`,
    origin,
    ...(hostname === undefined ? {} : { nodePorts: new Map(ports.flatMap(({ port, nodePort }) => (nodePort === undefined ? [] : [[port, nodePort] as const]))) }),
  }));
  return [...externalIPs.map((address): FabricRoute => ({ address, nodes: nodes.map(({ name }) => name), why: "address of a Service", origin })), ...balanced];
}
