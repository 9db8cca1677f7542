import type { Caveat, Finding, Journey, Leg, Origin } from "@hopscope/core";
import { meshFindings } from "@hopscope/model-istio";
import { endpointsOf, type LabelSelector, matchesSelector, objectName, originOf, podIps, podsOf, resourcesOf, serviceNamed, type Snapshot } from "@hopscope/model-kubernetes";
import { authorizationFindings } from "./authorization.ts";
import type { ClusterNetwork } from "../network/cluster-network.ts";
import { codes } from "../codes/codes.ts";
import { unusedEgressIps } from "./egress.ts";
import { gatewayFindings } from "./gateway.ts";
import { registryFindings } from "./registry.ts";
import { routeFindings } from "./route.ts";
import { located } from "../locator.ts";

/** Adds to a journey what its end means: the findings of the legs that failed, and of the egress addresses it did not use. */
export function explained(cluster: ClusterNetwork, journey: Journey): Journey {
  const locate = (origin: Origin): Origin => located(cluster.snapshot, origin);
  const found: Finding[] = [...journey.findings];
  const add = (finding: Finding): void => {
    if (!found.some(({ code, problem }) => code === finding.code && problem === finding.problem)) found.push({ ...finding, origin: locate(finding.origin) });
  };
  let { sentence } = journey.verdict;
  const legs = journey.legs.map((leg): Leg => {
    const { ended } = leg;
    const policy = ended?.code === "ovn/network-policy-denies" ? isolatingPolicy(cluster, leg) : undefined;
    if (ended?.origin === undefined || policy === undefined) return leg;
    // The ACL that drops is the namespace's; whoever reads wants the policy that made the namespace have it.
    const denies = (text: string): string => text.replace(`${ended.origin?.object ?? ""} denies it`, `${policy.origin.object} denies it`);
    sentence = denies(sentence);
    return { ...leg, ended: { ...ended, reason: denies(ended.reason) } };
  });
  for (const leg of legs) {
    const ended = leg.ended;
    const policy = ended?.code === "ovn/network-policy-denies" ? isolatingPolicy(cluster, leg) : undefined;
    const failed = policy ?? (ended?.code === undefined ? undefined : failure(leg, ended.code, localised(cluster.snapshot, leg, ended), ended.origin));
    if (failed !== undefined) add(failed);
  }
  for (const finding of unusedEgressIps(cluster.snapshot, journey)) add(finding);
  for (const finding of routeFindings(cluster.snapshot, journey)) add(finding);
  for (const finding of gatewayFindings(cluster.snapshot, journey)) add(finding);
  for (const finding of registryFindings(cluster.snapshot, journey)) add(finding);
  for (const finding of authorizationFindings(cluster.snapshot, journey)) add(finding);
  for (const finding of meshFindingsOf(cluster, journey)) add(finding);
  const alternatives = journey.alternatives.map((other) => explained(cluster, other));
  const order = { error: 0, warning: 1, info: 2 } as const;
  const findings = [...found].sort((a, b) => order[a.severity] - order[b.severity]);
  const error = findings.find(({ severity }) => severity === "error");
  const deciding = journey.verdict.type === "delivered" ? undefined : (error === undefined ? journey.verdict.deciding : { object: error.origin.object, origin: error.origin });
  return { ...journey, legs, findings, alternatives, verdict: { ...journey.verdict, sentence, deciding }, caveats: relevant(cluster, journey) };
}

/** Why a leg ended; a Service that takes local endpoints only has none where the packet came in, which others than it may have. */
function localised(snapshot: Snapshot, leg: Leg, { reason, origin }: NonNullable<Leg["ended"]>): string {
  const [, namespace = "", name = ""] = /^Service ([^/]+)\/(.+)$/.exec(origin?.object ?? "") ?? [];
  const service = serviceNamed(snapshot, namespace, name);
  if (service === undefined || endpointsOf(snapshot, service).endpoints.every(({ ready }) => !ready)) return reason;
  const node = leg.hops.findLast(({ system }) => system === "ovn")?.node ?? "the node";
  const policy = service.spec.externalTrafficPolicy === "Local" ? "externalTrafficPolicy" : service.spec.internalTrafficPolicy === "Local" ? "internalTrafficPolicy" : undefined;
  return policy === undefined ? reason : `${objectName(service)} has no ready endpoint on node ${node}, and its ${policy} Local takes no others`;
}

const known = new Set(["ovn/network-policy-denies", "ovn/egress-firewall-denies", "kubernetes/service-without-endpoints", "app/not-listening", "journey/reply-lost", "journey/loop"]);

function failure(leg: Leg, given: string, reason: string, origin: Origin | undefined): Finding | undefined {
  const code = given === "linux/nothing-listens" || given === "linux/no-socket" ? "app/not-listening" : given;
  if (!known.has(code)) return undefined;
  return { code, severity: "error", origin: origin ?? { object: leg.to.object ?? leg.to.address }, problem: reason, fix: codes[code]?.act ?? "" };
}

interface PolicySpec {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly egress?: readonly unknown[];
}

