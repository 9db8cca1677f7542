import type { Caveat } from "@hopscope/core";
import type { Resource } from "../resource.ts";
import { deriveServices, deriveSlices } from "../service/derive-services.ts";
import type { Snapshot } from "../snapshot.ts";
import { deriveNamespaces } from "./derive-namespaces.ts";
import { deriveNodes } from "./derive-nodes.ts";
import { derivePods } from "./derive-pods.ts";

/**
 * Completes a snapshot with what a GitOps folder does not hold: nodes, pods and their addresses, cluster addresses, endpoints, namespaces.
 *
 * Each assumption is a caveat `assumed/…`; what the snapshot states is never changed, and a complete one comes back as it is.
 * The same snapshot gives the same assumptions.
 */
export function completeSnapshot<S extends Snapshot>(snapshot: S): S {
  const caveats: Caveat[] = [];
  let resources = replace(snapshot.resources, deriveNamespaces(snapshot, caveats));
  const nodes = deriveNodes({ ...snapshot, resources }, caveats);
  resources = replace(resources, nodes);
  resources = replace(resources, derivePods({ ...snapshot, resources }, nodes, caveats));
  resources = replace(resources, deriveServices({ ...snapshot, resources }, caveats));
  resources = replace(resources, deriveSlices({ ...snapshot, resources }, caveats));
  return resources === snapshot.resources ? snapshot : { ...snapshot, resources, caveats: [...snapshot.caveats, ...caveats] };
}

const keyOf = ({ apiVersion, kind, metadata }: Resource): string => `${apiVersion}\n${kind}\n${metadata.namespace ?? ""}\n${metadata.name}`;

/** Puts changed objects where their originals stood and new ones at the end. */
function replace(resources: readonly Resource[], made: readonly Resource[]): readonly Resource[] {
  const next = new Map(made.map((resource) => [keyOf(resource), resource]));
  let changed = false;
  const result = resources.map((resource) => {
    const key = keyOf(resource);
    const replacement = next.get(key);
    next.delete(key);
    if (replacement === undefined || replacement === resource) return resource;
    changed = true;
    return replacement;
  });
  return changed || next.size > 0 ? [...result, ...next.values()] : resources;
}
