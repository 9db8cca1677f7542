import type { Dice } from "../northd/random-northbound.ts";

/** An IP family. */
export type Family = "v4" | "v6";

/** The addresses of something, one for each family the cluster has. */
export type Addresses = { readonly [family in Family]?: string };

/** A node; one that is not local belongs to another zone and exists as a transit port alone. */
export interface NodePlan {
  readonly index: number;
  readonly name: string;
  readonly local: boolean;
  readonly chassis: string;
  /** The first parts of its pods' addresses: `10.128.0` and `fd01:0:0:1`. */
  readonly subnet: Addresses;
  readonly ip: Addresses;
  readonly mac: string;
  readonly managementMac: string;
}

/** Something plugged into a node's switch. */
export interface PodPlan {
  readonly port: string;
  readonly node: NodePlan;
  readonly namespace: string;
  readonly mac: string;
  readonly ip: Addresses;
}

/** A virtual address, with the port and the backends behind it. */
export interface VipPlan {
  readonly family: Family;
  readonly address: string;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  readonly backends: readonly string[];
}

/** What a microflow can be made of: the facts of a random cluster. */
export interface ClusterPlan {
  readonly interconnect: boolean;
  readonly families: readonly Family[];
  readonly nodes: readonly NodePlan[];
  readonly pods: readonly PodPlan[];
  readonly namespaces: readonly string[];
  /** Filled while the database grows. */
  readonly vips: VipPlan[];
  /** Addresses a router owns or translates, beside those of the nodes. */
  readonly routerAddresses: { readonly family: Family; readonly address: string }[];
  /** Ports a packet can come in by that are not pods: port, a source and a destination MAC that make sense there. */
  readonly doors: { readonly port: string; readonly source: string; readonly destination: string; readonly networks: Addresses }[];
  /** Everything that ovn-controller would have learnt: neighbours, addresses behind ports, group members. */
  readonly learnt: { readonly port: string; readonly ip: string; readonly mac: string }[];
  readonly forwarding: { readonly port: string; readonly mac: string }[];
  readonly groups: { readonly port: string; readonly address: string }[];
  /** Ports of workloads with the chassis that hosts them. */
  readonly bindings: { readonly port: string; readonly chassis: string }[];
}

/** OVN-Kubernetes' MAC of an IPv4 address. */
export const macOf = (ip: string): string =>
  ["0a:58", ...ip.split(".").map((part) => Number(part).toString(16).padStart(2, "0"))].join(":");

/** A MAC of its own for anything numbered. */
export const macNumber = (kind: number, number: number): string =>
  `52:54:00:${kind.toString(16).padStart(2, "0")}:${(number >> 8).toString(16).padStart(2, "0")}:${(number & 255).toString(16).padStart(2, "0")}`;

/** The facts of a node; the networks of the first four differ in their second part, as OVN-Kubernetes gives them out. */
export function nodePlan(index: number, local: boolean, families: readonly Family[]): NodePlan {
  const addresses = (v4: string, v6: string): Addresses =>
    Object.fromEntries(families.map((family) => [family, family === "v4" ? v4 : v6]));
  return {
    index, local, name: `worker-${index}`, chassis: `11111111-0000-4000-8000-${index.toString(16).padStart(12, "0")}`,
    subnet: addresses(`10.${128 + (index & 3)}.${2 * (index >> 2)}`, `fd01:0:0:${index + 1}`),
    ip: addresses(`192.168.126.${10 + index}`, `fc00:f853:ccd:e793::${10 + index}`),
    mac: macNumber(1, index), managementMac: macNumber(2, index),
  };
}

/** The facts of a node's pod. */
export function podPlan(node: NodePlan, index: number, namespace: string, families: readonly Family[]): PodPlan {
  const host = 10 + index;
  const ip = Object.fromEntries(families.map((family) => [family, family === "v4" ? `${node.subnet.v4}.${host}` : `${node.subnet.v6}::${host}`])) as Addresses;
  return { port: `${namespace}_pod-${node.index}-${index}`, node, namespace, ip, mac: ip.v4 === undefined ? macNumber(3, node.index * 256 + host) : macOf(ip.v4) };
}

/** Decides what a cluster has, before any row is written. */
export function planCluster(dice: Dice): ClusterPlan {
  const interconnect = dice.chance(0.5);
  const families = dice.pick<readonly Family[]>([["v4"], ["v4"], ["v4", "v6"], ["v4", "v6"], ["v6"]]);
  const nodes = Array.from({ length: 1 + dice.below(4) }, (_, index) => nodePlan(index, !interconnect || index === 0, families));
  const namespaces = ["shop", "prod", "infra"].slice(0, 2 + dice.below(2));
  const pods = nodes.flatMap((node) => Array.from({ length: 2 + dice.below(4) }, (_, index) => podPlan(node, index, dice.pick(namespaces), families)));
  return { interconnect, families, nodes, pods, namespaces, vips: [], routerAddresses: [], doors: [], learnt: [], forwarding: [], groups: [], bindings: [] };
}
