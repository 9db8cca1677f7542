import { createRequire } from "node:module";
import type { Document, ParsedNode } from "yaml";
import type { PathStep } from "./field-path.ts";
import { findInBlockYaml } from "./find-in-block-yaml.ts";
import { matchingSteps } from "./json-text.ts";

let loaded: typeof import("yaml") | undefined;

/** The parser with positions is large and seldom needed: it is loaded on first use. */
const parser = (): typeof import("yaml") => (loaded ??= createRequire(import.meta.url)("yaml") as typeof import("yaml"));

type Positioned = Document.Parsed<ParsedNode>;

/** Finds the offset of fields in a piece of YAML: quickly where it is of the plain form that programs print, else by a parse with positions. */
export function findInYaml(text: string): (part: number, steps: readonly PathStep[]) => number | undefined {
  const slow = findByParsing(text);
  let quick: ((steps: readonly PathStep[]) => number | undefined) | undefined;
  return (part, steps) => (part === 0 ? (quick ??= findInBlockYaml(text))(steps) : undefined) ?? slow(part, steps);
}

/** The same by parsing the piece with positions, on first use; slow. @internal */
export function findByParsing(text: string): (part: number, steps: readonly PathStep[]) => number | undefined {
  let parsed: readonly Positioned[] | undefined;
  return (part, steps) => {
    parsed ??= parse(text);
    const document = parsed[part] ?? parsed[0];
    return document === undefined ? undefined : offsetOf(document, steps);
  };
}

function parse(text: string): readonly Positioned[] {
  const documents = parser().parseAllDocuments(text, { keepSourceTokens: false, uniqueKeys: false, logLevel: "silent", merge: true });
  return Array.isArray(documents) ? (documents as readonly Positioned[]) : [];
}

function offsetOf(document: Positioned, steps: readonly PathStep[]): number | undefined {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0];
  let rest = steps;
  while (rest.length > 0) {
    if (parser().isAlias(node)) node = node.resolve(document);
    const member = memberOf(node, rest);
    if (member === undefined) break;
    offset = member.offset ?? offset;
    node = member.value;
    rest = rest.slice(member.taken);
  }
  return offset;
}

function memberOf(node: unknown, wanted: readonly PathStep[]): { readonly value: unknown; readonly offset?: number; readonly taken: number } | undefined {
  const { isMap, isScalar, isSeq } = parser();
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const taken = key === undefined ? 0 : matchingSteps(String(key.value), wanted);
      if (taken > 0) return { value: pair.value, offset: key?.range?.[0], taken };
    }
    return undefined;
  }
  const step = wanted[0];
  if (!isSeq(node) || typeof step !== "number") return undefined;
  const entry = node.items[step];
  const range = typeof entry === "object" && entry !== null && "range" in entry ? (entry.range as readonly number[] | undefined) : undefined;
  return entry === undefined ? undefined : { value: entry, offset: range?.[0], taken: 1 };
}
