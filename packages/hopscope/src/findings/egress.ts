import type { Finding, Journey, Leg } from "@hopscope/core";
import { type LabelSelector, matchesSelector, objectName, originOf, podsOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { codes } from "../codes/codes.ts";

interface EgressIpStatus {
  readonly items?: readonly { readonly egressIP: string; readonly node: string }[];
}

interface EgressIpSpec {
  readonly egressIPs?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
}

/** EgressIPs that exist while a packet of the journey leaves the cluster with another address: they do not select its sender, or no node has them. */
export function unusedEgressIps(snapshot: Snapshot, journey: Journey): readonly Finding[] {
  const outward = journey.legs.filter((leg) => leg.protocol !== "udp" && leg.from.object?.startsWith("Pod ") === true && leg.hops.findLast(({ packet }) => packet !== undefined)?.place === "outside network");
  return outward.flatMap((leg) => resourcesOf(snapshot, "EgressIP", { group: "k8s.ovn.org" }).flatMap((egress) => unused(snapshot, leg, egress)));
}

function unused(snapshot: Snapshot, leg: Leg, egress: Resource): readonly Finding[] {
  const assigned = ((egress.status as EgressIpStatus | undefined)?.items ?? []).map(({ egressIP }) => egressIP);
  const seenAs = leg.connection?.source.address;
  if (seenAs === undefined || assigned.includes(seenAs)) return [];
  const { egressIPs = [] } = (egress.spec ?? {}) as EgressIpSpec;
  const sender = leg.from.object ?? "the sender";
  const find = (path: string, problem: string): readonly Finding[] => [{ code: "ovn/egress-ip-not-used", severity: "warning", origin: originOf(egress, path), problem, fix: codes["ovn/egress-ip-not-used"]?.act ?? "" }];
  if (assigned.length > 0) return find("spec.namespaceSelector", `${objectName(egress)} (${assigned.join(", ")}) does not select ${sender}, so ${leg.to.address} sees ${seenAs}`);
  if (!selects(snapshot, egress, sender)) return [];
  return find("status.items", `${objectName(egress)} (${egressIPs.join(", ")}) selects ${sender} and is assigned to no node (status.items; nodes need the label k8s.ovn.org/egress-assignable), so ${leg.to.address} sees ${seenAs}`);
}

function selects(snapshot: Snapshot, egress: Resource, sender: string): boolean {
  const { namespaceSelector, podSelector } = (egress.spec ?? {}) as EgressIpSpec;
  const pod = podsOf(snapshot).find((one) => objectName(one) === sender);
  const namespace = resourcesOf(snapshot, "Namespace", { group: "" }).find(({ metadata }) => metadata.name === pod?.metadata.namespace);
  return pod !== undefined && namespaceSelector !== undefined && matchesSelector(namespaceSelector, namespace?.metadata.labels) && matchesSelector(podSelector ?? {}, pod.metadata.labels);
}
