import type { Caveat } from "@hopscope/core";
import { completeSnapshot, objectName, originOf, type Pod, podsOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { assumeGateways } from "./assume-gateways.ts";
import { assumeRouters } from "./assume-routers.ts";
import { inject, injectionOf, injectorOf } from "./injection.ts";

/**
 * Completes a snapshot with what a GitOps folder does not hold: routers and mesh gateways that its manifests imply; nodes, pods,
 * addresses and endpoints; and the sidecars that the mesh's injector would put into the pods that were derived.
 *
 * What the snapshot states is never changed, and each assumption is a caveat `assumed/…`.
 */
export function completeCluster<S extends Snapshot>(loaded: S): S {
  const caveats: Caveat[] = [];
  const implied = [...assumeRouters(loaded, caveats), ...assumeGateways(loaded, caveats)];
  const whole = completeSnapshot(implied.length === 0 ? loaded : { ...loaded, resources: [...loaded.resources, ...implied] });
  const injected = withSidecars(whole, statedPods(loaded), caveats);
  return caveats.length === 0 && injected === whole ? whole : { ...injected, caveats: [...injected.caveats, ...caveats] };
}

/** The workload that a person wrote: a ReplicaSet's name without its hash is its Deployment's. */
function workloadOf(pod: Pod): string {
  const owner = pod.metadata.ownerReferences?.[0];
  if (owner === undefined) return objectName(pod);
  const hash = pod.metadata.labels?.["pod-template-hash"];
  const isOfDeployment = owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(`-${hash}`);
  return `${isOfDeployment ? "Deployment" : owner.kind} ${pod.metadata.namespace ?? "default"}/${isOfDeployment ? owner.name.slice(0, -hash.length - 1) : owner.name}`;
}

const keyOf = ({ metadata }: Resource): string => `${metadata.namespace ?? "default"}/${metadata.name}`;

/** Pods that a cluster printed: what it says of them is all there is. */
const statedPods = (loaded: Snapshot): ReadonlySet<string> => new Set(podsOf(loaded).filter(({ status }) => status !== undefined && Object.keys(status).length > 0).map(keyOf));

function withSidecars<S extends Snapshot>(snapshot: S, stated: ReadonlySet<string>, caveats: Caveat[]): S {
  const injector = injectorOf(snapshot);
  if (injector === undefined) return snapshot;
  const namespaces = new Map(resourcesOf(snapshot, "Namespace", { group: "" }).map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const done = new Map<Resource, Pod>();
  const told = new Set<string>();
  for (const pod of podsOf(snapshot)) {
    if (stated.has(keyOf(pod))) continue;
    const kind = injectionOf(pod, namespaces.get(pod.metadata.namespace ?? "default") ?? {}, injector);
    if (kind === undefined) continue;
    done.set(pod, inject(pod, kind, injector));
    const workload = workloadOf(pod);
    if (told.has(workload)) continue;
    told.add(workload);
    caveats.push({ code: "assumed/injected", problem: `${workload} is assumed to get ${kind === "sidecar" ? "a sidecar" : "a gateway's proxy"} from the mesh's injector in its pod ${pod.metadata.name}`, origin: originOf(pod) });
  }
  return done.size === 0 ? snapshot : { ...snapshot, resources: snapshot.resources.map((resource) => done.get(resource) ?? resource) };
}