/** The NetworkPolicy whose isolation dropped a leg's first packet: default deny is one ACL for all policies of a namespace. */
function isolatingPolicy(cluster: ClusterNetwork, leg: Leg): Finding | undefined {
  const last = leg.hops.findLast(({ system }) => system === "ovn");
  const acl = last?.decisions.findLast(({ rule }) => /DefaultDeny/i.test(rule));
  if (last === undefined || acl === undefined) return undefined;
  const direction = /egressDefaultDeny/i.test(acl.rule) ? "Egress" : "Ingress";
  const ip = last.packet?.ip;
  const address = direction === "Egress" ? ip?.src : ip?.dst;
  const pod = podsOf(cluster.snapshot).find((one) => address !== undefined && one.spec.hostNetwork !== true && podIps(one).includes(address));
  if (pod === undefined) return undefined;
  const policy = resourcesOf(cluster.snapshot, "NetworkPolicy", { namespace: pod.metadata.namespace }).find((one) => {
    const spec = (one.spec ?? {}) as PolicySpec;
    const types = spec.policyTypes ?? ["Ingress", ...(spec.egress === undefined ? [] : ["Egress"])];
    return types.includes(direction) && matchesSelector(spec.podSelector ?? {}, pod.metadata.labels);
  });
  if (policy === undefined) return undefined;
  const port = last.packet?.l4 !== undefined && last.packet.l4.type !== "icmp" ? `${last.packet.l4.type} port ${last.packet.l4.dst}` : "this protocol";
  return {
    code: "ovn/network-policy-denies",
    severity: "error",
    origin: originOf(policy, "spec.podSelector"),
    problem: `${objectName(policy)} isolates ${objectName(pod)}, and no policy admits ${direction === "Ingress" ? `${ip?.src ?? ""} to ${port}` : `it to ${ip?.dst ?? ""} ${port}`}`,
    fix: codes["ovn/network-policy-denies"]?.act ?? "",
  };
}

/** The mesh's findings about the hosts that this journey asked for. */
function meshFindingsOf(cluster: ClusterNetwork, journey: Journey): readonly Finding[] {
  const asked = new Set([...journey.requests.map(({ authority }) => authority.replace(/:\d+$/, "")), hostOf(journey.question.to)]);
  const touched = new Set(journey.legs.flatMap((leg) => leg.hops.flatMap((hop) => hop.decisions.map(({ origin }) => origin.object))));
  const meshed = journey.observations.some(({ fact }) => fact.type === "envoy");
  return meshFindings(cluster.snapshot).filter(({ code, origin, problem, severity }) => {
    if (severity === "info" && !meshed) return false;
    if (code === "mesh/egress-gateway-bypassed") return [...asked].some((host) => problem.includes(host)) && meshed;
    return touched.has(origin.object);
  });
}

const hostOf = (target: string): string => /^[a-z]+:\/\/(\[[^\]]*\]|[^/:?#]*)/i.exec(target)?.[1] ?? target;

/**
 * Caveats of the journey, and those of the network that name something the journey passes or something in a namespace that it
 * passes; what the compilers of the mesh found wrong there counts as one.
 */
function relevant(cluster: ClusterNetwork, journey: Journey): Journey["caveats"] {
  const hops = journey.legs.flatMap((leg) => [...leg.hops, ...(leg.reply?.hops ?? [])]);
  const passed = new Set(journey.legs.flatMap((leg) => [leg.from.object, leg.to.object, ...leg.hops.flatMap((hop) => hop.decisions.map(({ origin }) => origin.object))]));
  const spaces = new Set([...passed].flatMap((object) => (object === undefined ? [] : [namespaceOf(object)])));
  const nodes = new Set([...hops.flatMap(({ node }) => node ?? []), ...journey.legs.flatMap(({ from, to }) => [from.object, to.object].flatMap((object) => (object?.startsWith("Node ") === true ? [object.slice(5)] : [])))]);
  // What is said of a node matters where the journey passes it; what is said of the cluster always does.
  const matters = ({ origin }: Caveat, near: (object: string) => boolean): boolean => origin === undefined || (origin.object.startsWith("Node ") ? nodes.has(origin.object.slice(5)) : passed.has(origin.object) || near(origin.object));
  const pods = [...passed].filter((object): object is string => object?.startsWith("Pod ") === true);
  const ran = ({ origin, problem }: Caveat): boolean => [...`${origin?.object ?? ""} ${problem}`.matchAll(WORKLOAD)].some(([, name]) => pods.some((pod) => pod === `Pod ${name}` || pod.startsWith(`Pod ${name}-`)));
  const general = cluster.caveats.filter((caveat) => matters(caveat, () => false) || (caveat.code.startsWith("assumed/") && ran(caveat)));
  const zones = [...new Set(hops.flatMap(({ system, node }) => (system === "ovn" && node !== undefined ? [node] : [])))];
  const compiled = zones.flatMap((node) => cluster.zoneCaveats(node)).filter((caveat) => matters(caveat, (object) => spaces.has(namespaceOf(object))));
  const wrong = cluster.diagnostics.filter(({ origin }) => spaces.has(namespaceOf(origin.object))).map(({ code, problem, expected, origin }): Caveat => ({ code, problem: expected === undefined ? problem : `${problem}; expected ${expected}`, origin }));
  const seen = new Set<string>();
  return [...journey.caveats, ...general, ...compiled, ...wrong]
    .filter(({ code, problem }) => !seen.has(`${code} ${problem}`) && seen.add(`${code} ${problem}`))
    .map((caveat) => (caveat.origin === undefined ? caveat : { ...caveat, origin: located(cluster.snapshot, caveat.origin) }));
}

/** Workloads, by whose pods a journey may pass. */
const WORKLOAD = /\b(?:Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|DeploymentConfig|Job|Pod) ([a-z0-9][a-z0-9.-]*\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/g;

/** Namespace of `Kind namespace/name`; an object of the whole cluster is in none, which every journey passes. */
const namespaceOf = (object: string): string | undefined => /^\S+ ([^/\s]+)\/[^/\s]+$/.exec(object)?.[1];
