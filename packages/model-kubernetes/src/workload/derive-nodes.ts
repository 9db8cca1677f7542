import type { Caveat } from "@hopscope/core";
import { at, parseJson } from "../cluster/facts.ts";
import { coveringSubnet } from "../cluster/infer-networks.ts";
import type { ClusterSpec } from "../cluster-spec.ts";
import { originOf, type Resource } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";
import { contains, nodeSubnet, nthAddress, parseSubnet, printSubnet, type Subnet } from "./address-pool.ts";
import { type Pod, podIps, podsOf } from "./pod.ts";

const SUBNETS = "k8s.ovn.org/node-subnets";
const DEFAULT_HOSTS = "192.168.126.0/24";
const ASSUMED = 3;
/** The network's first addresses are the gateway's and often the virtual addresses'. */
const FIRST_HOST = 11;

/** The nodes of a snapshot, completed: three are assumed where there are none, and pod subnets where none are written. */
export function deriveNodes(snapshot: Snapshot, caveats: Caveat[]): readonly Resource[] {
  const known = resourcesOf(snapshot, "Node", { group: "" });
  const pods = podsOf(snapshot);
  return withSubnets(known.length > 0 ? known : assumedNodes(snapshot, pods, caveats), snapshot, caveats);
}

function assumedNodes(snapshot: Snapshot, pods: readonly Pod[], caveats: Caveat[]): readonly Resource[] {
  const named = [...new Set(pods.flatMap((pod) => (pod.spec.nodeName === undefined ? [] : [pod.spec.nodeName])))].sort();
  const names = named.length > 0 ? named : Array.from({ length: ASSUMED }, (_, index) => `node-${index + 1}`);
  const taken = takenAddresses(snapshot.cluster, pods);
  const network = hostNetwork(snapshot.cluster, pods);
  let next = FIRST_HOST;
  return names.map((name) => {
    const told = pods.find((pod) => pod.spec.nodeName === name && pod.status?.hostIP !== undefined)?.status?.hostIP;
    let address = told;
    while (address === undefined) {
      const candidate = nthAddress(network, next++);
      if (!taken.has(candidate)) address = candidate;
    }
    taken.add(address);
    const node: Resource = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "node-role.kubernetes.io/worker": "" } },
      spec: {},
      status: { addresses: [{ type: "InternalIP", address }, { type: "Hostname", address: name }], conditions: [{ type: "Ready", status: "True" }] },
    };
    caveats.push({ code: "assumed/node", problem: `the snapshot holds no Node "${name}"; it is assumed${told === undefined ? `, with the address ${address}` : ""}`, origin: originOf(node) });
    return node;
  });
}

function takenAddresses(cluster: ClusterSpec, pods: readonly Pod[]): Set<string> {
  const hosts = pods.flatMap((pod) => (pod.status?.hostIP === undefined ? [] : [pod.status.hostIP]));
  return new Set([...cluster.ingress.map((entry) => entry.vip), ...cluster.outside.hosts.flatMap((host) => host.addresses), ...cluster.outside.dns.flatMap((record) => record.addresses), ...hosts]);
}

/** Hosts are assumed beside the ingress address or known hosts, since those are of their network. */
function hostNetwork(cluster: ClusterSpec, pods: readonly Pod[]): Subnet {
  const near = pods.find((pod) => pod.status?.hostIP !== undefined)?.status?.hostIP ?? cluster.ingress.find((entry) => !entry.vip.includes(":"))?.vip;
  const fallback = { family: 4 as const, base: 0xc0a87e00n, length: 24 };
  const network = near === undefined || near.includes(":") ? parseSubnet(DEFAULT_HOSTS) : parseSubnet(`${near}/24`);
  return network ?? fallback;
}

