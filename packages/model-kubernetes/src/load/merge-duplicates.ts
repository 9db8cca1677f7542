import type { Caveat } from "@hopscope/core";
import { printOrigin } from "@hopscope/core";
import { objectName, originOf, type Resource } from "../resource.ts";
import type { Snapshot } from "../snapshot.ts";
import { groupOf } from "./known-kinds.ts";

/**
 * Keeps one of each object: `oc adm inspect` writes many objects twice.
 *
 * Equal copies are one object. Copies that differ in status alone were read at two times, and the later is kept. Others contradict each
 * other: the one with the higher resourceVersion is kept, else the one read last, as applying one after the other would do; a caveat says so.
 */
export function mergeDuplicates(
  all: readonly Resource[],
  locate: Snapshot["locate"],
): { readonly resources: readonly Resource[]; readonly caveats: readonly Caveat[] } {
  const kept = new Map<string, Resource>();
  const caveats: Caveat[] = [];
  for (const resource of all) {
    const { namespace = "", name } = resource.metadata;
    const key = `${groupOf(resource.apiVersion)}\n${resource.kind}\n${namespace}\n${name}`;
    const first = kept.get(key);
    if (first === undefined) kept.set(key, resource);
    else if (!sameFields(first, resource, ["status"])) {
      const later = version(first) > version(resource) ? first : resource;
      const other = later === first ? resource : first;
      kept.set(key, later);
      caveats.push({ code: "input/object-defined-twice", problem: `${objectName(resource)} is defined at ${printOrigin(locate(originOf(other)))} and, with other values, at ${printOrigin(locate(originOf(later)))}, which is used`, origin: locate(originOf(later)) });
    } else if (!sameFields(first, resource, [])) {
      const later = version(resource) > version(first) ? resource : first;
      kept.set(key, later);
      caveats.push({ code: "kubernetes/status-read-twice", problem: `${objectName(resource)} was read twice with another status; the later one is kept`, origin: originOf(later) });
    }
  }
  return { resources: [...kept.values()], caveats };
}

const version = (resource: Resource): number => Number((resource.metadata as { readonly resourceVersion?: unknown }).resourceVersion ?? 0) || 0;

const BOOKKEEPING = new Set(["resourceVersion", "generation", "managedFields", "selfLink"]);

function sameFields(one: Resource, other: Resource, without: readonly string[]): boolean {
  const strip = (resource: Resource): unknown => {
    const metadata = Object.fromEntries(Object.entries(resource.metadata).filter(([key]) => !BOOKKEEPING.has(key)));
    return Object.fromEntries(Object.entries({ ...resource, metadata }).filter(([key, value]) => !without.includes(key) && value !== undefined));
  };
  return equal(strip(one), strip(other));
}

function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => key in other && equal((one as Readonly<Record<string, unknown>>)[key], (other as Readonly<Record<string, unknown>>)[key]));
}
