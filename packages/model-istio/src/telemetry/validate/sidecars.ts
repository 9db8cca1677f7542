import { hostText, isWildcard, parseHost } from "./host.ts";
import { inEntries, inRegistry, type MeshObject, type Scene } from "./mesh-objects.ts";
import { type Check, check, type Report, say } from "./report.ts";
import { checkOverlaps, selectsNobody } from "./selectors.ts";

function egressChecks(sidecar: MeshObject, scene: Scene): readonly Check[] {
  return (sidecar.spec.egress ?? []).flatMap(({ hosts = [] }, at) => hosts.flatMap((text, index) => {
    const [, name = ""] = text.split("/");
    if (name === "*") return [];
    const host = parseHost(name, sidecar.namespace);
    const known = (isWildcard(host) && host.namespace === sidecar.namespace) || inEntries(scene, hostText(host)) || inRegistry(scene, sidecar.namespace, hostText(host));
    return known ? [] : [check("KIA1004", `spec/egress[${at}]/hosts[${index}]`)];
  }));
}

/** @see Kiali 1.73, business/checkers/sidecars */
export function checkSidecars(scene: Scene, report: Report): void {
  const kind = "sidecar";
  const labelsOf = ({ spec }: MeshObject): Readonly<Record<string, string>> => spec.workloadSelector?.labels ?? {};
  for (const sidecar of scene.sidecars) {
    const labels = labelsOf(sidecar);
    const { outboundTrafficPolicy } = sidecar.spec;
    say(report, { kind, namespace: sidecar.namespace, name: sidecar.name }, true, [
      ...selectsNobody(scene, labels, "spec/workloadSelector/labels"),
      ...egressChecks(sidecar, scene),
      ...(sidecar.namespace === scene.rootNamespace && Object.keys(labels).length > 0 ? [check("KIA1006", "spec/workloadSelector")] : []),
      ...(outboundTrafficPolicy !== undefined && (outboundTrafficPolicy.mode ?? "REGISTRY_ONLY") === "REGISTRY_ONLY" ? [check("KIA1007", "spec/outboundTrafficPolicy")] : []),
    ]);
  }
  checkOverlaps(scene.sidecars.map((of) => ({ of, labels: labelsOf(of) })), scene, report, { kind, path: "spec/workloadSelector" });
}
