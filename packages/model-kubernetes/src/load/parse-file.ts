import type { PathStep } from "./field-path.ts";
import { findInJson, readJson } from "./json-text.ts";
import { lineIndex, type Place } from "./line-index.ts";
import { findInYaml } from "./find-in-yaml.ts";
import { readYaml } from "./yaml-text.ts";

/** A text with the name it is spoken of; the caller has read it. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Trouble that keeps a text from being read. */
export interface TextTrouble extends Place {
  readonly code: string;
  readonly problem: string;
}

/** A parsed file: the values of its documents, and where a field of one of them stands. */
export interface ParsedFile {
  readonly documents: readonly unknown[];
  readonly troubles: readonly TextTrouble[];
  find(document: number, steps: readonly PathStep[]): Place | undefined;
}

/** Reads JSON or YAML, told apart by the file's name and then by its first character. */
export function parseFile(file: SourceFile): ParsedFile {
  const text = file.text.startsWith("\uFEFF") ? file.text.slice(1) : file.text;
  if (/\.json$/i.test(file.name)) return parseJson(text);
  if (!/^\s*[{[]/.test(text)) return parseYaml(text);
  const json = parseJson(text);
  if (json.troubles.every((trouble) => trouble.code !== "input/json-syntax")) return json;
  // A flow mapping may open a YAML document as well.
  const yaml = parseYaml(text);
  return yaml.troubles.length === 0 || !/^\s*[{[]\s*["{[]/.test(text) ? yaml : json;
}

function parseJson(text: string): ParsedFile {
  const { documents, trouble } = readJson(text);
  let place: ((offset: number) => Place) | undefined;
  const at = (offset: number): Place => (place ??= lineIndex(text))(offset);
  return {
    documents: documents.map((document) => document.value),
    troubles: trouble === undefined ? [] : [{ code: trouble.code, problem: trouble.problem, ...at(trouble.offset) }],
    find: (index, steps) => {
      const document = documents[index];
      return document === undefined ? undefined : at(findInJson(text, document.start, steps));
    },
  };
}

function parseYaml(text: string): ParsedFile {
  const { documents, troubles } = readYaml(text);
  let place: ((offset: number) => Place) | undefined;
  const at = (offset: number): Place => (place ??= lineIndex(text))(offset);
  const finders = new Map<number, (part: number, steps: readonly PathStep[]) => number | undefined>();
  return {
    documents: documents.map((document) => document.value),
    troubles,
    find: (index, steps) => {
      const document = documents[index];
      if (document === undefined) return undefined;
      let find = finders.get(document.start);
      if (find === undefined) finders.set(document.start, (find = findInYaml(text.slice(document.start, document.end))));
      return at(document.start + (find(document.part, steps) ?? 0));
    },
  };
}
