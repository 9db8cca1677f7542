import { matchesLabels } from "@hopscope/model-kubernetes";
import { anyWorkload, type MeshObject, type Scene } from "./mesh-objects.ts";
import { type Check, check, type Report, say } from "./report.ts";

type Labels = Readonly<Record<string, string>>;

/** Labels that select nothing. */
export const selectsNobody = (scene: Scene, labels: Labels, path: string): readonly Check[] => (Object.keys(labels).length > 0 && !anyWorkload(scene, labels) ? [check("KIA0004", path)] : []);

/**
 * Objects of one kind of which a workload may have but one: several without a selector in a namespace, or several that
 * select the same workload.
 *
 * @see Kiali 1.73, business/checkers/common/multi_match_selector_checker.go
 */
export function checkOverlaps(objects: readonly { readonly of: MeshObject; readonly labels: Labels }[], scene: Scene, report: Report, { kind, path, selectorless }: { readonly kind: string; readonly path: string; readonly selectorless?: boolean }): void {
  const open = objects.filter(({ labels }) => Object.keys(labels).length === 0);
  for (const { of } of open) {
    if (open.filter((other) => other.of.namespace === of.namespace).length > 1) say(report, { kind, namespace: of.namespace, name: of.name }, false, [check("KIA0002", path)]);
  }
  if (selectorless === true) return;
  for (const workload of [...scene.workloads.values()].flat()) {
    const own = objects.filter(({ labels }) => Object.keys(labels).length > 0 && matchesLabels(labels, workload.labels));
    for (const { of } of own) if (own.filter((other) => other.of.namespace === of.namespace).length > 1) say(report, { kind, namespace: of.namespace, name: of.name }, false, [check("KIA0003", path)], { apart: true });
  }
}
