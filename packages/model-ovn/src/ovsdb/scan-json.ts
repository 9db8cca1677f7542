import { Trouble } from "./trouble.ts";

const QUOTE = 0x22, COMMA = 0x2c, COLON = 0x3a, OPEN_LIST = 0x5b, BACKSLASH = 0x5c, CLOSE_LIST = 0x5d, OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d;

/** OVS reads nothing that is nested deeper. @internal */
export const DEPTH_LIMIT = 1000;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const wrong = (problem: string, at: number): Trouble => new Trouble(problem, at, "ovsdb/json-syntax");

/** The place after blanks. @internal */
export function skipBlanks(bytes: Uint8Array, at: number): number {
  let index = at;
  while (index < bytes.length) {
    const byte = bytes[index];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    index++;
  }
  return index;
}

/** The place after a string whose opening quote is at `at`. */
function skipString(bytes: Uint8Array, at: number): number {
  let index = at + 1;
  for (;;) {
    index = bytes.indexOf(QUOTE, index);
    if (index === -1) throw wrong("a string does not end", at);
    let slashes = 0;
    while (bytes[index - 1 - slashes] === BACKSLASH) slashes++;
    index++;
    if (slashes % 2 === 0) return index;
  }
}

/**
 * The place after the value that starts at `at`. Only strings and brackets are looked at; whether the text between is JSON
 * shows when the value is parsed.
 *
 * @internal
 */
function skipValue(bytes: Uint8Array, at: number): number {
  let depth = 0;
  let index = at;
  while (index < bytes.length) {
    const byte = bytes[index];
    if (byte === QUOTE) {
      index = skipString(bytes, index);
      if (depth === 0) return index;
      continue;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (++depth > DEPTH_LIMIT) throw wrong(`brackets are nested more than ${DEPTH_LIMIT} deep`, at);
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      if (depth === 0) break;
      depth--;
      if (depth === 0) return index + 1;
    } else if (depth === 0 && byte === COMMA) break;
    index++;
  }
  if (depth > 0) throw wrong("a bracket is not closed", at);
  if (index === at) throw wrong("a value is expected", at);
  return index;
}

/** The value between two places. @internal */
export function parseSpan(bytes: Uint8Array, start: number, end: number): unknown {
  try {
    return JSON.parse(decoder.decode(bytes.subarray(start, end))) as unknown;
  } catch (error) {
    throw wrong(error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8", start);
  }
}

/** Whether an object starts here. @internal */
export const isObjectAt = (bytes: Uint8Array, at: number): boolean => bytes[at] === OPEN_OBJECT;

function walk(bytes: Uint8Array, at: number, close: number, entry: (at: number) => number): number {
  let index = skipBlanks(bytes, at + 1);
  if (bytes[index] === close) return index + 1;
  for (;;) {
    index = skipBlanks(bytes, entry(index));
    const byte = bytes[index];
    index = skipBlanks(bytes, index + 1);
    if (byte === close) return index;
    if (byte !== COMMA) throw wrong(`"," or "${String.fromCharCode(close)}" is expected`, index - 1);
  }
}

/** Visits the members of the object at `at`; the place after it. @internal */
export function eachMember(bytes: Uint8Array, at: number, visit: (key: string, start: number, end: number, keyAt: number) => void): number {
  if (bytes[at] !== OPEN_OBJECT) throw wrong("an object is expected", at);
  return walk(bytes, at, CLOSE_OBJECT, (keyAt) => {
    if (bytes[keyAt] !== QUOTE) throw wrong("a name in quotes is expected", keyAt);
    const keyEnd = skipString(bytes, keyAt);
    const colon = skipBlanks(bytes, keyEnd);
    if (bytes[colon] !== COLON) throw wrong('":" is expected', colon);
    const start = skipBlanks(bytes, colon + 1);
    const end = skipValue(bytes, start);
    visit(parseSpan(bytes, keyAt, keyEnd) as string, start, end, keyAt);
    return end;
  });
}

/** Visits the elements of the array at `at`; the place after it. @internal */
export function eachElement(bytes: Uint8Array, at: number, visit: (start: number, end: number) => void): number {
  if (bytes[at] !== OPEN_LIST) throw wrong("an array is expected", at);
  return walk(bytes, at, CLOSE_LIST, (start) => {
    const end = skipValue(bytes, start);
    visit(start, end);
    return end;
  });
}
