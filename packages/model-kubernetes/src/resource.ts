import type { Origin } from "@hopscope/core";

/** Key under which a loaded resource keeps where it was read from; survives spread and immer, is never printed. */
export const SOURCE: unique symbol = Symbol.for("hopscope.source");

export interface Source {
  readonly file: string;
  /** Index of the YAML document in the file, from 0. */
  readonly document: number;
  /** Index in a List's items, from 0. */
  readonly item?: number;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid?: string }[];
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

/** A Kubernetes object as the API would return it. `spec`, `status` and the rest are read by the models that know the kind. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  // The shape depends on the kind; each model narrows it with an interface of its own.
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
  readonly [SOURCE]?: Source;
}

/** `Kind namespace/name` or `Kind name`. */
export function objectName(resource: Pick<Resource, "kind" | "metadata">): string {
  const { namespace, name } = resource.metadata;
  return `${resource.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** The origin of a resource, or of one field of it (`spec.http[0].route[1]`). */
export function originOf(resource: Resource, path?: string): Origin {
  const source = resource[SOURCE];
  return { object: objectName(resource), path, file: source?.file, document: source?.document, item: source?.item };
}
