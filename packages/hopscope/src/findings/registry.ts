import type { Finding, Journey } from "@hopscope/core";
import { matchesLabels, objectName, originOf, podsOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { codes } from "../codes/codes.ts";

interface SidecarSpec {
  readonly workloadSelector?: { readonly labels?: Readonly<Record<string, string>> };
  readonly outboundTrafficPolicy?: { readonly mode?: string };
}

/** Requests that a sidecar blocks because the mesh lets registered hosts out only, and nothing that it sees has the host. */
export function registryFindings(snapshot: Snapshot, journey: Journey): readonly Finding[] {
  return journey.observations.flatMap(({ fact, object, leg }) => {
    if (fact.type !== "envoy" || (fact["cluster"] !== "BlackHoleCluster" && fact["virtualHost"] !== "block_all")) return [];
    const sidecar = sidecarFor(snapshot, object);
    const request = journey.requests.find((one) => leg !== undefined && one.leg === leg + 1);
    const to = journey.legs.find(({ id }) => leg !== undefined && id === leg + 1)?.to;
    const host = request?.authority ?? (to === undefined ? "the destination" : `${to.address}:${to.port}`);
    const problem = `${object} lets registered hosts out only (outboundTrafficPolicy REGISTRY_ONLY${sidecar === undefined ? "" : ` of ${objectName(sidecar)}`}), and no Service or ServiceEntry that it sees has "${host}"`;
    return [{ code: "mesh/outbound-not-registered", severity: "error" as const, origin: sidecar === undefined ? { object } : originOf(sidecar, "spec.outboundTrafficPolicy"), problem, fix: codes["mesh/outbound-not-registered"]?.act ?? "" }];
  });
}

/** The Sidecar object that sets a pod's policy: one that selects it, else the namespace's. */
function sidecarFor(snapshot: Snapshot, object: string): Resource | undefined {
  const pod = podsOf(snapshot).find((one) => objectName(one) === object);
  const own = resourcesOf(snapshot, "Sidecar", { group: "networking.istio.io" }).filter(({ metadata }) => pod !== undefined && metadata.namespace === pod.metadata.namespace);
  const labels = ({ spec }: Resource): Readonly<Record<string, string>> | undefined => (spec as SidecarSpec | undefined)?.workloadSelector?.labels;
  const found = own.find((one) => labels(one) !== undefined && matchesLabels(labels(one) ?? {}, pod?.metadata.labels)) ?? own.find((one) => labels(one) === undefined);
  return (found?.spec as SidecarSpec | undefined)?.outboundTrafficPolicy?.mode === undefined ? undefined : found;
}
