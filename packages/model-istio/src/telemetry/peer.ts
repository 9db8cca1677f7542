import type { Pod } from "@hopscope/model-kubernetes";

/** Who a proxy says that it stands before: the part of its node metadata that ends in labels. */
export interface Peer {
  readonly workload: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly canonicalService: string;
  readonly canonicalRevision: string;
  readonly cluster: string;
}

/** The cluster name that a control plane of one cluster gives to its proxies. */
export const CLUSTER = "Kubernetes";

/** The name of the workload that made a pod: its controller, over the ReplicaSet to the Deployment. */
export function workloadOf(pod: Pod): string {
  const name = pod.metadata.name;
  const hash = pod.metadata.labels?.["pod-template-hash"];
  const [owner] = pod.metadata.ownerReferences ?? [];
  if (owner?.kind === "ReplicationController") return owner.name.replace(/-\d+$/, "");
  const set = owner?.name ?? (hash === undefined ? name : name.replace(new RegExp(`-${hash}-[^-]+$`), ""));
  return hash !== undefined && set.endsWith(`-${hash}`) ? set.slice(0, -hash.length - 1) : set;
}

/**
 * What a proxy of this pod tells of its workload.
 *
 * @see Istio 1.18, pkg/kube/labels and istio/proxy `extensions/common/metadata_object.cc`
 */
export function peerOf(pod: Pod): Peer {
  const labels = pod.metadata.labels ?? {};
  const workload = workloadOf(pod);
  return {
    workload,
    namespace: pod.metadata.namespace ?? "default",
    app: labels["app"] ?? "unknown",
    version: labels["version"] ?? "unknown",
    canonicalService: labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? workload,
    canonicalRevision: labels["service.istio.io/canonical-revision"] ?? labels["app.kubernetes.io/version"] ?? labels["version"] ?? "latest",
    cluster: CLUSTER,
  };
}

/** What the control plane wrote beside the endpoint's address: app and version are not in it. */
export const fromEndpoint = (peer: Peer): Peer => ({ ...peer, app: "unknown", version: "unknown" });

/** The labels of one side of a series; a side that is not known is `unknown`, in revision `latest`. */
export function peerLabels(side: "source" | "destination", peer: Peer | undefined, principal: string | undefined): Readonly<Record<string, string>> {
  return {
    [`${side}_workload`]: peer?.workload ?? "unknown",
    [`${side}_canonical_service`]: peer?.canonicalService ?? "unknown",
    [`${side}_canonical_revision`]: peer?.canonicalRevision ?? "latest",
    [`${side}_workload_namespace`]: /\/ns\/([^/]+)\//.exec(principal ?? "")?.[1] ?? peer?.namespace ?? "unknown",
    [`${side}_principal`]: principal ?? "unknown",
    [`${side}_app`]: peer?.app ?? "unknown",
    [`${side}_version`]: peer?.version ?? "unknown",
    [`${side}_cluster`]: peer?.cluster ?? "unknown",
  };
}
