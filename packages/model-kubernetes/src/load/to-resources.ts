import type { PathStep } from "./field-path.ts";
import type { Resource } from "../resource.ts";

/** Trouble with the envelope of an object. */
export interface EnvelopeTrouble {
  readonly code: "input/not-an-object" | "input/missing-field" | "input/wrong-type" | "input/wrong-value";
  readonly object: string;
  readonly item?: number;
  readonly path: readonly PathStep[];
  readonly problem: string;
  readonly expected?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const nameOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "a mapping" : typeof value === "string" ? "text" : `${typeof value} ${String(value)}`);

/** Takes a document apart into objects: one, or the items of a List. */
export function toResources(value: unknown): { readonly resources: readonly { readonly resource: Resource; readonly item?: number }[]; readonly troubles: readonly EnvelopeTrouble[] } {
  const resources: { resource: Resource; item?: number }[] = [];
  const troubles: EnvelopeTrouble[] = [];
  const take = (candidate: unknown, item?: number): void => {
    const trouble = envelopeTrouble(candidate);
    if (trouble === undefined) resources.push({ resource: candidate as Resource, item });
    else troubles.push({ ...trouble, item });
  };
  if (isFields(value) && isList(value)) {
    const items = value["items"] ?? [];
    if (!Array.isArray(items)) troubles.push({ code: "input/wrong-type", object: String(value["kind"]), path: ["items"], problem: `items is ${nameOf(items)}`, expected: "a list" });
    else for (const [index, entry] of items.entries()) take(completeItem(entry, value), index);
  } else take(value);
  return { resources, troubles };
}

const isList = (value: Fields): boolean => {
  const kind = value["kind"];
  return typeof kind === "string" && (kind === "List" || (kind.endsWith("List") && "items" in value && !isNamed(value)));
};

const isNamed = (value: Fields): boolean => isFields(value["metadata"]) && typeof value["metadata"]["name"] === "string";

/** Items of typed lists (`PodList`) may leave out what the list says. */
function completeItem(entry: unknown, list: Fields): unknown {
  const kind = list["kind"];
  if (!isFields(entry) || typeof kind !== "string" || kind === "List") return entry;
  if (entry["kind"] !== undefined && entry["apiVersion"] !== undefined) return entry;
  return { apiVersion: list["apiVersion"], kind: kind.slice(0, -"List".length), ...entry };
}

function envelopeTrouble(value: unknown): Omit<EnvelopeTrouble, "item"> | undefined {
  if (!isFields(value)) return { code: "input/not-an-object", object: "", path: [], problem: `the document is ${nameOf(value)}`, expected: "a Kubernetes object" };
  const object = typeof value["kind"] === "string" ? value["kind"] : "";
  for (const field of ["apiVersion", "kind"] as const) {
    const text = value[field];
    if (text === undefined || text === null || text === "") return { code: "input/missing-field", object, path: [field], problem: `${field} is missing` };
    if (typeof text !== "string") return { code: "input/wrong-type", object, path: [field], problem: `${field} is ${nameOf(text)}`, expected: "text" };
  }
  const metadata = value["metadata"];
  if (metadata === undefined || metadata === null) return { code: "input/missing-field", object, path: [], problem: "metadata.name is missing" };
  if (!isFields(metadata)) return { code: "input/wrong-type", object, path: ["metadata"], problem: `metadata is ${nameOf(metadata)}`, expected: "a mapping" };
  return metadataTrouble(metadata, object) ?? bodyTrouble(value, `${object} ${String(metadata["name"])}`);
}

