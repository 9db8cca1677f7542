import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Resource } from "@hopscope/model-kubernetes";
import { parseAllDocuments } from "yaml";

const base = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));

/** A corpus' folder, and whether it is here; one that is not is named once. */
export function corpus(name: string): { readonly folder: string; readonly present: boolean } {
  const folder = `${base}/${name}`;
  const present = existsSync(folder);
  if (!present) console.log(`${name} corpus not found; set HOPSCOPE_CORPORA`);
  return { folder, present };
}

/** The objects of a YAML text. */
export const objectsOf = (text: string): readonly Resource[] =>
  parseAllDocuments(text).flatMap((document) => { const value = document.toJS() as Resource | null; return value === null || value.kind === undefined ? [] : [value]; });

/** A value with sorted keys and nothing undefined, for comparison. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, plain(item)]));
}
