import { isPod, matchesLabels, podsOf, type Pod, type Snapshot, type Workload, workloadsOf } from "@hopscope/model-kubernetes";

/** A workload as Kiali lists it. */
export interface ListedWorkload {
  readonly name: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: number;
  readonly sidecar: boolean;
  readonly replicas: { readonly desired: number; readonly current: number; readonly available: number };
}

const containersOf = (status: string): readonly unknown[] => {
  try {
    const parsed: unknown = JSON.parse(status);
    const list: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, "containers") : undefined;
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
};

function replicasOf({ kind, spec, status }: Workload): ListedWorkload["replicas"] {
  const said = (field: string): number => {
    const value: unknown = typeof status === "object" && status !== null ? Reflect.get(status, field) : undefined;
    return typeof value === "number" ? value : 0;
  };
  if (kind === "DaemonSet") return { desired: said("desiredNumberScheduled"), current: said("currentNumberScheduled"), available: said("numberAvailable") };
  return { desired: spec.replicas ?? 1, current: said("replicas"), available: said(kind === "StatefulSet" ? "readyReplicas" : "availableReplicas") };
}

/** Whether the injector's annotation names a proxy in the pod: Kiali looks at nothing else. */
export const hasSidecar = (pod: Pod): boolean => containersOf(pod.metadata.annotations?.["sidecar.istio.io/status"] ?? "").length > 0;

/**
 * Lists the workloads of a namespace: controllers, and pods without one. Pods belong to the controller whose template labels they carry.
 *
 * A workload without pods counts as one with a sidecar; of a Deployment only the first pod is looked at.
 *
 * @see Kiali 1.73, business/workloads.go and models/workload.go
 */
export function listedWorkloads(snapshot: Pick<Snapshot, "resources">, namespace: string): readonly ListedWorkload[] {
  const pods = podsOf(snapshot, namespace).filter(isPod);
  const controllers = workloadsOf(snapshot)
    .filter(({ metadata }) => (metadata.namespace ?? "default") === namespace && (metadata.ownerReferences ?? []).length === 0)
    .map((workload): ListedWorkload => {
      const labels = workload.spec.template.metadata?.labels ?? {};
      const own = pods.filter(({ metadata }) => matchesLabels(labels, metadata.labels));
      const sidecars = own.map(hasSidecar);
      return { name: workload.metadata.name, type: workload.kind, labels, pods: own.length, sidecar: workload.kind === "Deployment" ? (sidecars[0] ?? true) : sidecars.every(Boolean), replicas: replicasOf(workload) };
    });
  const alone = pods
    .filter(({ metadata }) => (metadata.ownerReferences ?? []).length === 0)
    .map((pod): ListedWorkload => ({ name: pod.metadata.name, type: "Pod", labels: pod.metadata.labels ?? {}, pods: 1, sidecar: hasSidecar(pod), replicas: { desired: 1, current: 1, available: pod.status?.phase === "Running" ? 1 : 0 } }));
  return [...controllers, ...alone];
}
