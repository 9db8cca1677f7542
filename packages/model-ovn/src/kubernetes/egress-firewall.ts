import { type LabelSelector, matchesSelector, objectName, originOf, type Resource } from "@hopscope/model-kubernetes";
import { contains, ipWord, isIpv6, parseSubnet, printSubnet, withoutLength } from "./address.ts";
import { aclLogging, addAcl, addressSetName, ensureAddressSets, ovnObjects, type Zone } from "./zone.ts";

interface FirewallRule {
  readonly type: "Allow" | "Deny";
  readonly to?: { readonly cidrSelector?: string; readonly dnsName?: string; readonly nodeSelector?: LabelSelector };
  readonly ports?: readonly { readonly protocol: string; readonly port?: number }[];
}

/**
 * Writes the ACLs of egress firewalls. They stand on the group of all node ports and act on every pod of the switch.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/egressfirewall.go, 2023-10-31
 */
export function compileEgressFirewalls(zone: Zone): void {
  if (!zone.config.egressFirewall) return;
  const group = zone.draft.find("Port_Group", "clusterPortGroup");
  for (const firewall of ovnObjects(zone, "EgressFirewall")) {
    const { namespace = "default" } = firewall.metadata;
    const egress = ((firewall.spec ?? {}) as { egress?: readonly FirewallRule[] | null }).egress ?? [];
    const { allow, deny } = aclLogging(zone, namespace);
    for (const [index, rule] of egress.entries()) {
      const match = matchOf(zone, firewall, rule, index);
      if (match === undefined) continue;
      const allowed = rule.type === "Allow";
      const acl = {
        ownerType: "EgressFirewall",
        keys: { "k8s.ovn.org/name": namespace, "rule-index": String(index) },
        direction: "Egress",
        pipeline: "to-lport",
        priority: 10000 - index,
        match,
        action: allowed ? "allow" : "drop",
        name: `EF:${namespace}:${index}`,
        severity: allowed ? allow : deny,
      } as const;
      group?.acls.push(addAcl(zone, acl, originOf(firewall, `spec.egress[${index}]`)));
    }
  }
}

function matchOf(zone: Zone, firewall: Resource, rule: FirewallRule, index: number): string | undefined {
  const { namespace = "default" } = firewall.metadata;
  const { families } = zone.config;
  const source = (of: readonly (4 | 6)[]): string => {
    const parts = of.map((family) => `ip${family}.src == $${addressSetName("Namespace", namespace, family)}`);
    return parts.length > 1 ? `(${parts.join(" || ")})` : (parts[0] ?? "");
  };
  const ports = portsMatch(rule.ports ?? []);
  const whole = (destination: string, of: readonly (4 | 6)[]): string => `(${destination}) && ${source(of)}${ports === "" ? "" : ` && ${ports}`}`;
  const { cidrSelector, dnsName, nodeSelector } = rule.to ?? {};
  if (cidrSelector !== undefined) {
    const field = `${ipWord(cidrSelector)}.dst`;
    const wanted = parseSubnet(cidrSelector);
    const inside = zone.config.clusterSubnets.map(({ subnet }) => subnet).filter((subnet) => wanted !== undefined && (contains(subnet, wanted) || contains(wanted, subnet)));
    const excluded = inside.map((subnet) => `${field} != ${printSubnet(subnet)}`).join("&&");
    return whole(`${field} == ${cidrSelector}${excluded === "" ? "" : ` && ${excluded}`}`, [isIpv6(cidrSelector) ? 6 : 4]);
  }
  if (dnsName !== undefined) {
    const name = dnsName.toLowerCase();
    const answers = zone.config.dns[name.replace(/\.$/, "")] ?? zone.config.dns[name];
    if (answers === undefined) {
      zone.draft.caveats.push({
        code: "ovn/egress-firewall-dns-unknown",
        problem: `${objectName(firewall)} names "${dnsName}", whose addresses are not known here; the rule matches nothing`,
        origin: originOf(firewall, `spec.egress[${index}].to.dnsName`),
      });
    }
    ensureAddressSets(zone, "EgressFirewallDNS", name, answers ?? [], originOf(firewall, `spec.egress[${index}].to.dnsName`));
    return whole(families.map((family) => `ip${family}.dst == $${addressSetName("EgressFirewallDNS", name, family)}`).join(" || "), families);
  }
  if (nodeSelector === undefined) return undefined;
  const addresses = zone.nodes.filter((node) => matchesSelector(nodeSelector, node.labels)).flatMap((node) => node.gateway.addresses.map(withoutLength));
  if (addresses.length === 0) return undefined;
  return whole(addresses.map((address) => `${ipWord(address)}.dst == ${address}`).join(" || "), families);
}

function portsMatch(ports: NonNullable<FirewallRule["ports"]>): string {
  const parts: string[] = [];
  for (const protocol of ["UDP", "TCP", "SCTP"]) {
    const own = ports.filter((port) => port.protocol === protocol);
    if (own.length === 0) continue;
    const l4 = protocol.toLowerCase();
    const any = own.some(({ port }) => port === undefined || port === 0);
    parts.push(any ? `(${l4})` : `(${l4} && ( ${own.map(({ port }) => `${l4}.dst == ${port}`).join(" || ")} ))`);
  }
  return parts.length === 0 ? "" : `(${parts.join(" || ")})`;
}
