import { originOf } from "@hopscope/model-kubernetes";
import { hashForOvn } from "./hash.ts";
import { portOfPod } from "./pod-facts.ts";
import { addAcl, addressSetName, networkedPods, type Zone } from "./zone.ts";

const dynamic = "(ip6.dst[120..127] == 0xff && ip6.dst[116] == 1)";

/**
 * Allows multicast inside the namespaces that ask for it with an annotation.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/base_network_controller_multicast.go, 2023-10-31
 */
export function compileMulticast(zone: Zone): void {
  if (!zone.config.multicast) return;
  const either = (parts: readonly string[]): string => (parts.length > 1 ? `(${parts.join(" || ")})` : (parts[0] ?? ""));
  for (const namespace of zone.namespaces) {
    const { name, annotations = {} } = namespace.metadata;
    if (annotations["k8s.ovn.org/multicast-enabled"] !== "true") continue;
    const origin = originOf(namespace, "metadata.annotations[k8s.ovn.org/multicast-enabled]");
    const groupName = hashForOvn(name);
    const ports = networkedPods(zone).filter((pod) => pod.local && pod.namespace === name).map((pod) => `Logical_Switch_Port:${portOfPod(pod)}`);
    const group = zone.draft.add("Port_Group", groupName, { name: groupName, ports, external_ids: { name } }, origin);
    const { families } = zone.config;
    const out = either(families.map((family) => (family === 4 ? "ip4.mcast" : `(mldv1 || mldv2 || ${dynamic})`)));
    const into = either(
      families.map((family) => {
        const set = `ip${family}.src == $${addressSetName("Namespace", name, family)}`;
        return family === 4 ? `(igmp || (${set} && ip4.mcast))` : `(mldv1 || mldv2 || (${set} && ${dynamic}))`;
      }),
    );
    for (const direction of ["Egress", "Ingress"] as const) {
      const keys = { "k8s.ovn.org/name": name, direction };
      const match = direction === "Egress" ? `inport == @${groupName} && ${out}` : `outport == @${groupName} && ${into}`;
      group.acls.push(addAcl(zone, { ownerType: "MulticastNS", keys, direction, priority: 1012, match, action: "allow" }, origin));
    }
  }
}