/** Writes what OVN-Kubernetes' cluster manager would have written, where no node carries it. */
function withSubnets(nodes: readonly Resource[], snapshot: Snapshot, caveats: Caveat[]): readonly Resource[] {
  if (nodes.some((node) => node.metadata.annotations?.[SUBNETS] !== undefined)) return nodes;
  const { network } = snapshot.cluster;
  const clusterNetworks = network.pods.flatMap((text) => parseSubnet(text) ?? []);
  const used = new Set<string>();
  return nodes.map((node, index) => {
    const { name, annotations = {} } = node.metadata;
    const addresses = podsOf(snapshot)
      .filter((pod) => pod.spec.nodeName === name && pod.spec.hostNetwork !== true)
      .flatMap(podIps);
    const subnets = clusterNetworks.map((cluster) => {
      const length = hostLength(snapshot, cluster);
      let subnet = statedRange(node, cluster) ?? livedRange(addresses.filter((address) => contains(cluster, address)), cluster, length);
      for (let n = 0; subnet === undefined; n++) {
        const candidate = nodeSubnet(cluster, length, n);
        if (!used.has(printSubnet(candidate)) && !isLived(snapshot, candidate)) subnet = candidate;
      }
      used.add(printSubnet(subnet));
      return subnet;
    });
    for (const address of addresses) {
      if (subnets.some((subnet) => contains(subnet, address))) continue;
      caveats.push({ code: "assumed/pod-outside-subnet", problem: `a pod on Node ${name} has the address ${address}, outside of the pod subnet ${subnets.map(printSubnet).join(" and ")} that is assumed: answers about it are not to be trusted`, origin: originOf(node) });
    }
    const id = index + 2;
    const pair = (four: string, six: string): string =>
      JSON.stringify({ ...(subnets.some((subnet) => subnet.family === 4) ? { ipv4: `${four}${id}/16` } : {}), ...(subnets.some((subnet) => subnet.family === 6) ? { ipv6: `${six}${id.toString(16)}/64` } : {}) });
    const made = {
      [SUBNETS]: JSON.stringify({ default: subnets.map(printSubnet) }),
      "k8s.ovn.org/node-id": String(id),
      "k8s.ovn.org/node-gateway-router-lrp-ifaddr": pair("100.64.0.", "fd98::"),
      "k8s.ovn.org/node-transit-switch-port-ifaddr": pair("100.88.0.", "fd97::"),
      "k8s.ovn.org/zone-name": network.interconnect ? name : "global",
    };
    caveats.push({ code: "assumed/node-subnet", problem: `Node ${name} states no pod subnet; ${subnets.map(printSubnet).join(" and ")} is assumed`, origin: originOf(node, "metadata.annotations") });
    return { ...node, metadata: { ...node.metadata, annotations: { ...made, ...annotations } } };
  });
}

/** The node's `spec.podCIDR` in a cluster network, as networks other than OVN-Kubernetes use it. */
function statedRange(node: Resource, cluster: Subnet): Subnet | undefined {
  const list = at(node.spec, "podCIDRs") ?? [at(node.spec, "podCIDR")];
  for (const text of Array.isArray(list) ? (list as readonly unknown[]) : []) {
    const subnet = typeof text === "string" ? parseSubnet(text) : undefined;
    if (subnet !== undefined && subnet.length >= cluster.length && contains(cluster, printSubnet(subnet).split("/")[0] ?? "")) return subnet;
  }
  return undefined;
}

/** The subnet of the usual size that a node's pods live in, wider where they need it. */
function livedRange(addresses: readonly string[], cluster: Subnet, length: number): Subnet | undefined {
  const cover = coveringSubnet(addresses, cluster.family, length);
  return cover === undefined || cover.length <= cluster.length ? addresses.flatMap((address) => parseSubnet(`${address}/${length}`) ?? [])[0] : cover;
}

/** Whether pods whose node is known already live in a subnet: then it is another node's. */
const isLived = (snapshot: Snapshot, subnet: Subnet): boolean => podsOf(snapshot).some((pod) => pod.spec.hostNetwork !== true && podIps(pod).some((address) => contains(subnet, address)));

function hostLength(snapshot: Snapshot, cluster: Subnet): number {
  for (const network of resourcesOf(snapshot, "Network")) {
    for (const part of [network.status, network.spec]) {
      const list = at(part, "clusterNetwork");
      for (const entry of Array.isArray(list) ? (list as readonly unknown[]) : []) {
        const prefix = at(entry, "hostPrefix");
        if (at(entry, "cidr") === printSubnet(cluster) && typeof prefix === "number" && prefix >= cluster.length) return prefix;
      }
    }
  }
  return Math.max(cluster.length, cluster.family === 4 ? 23 : 64);
}

/** Pod subnets that a node's annotation states. */
export function subnetsOfNode(node: Resource): readonly Subnet[] {
  const text = node.metadata.annotations?.[SUBNETS];
  const value = at(parseJson(text), "default");
  const texts = Array.isArray(value) ? value : typeof value === "string" ? [value] : [];
  return texts.flatMap((entry: unknown) => (typeof entry === "string" ? (parseSubnet(entry) ?? []) : []));
}

/** InternalIP addresses of a node. */
export function nodeAddresses(node: Resource): readonly string[] {
  const list = at(node.status, "addresses");
  return (Array.isArray(list) ? (list as readonly unknown[]) : []).flatMap((entry) => {
    const address = at(entry, "address");
    return at(entry, "type") === "InternalIP" && typeof address === "string" ? [address] : [];
  });
}
