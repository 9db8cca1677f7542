import { type LabelSelector, matchesSelector, objectName, originOf, type Resource } from "@hopscope/model-kubernetes";
import { canonicalAddress, contains, ipWord, isIpv6, parseAddress, parseSubnet } from "./address.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { PodFacts } from "./pod-facts.ts";
import { removePodSnat } from "./pods.ts";
import { addressSetName, CLUSTER_ROUTER, gatewayRouter, ofFamily, type Zone } from "./zone.ts";

interface EgressIpSpec {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
}
interface Assignment {
  readonly egressIP: string;
  readonly node: string;
}

/** Adds pods' addresses to one of the sets of served pods, without repeating any. */
function servePods(zone: Zone, owner: "EgressIP" | "EgressService", pods: readonly PodFacts[]): void {
  const name = owner === "EgressIP" ? "egressip-served-pods" : "egresssvc-served-pods";
  for (const family of zone.config.families) {
    const set = zone.draft.find("Address_Set", addressSetName(owner, name, family));
    if (set === undefined) continue;
    const more = pods.flatMap((pod) => pod.addresses.filter((address) => isIpv6(address) === (family === 6)));
    set.addresses = [...new Set([...set.addresses, ...more])].sort();
  }
}

/**
 * Writes the detours and translations of EgressIP objects, as assigned in their status.
 *
 * The pod's zone sends its packets to the egress node, whose gateway router translates them. Of several objects that
 * select a pod the first by name acts.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/egressip.go addPodEgressIPAssignments, 2023-10-31
 */
export function compileEgressIps(zone: Zone): void {
  const objects = [...zone.snapshot.resources].filter((object) => object.kind === "EgressIP" && object.apiVersion.startsWith("k8s.ovn.org/"));
  if (!zone.config.egressIp) return;
  objects.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const owned = new Map<PodFacts, string>();
  for (const object of objects) {
    const { namespaceSelector = {}, podSelector = {} } = (object.spec ?? {}) as EgressIpSpec;
    const namespaces = new Set(zone.namespaces.filter(({ metadata }) => matchesSelector(namespaceSelector, metadata.labels)).map(({ metadata }) => metadata.name));
    const pods = zone.pods.filter((pod) => !pod.completed && namespaces.has(pod.namespace) && matchesSelector(podSelector, pod.labels));
    servePods(zone, "EgressIP", pods.filter((pod) => pod.local && !pod.hostNetwork));
    const { items } = (object.status ?? {}) as { items?: readonly Assignment[] | null };
    const assignments = (items ?? []).filter(({ node }) => zone.nodes.some(({ name }) => name === node));
    if (assignments.length === 0) continue;
    for (const pod of pods) {
      const owner = owned.get(pod);
      if (owner !== undefined) {
        zone.draft.caveats.push({
          code: "ovn/egress-ip-overlap",
          problem: `Pod ${pod.namespace}/${pod.name} is selected by EgressIP ${owner} and by ${objectName(object)}; the first by name is taken to act`,
          origin: originOf(object),
        });
        continue;
      }
      owned.set(pod, object.metadata.name);
      for (const address of pod.addresses) compilePodAddress(zone, object, pod, address, assignments);
    }
  }
}

function compilePodAddress(zone: Zone, object: Resource, pod: PodFacts, address: string, assignments: readonly Assignment[]): void {
  const { draft } = zone;
  const six = isIpv6(address);
  const external_ids = { name: object.metadata.name };
  const nexthops: string[] = [];
  for (const [index, { egressIP, node: nodeName }] of assignments.entries()) {
    const node = zone.nodes.find(({ name }) => name === nodeName);
    if (node === undefined || isIpv6(egressIP) !== six) continue;
    const origin = originOf(object, `status.items[${index}]`);
    const external_ip = canonicalAddress(egressIP);
    const secondary = !onPrimaryNetwork(node, external_ip);
    const management = ofFamily(node.management, six);
    if (pod.local && !pod.hostNetwork) {
      const nexthop = !node.local ? ofFamily(node.transit, six) : secondary ? management : ofFamily(node.join, six);
      if (nexthop !== undefined) nexthops.push(nexthop);
    } else if (node.local && !pod.local && secondary && !pod.hostNetwork && management !== undefined) nexthops.push(management);
    if (!node.local || (pod.local && pod.hostNetwork)) continue;
    if (pod.node === node.name) removePodSnat(zone, node.name, address);
    if (secondary) continue;
    const row = { type: "snat", external_ip, logical_ip: address, logical_port: `k8s-${node.name}`, external_ids, options: { stateless: "false" } } as const;
    draft.find("Logical_Router", gatewayRouter(node))?.nat.push(draft.add("NAT", `${gatewayRouter(node)}/${address}/${external_ip}`, row, origin)._uuid);
  }
  if (nexthops.length === 0) return;
  const row = { priority: 100, match: `${ipWord(address)}.src == ${address}`, action: "reroute", nexthops: [...new Set(nexthops)], external_ids } as const;
  draft.find("Logical_Router", CLUSTER_ROUTER)?.policies.push(draft.add("Logical_Router_Policy", `100/${object.metadata.name}/${address}`, row, originOf(object, "spec.podSelector"))._uuid);
}

/** Whether OVN itself can own the address: it lies in the network of the node's gateway bridge. */
function onPrimaryNetwork(node: NodeFacts, text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && node.gateway.addresses.flatMap((own) => parseSubnet(own) ?? []).some((subnet) => contains(subnet, address));
}
