import type { Caveat, Journey } from "@hopscope/core";
import { clusterIps, podIps, podsOf, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { contains, parseCidr } from "@hopscope/model-linux";

/** Addresses of the cluster's own networks that were asked for and that nothing in the snapshot has: what is behind them is not known. */
export function unknownAddresses(snapshot: Snapshot, journey: Journey): readonly Caveat[] {
  const { pods, services } = snapshot.cluster.network;
  const inside = (networks: readonly string[], address: string): boolean => networks.some((text) => {
    const network = parseCidr(text);
    return network !== undefined && contains(network, address);
  });
  return [...new Set(journey.legs.filter(({ outcome }) => outcome !== "accepted").map(({ to }) => to.address))].flatMap((address): readonly Caveat[] => {
    if (inside(services, address) && !servicesOf(snapshot).some((service) => clusterIps(service).includes(address))) {
      return [{ code: "kubernetes/address-unknown", problem: `${address} lies in the service network and no Service of the snapshot has it: the journey is traced as if there were none` }];
    }
    if (inside(pods, address) && !podsOf(snapshot).some((pod) => podIps(pod).includes(address))) {
      return [{ code: "kubernetes/address-unknown", problem: `${address} lies in the pod network and no Pod of the snapshot has it: the journey is traced as if there were none` }];
    }
    return [];
  });
}
