import type { PathStep } from "./field-path.ts";

/** What is wrong in a JSON text, at an offset. */
export interface JsonTrouble {
  readonly code: "input/json-syntax" | "input/duplicate-key" | "input/too-deep";
  readonly offset: number;
  readonly problem: string;
}

const DEEPEST = 500;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class Fault extends Error {
  readonly trouble: JsonTrouble;
  constructor(trouble: JsonTrouble) {
    super(trouble.problem);
    this.trouble = trouble;
  }
}

const syntax = (offset: number, problem: string): never => {
  throw new Fault({ code: "input/json-syntax", offset, problem });
};

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function stringEnd(text: string, at: number): number {
  for (let next = at + 1; next < text.length; next++) {
    const code = text.charCodeAt(next);
    if (code === 0x22) return next + 1;
    if (code === 0x5c) next++;
    else if (code < 0x20) return syntax(next, "a string holds a raw control character");
  }
  return syntax(at, "a string has no end");
}

const found = (text: string, at: number): string => (at >= text.length ? "the text ends" : `"${text[at] ?? ""}" stands`);

type Visit = (step: PathStep, start: number, value: number) => boolean;

/** Walks over one value and returns its end; `visit` is told each member and says whether to go on. */
function walk(text: string, at: number, depth: number, visit: Visit | undefined): number {
  if (depth > DEEPEST) throw new Fault({ code: "input/too-deep", offset: at, problem: `the text is nested deeper than ${DEEPEST} levels` });
  const opener = text[at];
  if (opener === '"') return stringEnd(text, at);
  if (opener === "{" || opener === "[") return walkMembers(text, at, depth, visit);
  for (const word of ["true", "false", "null"]) if (text.startsWith(word, at)) return at + word.length;
  NUMBER.lastIndex = at;
  if (NUMBER.test(text)) return NUMBER.lastIndex;
  return syntax(at, `${found(text, at)} where a value is expected`);
}

function walkMembers(text: string, at: number, depth: number, visit: Visit | undefined): number {
  const object = text[at] === "{";
  const closer = object ? "}" : "]";
  const keys = new Set<string>();
  let next = skipSpace(text, at + 1);
  if (text[next] === closer) return next + 1;
  for (let index = 0; ; index++) {
    let step: PathStep = index;
    const start = next;
    if (object) {
      if (text[next] !== '"') syntax(next, `${found(text, next)} where a key in double quotes is expected`);
      const end = stringEnd(text, next);
      const raw = text.slice(next + 1, end - 1);
      try {
        step = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
      } catch {
        syntax(next, "a key holds an escape that JSON does not know");
      }
      if (keys.has(step as string)) throw new Fault({ code: "input/duplicate-key", offset: next, problem: `the key "${step}" stands twice in one object` });
      keys.add(step as string);
      next = skipSpace(text, end);
      if (text[next] !== ":") syntax(next, `${found(text, next)} where ":" is expected`);
      next = skipSpace(text, next + 1);
    }
    if (visit !== undefined && !visit(step, start, next)) return next;
    next = skipSpace(text, walk(text, next, depth + 1, undefined));
    if (text[next] === closer) return next + 1;
    if (text[next] !== ",") syntax(next, `${found(text, next)} where "," or "${closer}" is expected`);
    next = skipSpace(text, next + 1);
  }
}

/** One JSON document of a text. */
export interface JsonDocument {
  readonly start: number;
  readonly value: unknown;
}

/** Reads a text of one or several JSON documents; stops at the first trouble. */
export function readJson(text: string): { readonly documents: readonly JsonDocument[]; readonly trouble?: JsonTrouble } {
  const documents: JsonDocument[] = [];
  let at = skipSpace(text, 0);
  try {
    while (at < text.length) {
      const end = walk(text, at, 0, undefined);
      try {
        documents.push({ start: at, value: JSON.parse(text.slice(at, end)) as unknown });
      } catch (error) {
        syntax(at, error instanceof Error ? error.message : "the text is no JSON");
      }
      at = skipSpace(text, end);
    }
  } catch (error) {
    if (error instanceof Fault) return { documents, trouble: error.trouble };
    throw error;
  }
  return { documents };
}

/** Offset of the field at `steps` below the value at `start`, or of its deepest parent that is there. */
export function findInJson(text: string, start: number, steps: readonly PathStep[]): number {
  let place = start;
  let value = start;
  let rest = steps;
  while (rest.length > 0) {
    let taken = 0;
    const opener = text[value];
    if (opener !== "{" && opener !== "[") break;
    const wanted = rest;
    walkMembers(text, value, 0, (step, memberStart, memberValue) => {
      taken = matchingSteps(step, wanted);
      if (taken === 0) return true;
      place = memberStart;
      value = memberValue;
      return false;
    });
    if (taken === 0) break;
    rest = rest.slice(taken);
  }
  return place;
}

/** How many of the wanted steps a key stands for: keys with dots may have been split. */
export function matchingSteps(key: PathStep, wanted: readonly PathStep[]): number {
  if (key === wanted[0]) return 1;
  if (typeof key !== "string" || !key.includes(".")) return 0;
  let joined = "";
  for (const [index, step] of wanted.entries()) {
    joined = index === 0 ? String(step) : `${joined}.${step}`;
    if (joined === key) return index + 1;
    if (!key.startsWith(joined)) return 0;
  }
  return 0;
}
