import { isPod, matchesLabels, podsOf, type Pod, type Snapshot, workloadsOf } from "@hopscope/model-kubernetes";

/** A workload as Kiali lists it. */
export interface ListedWorkload {
  readonly name: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: number;
  readonly sidecar: boolean;
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
      return { name: workload.metadata.name, type: workload.kind, labels, pods: own.length, sidecar: workload.kind === "Deployment" ? (sidecars[0] ?? true) : sidecars.every(Boolean) };
    });
  const alone = pods
    .filter(({ metadata }) => (metadata.ownerReferences ?? []).length === 0)
    .map((pod): ListedWorkload => ({ name: pod.metadata.name, type: "Pod", labels: pod.metadata.labels ?? {}, pods: 1, sidecar: hasSidecar(pod) }));
  return [...controllers, ...alone];
}
