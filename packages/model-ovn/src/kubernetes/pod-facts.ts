import type { Caveat } from "@hopscope/core";
import { objectName, originOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { canonicalAddress, isIpv6, macOfAddresses, nthAddress, parseSubnet, withoutLength } from "./address.ts";
import { jsonAnnotation, type NodeFacts } from "./node-facts.ts";

/** A pod as the controllers see it: what network it has, and whether it still counts. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly resource: Resource;
  readonly labels: Readonly<Record<string, string>>;
  readonly node: string;
  readonly hostNetwork: boolean;
  /** Succeeded or failed: has no network any more. */
  readonly completed: boolean;
  /** Whether its node belongs to the zone that is compiled. */
  readonly local: boolean;
  /** Without length; for host-network pods the node's. */
  readonly addresses: readonly string[];
  readonly mac: string;
  readonly uid: string;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
}
interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip?: string }[];
}
interface PodNetwork {
  readonly ip_addresses?: readonly string[];
  readonly ip_address?: string;
  readonly mac_address?: string;
}

/** The name of a pod's port: `<namespace>_<pod>`. */
export const portOfPod = (pod: Pick<PodFacts, "namespace" | "name">): string => `${pod.namespace}_${pod.name}`;

/** Collects the facts of all scheduled pods, in the order read. */
export function podFacts(snapshot: Snapshot, nodes: readonly NodeFacts[], caveats: Caveat[]): readonly PodFacts[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const resources = resourcesOf(snapshot, "Pod");
  const taken = new Set(resources.flatMap((pod) => [...annotated(pod).addresses, ...statusAddresses(pod)]));
  return resources.flatMap((resource) => {
    const spec = (resource.spec ?? {}) as PodSpec;
    const status = (resource.status ?? {}) as PodStatus;
    const node = byName.get(spec.nodeName ?? "");
    if (node === undefined) return [];
    const hostNetwork = spec.hostNetwork === true;
    const completed = status.phase === "Succeeded" || status.phase === "Failed";
    const known = annotated(resource);
    let addresses: readonly string[] = known.addresses;
    if (addresses.length === 0) addresses = statusAddresses(resource);
    if (addresses.length === 0 && hostNetwork) addresses = node.gateway.addresses.map(withoutLength);
    if (addresses.length === 0 && node.local && !completed) {
      caveats.push({
        code: "assumed/ovn-annotation",
        problem: `${objectName(resource)} has neither "k8s.ovn.org/pod-networks" nor an address in its status; the first free address of its node is taken`,
        origin: originOf(resource, "metadata.annotations"),
      });
      addresses = node.subnets.map((subnet) => {
        for (let n = 3; ; n++) {
          const candidate = nthAddress(subnet, n);
          if (taken.has(candidate)) continue;
          taken.add(candidate);
          return candidate;
        }
      });
    }
    return [
      {
        name: resource.metadata.name,
        namespace: resource.metadata.namespace ?? "default",
        resource,
        labels: resource.metadata.labels ?? {},
        node: node.name,
        hostNetwork,
        completed,
        local: node.local,
        addresses: [...addresses].sort((a, b) => Number(isIpv6(a)) - Number(isIpv6(b))),
        mac: known.mac ?? macOfAddresses(addresses),
        uid: resource.metadata.uid ?? "",
      },
    ];
  });
}

function annotated(pod: Resource): { addresses: string[]; mac: string | undefined } {
  const networks = jsonAnnotation(pod, "k8s.ovn.org/pod-networks") as Readonly<Record<string, PodNetwork | undefined>> | undefined;
  const network = networks?.["default"];
  const texts = network?.ip_addresses ?? (network?.ip_address === undefined ? [] : [network.ip_address]);
  return { addresses: texts.filter((text) => parseSubnet(text) !== undefined).map((text) => canonicalAddress(withoutLength(text))), mac: network?.mac_address };
}

function statusAddresses(pod: Resource): string[] {
  const { podIP, podIPs = [] } = (pod.status ?? {}) as PodStatus;
  const many = podIPs.flatMap(({ ip }) => (ip === undefined || ip === "" ? [] : [ip]));
  return (many.length > 0 ? many : podIP === undefined || podIP === "" ? [] : [podIP]).map(canonicalAddress);
}
