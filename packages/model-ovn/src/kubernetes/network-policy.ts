import type { Origin } from "@hopscope/core";
import { type LabelSelector, matchesSelector, originOf, type Resource, resourcesOf } from "@hopscope/model-kubernetes";
import type { PortGroupRow } from "../northbound.ts";
import { ipWord } from "./address.ts";
import type { DraftRow } from "./draft.ts";
import { l4Matches, type PolicyPort } from "./gress-match.ts";
import { hashForOvn } from "./hash.ts";
import { portOfPod } from "./pod-facts.ts";
import { isEmptySelector, printSelector } from "./selector.ts";
import { aclLogging, addAcl, addressSetName, ensureAddressSets, namespaceOrigin, networkedPods, type Zone } from "./zone.ts";

interface Peer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly PolicyPort[];
}
interface PolicySpec {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

const directions = ["Ingress", "Egress"] as const;
type Direction = (typeof directions)[number];
const side = { Ingress: "outport", Egress: "inport" } as const;

/**
 * Writes the port groups, address sets and ACLs of all network policies.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/{base_network_controller_policy,gress_policy}.go, 2023-10-31
 */
export function compileNetworkPolicies(zone: Zone): void {
  for (const policy of resourcesOf(zone.snapshot, "NetworkPolicy", { group: "networking.k8s.io" })) compilePolicy(zone, policy);
}

function compilePolicy(zone: Zone, policy: Resource): void {
  const { draft } = zone;
  const { namespace = "default", name } = policy.metadata;
  const spec = (policy.spec ?? {}) as PolicySpec;
  const groups = defaultDenyGroups(zone, namespace);
  const selected = networkedPods(zone).filter((pod) => pod.local && pod.namespace === namespace && matchesSelector(spec.podSelector ?? {}, pod.labels));
  const ports = selected.map((pod) => `Logical_Switch_Port:${portOfPod(pod)}`);
  const types = spec.policyTypes ?? (spec.egress === undefined || spec.egress.length === 0 ? ["Ingress"] : directions);
  for (const direction of directions) {
    if (!types.includes(direction)) continue;
    for (const port of ports) if (!groups[direction].ports.includes(port)) groups[direction].ports.push(port);
  }
  const groupName = hashForOvn(`${namespace}_${name}`);
  const group = draft.add("Port_Group", groupName, { name: groupName, ports, external_ids: { name: `${namespace}_${name}` } }, originOf(policy, "spec.podSelector"));
  for (const direction of directions) {
    const rules = (direction === "Ingress" ? spec.ingress : spec.egress) ?? [];
    for (const [index, rule] of rules.entries()) compileRule(zone, policy, { direction, index, rule, group });
  }
}

interface RuleContext {
  readonly direction: Direction;
  readonly index: number;
  readonly rule: Rule;
  readonly group: DraftRow<PortGroupRow>;
}

function compileRule(zone: Zone, policy: Resource, { direction, index, rule, group }: RuleContext): void {
  const { namespace = "default", name } = policy.metadata;
  const peers = (direction === "Ingress" ? rule.from : rule.to) ?? [];
  const stateless = policy.metadata.annotations?.["k8s.ovn.org/acl-stateless"] === "true";
  const path = `spec.${direction.toLowerCase()}[${index}]`;
  const word = direction === "Ingress" ? "src" : "dst";
  const { allow } = aclLogging(zone, namespace);
  const add = (l3: string, block: number): void => {
    for (const [protocol, l4] of l4Matches(rule.ports ?? [])) {
      const match = [l3, ...(l4 === "" ? [] : [l4]), `${side[direction]} == @${group.name}`].join(" && ");
      const keys = { "k8s.ovn.org/name": `${namespace}:${name}`, direction, "gress-index": String(index), "port-policy-protocol": protocol, "ip-block-index": String(block) };
      const acl = { ownerType: "NetworkPolicy", keys, direction, priority: 1001, match, action: stateless ? "allow-stateless" : "allow-related", name: `NP:${namespace}:${name}:${direction}:${index}`, severity: allow } as const;
      group.acls.push(addAcl(zone, acl, originOf(policy, path)));
    }
  };
  const blocks = peers.flatMap(({ ipBlock }) => (ipBlock === undefined || ipBlock === null ? [] : [ipBlock]));
  for (const [block, { cidr, except = [] }] of blocks.entries()) {
    const field = `${ipWord(cidr)}.${word}`;
    add(`${field} == ${cidr}${except.length === 0 ? "" : ` && ${field} != {${except.join(", ")}}`}`, block);
  }
  const list = direction === "Ingress" ? "from" : "to";
  const sets = new Set(peers.flatMap((peer, at) => peerSets(zone, namespace, peer, originOf(policy, `${path}.${list}[${at}]`))));
  const { families } = zone.config;
  if (peers.length > 0 && sets.size === 0) return;
  const perFamily = families.map((family) => {
    if (peers.length === 0) return `ip${family}`;
    return `ip${family}.${word} == {${[...sets].map((set) => `$${addressSetName(...ownerAndName(set), family)}`).sort().join(", ")}}`;
  });
  add(perFamily.length > 1 ? `(${perFamily.join(" || ")})` : (perFamily[0] ?? ""), -1);
}

/** An address set as `owner name`, before a family is chosen. */
type SetId = `${"Namespace" | "PodSelector"} ${string}`;

function ownerAndName(set: SetId): [string, string] {
  const at = set.indexOf(" ");
  return [set.slice(0, at), set.slice(at + 1)];
}

/** The address sets a peer stands for; a pod selector's set is made when it is missing. */
function peerSets(zone: Zone, namespace: string, peer: Peer, origin: Origin): SetId[] {
  // YAML may say null for what is absent.
  const podSelector = peer.podSelector ?? {};
  const namespaceSelector = peer.namespaceSelector ?? undefined;
  if (peer.ipBlock !== undefined && peer.ipBlock !== null) return [];
  const allPods = isEmptySelector(podSelector);
  if (namespaceSelector === undefined && allPods) return [`Namespace ${namespace}`];
  if (namespaceSelector !== undefined && allPods && !isEmptySelector(namespaceSelector)) {
    return zone.namespaces.filter(({ metadata }) => matchesSelector(namespaceSelector, metadata.labels)).map(({ metadata }): SetId => `Namespace ${metadata.name}`);
  }
  const name = `${namespaceSelector === undefined ? namespace : printSelector(namespaceSelector)}_${printSelector(podSelector)}`;
  const chosen = new Set(namespaceSelector === undefined ? [namespace] : zone.namespaces.filter(({ metadata }) => matchesSelector(namespaceSelector, metadata.labels)).map(({ metadata }) => metadata.name));
  // Pods on the host's network count too, with their node's address.
  const members = zone.pods.filter((pod) => !pod.completed).filter((pod) => chosen.has(pod.namespace) && matchesSelector(podSelector, pod.labels));
  ensureAddressSets(zone, "PodSelector", name, members.flatMap((pod) => pod.addresses), origin);
  const host = zone.config.hostNetworkNamespace;
  const everything = namespaceSelector !== undefined && allPods && zone.namespaces.some(({ metadata }) => metadata.name === host);
  return everything ? [`PodSelector ${name}`, `Namespace ${host}`] : [`PodSelector ${name}`];
}

/** Both deny groups of a namespace exist as soon as it has any policy. */
function defaultDenyGroups(zone: Zone, namespace: string): Readonly<Record<Direction, DraftRow<PortGroupRow>>> {
  const origin = namespaceOrigin(zone, namespace);
  const make = (direction: Direction): DraftRow<PortGroupRow> => {
    const name = `${hashForOvn(namespace)}_${direction.toLowerCase()}DefaultDeny`;
    const known = zone.draft.find("Port_Group", name);
    if (known !== undefined) return known;
    const group = zone.draft.add("Port_Group", name, { name, external_ids: { name } }, origin);
    const member = `${side[direction]} == @${name}`;
    const common = { ownerType: "NetpolNamespace", direction, name: `NP:${namespace}:${direction}` } as const;
    const keys = (type: string): Record<string, string> => ({ "k8s.ovn.org/name": namespace, direction, type });
    group.acls.push(
      addAcl(zone, { ...common, keys: keys("defaultDeny"), priority: 1000, match: member, action: "drop", severity: aclLogging(zone, namespace).deny }, origin),
      addAcl(zone, { ...common, keys: keys("arpAllow"), priority: 1001, match: `${member} && (arp || nd)`, action: "allow" }, origin),
    );
    return group;
  };
  return { Ingress: make("Ingress"), Egress: make("Egress") };
}
