import type { Caveat, Diagnostic, Origin } from "@hopscope/core";
import type { ClusterSpec } from "./cluster-spec.ts";
import type { Resource } from "./resource.ts";

/** The typed configuration of a cluster, each object with its origin. Made by `loadSnapshot` or `snapshotOf`. */
export interface Snapshot {
  readonly resources: readonly Resource[];
  /** What the objects do not say: the `hopscope/v1` Cluster document, completed from the objects and defaults. */
  readonly cluster: ClusterSpec;
  readonly diagnostics: readonly Diagnostic[];
  readonly caveats: readonly Caveat[];
  /** Finds line and column of an origin in its file (lazily, cached). */
  locate(origin: Origin): Origin;
}

const byKind = new WeakMap<readonly Resource[], Map<string, Resource[]>>();

/** All resources of a kind, in the order read; `group` tells apart kinds of one name (`networking.istio.io` and `gateway.networking.k8s.io` Gateways). */
export function resourcesOf(snapshot: Pick<Snapshot, "resources">, kind: string, options: { group?: string; namespace?: string } = {}): readonly Resource[] {
  let index = byKind.get(snapshot.resources);
  if (index === undefined) {
    index = new Map();
    for (const resource of snapshot.resources) {
      const list = index.get(resource.kind);
      if (list === undefined) index.set(resource.kind, [resource]);
      else list.push(resource);
    }
    byKind.set(snapshot.resources, index);
  }
  const all = index.get(kind) ?? [];
  const { group, namespace } = options;
  return group === undefined && namespace === undefined
    ? all
    : all.filter(
        (resource) =>
          (group === undefined || resource.apiVersion.split("/").slice(0, -1).join("/") === group) &&
          (namespace === undefined || resource.metadata.namespace === namespace),
      );
}
