import { DEPTH_LIMIT } from "./scan-json.ts";
import { Trouble } from "./trouble.ts";

/** A JSON value of a text of several, and where it stands. */
export interface PlacedValue {
  readonly bytes: Uint8Array;
  /** From 1. */
  readonly line: number;
  readonly offset: number;
}

/** Cuts a text of several JSON objects into them as its bytes come in. */
export interface ValueSplitter {
  /** @throws Trouble */
  push(chunk: Uint8Array): void;
  /** @throws Trouble where the last value does not end */
  finish(): void;
  place(): { readonly line: number; readonly offset: number };
}

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Makes a splitter; `take` gets each object once its last bracket has come. @internal */
export function valueSplitter(take: (value: PlacedValue) => void): ValueSplitter {
  let depth = 0;
  let quoted = false;
  let escaped = false;
  let parts: Uint8Array[] = [];
  let size = 0;
  let total = 0;
  let line = 1;
  let start = { line: 1, offset: 0 };

  /** The place behind the value that ends in this chunk; its length where it goes on. */
  const advance = (chunk: Uint8Array, from: number): number => {
    let index = from;
    for (; index < chunk.length; index++) {
      const byte = chunk[index];
      if (quoted) {
        if (escaped) escaped = false;
        else if (byte === 0x5c) escaped = true;
        else if (byte === 0x22) quoted = false;
      } else if (byte === 0x22) quoted = true;
      else if (byte === 0x7b || byte === 0x5b) {
        if (++depth > DEPTH_LIMIT) throw new Trouble(`brackets are nested more than ${DEPTH_LIMIT} deep`, 0, "ovsdb/json-syntax");
      }
      else if (byte === 0x0a) line++;
      else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return index + 1;
    }
    return index;
  };
  const push = (chunk: Uint8Array): void => {
    let at = 0;
    while (at < chunk.length) {
      const byte = chunk[at] as number;
      if (depth === 0) {
        if (isBlank(byte)) {
          if (byte === 0x0a) line++;
          at++;
          continue;
        }
        start = { line, offset: total + at };
        if (byte !== 0x7b) throw new Trouble("an object is expected", 0, "ovsdb/json-syntax");
      }
      const end = advance(chunk, at);
      const part = chunk.subarray(at, end);
      at = end;
      if (depth > 0) {
        parts.push(part);
        size += part.length;
        continue;
      }
      const bytes = parts.length === 0 ? part : joined([...parts, part], size + part.length);
      parts = [];
      size = 0;
      take({ bytes, ...start });
    }
    total += chunk.length;
  };
  return {
    push,
    finish: () => {
      if (depth > 0) throw new Trouble("the file ends inside an object", 0, "ovsdb/json-syntax");
    },
    place: () => start,
  };
}
