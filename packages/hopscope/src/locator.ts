import type { Origin } from "@hopscope/core";
import { objectName, originOf, type Resource, type Snapshot } from "@hopscope/model-kubernetes";

const named = new WeakMap<readonly Resource[], ReadonlyMap<string, Resource>>();

function byName({ resources }: Snapshot): ReadonlyMap<string, Resource> {
  let index = named.get(resources);
  if (index === undefined) named.set(resources, (index = new Map(resources.map((resource) => [objectName(resource), resource]))));
  return index;
}

/**
 * Finds the file and line of an origin. One that names an object alone, as a program that came back from a proxy's JSON
 * has it, is that of the object of this name.
 */
export function located(snapshot: Snapshot, origin: Origin): Origin {
  if (origin.file !== undefined) return snapshot.locate(origin);
  const resource = byName(snapshot).get(origin.object);
  return snapshot.locate(resource === undefined ? origin : originOf(resource, origin.path));
}
