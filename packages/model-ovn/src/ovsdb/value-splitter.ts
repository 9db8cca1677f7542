import { DEPTH_LIMIT } from "./scan-json.ts";
import { Trouble } from "./trouble.ts";

/** What comes out of a text of several JSON objects. */
export interface TableTaker {
  /** One element of the array under `data`. @throws Trouble */
  element(bytes: Uint8Array): void;
  /** An object at its end, the array under `data` empty. @throws Trouble */
  object(bytes: Uint8Array): void;
}

/** Cuts a text of several JSON objects as its bytes come in. */
export interface ValueSplitter {
  /** @throws Trouble */
  push(chunk: Uint8Array): void;
  /** @throws Trouble where the last object does not end */
  finish(): void;
  /** Where the object begins that is being read. */
  place(): { readonly line: number; readonly offset: number };
}

const QUOTE = 0x22, COMMA = 0x2c, OPEN_LIST = 0x5b, BACKSLASH = 0x5c, CLOSE_LIST = 0x5d, OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d, NEWLINE = 0x0a;
const DATA = [...'"data":['].map((one) => one.charCodeAt(0));

const isBlank = (byte: number): boolean => byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;

/** Bytes that are collected over chunks. */
interface Piece {
  parts: Uint8Array[];
  size: number;
}

const wrong = (problem: string): Trouble => new Trouble(problem, 0, "ovsdb/json-syntax");

function add(piece: Piece, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  piece.parts.push(bytes);
  piece.size += bytes.length;
}

function taken(piece: Piece): Uint8Array {
  const [first] = piece.parts;
  const bytes = piece.parts.length === 1 && first !== undefined ? first : new Uint8Array(piece.size);
  if (bytes !== first) {
    let at = 0;
    for (const part of piece.parts) {
      bytes.set(part, at);
      at += part.length;
    }
  }
  piece.parts = [];
  piece.size = 0;
  return bytes;
}

/**
 * Makes a splitter.
 *
 * A table of a dump is one object and may be nearly the whole file, so its rows are handed over one by one.
 *
 * @internal
 */
export function valueSplitter(take: TableTaker): ValueSplitter {
  const outer: Piece = { parts: [], size: 0 };
  const element: Piece = { parts: [], size: 0 };
  /** The last bytes of the object outside strings and blanks, to know the key `data` by. */
  const recent: number[] = [];
  let depth = 0;
  let quoted = false;
  let escaped = false;
  let inData = false;
  let elements = 0;
  let total = 0;
  let line = 1;
  let start = { line: 1, offset: 0 };

  const note = (byte: number): void => {
    recent.push(byte);
    if (recent.length > DATA.length) recent.shift();
  };
  const endElement = (last: boolean): void => {
    const bytes = taken(element);
    // An array without elements may hold blanks.
    if (last && elements === 0 && bytes.every(isBlank)) return;
    elements++;
    take.element(bytes);
  };
  const push = (chunk: Uint8Array): void => {
    /** Where the bytes begin that are not yet handed on. */
    let from = 0;
    const flush = (to: number): void => {
      add(inData ? element : outer, chunk.subarray(from, to));
      from = to;
    };
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] as number;
      if (quoted) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) quoted = false;
        if (depth === 1) note(byte);
        continue;
      }
      if (byte === NEWLINE) line++;
      if (depth === 0) {
        from = index;
        if (isBlank(byte)) {
          from++;
          continue;
        }
        if (byte !== OPEN_OBJECT) throw wrong("an object is expected");
        start = { line, offset: total + index };
        depth = 1;
        continue;
      }
      if (depth === 1 && !isBlank(byte)) note(byte);
      if (byte === QUOTE) quoted = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (++depth > DEPTH_LIMIT) throw wrong(`brackets are nested more than ${DEPTH_LIMIT} deep`);
        if (depth === 2 && byte === OPEN_LIST && isDataKey(recent)) {
          flush(index + 1);
          inData = true;
          elements = 0;
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth--;
        if (inData && depth === 1) {
          flush(index);
          endElement(true);
          inData = false;
        } else if (depth === 0) {
          flush(index + 1);
          recent.length = 0;
          take.object(taken(outer));
        }
      } else if (inData && depth === 2 && byte === COMMA) {
        flush(index);
        endElement(false);
        from = index + 1;
      }
    }
    if (depth > 0) flush(chunk.length);
    total += chunk.length;
  };
  return {
    push,
    finish: () => { if (depth > 0) throw wrong("the file ends inside an object"); },
    place: () => start,
  };
}

/** Whether the bytes before a bracket, which is the last of them, are the key `data`. */
const isDataKey = (recent: readonly number[]): boolean => DATA.every((byte, index) => recent[index] === byte);
