import { parseSubnet, addressValue } from "../workload/address-pool.ts";
import type { PathStep } from "./field-path.ts";
import { groupOf } from "./known-kinds.ts";
import type { Resource } from "../resource.ts";
import type { Shape, Shapes } from "./shape.ts";
import { annotationShapes, plainAnnotations, requiredFields, shapes } from "./shapes.ts";

/** A field of a wrong type in a kind that the models read. */
export interface ShapeTrouble {
  readonly code: "input/wrong-type" | "input/wrong-value" | "input/missing-field";
  readonly path: readonly PathStep[];
  readonly problem: string;
  readonly expected: string;
}

interface Step {
  readonly steps: readonly string[];
  readonly shape: Shape;
}

const compiled = new WeakMap<Shapes, readonly Step[]>();

function stepsOf(table: Shapes): readonly Step[] {
  let list = compiled.get(table);
  if (list === undefined) {
    list = Object.entries(table).map(([path, shape]) => ({ steps: path.replace(/\[\]/g, ".[]").split(".").filter((step) => step !== ""), shape }));
    compiled.set(table, list);
  }
  return list;
}

/** The first field of a modelled kind whose value the API would refuse; what is absent or null is not looked at. */
export function checkShape(resource: Resource): ShapeTrouble | undefined {
  const key = `${groupOf(resource.apiVersion)}/${resource.kind}`;
  const table = shapes[key];
  const found = table === undefined ? undefined : firstMisfit(resource, table);
  if (found !== undefined) return troubleOf(found, found.steps);
  return missingField(resource, key) ?? annotationTrouble(resource, key);
}

function missingField(resource: Resource, key: string): ShapeTrouble | undefined {
  for (const path of requiredFields[key] ?? []) {
    const steps = path.replace(/\[\]/g, ".[]").split(".");
    const field = steps.pop() ?? "";
    const parent = without(resource, steps, field, []);
    if (parent !== undefined) return { code: "input/missing-field", path: parent, problem: `the field "${field}" is missing`, expected: `a value for "${field}"` };
  }
  return undefined;
}

/** The first mapping at a path that lacks a field. */
function without(value: unknown, steps: readonly string[], field: string, path: readonly PathStep[]): readonly PathStep[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const [step, ...rest] = steps;
  if (step === undefined) {
    const found = (value as Readonly<Record<string, unknown>>)[field];
    return Array.isArray(value) || (found !== undefined && found !== null) ? undefined : path;
  }
  if (step !== "[]") return Object.hasOwn(value, step) ? without((value as Readonly<Record<string, unknown>>)[step], rest, field, [...path, step]) : undefined;
  if (!Array.isArray(value)) return undefined;
  for (const [index, entry] of value.entries()) {
    const found = without(entry, rest, field, [...path, index]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Annotations that OVN-Kubernetes writes are read as its own data: JSON, addresses. */
function annotationTrouble(resource: Resource, key: string): ShapeTrouble | undefined {
  const { annotations } = resource.metadata;
  if (annotations === undefined || annotations === null) return undefined;
  for (const [name, shape] of Object.entries(plainAnnotations[key] ?? {})) {
    const value = annotations[name];
    if (value !== undefined && !fits(value, shape)) return troubleOf({ steps: [], value, shape }, ["metadata", "annotations", name]);
  }
  for (const [name, table] of Object.entries(annotationShapes[key] ?? {})) {
    const text = annotations[name];
    if (text === undefined || text === null) continue;
    const path = ["metadata", "annotations", name];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { code: "input/wrong-value", path, problem: `the annotation "${name}" holds no JSON`, expected: "the value as OVN-Kubernetes writes it" };
    }
    const isList = Object.keys(table).some((one) => one.startsWith("[]"));
    if (!fits(value, isList ? "list" : "mapping")) return { code: "input/wrong-value", path, problem: `the annotation "${name}" is ${nameOf(value)}`, expected: isList ? "a JSON list" : "a JSON object" };
    const found = firstMisfit(value, table);
    if (found !== undefined) return { ...troubleOf(found, path), problem: `in the annotation "${name}", ${found.steps.join(".")} is ${nameOf(found.value)}` };
  }
  return undefined;
}

interface Misfit {
  readonly steps: readonly PathStep[];
  readonly value: unknown;
  readonly shape: Shape;
}

function troubleOf({ value, shape }: Misfit, path: readonly PathStep[]): ShapeTrouble {
  const isKind = shape === "port" ? typeof value === "number" : shape === "address" || shape === "cidr" || shape === "mac" ? typeof value === "string" : false;
  return { code: isKind ? "input/wrong-value" : "input/wrong-type", path, problem: `the value is ${nameOf(value)}`, expected: EXPECTED[shape] };
}

const EXPECTED: Readonly<Record<Shape, string>> = {
  list: "a list", mapping: "a mapping", text: "text; put it in quotes", number: "a number", boolean: "true or false", "number or text": "a number or a name",
  port: "a port number from 0 to 65535", address: "an IP address", cidr: "a network such as 10.0.0.0/8", mac: "a MAC address",
};

function firstMisfit(value: unknown, table: Shapes): Misfit | undefined {
  for (const { steps, shape } of stepsOf(table)) {
    const found = misfit(value, steps, 0, shape, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

function misfit(value: unknown, steps: readonly string[], index: number, shape: Shape, path: readonly PathStep[]): Misfit | undefined {
  if (value === undefined || value === null) return undefined;
  const step = steps[index];
  if (step === undefined) return fits(value, shape) ? undefined : { steps: path, value, shape };
  // A parent of the wrong type is found by the entry of its own.
  if (typeof value !== "object" || Array.isArray(value) !== (step === "[]")) return undefined;
  if (step !== "[]" && step !== "*") return Object.hasOwn(value, step) ? misfit((value as Readonly<Record<string, unknown>>)[step], steps, index + 1, shape, [...path, step]) : undefined;
  const entries: readonly (readonly [PathStep, unknown])[] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [key, entry] of entries) {
    if (entry === null && step === "[]") return { steps: [...path, key], value: entry, shape };
    const found = misfit(entry, steps, index + 1, shape, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fits(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case "list":
      return Array.isArray(value);
    case "mapping":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "boolean":
      return typeof value === "boolean";
    case "number or text":
      return typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
    case "port":
      return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535;
    case "address":
      return value === "" || (typeof value === "string" && addressValue(value) !== undefined);
    case "cidr":
      return value === "" || (typeof value === "string" && parseSubnet(value) !== undefined);
    case "mac":
      return typeof value === "string" && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value);
  }
}

const nameOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "a mapping" : typeof value === "string" ? `"${value.slice(0, 60)}"` : String(value));
