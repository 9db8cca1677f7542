import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { Diagnostic } from "@hopscope/core";
import { printFieldPath, type PathStep } from "../load/field-path.ts";
import { originOf, type Resource } from "../resource.ts";

const compiled = new WeakMap<object, ValidateFunction>();
let ajv: Ajv | undefined;

/** Checks a `hopscope/v1` document against its schema; compiling happens on first use. */
export function validate(document: Resource, schema: object): readonly Diagnostic[] {
  let check = compiled.get(schema);
  if (check === undefined) {
    ajv ??= new Ajv({ allErrors: true, allowUnionTypes: true, verbose: true });
    compiled.set(schema, (check = ajv.compile(schema)));
  }
  if (check(document)) return [];
  const errors = (check.errors ?? []).filter((error) => error.keyword !== "anyOf" || !(check.errors ?? []).some((other) => other !== error && other.instancePath.startsWith(`${error.instancePath}/`)));
  const inside = errors.filter((error) => !(error.schemaPath.includes("/anyOf/") && errors.some((other) => other.keyword === "anyOf" && other.instancePath === error.instancePath)));
  return inside.map((error) => toDiagnostic(error, document));
}

function toDiagnostic(error: ErrorObject, document: Resource): Diagnostic {
  const steps = stepsOf(error.instancePath, document);
  const { keyword, params, data } = error;
  const shown = typeof data === "string" ? `"${data}"` : Array.isArray(data) ? "a list" : typeof data === "object" && data !== null ? "a mapping" : String(data);
  const at = (more: readonly PathStep[] = []): Diagnostic["origin"] => originOf(document, printFieldPath([...steps, ...more]) || undefined);
  if (keyword === "additionalProperties") {
    const field = String(params["additionalProperty"]);
    const known = Object.keys((error.parentSchema?.["properties"] as object | undefined) ?? {});
    const near = nearest(field, known);
    return { code: "input/unknown-field", severity: "error", origin: at([field]), problem: `the field "${field}" is unknown`, expected: near === undefined ? `one of ${known.join(", ")}` : `"${near}"` };
  }
  if (keyword === "required") return { code: "input/missing-field", severity: "error", origin: at(), problem: `the field "${String(params["missingProperty"])}" is missing` };
  if (keyword === "enum") {
    const allowed = (params["allowedValues"] as readonly unknown[]).map(String);
    const near = typeof data === "string" ? nearest(data, allowed) : undefined;
    return { code: "input/wrong-value", severity: "error", origin: at(), problem: `the value is ${shown}`, expected: `${near === undefined ? "" : `"${near}", or `}one of ${allowed.join(", ")}` };
  }
  if (keyword === "type") return { code: "input/wrong-type", severity: "error", origin: at(), problem: `the value is ${shown}`, expected: [params["type"]].flat().join(" or ") };
  const description = error.parentSchema?.["description"];
  if (keyword === "anyOf" && typeof description === "string") return { code: "input/wrong-value", severity: "error", origin: at(), problem: `the value is ${shown}`, expected: description.replace(/\.$/, "").replace(/^One/, "one") };
  return { code: "input/wrong-value", severity: "error", origin: at(), problem: `the value ${shown} ${error.message ?? "is wrong"}`, expected: typeof description === "string" ? description.replace(/\.$/, "") : undefined };
}

/** JSON pointer to steps; digits are indices where the document has a list. */
function stepsOf(pointer: string, document: unknown): readonly PathStep[] {
  let node: unknown = document;
  return pointer
    .split("/")
    .slice(1)
    .map((part) => {
      const key = part.replace(/~1/g, "/").replace(/~0/g, "~");
      const step = Array.isArray(node) ? Number(key) : key;
      node = typeof node === "object" && node !== null ? (node as Readonly<Record<string, unknown>>)[key] : undefined;
      return step;
    });
}

/** The candidate that fewest edits turn into `text`, when they are few. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = edits(text.toLowerCase().slice(0, 64), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
