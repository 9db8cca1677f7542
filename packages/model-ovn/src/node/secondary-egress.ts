import { originOf, resourcesOf, type LabelSelector, matchesSelector, type Snapshot } from "@hopscope/model-kubernetes";
import type { NetworkInterface, Route, RoutingRule } from "@hopscope/model-linux";
import { contains, isIpv6, parseAddress, parseSubnet } from "../kubernetes/address.ts";
import type { PodFacts } from "../kubernetes/pod-facts.ts";

/** What the host does for egress addresses on its further networks. */
export interface SecondaryEgress {
  readonly iptables: readonly string[];
  readonly rules: readonly RoutingRule[];
  readonly routes: readonly Route[];
}

interface EgressIpSpec {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
}

/**
 * Sends pods of an EgressIP whose address is on a further interface out of it, with that address.
 *
 * @see ovn-kubernetes go-controller/pkg/node/controllers/egressip/egressip.go, 2023-10-31
 */
export function secondaryEgress(snapshot: Snapshot, node: string, pods: readonly PodFacts[], interfaces: readonly NetworkInterface[]): SecondaryEgress {
  const iptables: string[] = [];
  const rules: RoutingRule[] = [];
  const routes = new Map<string, Route>();
  const namespaces = resourcesOf(snapshot, "Namespace");
  for (const object of resourcesOf(snapshot, "EgressIP", { group: "k8s.ovn.org" })) {
    const { items } = (object.status ?? {}) as { items?: readonly { readonly egressIP: string; readonly node: string }[] | null };
    const { namespaceSelector = {}, podSelector = {} } = (object.spec ?? {}) as EgressIpSpec;
    for (const [index, { egressIP, node: on }] of (items ?? []).entries()) {
      const address = parseAddress(egressIP);
      if (on !== node || address === undefined) continue;
      const at = interfaces.findIndex(({ addresses }) => addresses.some((own) => holds(own, address)));
      const via = interfaces[at];
      if (via === undefined) continue;
      const origin = originOf(object, `status.items[${index}]`);
      const table = String(1000 + at + 1);
      routes.set(table, { to: isIpv6(egressIP) ? "::/0" : "0.0.0.0/0", dev: via.name, table, origin });
      const chosen = new Set(namespaces.filter(({ metadata }) => matchesSelector(namespaceSelector, metadata.labels)).map(({ metadata }) => metadata.name));
      for (const pod of pods) {
        if (pod.completed || pod.hostNetwork || !chosen.has(pod.namespace) || !matchesSelector(podSelector, pod.labels)) continue;
        for (const ip of pod.addresses.filter((own) => isIpv6(own) === isIpv6(egressIP))) {
          const source = `${ip}/${isIpv6(ip) ? 128 : 32}`;
          iptables.push(`-A OVN-KUBE-EGRESS-IP-MULTI-NIC -s ${source} -o ${via.name} -j SNAT --to-source ${egressIP}`);
          rules.push({ priority: 6000, from: source, table, origin });
        }
      }
    }
  }
  return { iptables, rules, routes: [...routes.values()] };
}

function holds(own: string, address: NonNullable<ReturnType<typeof parseAddress>>): boolean {
  const subnet = parseSubnet(own);
  return subnet !== undefined && contains(subnet, address);
}
