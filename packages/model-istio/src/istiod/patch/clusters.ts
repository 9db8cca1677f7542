import type { ClusterMatch, Patch, PatchContext } from "./envoy-filters.ts";
import { patchesFor } from "./envoy-filters.ts";
import { mergeMessage, mergePacked } from "./proto-merge.ts";
import type { Json } from "../types.ts";

function clusterMatches(cluster: Json, match: ClusterMatch | undefined, hosts: readonly string[]): boolean {
  if (match === undefined) return true;
  const name = String(cluster["name"]);
  if ((match.name ?? "") !== "") return match.name === name;
  const parts = name.startsWith("outbound_.") ? name.split("_.") : name.split("|");
  const [direction, port = "0", subset = "", host = ""] = parts.length >= 4 ? parts : [];
  const own = direction === "inbound" && hosts.length > 0 ? hosts : [host];
  if ((match.subset ?? "") !== "" && match.subset !== subset) return false;
  if ((match.service ?? "") !== "" && !own.includes(match.service ?? "")) return false;
  return (match.portNumber ?? 0) === 0 || match.portNumber === Number(port);
}

/** Merges a cluster; a transport socket goes into the first socket of its name, and then nothing else is merged. */
function mergeCluster(cluster: Json, value: Json): void {
  const other = value["transportSocket"] as Json | undefined;
  if (other === undefined) { mergeMessage(cluster, value); return; }
  const matches = (cluster["transportSocketMatches"] ?? []) as { readonly transportSocket?: Json }[];
  const own = matches.length > 0 ? matches.find((entry) => entry.transportSocket?.["name"] === other["name"])?.transportSocket : cluster["transportSocket"] as Json | undefined;
  if (matches.length > 0 && own === undefined) return;
  if (own === undefined || own["name"] !== other["name"]) cluster["transportSocket"] = structuredClone(other);
  else if (own["typedConfig"] !== undefined && other["typedConfig"] !== undefined) mergePacked(own["typedConfig"] as Json, other["typedConfig"] as Json);
}

/**
 * Applies EnvoyFilter patches to the clusters of one direction; changes them in place.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/envoyfilter/cluster_patch.go
 */
export function patchClusters(patches: readonly Patch[], context: PatchContext, clusters: readonly Json[], hostsOf: (cluster: Json) => readonly string[]): Json[] {
  const here = patchesFor(patches, "CLUSTER", context);
  const kept = clusters.filter((cluster) => {
    const own = here.filter((patch) => clusterMatches(cluster, patch.cluster, hostsOf(cluster)));
    if (own.some((patch) => patch.operation === "REMOVE")) return false;
    for (const patch of own) if (patch.operation === "MERGE") mergeCluster(cluster, patch.value);
    return true;
  });
  const added = here.filter((patch) => patch.operation === "ADD" && (patch.context !== "ANY" || context !== "SIDECAR_INBOUND"));
  return [...kept, ...added.map((patch) => structuredClone(patch.value))];
}
