import type { Caveat } from "@hopscope/core";
import { at } from "../cluster/facts.ts";
import { objectName, originOf, type Resource, SOURCE } from "../resource.ts";
import type { Snapshot } from "../snapshot.ts";
import { nthAddress, sizeOf, hashOf, suffixOf } from "./address-pool.ts";
import { nodeAddresses, subnetsOfNode } from "./derive-nodes.ts";
import { type Pod, podIps, podsOf } from "./pod.ts";
import { matchesLabels } from "./selector.ts";
import { podsOfWorkload, type Workload, workloadsOf } from "./workload.ts";

/** Network, gateway, management port and the hybrid overlay's address are never a pod's. */
const FIRST_POD = 4;

/**
 * The pods of a snapshot, completed: pods of workloads that have none, and node and addresses of pods that are written without a status.
 *
 * Names, nodes and addresses depend on each workload's own name and the order read, and are the same each time.
 */
export function derivePods(snapshot: Snapshot, nodes: readonly Resource[], caveats: Caveat[]): readonly Pod[] {
  const known = podsOf(snapshot);
  const taken = new Set(known.flatMap(podIps));
  const place = (pod: Pod, turn: number): Pod => {
    const fitting = schedulable(nodes.filter((node) => matchesLabels(pod.spec.nodeSelector ?? {}, node.metadata.labels)), pod);
    const node = nodes.find((candidate) => candidate.metadata.name === pod.spec.nodeName) ?? fitting[turn % Math.max(1, fitting.length)];
    return node === undefined ? { ...pod, status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False" }] } } : running(pod, node, taken);
  };
  const completed = known.map((pod) => {
    if (pod.status !== undefined && Object.keys(pod.status).length > 0) return pod;
    const placed = place(pod, hashOf(objectName(pod)));
    caveats.push({ code: "assumed/pod-address", problem: sentence([placed], objectName(pod)), origin: originOf(pod) });
    return placed;
  });
  const derived = workloadsOf(snapshot).flatMap((workload) => {
    if (isManaged(workload, snapshot) || podsOfWorkload(snapshot, workload).length > 0) return [];
    const pods = templates(workload, nodes).map((pod, index) => place(pod, hashOf(objectName(workload)) + index));
    if (pods.length > 0) caveats.push({ code: "assumed/pod-address", problem: sentence(pods, objectName(workload)), origin: originOf(workload) });
    return pods;
  });
  return [...completed, ...derived];
}

interface Taint {
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
}

const entriesIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

/** Whether a pod may be put on a node for all its taints. */
function tolerates(spec: Pick<Pod, "spec">["spec"], node: Resource): boolean {
  const tolerations = entriesIn(at(spec, "tolerations"));
  const taints = entriesIn(at(node.spec, "taints")).filter((taint) => at(taint, "effect") !== "PreferNoSchedule") as readonly Taint[];
  return taints.every(({ key, value, effect }) =>
    tolerations.some((one) => (at(one, "key") === undefined || at(one, "key") === key) && (at(one, "operator") === "Exists" || (at(one, "value") ?? "") === (value ?? "")) && (at(one, "effect") === undefined || at(one, "effect") === "" || at(one, "effect") === effect)),
  );
}

const ROLE = "node-role.kubernetes.io/";

/** Nodes that a scheduler takes: those whose taints the pod tolerates, and no control plane's where there are others. */
function schedulable(nodes: readonly Resource[], pod: Pod): readonly Resource[] {
  const open = nodes.filter((node) => tolerates(pod.spec, node));
  const isControl = ({ metadata: { labels = {} } }: Resource): boolean => (`${ROLE}master` in labels || `${ROLE}control-plane` in labels) && !(`${ROLE}worker` in labels);
  const workers = open.filter((node) => !isControl(node));
  return workers.length > 0 ? workers : open;
}

function sentence(pods: readonly Pod[], of: string): string {
  const shown = pods.slice(0, 3).map((pod) => `${pod.metadata.name} on ${pod.spec.nodeName ?? "no node"}${podIps(pod)[0] === undefined ? "" : ` at ${podIps(pod)[0] ?? ""}`}`);
  return `the snapshot does not say where the pod${pods.length === 1 ? "" : "s"} of ${of} run${pods.length === 1 ? "s" : ""}; assumed: ${shown.join(", ")}${pods.length > 3 ? `, and ${pods.length - 3} more` : ""}`;
}

/** ReplicaSets and the like whose owner makes the pods here. */
function isManaged(workload: Workload, snapshot: Snapshot): boolean {
  const owners = workload.metadata.ownerReferences ?? [];
  return owners.some((owner) => workloadsOf(snapshot).some((other) => other.kind === owner.kind && other.metadata.name === owner.name && other.metadata.namespace === workload.metadata.namespace));
}

/** How many pods there are: what the status of a live object counts, else what is asked for. */
function countOf(workload: Workload, nodes: readonly Resource[]): number {
  const { spec, status, kind } = workload;
  const live = typeof status === "object" && status !== null && ["observedGeneration", "replicas", "desiredNumberScheduled", "active", "succeeded"].some((field) => at(status, field) !== undefined);
  const count = (value: unknown, fallback: number): number => (typeof value === "number" && value >= 0 ? Math.min(value, 10_000) : fallback);
  if (kind === "Job") return live ? count(at(status, "active"), 0) : Math.min(count(spec.parallelism, 1), count(spec.completions, 1));
  if (kind === "DaemonSet") return live ? count(at(status, "numberReady"), 0) : nodes.length;
  return live ? count(at(status, "readyReplicas"), 0) : count(spec.replicas, 1);
}

function templates(workload: Workload, nodes: readonly Resource[]): readonly Pod[] {
  const { template, serviceName } = workload.spec;
  const { name, namespace = "default" } = workload.metadata;
  const key = `${workload.kind} ${namespace}/${name}`;
  const hash = suffixOf(key, 10);
  const make = (podName: string, more: { readonly spec?: Partial<Pod["spec"]>; readonly labels?: Readonly<Record<string, string>>; readonly owner?: { readonly kind: string; readonly name: string } }): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName,
      namespace,
      labels: { ...template.metadata?.labels, ...more.labels },
      annotations: { ...template.metadata?.annotations },
      ownerReferences: [more.owner ?? { kind: workload.kind, name }],
    },
    spec: { ...template.spec, ...more.spec },
    [SOURCE]: workload[SOURCE],
  });
  const count = countOf(workload, nodes);
  const indices = Array.from({ length: count }, (_, index) => index);
  const random = (index: number): string => suffixOf(`${key}/${index}`, 5);
  switch (workload.kind) {
    case "StatefulSet":
      return indices.map((index) => {
        const podName = `${name}-${index}`;
        return make(podName, { spec: { hostname: podName, ...(serviceName === undefined ? {} : { subdomain: serviceName }) }, labels: { "statefulset.kubernetes.io/pod-name": podName } });
      });
    case "DaemonSet":
      return nodes
        .filter((node) => matchesLabels(template.spec.nodeSelector ?? {}, node.metadata.labels) && tolerates(template.spec, node))
        .slice(0, count)
        .map((node) => make(`${name}-${suffixOf(`${key}/${node.metadata.name}`, 5)}`, { spec: { nodeName: node.metadata.name } }));
    case "Deployment":
      return indices.map((index) => make(`${name}-${hash}-${random(index)}`, { labels: { "pod-template-hash": hash }, owner: { kind: "ReplicaSet", name: `${name}-${hash}` } }));
    case "DeploymentConfig":
      return indices.map((index) => make(`${name}-1-${random(index)}`, { labels: { deployment: `${name}-1`, deploymentconfig: name }, owner: { kind: "ReplicationController", name: `${name}-1` } }));
    default:
      return indices.map((index) => make(`${name}-${random(index)}`, {}));
  }
}

/** The pod as it runs, ready, on a node. */
function running(pod: Pod, node: Resource, taken: Set<string>): Pod {
  const hosts = nodeAddresses(node);
  const addresses = pod.spec.hostNetwork === true ? hosts : subnetsOfNode(node).flatMap((subnet) => freeAddress(subnet, taken));
  const [podIP] = addresses;
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: node.metadata.name },
    status: {
      phase: "Running",
      ...(hosts[0] === undefined ? {} : { hostIP: hosts[0] }),
      ...(podIP === undefined ? {} : { podIP, podIPs: addresses.map((ip) => ({ ip })) }),
      conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({ type, status: "True" })),
    },
  };
}

function freeAddress(subnet: Parameters<typeof nthAddress>[0], taken: Set<string>): readonly string[] {
  for (let n = FIRST_POD; n < sizeOf(subnet) - 1; n++) {
    const candidate = nthAddress(subnet, n);
    if (taken.has(candidate)) continue;
    taken.add(candidate);
    return [candidate];
  }
  return [];
}
