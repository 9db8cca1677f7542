import type { Resource } from "../resource.ts";
import type { ClusterSpec } from "../cluster-spec.ts";
import type { Snapshot } from "../snapshot.ts";
import { completeCluster } from "../cluster/complete-cluster.ts";
import { unknownKinds } from "./load-snapshot.ts";

/**
 * Makes a snapshot of objects at hand, for tests and for programs that have them already.
 *
 * @example
 * const snapshot = snapshotOf([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } }]);
 */
export function snapshotOf(resources: readonly Resource[], cluster: Partial<ClusterSpec> = {}): Snapshot {
  const completed = completeCluster([{ name: cluster.name, spec: cluster }], resources);
  return {
    resources,
    cluster: completed.cluster,
    diagnostics: completed.diagnostics,
    caveats: [...unknownKinds(resources), ...completed.caveats],
    locate: (origin) => origin,
  };
}
