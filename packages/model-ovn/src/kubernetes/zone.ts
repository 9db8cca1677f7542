import type { Origin } from "@hopscope/core";
import { originOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import type { ACLRow, AddressSetRow, Uuid } from "../northbound.ts";
import { isIpv6 } from "./address.ts";
import type { Draft, DraftRow } from "./draft.ts";
import { hashForOvn } from "./hash.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { Config } from "./options.ts";
import type { PodFacts } from "./pod-facts.ts";

/** Everything the compilers of one zone's database share. */
export interface Zone {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly config: Config;
  readonly draft: Draft;
  readonly nodes: readonly NodeFacts[];
  readonly local: readonly NodeFacts[];
  readonly remote: readonly NodeFacts[];
  readonly pods: readonly PodFacts[];
  readonly namespaces: readonly Resource[];
}

/** Name of the distributed router. */
export const CLUSTER_ROUTER = "ovn_cluster_router";

/** What the controllers make by themselves. */
export const SYSTEM: Origin = { object: "ovnkube" };

/** The name of a node's gateway router. */
export const gatewayRouter = (node: Pick<NodeFacts, "name">): string => `GR_${node.name}`;

/** The address of that family in a list, without length. */
export function ofFamily(addresses: readonly string[], six: boolean): string | undefined {
  return addresses.find((address) => isIpv6(address) === six)?.split("/")[0];
}

/** Pods that have a port or an address in the network: not completed, not on the host's network. */
export function networkedPods({ pods }: Pick<Zone, "pods">): readonly PodFacts[] {
  const known = networked.get(pods);
  if (known !== undefined) return known;
  const found = pods.filter((pod) => !pod.completed && !pod.hostNetwork);
  networked.set(pods, found);
  return found;
}
const networked = new WeakMap<readonly PodFacts[], readonly PodFacts[]>();

/** The `external_ids` by which the controllers find a row again. */
function objectIds(ownerType: string, keys: Readonly<Record<string, string>>, suffix: readonly string[] = []): Record<string, string> {
  const parts = ["default-network-controller", ownerType, ...Object.values(keys), ...suffix];
  return { ...keys, "k8s.ovn.org/id": parts.join(":"), "k8s.ovn.org/owner-controller": "default-network-controller", "k8s.ovn.org/owner-type": ownerType };
}

/** The name in matches of the address set with that owner, name and family. */
export function addressSetName(ownerType: string, name: string, family: 4 | 6): string {
  return hashForOvn(`default-network-controller:${ownerType}:${name}:v${family}`);
}

/** Makes the address sets (one per family of the cluster) that hold the given addresses; an existing set is left as it is. */
export function ensureAddressSets(
  zone: Zone,
  ownerType: string,
  name: string,
  addresses: readonly string[],
  origin: Origin,
  more: Readonly<Record<string, string>> = {},
): readonly DraftRow<AddressSetRow>[] {
  return zone.config.families.map((family) => {
    const setName = addressSetName(ownerType, [name, ...Object.values(more)].join(":"), family);
    const known = zone.draft.find("Address_Set", setName);
    if (known !== undefined) return known;
    const members = [...new Set(addresses.filter((address) => isIpv6(address) === (family === 6)))].sort();
    const external_ids = { ...objectIds(ownerType, { "k8s.ovn.org/name": name, ...more }, [`v${family}`]), "ip-family": `v${family}` };
    return zone.draft.add("Address_Set", setName, { name: setName, addresses: members, external_ids }, origin);
  });
}

/** How an ACL is logged. */
export interface AclLogging {
  readonly severity: NonNullable<ACLRow["severity"]> | undefined;
}

/** Parts of an ACL that differ; the rest is the same for all the controllers write. */
export interface AclDraft {
  readonly ownerType: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly direction: "Ingress" | "Egress";
  readonly pipeline?: "from-lport" | "to-lport";
  readonly priority: number;
  readonly match: string;
  readonly action: ACLRow["action"];
  readonly name?: string;
  readonly severity?: ACLRow["severity"];
  readonly tier?: number;
}

/** Adds an ACL and returns its id. */
export function addAcl(zone: Zone, acl: AclDraft, origin: Origin): Uuid {
  const external_ids = objectIds(acl.ownerType, acl.keys);
  const pipeline = acl.pipeline ?? (acl.direction === "Ingress" ? "to-lport" : "from-lport");
  const name = acl.name?.slice(0, 63);
  const row = zone.draft.add(
    "ACL",
    external_ids["k8s.ovn.org/id"] ?? "",
    {
      action: acl.action,
      direction: pipeline,
      external_ids,
      label: 0,
      log: acl.severity !== undefined,
      match: acl.match,
      meter: "acl-logging",
      name,
      options: pipeline === "from-lport" ? { "apply-after-lb": "true" } : {},
      priority: acl.priority,
      severity: acl.severity,
      tier: acl.tier ?? 2,
    },
    origin,
  );
  return row._uuid;
}

const severities: readonly string[] = ["alert", "warning", "notice", "info", "debug"];

/** The severities a namespace's `k8s.ovn.org/acl-logging` asks for; an invalid one switches logging off. */
export function aclLogging(zone: Zone, namespace: string): { readonly allow: ACLRow["severity"]; readonly deny: ACLRow["severity"] } {
  const off = { allow: undefined, deny: undefined };
  const resource = zone.namespaces.find(({ metadata }) => metadata.name === namespace);
  const text = resource?.metadata.annotations?.["k8s.ovn.org/acl-logging"];
  if (text === undefined || text === "") return off;
  try {
    const { allow = "", deny = "" } = JSON.parse(text) as { allow?: string; deny?: string };
    if ([allow, deny].some((severity) => severity !== "" && !severities.includes(severity))) return off;
    const valid = (severity: string): ACLRow["severity"] => (severity === "" ? undefined : (severity as ACLRow["severity"]));
    return { allow: valid(allow), deny: valid(deny) };
  } catch {
    return off;
  }
}

/** The origin of a namespace by name, or the system's when it is not in the snapshot. */
export function namespaceOrigin(zone: Zone, namespace: string): Origin {
  const resource = zone.namespaces.find(({ metadata }) => metadata.name === namespace);
  return resource === undefined ? { object: `Namespace ${namespace}` } : originOf(resource);
}

/** The objects of a kind in OVN-Kubernetes' own API group. */
export const ovnObjects = (zone: Zone, kind: string): readonly Resource[] => resourcesOf(zone.snapshot, kind, { group: "k8s.ovn.org" });
