import { type LabelSelector, matchesSelector, originOf } from "@hopscope/model-kubernetes";
import { ipWord } from "./address.ts";
import { isEmptySelector } from "./selector.ts";
import { addressSetName, ensureAddressSets, networkedPods, ovnObjects, type Zone } from "./zone.ts";

interface QosRule {
  readonly dscp: number;
  readonly dstCIDR?: string;
  readonly podSelector?: LabelSelector;
}

/**
 * Writes the DSCP marks of EgressQoS objects on every node switch.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/egressqos.go, 2023-10-31
 */
export function compileEgressQos(zone: Zone): void {
  if (!zone.config.egressQos) return;
  for (const qos of ovnObjects(zone, "EgressQoS")) {
    const { namespace = "default", name } = qos.metadata;
    if (name !== "default") continue;
    const egress = ((qos.spec ?? {}) as { egress?: readonly QosRule[] | null }).egress ?? [];
    for (const [index, { dscp, dstCIDR, podSelector = {} }] of egress.entries()) {
      const priority = 1000 - index;
      const origin = originOf(qos, `spec.egress[${index}]`);
      const own = !isEmptySelector(podSelector);
      if (own) {
        const pods = networkedPods(zone).filter((pod) => pod.namespace === namespace && pod.local && matchesSelector(podSelector, pod.labels));
        ensureAddressSets(zone, "EgressQoS", namespace, pods.flatMap((pod) => pod.addresses), origin, { priority: String(priority) });
      }
      const sources = zone.config.families.map((family) => {
        const set = own ? addressSetName("EgressQoS", `${namespace}:${priority}`, family) : addressSetName("Namespace", namespace, family);
        return `ip${family}.src == $${set}`;
      });
      const source = sources.length > 1 ? `(${sources.join(" || ")})` : (sources[0] ?? "");
      const destination = dstCIDR === undefined || dstCIDR === "" ? "ip4.dst == 0.0.0.0/0 || ip6.dst == ::/0" : `${ipWord(dstCIDR)}.dst == ${dstCIDR}`;
      const row = { direction: "to-lport", priority, match: `(${destination}) && ${source}`, action: { dscp }, external_ids: { EgressQoS: namespace } } as const;
      const rule = zone.draft.add("QoS", `${namespace}/${priority}`, row, origin);
      for (const node of zone.local) zone.draft.find("Logical_Switch", node.name)?.qos_rules.push(rule._uuid);
    }
  }
}
