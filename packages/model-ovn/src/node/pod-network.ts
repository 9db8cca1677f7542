import type { Address, Mac } from "@hopscope/core";
import type { NetworkInterface, Route } from "@hopscope/model-linux";
import { isIpv6, macOfAddresses } from "../kubernetes/address.ts";
import type { NodeFacts } from "../kubernetes/node-facts.ts";
import type { PodFacts } from "../kubernetes/pod-facts.ts";

/** A pod's interface and the routes that use it. */
export interface PodNetwork {
  readonly eth0: NetworkInterface;
  readonly routes: readonly Route[];
}

/** What a pod learns by ARP or ND on its node's switch: its gateway, the management port and the node's other pods. */
export function podNeighbours(node: NodeFacts, pods: readonly PodFacts[]): Readonly<Record<Address, Mac>> {
  const gateway = macOfAddresses(node.gateways);
  return Object.fromEntries([
    ...pods.filter((pod) => pod.node === node.name && !pod.hostNetwork).flatMap((pod) => pod.addresses.map((address) => [address, pod.mac] as const)),
    ...node.management.map((address) => [address, node.managementMac] as const),
    ...node.gateways.map((address) => [address, gateway] as const),
  ]);
}

/**
 * A pod's `eth0` and default routes as the CNI plugin sets them, one route for each family.
 *
 * @see ovn-kubernetes go-controller/pkg/cni/helper_linux.go setupNetwork, 2023-10-31
 */
export function podNetwork(pod: PodFacts, node: NodeFacts, neighbours: Readonly<Record<Address, Mac>>, mtu: number): PodNetwork {
  const lengthOf = (address: string): number => node.subnets.find(({ family }) => (family === 6) === isIpv6(address))?.length ?? (isIpv6(address) ? 64 : 23);
  const gateways = node.gateways.filter((gateway) => pod.addresses.some((address) => isIpv6(address) === isIpv6(gateway)));
  return {
    eth0: { name: "eth0", addresses: pod.addresses.map((address) => `${address}/${lengthOf(address)}`), mac: pod.mac, mtu, neighbours, derivedNeighbours: true },
    routes: gateways.map((via): Route => ({ to: isIpv6(via) ? "::/0" : "default", via, dev: "eth0" })),
  };
}