function metadataTrouble(metadata: Fields, object: string): Omit<EnvelopeTrouble, "item"> | undefined {
  const name = metadata["name"];
  if (name === undefined || name === null || name === "") return { code: "input/missing-field", object, path: ["metadata"], problem: "metadata.name is missing" };
  if (typeof name !== "string") return { code: "input/wrong-type", object, path: ["metadata", "name"], problem: `metadata.name is ${nameOf(name)}`, expected: "text; put it in quotes" };
  if (!isPathSegment(name)) return { code: "input/wrong-value", object: `${object} ${name}`, path: ["metadata", "name"], problem: `"${name}" is no name that the API takes`, expected: 'a name without "/" and "%"' };
  const namespace = metadata["namespace"];
  if (typeof namespace === "string" && !isPathSegment(namespace)) return { code: "input/wrong-value", object: `${object} ${name}`, path: ["metadata", "namespace"], problem: `"${namespace}" is no name that the API takes`, expected: 'a name without "/" and "%"' };
  if (namespace !== undefined && namespace !== null && typeof namespace !== "string") {
    return { code: "input/wrong-type", object: `${object} ${name}`, path: ["metadata", "namespace"], problem: `metadata.namespace is ${nameOf(namespace)}`, expected: "text; put it in quotes" };
  }
  for (const field of ["labels", "annotations"] as const) {
    const map = metadata[field] ?? {};
    if (!isFields(map)) return { code: "input/wrong-type", object: `${object} ${name}`, path: ["metadata", field], problem: `metadata.${field} is ${nameOf(map)}`, expected: "a mapping" };
    for (const [key, text] of Object.entries(map)) {
      if (typeof text !== "string" && text !== null) {
        return { code: "input/wrong-type", object: `${object} ${name}`, path: ["metadata", field, key], problem: `the value of "${key}" is ${nameOf(text)}`, expected: "text; put it in quotes" };
      }
    }
  }
  const owners = metadata["ownerReferences"] ?? [];
  if (!Array.isArray(owners) || !owners.every(isFields)) {
    return { code: "input/wrong-type", object: `${object} ${name}`, path: ["metadata", "ownerReferences"], problem: "metadata.ownerReferences is no list of mappings", expected: "a list of mappings" };
  }
  for (const [index, owner] of owners.entries()) {
    for (const field of ["name", "kind"]) {
      const value = owner[field];
      if (value === undefined || typeof value === "string") continue;
      return { code: "input/wrong-type", object: `${object} ${name}`, path: ["metadata", "ownerReferences", index], problem: `the owner's ${field} is ${nameOf(value)}`, expected: "text; put it in quotes" };
    }
  }
  for (const field of ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"]) {
    const value = metadata[field];
    if (value !== undefined && value !== null && typeof value !== "string") return { code: "input/wrong-type", object: `${object} ${name}`, path: ["metadata", field], problem: `metadata.${field} is ${nameOf(value)}`, expected: "text; put it in quotes" };
  }
  return undefined;
}

/** The API refuses names that would change a path: `.`, `..`, and those with a slash or a percent sign. */
const isPathSegment = (name: string): boolean => name !== "." && name !== ".." && !/[/%]/.test(name);

/** `spec` and `status` are mappings in every kind that a model reads. */
function bodyTrouble(value: Fields, object: string): Omit<EnvelopeTrouble, "item"> | undefined {
  for (const field of ["spec", "status"]) {
    const body = value[field];
    if (body !== undefined && body !== null && !isFields(body)) return { code: "input/wrong-type", object, path: [field], problem: `${field} is ${nameOf(body)}`, expected: "a mapping" };
  }
  return undefined;
}

/** `null` stands for "not said" in labels and annotations, and namespaces and specs left empty are left out. */
export function normalize(resource: Resource): Resource {
  let result: Resource = resource;
  const { metadata } = resource;
  const blank = metadata.namespace === null || metadata.namespace === "" || metadata.labels === null || metadata.annotations === null;
  const nulls = [metadata.labels, metadata.annotations].some((map) => map !== undefined && map !== null && Object.values(map).some((text) => text === null));
  if (blank || nulls) {
    const { namespace, labels, annotations, ...rest } = metadata;
    result = { ...result, metadata: { ...rest, ...(namespace ? { namespace } : {}), ...(labels ? { labels: texts(labels) } : {}), ...(annotations ? { annotations: texts(annotations) } : {}) } };
  }
  for (const field of ["spec", "status"]) {
    const body = result[field] === null ? undefined : withoutNulls(result[field]);
    if (body !== result[field]) result = { ...result, [field]: body };
  }
  return result;
}

/** A field that is null is one that is not said. Copies only what changes. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const entries = value as readonly unknown[];
    const copy = entries.map(withoutNulls);
    return copy.some((entry, index) => entry !== entries[index]) ? copy : value;
  }
  const entries = Object.entries(value);
  const copy = entries.flatMap(([key, entry]): readonly (readonly [string, unknown])[] => (entry === null ? [] : [[key, withoutNulls(entry)]]));
  return copy.length === entries.length && copy.every(([, entry], index) => entry === entries[index]?.[1]) ? value : Object.fromEntries(copy);
}

const texts = (map: Readonly<Record<string, string | null>>): Record<string, string> => Object.fromEntries(Object.entries(map).map(([key, text]) => [key, text ?? ""]));
