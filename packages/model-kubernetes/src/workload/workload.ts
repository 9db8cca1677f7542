import type { Resource } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";
import type { Container, Pod, PodSpec } from "./pod.ts";
import { podsOf } from "./pod.ts";
import { type Labels, type LabelSelector, matchesSelector } from "./selector.ts";

/** What a workload makes its pods of. */
export interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec: PodSpec;
}

const WORKLOAD_KINDS = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "DeploymentConfig", "Job"] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** An object that makes pods. */
export interface Workload extends Resource {
  readonly kind: WorkloadKind;
  readonly spec: {
    readonly replicas?: number;
    readonly selector?: LabelSelector;
    readonly template: PodTemplate;
    readonly serviceName?: string;
    readonly parallelism?: number;
    readonly completions?: number;
  };
}

const GROUPS: Readonly<Record<WorkloadKind, string>> = { Deployment: "apps", StatefulSet: "apps", DaemonSet: "apps", ReplicaSet: "apps", ReplicationController: "", DeploymentConfig: "apps.openshift.io", Job: "batch" };

const known = new WeakMap<readonly Resource[], readonly Workload[]>();

/** All workloads that carry a pod template, in the order read per kind. */
export function workloadsOf(snapshot: Pick<Snapshot, "resources">): readonly Workload[] {
  let all = known.get(snapshot.resources);
  if (all === undefined) known.set(snapshot.resources, (all = WORKLOAD_KINDS.flatMap((kind) => resourcesOf(snapshot, kind, { group: GROUPS[kind] }).filter(isWorkload))));
  return all;
}

function isWorkload(resource: Resource): resource is Workload {
  const spec = resource.spec as { readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } } } | undefined;
  return Array.isArray(spec?.template?.spec?.containers);
}

/** Labels that select a workload's pods: its selector's, or its template's where the selector is plain or left out. */
export function selectorOf(workload: Workload): LabelSelector {
  const { selector, template } = workload.spec;
  if (selector === undefined || selector === null) return { matchLabels: template.metadata?.labels ?? {} };
  if (workload.kind === "ReplicationController" || workload.kind === "DeploymentConfig") return { matchLabels: selector as unknown as Labels };
  return selector;
}

/**
 * Pods of a workload: those that name it as owner, over a ReplicaSet or ReplicationController too, and those without an owner that its selector selects.
 *
 * The middle object may be missing from a snapshot; then its name, which starts with the workload's, tells.
 */
export function podsOfWorkload(snapshot: Pick<Snapshot, "resources">, workload: Workload): readonly Pod[] {
  const { namespace, name } = workload.metadata;
  const middle = workload.kind === "Deployment" ? "ReplicaSet" : workload.kind === "DeploymentConfig" ? "ReplicationController" : undefined;
  const selector = selectorOf(workload);
  return podsOf(snapshot, namespace).filter((pod) => {
    const owners = pod.metadata.ownerReferences ?? [];
    if (owners.length === 0) return hasLabels(selector) && matchesSelector(selector, pod.metadata.labels);
    return owners.some(
      (owner) => (owner.kind === workload.kind && owner.name === name) || (owner.kind === middle && owner.name.startsWith(`${name}-`) && !owner.name.slice(name.length + 1).includes("-")),
    );
  });
}

const hasLabels = (selector: LabelSelector): boolean => Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length > 0;

/** The workload of a kind and name, whatever API version it was written in. */
export function workloadNamed(snapshot: Pick<Snapshot, "resources">, kind: WorkloadKind, key: { readonly namespace: string; readonly name: string }): Workload | undefined {
  return resourcesOf(snapshot, kind, { namespace: key.namespace })
    .filter(isWorkload)
    .find((workload) => workload.metadata.name === key.name);
}
