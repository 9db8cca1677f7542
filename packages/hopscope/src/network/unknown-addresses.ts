import type { Caveat, Journey } from "@hopscope/core";
import { clusterIps, podIps, podsOf, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { contains, parseCidr } from "@hopscope/model-linux";

/** Where OVN last took a leg's own packet, not the refusal of one. */
const destinationOf = (hops: Journey["legs"][number]["hops"]): string | undefined =>
  hops.findLast(({ system, packet }) => system === "ovn" && packet?.ip !== undefined && packet.l4?.type !== "icmp" && !(packet.l4?.type === "tcp" && packet.l4.flags.includes("rst")))?.packet?.ip?.dst;

/** Ends for which it does not matter what is behind the address. */
const DECIDED = new Set(["ovn/network-policy-denies", "ovn/egress-firewall-denies"]);

/** Addresses of the cluster's own networks that were asked for and that nothing in the snapshot has: what is behind them is not known. */
export function unknownAddresses(snapshot: Snapshot, journey: Journey): readonly Caveat[] {
  const { pods, services } = snapshot.cluster.network;
  const inside = (networks: readonly string[], address: string): boolean => networks.some((text) => {
    const network = parseCidr(text);
    return network !== undefined && contains(network, address);
  });
  const lost = journey.legs.filter(({ outcome, ended }) => outcome !== "accepted" && !DECIDED.has(ended?.code ?? ""));
  return [...new Set(lost.flatMap(({ to, hops }) => [to.address, destinationOf(hops) ?? to.address]))].flatMap((address): readonly Caveat[] => {
    if (inside(services, address) && !servicesOf(snapshot).some((service) => clusterIps(service).includes(address))) {
      return [{ code: "kubernetes/address-unknown", problem: `${address} lies in the service network and no Service of the snapshot has it` }];
    }
    if (inside(pods, address) && !podsOf(snapshot).some((pod) => podIps(pod).includes(address))) {
      return [{ code: "kubernetes/address-unknown", problem: `${address} lies in the pod network and no Pod of the snapshot has it` }];
    }
    return [];
  });
}
