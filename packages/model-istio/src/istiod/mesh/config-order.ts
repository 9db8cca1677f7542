import type { Resource } from "@hopscope/model-kubernetes";
import type { Labels } from "../types.ts";

/** Oldest first, then by `name.namespace`: the order in which istiod lets objects win. @see istio 1.18 pilot/pkg/model/config.go sortConfigByCreationTime */
export function byAge(a: Resource, b: Resource): number {
  const at = a.metadata.creationTimestamp ?? "";
  const bt = b.metadata.creationTimestamp ?? "";
  if (at !== bt) return at < bt ? -1 : 1;
  const an = `${a.metadata.name}.${a.metadata.namespace ?? ""}`;
  const bn = `${b.metadata.name}.${b.metadata.namespace ?? ""}`;
  return an < bn ? -1 : an > bn ? 1 : 0;
}

/** Says whether every label of `selector` stands in `labels`; an empty selector selects all. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

/** Says whether an object of `home` is visible in `namespace`. @see istio.io/v1.18 exportTo */
export function visibleIn(exportTo: readonly string[], home: string, namespace: string): boolean {
  if (exportTo.includes("~")) return false;
  if (exportTo.includes("*")) return true;
  return exportTo.some((entry) => (entry === "." ? home : entry) === namespace);
}

export const istioConfigName = (kind: string, resource: Resource): string =>
  `/apis/networking.istio.io/v1alpha3/namespaces/${resource.metadata.namespace ?? ""}/${kind}/${resource.metadata.name}`;

/** Removes undefined fields, at every depth, so that the result compares as proto3 JSON; what has none is kept as it is. */
export function prune<T>(value: T): T {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => prune(item));
    return items.every((item, index) => item === value[index]) ? value : (items as T);
  }
  if (typeof value !== "object" || value === null) return value;
  let out: Record<string, unknown> | undefined;
  for (const [key, item] of Object.entries(value)) {
    const kept: unknown = prune(item);
    if (kept === item && item !== undefined) continue;
    const copy: Record<string, unknown> = out ?? { ...(value as Record<string, unknown>) };
    if (item === undefined) delete copy[key];
    else copy[key] = kept;
    out = copy;
  }
  return out === undefined ? value : (out as T);
}
