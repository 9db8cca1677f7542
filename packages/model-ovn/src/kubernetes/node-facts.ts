import type { Caveat } from "@hopscope/core";
import { objectName, originOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { isIpv6, macOfAddresses, nthAddress, parseSubnet, printAddress, printSubnet, type Subnet, withoutLength } from "./address.ts";
import type { Config } from "./options.ts";

/** What the controllers know of a node, from its annotations or, where they are missing, from the rules that make them. */
export interface NodeFacts {
  readonly name: string;
  readonly resource: Resource;
  readonly zone: string;
  /** Whether the node belongs to the zone that is compiled. */
  readonly local: boolean;
  readonly id: number;
  /** The node's parts of the cluster network. */
  readonly subnets: readonly Subnet[];
  /** `.1` of each subnet: the cluster router. */
  readonly gateways: readonly string[];
  /** `.2` of each subnet: ovn-k8s-mp0. */
  readonly management: readonly string[];
  readonly managementMac: string;
  readonly chassis: string;
  /** Gateway router's addresses on the join switch, with lengths. */
  readonly join: readonly string[];
  /** Cluster router's addresses on the transit switch, with lengths. */
  readonly transit: readonly string[];
  readonly gateway: GatewayFacts;
  /** Every address of the host without length, in the annotation's order. */
  readonly hostAddresses: readonly string[];
  readonly gatewayMtu: boolean;
  /** Whether the cluster manager has given it its network; a joining node among finished ones has none yet. */
  readonly joined: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** The node's way out: the bridge with the default route, and the second bridge if there is one. */
export interface GatewayFacts {
  readonly mode: "shared" | "local" | "disabled";
  readonly interfaceId: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly nextHops: readonly string[];
  readonly vlan: number | undefined;
  readonly external: { readonly interfaceId: string; readonly mac: string; readonly addresses: readonly string[] } | undefined;
}

/** What the cluster manager allocates; without it other zones do not see the node. */
const allocated = ["node-subnets", "node-id", "node-gateway-router-lrp-ifaddr", "node-transit-switch-port-ifaddr"];

/** An annotation's JSON, or `undefined` when it is missing or broken. */
export function jsonAnnotation(resource: Resource, key: string): unknown {
  const text = resource.metadata.annotations?.[key];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {});
const strings = (value: unknown): string[] =>
  typeof value === "string" ? [value] : Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
const addressPair = (value: unknown): string[] => [...strings(record(value)["ipv4"]), ...strings(record(value)["ipv6"])];

interface NodeStatus {
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
}

/** The n-th node's part of a cluster subnet, in the order the subnet allocator hands them out. */
export function hostSubnet(cluster: Subnet, hostLength: number, n: number): Subnet {
  const total = cluster.family === 4 ? 32 : 128;
  const hostBits = total - hostLength;
  const subnetBits = hostLength - cluster.length;
  let index = n;
  const shift = 8 - (hostBits % 8);
  if (cluster.family === 4 && hostBits % 8 !== 0 && subnetBits > shift) {
    const mask = 2 ** subnetBits - 1;
    index = ((n << shift) & mask) | ((n >> (subnetBits - shift)) & (2 ** shift - 1));
  } else if (cluster.family === 6) index = n + 1; // the allocator leaves the first IPv6 subnet out
  return { family: cluster.family, length: hostLength, value: cluster.value + (BigInt(index) << BigInt(hostBits)) };
}

/** Collects the facts of all nodes, in the order read. */
export function nodeFacts(snapshot: Snapshot, config: Config, caveats: Caveat[]): readonly NodeFacts[] {
  const nodes = resourcesOf(snapshot, "Node");
  const zoneOf = (node: Resource): string => node.metadata.annotations?.["k8s.ovn.org/zone-name"] ?? (config.interconnect ? node.metadata.name : "global");
  const first = nodes[0];
  const zone = config.zone ?? (first === undefined ? "global" : zoneOf(first));
  const ids = assignIds(nodes);
  const anyAnnotated = nodes.some((node) => subnetsOf(node).length > 0);
  const anyHostCidrs = nodes.some((node) => node.metadata.annotations?.["k8s.ovn.org/host-cidrs"] !== undefined || node.metadata.annotations?.["k8s.ovn.org/host-addresses"] !== undefined);
  const usedSubnets = new Set(nodes.flatMap((node) => subnetsOf(node).map(printSubnet)));
  return nodes.map((node) => {
    const assumed: string[] = [];
    const { name, annotations = {}, labels = {} } = node.metadata;
    const orAssume = <Value>(what: string, known: readonly Value[], make: () => Value[]): readonly Value[] => {
      if (known.length > 0) return known;
      assumed.push(what);
      return make();
    };
    const id = ids.get(name) ?? 2;
    if (annotations["k8s.ovn.org/node-id"] === undefined) assumed.push("node-id");
    const status = (node.status ?? {}) as NodeStatus;
    const internal = (status.addresses ?? []).filter((address) => address.type === "InternalIP").map((address) => address.address);
    const subnets = orAssume("node-subnets", subnetsOf(node), () =>
      config.clusterSubnets.map(({ subnet, hostLength }) => {
        for (let n = 0; ; n++) {
          const candidate = hostSubnet(subnet, hostLength, n);
          if (usedSubnets.has(printSubnet(candidate))) continue;
          usedSubnets.add(printSubnet(candidate));
          return candidate;
        }
      }),
    );
    const withFamily = (list: readonly Subnet[]): string[] =>
      list.filter(({ family }) => config.families.includes(family)).map((subnet) => `${nthAddress(subnet, id)}/${subnet.length}`);
    const join = orAssume("node-gateway-router-lrp-ifaddr", addressPair(jsonAnnotation(node, "k8s.ovn.org/node-gateway-router-lrp-ifaddr")), () => withFamily(config.joinSubnets));
    const transit = config.interconnect
      ? orAssume("node-transit-switch-port-ifaddr", addressPair(jsonAnnotation(node, "k8s.ovn.org/node-transit-switch-port-ifaddr")), () => withFamily(config.transitSubnets))
      : [];
    const management = subnets.map((subnet) => nthAddress(subnet, 2));
    const gateway = gatewayOf(node, config, internal, assumed);
    const hostCidrs = strings(jsonAnnotation(node, "k8s.ovn.org/host-cidrs") ?? jsonAnnotation(node, "k8s.ovn.org/host-addresses"));
    const facts: NodeFacts = {
      name,
      resource: node,
      zone: zoneOf(node),
      local: config.interconnect ? zoneOf(node) === zone : true,
      id,
      subnets,
      gateways: subnets.map((subnet) => nthAddress(subnet, 1)),
      management,
      managementMac: annotations["k8s.ovn.org/node-mgmt-port-mac-address"] ?? (assumed.push("node-mgmt-port-mac-address"), macOfAddresses(management)),
      chassis: annotations["k8s.ovn.org/node-chassis-id"] ?? (assumed.push("node-chassis-id"), name),
      join,
      transit,
      gateway,
      hostAddresses: orAssume("host-cidrs", hostCidrs, () => (anyHostCidrs ? [] : [...gateway.addresses])).map(withoutLength),
      gatewayMtu: annotations["k8s.ovn.org/gateway-mtu-support"] !== "false",
      joined: !anyAnnotated || !allocated.some((key) => assumed.includes(key)),
      labels,
    };
    if (assumed.length > 0) {
      caveats.push({
        code: "assumed/ovn-annotation",
        problem: `${objectName(node)} lacks ${assumed.map((key) => `"k8s.ovn.org/${key}"`).join(", ")}; values are made by the allocators' rules and may differ from the cluster's`,
        origin: originOf(node, "metadata.annotations"),
      });
    }
    return facts;
  });
}

function subnetsOf(node: Resource): Subnet[] {
  const annotation = node.metadata.annotations?.["k8s.ovn.org/node-subnets"];
  const value = jsonAnnotation(node, "k8s.ovn.org/node-subnets");
  const texts = value === undefined ? strings(annotation) : strings(record(value)["default"]);
  return texts.flatMap((text) => parseSubnet(text) ?? []).sort((a, b) => a.family - b.family);
}

function assignIds(nodes: readonly Resource[]): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  for (const node of nodes) {
    const text = node.metadata.annotations?.["k8s.ovn.org/node-id"];
    if (text !== undefined) ids.set(node.metadata.name, Number(text));
  }
  const used = new Set(ids.values());
  let next = 2;
  for (const { metadata } of nodes) {
    if (ids.has(metadata.name)) continue;
    while (used.has(next)) next++;
    used.add(next);
    ids.set(metadata.name, next);
  }
  return ids;
}

function gatewayOf(node: Resource, config: Config, internal: readonly string[], assumed: string[]): GatewayFacts {
  const annotated = record(record(jsonAnnotation(node, "k8s.ovn.org/l3-gateway-config"))["default"]);
  const mode = annotated["mode"];
  if (mode === undefined) {
    assumed.push("l3-gateway-config");
    const primary = addressPair(jsonAnnotation(node, "k8s.ovn.org/node-primary-ifaddr"));
    const addresses = primary.length > 0 ? primary : internal.map((address) => `${address}/${isIpv6(address) ? 64 : 24}`);
    return {
      mode: config.gatewayMode,
      interfaceId: `br-ex_${node.metadata.name}`,
      mac: macOfAddresses(addresses),
      addresses,
      nextHops: addresses.flatMap((address) => parseSubnet(address) ?? []).map((subnet) => printAddress({ family: subnet.family, value: subnet.value + 1n })),
      vlan: undefined,
      external: undefined,
    };
  }
  const list = (plural: string, single: string): string[] => {
    const many = strings(annotated[plural]);
    return many.length > 0 ? many : strings(annotated[single]).filter((text) => text !== "");
  };
  const vlan = Number(annotated["vlan-id"] ?? 0);
  const external = strings(annotated["exgw-interface-id"])[0];
  return {
    mode: mode === "local" ? "local" : mode === "shared" ? "shared" : "disabled",
    interfaceId: strings(annotated["interface-id"])[0] ?? `br-ex_${node.metadata.name}`,
    mac: strings(annotated["mac-address"])[0] ?? "",
    addresses: list("ip-addresses", "ip-address"),
    nextHops: list("next-hops", "next-hop"),
    vlan: Number.isInteger(vlan) && vlan > 0 ? vlan : undefined,
    external:
      external === undefined || external === ""
        ? undefined
        : {
            interfaceId: external,
            mac: strings(annotated["exgw-mac-address"])[0] ?? "",
            addresses: list("exgw-ip-addresses", "exgw-ip-address"),
          },
  };
}
