import { type LabelSelector, matchesSelector, objectName, originOf, type Resource, resourcesOf } from "@hopscope/model-kubernetes";
import type { ACLRow } from "../northbound.ts";
import { l4Matches, type PolicyPort } from "./gress-match.ts";
import { hashForOvn } from "./hash.ts";
import { type PodFacts, portOfPod } from "./pod-facts.ts";
import { addAcl, addressSetName, ensureAddressSets, networkedPods, type Zone } from "./zone.ts";

interface NamespacedPods {
  readonly namespaceSelector?: LabelSelector;
  /** Older form of the same. */
  readonly namespaces?: { readonly namespaceSelector?: LabelSelector };
  readonly podSelector?: LabelSelector;
}
interface AdminPeer {
  /** A selector in subjects and newer peers, in older peers an object that holds one. */
  readonly namespaces?: LabelSelector & { readonly namespaceSelector?: LabelSelector };
  readonly pods?: NamespacedPods;
}
interface AdminPort {
  readonly portNumber?: { readonly protocol?: string; readonly port: number };
  readonly portRange?: { readonly protocol?: string; readonly start: number; readonly end: number };
}
interface AdminRule {
  readonly action: "Allow" | "Deny" | "Pass";
  readonly from?: readonly AdminPeer[];
  readonly to?: readonly AdminPeer[];
  readonly ports?: readonly AdminPort[];
}
interface AdminSpec {
  readonly priority?: number;
  readonly subject?: AdminPeer;
  readonly ingress?: readonly AdminRule[];
  readonly egress?: readonly AdminRule[];
}

const actions = { Allow: "allow-related", Deny: "drop", Pass: "pass" } as const;

/**
 * Writes the ACLs of admin network policies (tier 1) and of the baseline (tier 3).
 *
 * They act unless the cluster's FeatureGate leaves them off; then their objects are reported.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/controller/admin_network_policy, 2023-10-31
 */
export function compileAdminPolicies(zone: Zone): void {
  for (const kind of ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy"] as const) {
    for (const policy of resourcesOf(zone.snapshot, kind, { group: "policy.networking.k8s.io" })) {
      const { adminNetworkPolicy } = zone.config;
      const report = (code: string, problem: string): void => void zone.draft.caveats.push({ code, problem, origin: originOf(policy) });
      if (adminNetworkPolicy === false) {
        report("ovn/admin-network-policy-off", `${objectName(policy)} is taken to have no effect, since the cluster's FeatureGate does not switch its kind on`);
        continue;
      }
      if (adminNetworkPolicy === undefined) report("assumed/admin-network-policy-on", `${objectName(policy)} is taken to act, although no FeatureGate is known that switches its kind on`);
      const unread = unreadParts((policy.spec ?? {}) as AdminSpec);
      if (unread.length > 0) report("ovn/admin-network-policy-partial", `${objectName(policy)} uses ${unread.join(", ")}, which OpenShift 4.14 does not read: its rules are compiled without`);
      compileAdminPolicy(zone, policy, kind);
    }
  }
}

