import { matchesLabels } from "@hopscope/model-kubernetes";
import type { Scene } from "./mesh-objects.ts";
import { check, type Report, say } from "./report.ts";
import { lostExports } from "./virtual-services.ts";

/** @see Kiali 1.73, business/checkers/serviceentries */
export function checkServiceEntries(scene: Scene, report: Report): void {
  for (const entry of scene.serviceEntries) {
    const { spec } = entry;
    const labels = spec.workloadSelector?.labels;
    const matching = spec.location === "MESH_INTERNAL" && spec.workloadSelector !== undefined ? scene.workloadEntries.filter((one) => matchesLabels(labels ?? {}, one.spec.labels)) : [];
    const lost = matching.some((one) => !(spec.addresses ?? []).includes(one.spec.address ?? ""));
    const outside = lostExports(entry, scene);
    say(report, { kind: "serviceentry", namespace: entry.namespace, name: entry.name }, outside.length === 0, [...outside, ...(lost ? [check("KIA1201", "spec/addresses")] : [])]);
  }
}
