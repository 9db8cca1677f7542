import type { Origin } from "@hopscope/core";
import type { Resource } from "@hopscope/model-kubernetes";
import { originOf } from "@hopscope/model-kubernetes";

/** A place in an object the user wrote. */
export interface Source { readonly resource: Resource; readonly path: string }

const SOURCES = new WeakMap<Resource, Source>();
const ROUTES = new WeakMap<Resource, readonly Source[]>();

/** Marks an object that istiod makes out of another one, and its HTTP routes, so that their origin is what the user wrote. */
export function madeFrom(made: Resource, resource: Resource, path: string, routes?: readonly Source[]): Resource {
  SOURCES.set(made, { resource, path });
  if (routes !== undefined) ROUTES.set(made, routes);
  return made;
}

/** The place in the user's objects that a field of an object stands for. */
export function causeOf(resource: Resource, path: string): Origin {
  const source = SOURCES.get(resource);
  return source === undefined ? originOf(resource, path) : originOf(source.resource, source.path);
}

/** Says whether istiod made the object; the cluster has no such object. */
export const isMade = (resource: Resource): boolean => SOURCES.has(resource);

/** The sources of a made VirtualService's HTTP routes, in their order. */
export const routeSources = (resource: Resource): readonly Source[] | undefined => ROUTES.get(resource);
