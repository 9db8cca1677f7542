import type { PathStep } from "./field-path.ts";
import { matchingSteps } from "./json-text.ts";

interface Line {
  /** Offset of its first character, and how far its content is indented. */
  readonly at: number;
  readonly indent: number;
  /** From its content to its end. */
  readonly text: string;
}

/** Where a search goes on: at a line, whose content is taken from a column on. */
interface Position {
  readonly line: number;
  readonly column: number;
}

const KEY = /^(?:([A-Za-z0-9_.$/-]+)|"([^"\\]*)"|'([^']*)')[ ]*:(?=[ ]|$)/;
const OPAQUE = /^[{[&*!|>?%@`]/;

/**
 * Finds the offset of a field in YAML of the plain form that programs print: blocks, plain keys, no anchors on the way.
 *
 * It gives what `findInYaml` would, or `undefined` where the text is not of that form; a full parse with positions takes many times as long.
 */
export function findInBlockYaml(text: string): (steps: readonly PathStep[]) => number | undefined {
  if (text.includes("\t") || text.includes("\r")) return () => undefined;
  const lines = linesOf(text);
  const start = lines.findIndex(({ text: content }) => !/^(?:#|$|---[ ]*(?:#.*)?$)/.test(content));
  if (start === -1 || lines.some(({ text: content, indent }, index) => index >= start && indent === 0 && /^(?:---|\.\.\.)/.test(content))) return () => undefined;
  const first = lines[start];
  if (first === undefined || OPAQUE.test(first.text) || first.text.startsWith("---")) return () => undefined;
  return (steps) => offsetFrom(lines, { line: start, column: first.indent }, steps);
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  for (let at = 0; at <= text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline;
    let indent = 0;
    while (text[at + indent] === " ") indent++;
    lines.push({ at, indent, text: text.slice(Math.min(at + indent, end), end).trimEnd() });
    at = end + 1;
  }
  return lines;
}

const isBlank = (line: Line): boolean => line.text === "" || line.text.startsWith("#");
const isItem = (content: string): boolean => content === "-" || content.startsWith("- ");

/** The offset of the innermost field of a path that is there; `undefined` where the form is not understood. */
function offsetFrom(lines: readonly Line[], from: Position, steps: readonly PathStep[]): number | undefined {
  const line = lines[from.line];
  if (line === undefined) return undefined;
  let offset = line.at + from.column;
  let position: Position | undefined = from;
  let rest = steps;
  while (rest.length > 0 && position !== undefined) {
    const content = contentAt(lines, position);
    const found: Member | "end" | undefined = isItem(content) ? itemOf(lines, position, rest) : fieldOf(lines, position, rest);
    if (found === undefined) return undefined;
    if (found === "end") return offset;
    offset = found.offset;
    rest = rest.slice(found.taken);
    position = rest.length === 0 ? undefined : found.value;
    if (rest.length > 0 && found.opaque) return undefined;
  }
  return offset;
}

const contentAt = (lines: readonly Line[], { line, column }: Position): string => {
  const { text, indent } = lines[line] ?? { text: "", indent: 0 };
  return text.slice(column - indent);
};

interface Member {
  readonly offset: number;
  readonly taken: number;
  /** Where its value begins, if it is a block. */
  readonly value?: Position;
  /** The value is of a form that is not read here. */
  readonly opaque: boolean;
}

function fieldOf(lines: readonly Line[], from: Position, wanted: readonly PathStep[]): Member | "end" | undefined {
  for (let index = from.line; index < lines.length; index++) {
    const line = lines[index];
    if (line === undefined) break;
    const own = index === from.line;
    if (!own && (isBlank(line) || line.indent > from.column || (line.indent === from.column && isItem(line.text)))) continue;
    if (!own && line.indent < from.column) return "end";
    const content = own ? contentAt(lines, from) : line.text;
    const match = KEY.exec(content);
    if (match === null) return index === from.line ? (OPAQUE.test(content) ? undefined : scalarOrUnknown(content)) : undefined;
    const key = match[1] ?? match[2] ?? match[3] ?? "";
    if (key === "<<") return undefined;
    const taken = matchingSteps(key, wanted);
    if (taken === 0) continue;
    const after = content.slice(match[0].length).replace(/^ +/, "").replace(/^#.*$/, "");
    return { offset: line.at + from.column, taken, value: after === "" ? blockAfter(lines, index, from.column) : undefined, opaque: after !== "" && OPAQUE.test(after) };
  }
  return "end";
}

/** A plain scalar where a mapping was looked for: the path ends before it. */
const scalarOrUnknown = (content: string): "end" | undefined => (content.includes(": ") || content.endsWith(":") ? undefined : "end");

function itemOf(lines: readonly Line[], from: Position, wanted: readonly PathStep[]): Member | "end" | undefined {
  const step = wanted[0];
  if (typeof step !== "number") return "end";
  let seen = -1;
  for (let index = from.line; index < lines.length; index++) {
    const line = lines[index];
    if (line === undefined) break;
    const own = index === from.line;
    if (!own && (isBlank(line) || line.indent > from.column)) continue;
    const content = own ? contentAt(lines, from) : line.text;
    if ((!own && line.indent < from.column) || !isItem(content)) return "end";
    seen++;
    if (seen !== step) continue;
    const inner = content.slice(1).replace(/^ +/, "");
    if (inner === "" || inner.startsWith("#") || /^[&*!?]/.test(inner)) return undefined;
    const column = from.column + (content.length - inner.length);
    return { offset: line.at + column, taken: 1, value: { line: index, column }, opaque: OPAQUE.test(inner) };
  }
  return "end";
}

/** The block below a key: deeper, or a list at its own depth; nothing where the key has no value. */
function blockAfter(lines: readonly Line[], index: number, indent: number): Position | undefined {
  for (let next = index + 1; next < lines.length; next++) {
    const line = lines[next];
    if (line === undefined || isBlank(line)) continue;
    return line.indent > indent || (line.indent === indent && isItem(line.text)) ? { line: next, column: line.indent } : undefined;
  }
  return undefined;
}
