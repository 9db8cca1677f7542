import { originOf } from "@hopscope/model-kubernetes";
import { isIpv6, withoutLength } from "./address.ts";
import { type PodFacts, portOfPod } from "./pod-facts.ts";
import { ensureAddressSets, gatewayRouter, namespaceOrigin, networkedPods, ofFamily, type Zone } from "./zone.ts";

/**
 * Writes the ports of the zone's pods, their SNAT rows, and the address set of every namespace.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/{pods,namespace}.go, 2023-10-31
 */
export function compilePods(zone: Zone): void {
  for (const pod of networkedPods(zone)) if (pod.local) compilePod(zone, pod);
  const members = new Map<string, string[]>();
  for (const pod of networkedPods(zone)) {
    const list = members.get(pod.namespace) ?? [];
    members.set(pod.namespace, [...list, ...pod.addresses]);
  }
  for (const namespace of zone.namespaces) {
    const name = namespace.metadata.name;
    const own = members.get(name) ?? [];
    const hosts = name === zone.config.hostNetworkNamespace ? zone.nodes.filter((node) => node.joined).flatMap((node) => [...node.management, ...node.join.map(withoutLength)]) : [];
    ensureAddressSets(zone, "Namespace", name, [...own, ...hosts], namespaceOrigin(zone, name));
  }
}

function compilePod(zone: Zone, pod: PodFacts): void {
  const { draft } = zone;
  const node = zone.nodes.find(({ name }) => name === pod.node);
  const name = portOfPod(pod);
  const addresses = [[pod.mac, ...pod.addresses].join(" ")];
  const origin = originOf(pod.resource, "metadata.annotations[k8s.ovn.org/pod-networks]");
  const row = { name, addresses, port_security: addresses, options: { "iface-id-ver": pod.uid, "requested-chassis": pod.node }, external_ids: { namespace: pod.namespace, pod: "true" } };
  draft.find("Logical_Switch", pod.node)?.ports.push(draft.add("Logical_Switch_Port", name, row, origin)._uuid);
  if (!zone.config.disableSnatMultipleGateways || node === undefined) return;
  for (const logical_ip of pod.addresses) {
    const external_ip = ofFamily(node.gateway.addresses, isIpv6(logical_ip));
    if (external_ip === undefined) continue;
    const nat = draft.add("NAT", podSnatKey(pod.node, logical_ip), { type: "snat", external_ip, logical_ip, options: { stateless: "false" } }, originOf(pod.resource));
    draft.find("Logical_Router", gatewayRouter(node))?.nat.push(nat._uuid);
  }
}

/** Key of the row that gives a pod its node's address on the way out. */
const podSnatKey = (node: string, address: string): string => `GR_${node}/${address}`;

/** Removes that row, as what gives the pod another address does. */
export function removePodSnat(zone: Zone, node: string, address: string): void {
  const row = zone.draft.find("NAT", podSnatKey(node, address));
  const router = zone.draft.find("Logical_Router", `GR_${node}`);
  if (row === undefined || router === undefined) return;
  router.nat = router.nat.filter((uuid) => uuid !== row._uuid);
  zone.draft.remove("NAT", row._uuid);
}