function compileAdminPolicy(zone: Zone, policy: Resource, kind: "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy"): void {
  const { name } = policy.metadata;
  const baseline = kind === "BaselineAdminNetworkPolicy";
  const short = `${baseline ? "BANP" : "ANP"}:${name}`;
  const spec = (policy.spec ?? {}) as AdminSpec;
  const groupName = hashForOvn(short);
  const subjects = podsOfPeer(zone, spec.subject ?? {}).filter((pod) => pod.local);
  const ports = subjects.map((pod) => `Logical_Switch_Port:${portOfPod(pod)}`);
  const group = zone.draft.add("Port_Group", groupName, { name: groupName, ports, external_ids: { name: short } }, originOf(policy, "spec.subject"));
  const top = baseline ? 1750 : 30000 - 100 * (spec.priority ?? 0);
  for (const direction of ["Ingress", "Egress"] as const) {
    const rules = (direction === "Ingress" ? spec.ingress : spec.egress) ?? [];
    for (const [index, rule] of rules.entries()) {
      const origin = originOf(policy, `spec.${direction.toLowerCase()}[${index}]`);
      const peers = (direction === "Ingress" ? rule.from : rule.to) ?? [];
      const pods = new Set(peers.flatMap((peer) => podsOfPeer(zone, peer)));
      const more = { direction, "gress-index": String(index) };
      ensureAddressSets(zone, kind, name, [...pods].flatMap((pod) => pod.addresses), origin, more);
      const word = direction === "Ingress" ? "src" : "dst";
      const l3 = zone.config.families.map((family) => `ip${family}.${word} == $${addressSetName(kind, `${name}:${direction}:${index}`, family)}`).join(" || ");
      const side = direction === "Ingress" ? "outport" : "inport";
      const read = (rule.ports ?? []).flatMap(policyPort);
      // A rule whose ports are all of an unread form must not widen to every port.
      if (read.length === 0 && (rule.ports ?? []).length > 0) continue;
      for (const [protocol, l4] of l4Matches(read)) {
        const acl = {
          ownerType: kind,
          keys: { "k8s.ovn.org/name": name, ...more, "port-policy-protocol": protocol },
          direction,
          priority: top - index,
          match: [`((${l3}))`, `${side} == @${groupName}`, ...(l4 === "" ? [] : [l4])].join(" && "),
          action: actions[rule.action],
          name: `${short}:${direction}:${index}`,
          severity: severityOf(policy, rule.action),
          tier: baseline ? 3 : 1,
        } as const;
        group.acls.push(addAcl(zone, acl, origin));
      }
    }
  }
}

/** Fields of later versions of the kind, and of the first one what the controller leaves out. */
function unreadParts({ ingress = [], egress = [] }: AdminSpec): readonly string[] {
  const found = new Set<string>();
  for (const rule of [...ingress, ...egress]) {
    for (const peer of [...(rule.from ?? []), ...(rule.to ?? [])]) {
      for (const key of ["networks", "nodes", "domainNames"]) if (key in peer) found.add(`"${key}"`);
      for (const one of [peer.namespaces, peer.pods?.namespaces]) for (const key of ["sameLabels", "notSameLabels"]) if (one !== undefined && key in one) found.add(`"${key}"`);
    }
    for (const port of rule.ports ?? []) if ("namedPort" in port) found.add('"namedPort"');
  }
  return [...found];
}

function policyPort({ portNumber, portRange }: AdminPort): PolicyPort[] {
  if (portNumber !== undefined) return [{ protocol: portNumber.protocol, port: portNumber.port }];
  return portRange === undefined ? [] : [{ protocol: portRange.protocol, port: portRange.start, endPort: portRange.end }];
}

function podsOfPeer(zone: Zone, { namespaces, pods }: AdminPeer): readonly PodFacts[] {
  const namespaceSelector = pods === undefined ? (namespaces?.namespaceSelector ?? namespaces) : (pods.namespaceSelector ?? pods.namespaces?.namespaceSelector ?? {});
  if (namespaceSelector === undefined) return [];
  const chosen = new Set(zone.namespaces.filter(({ metadata }) => matchesSelector(namespaceSelector, metadata.labels)).map(({ metadata }) => metadata.name));
  return networkedPods(zone).filter((pod) => chosen.has(pod.namespace) && matchesSelector(pods?.podSelector ?? {}, pod.labels));
}

function severityOf(policy: Resource, action: AdminRule["action"]): ACLRow["severity"] {
  try {
    const wanted = JSON.parse(policy.metadata.annotations?.["k8s.ovn.org/acl-logging"] ?? "{}") as Readonly<Record<string, string>>;
    const severity = wanted[action.toLowerCase()];
    return (["alert", "warning", "notice", "info", "debug"] as const).find((known) => known === severity);
  } catch {
    return undefined;
  }
}
