import { createHash } from "node:crypto";
import { Trouble } from "./trouble.ts";

/** A record of a log whose checksum is right. */
export interface LogRecord {
  /** From 0. */
  readonly number: number;
  /** Where its text begins, in bytes from the start of the file. */
  readonly offset: number;
  readonly magic: string;
  readonly bytes: Uint8Array;
}

/** Cuts a log into records as its bytes come in. */
export interface LogSplitter {
  /** @throws Trouble */
  push(chunk: Uint8Array): void;
  /** Says that no bytes follow. @throws Trouble with the code `ovsdb/record-torn` where the last record is not complete */
  finish(): void;
  /** The record that is being read: its number and where it begins. */
  place(): { readonly number: number; readonly offset: number };
}

/** Longest header line that OVS reads. */
const HEADER_LIMIT = 127;
/** A record longer than this cannot be held in memory at once. */
const LENGTH_LIMIT = 2 ** 31;

interface Header {
  readonly magic: string;
  readonly length: number;
  readonly sha1: string;
}

function headerOf(line: string): Header {
  const found = /^OVSDB (\S+) (\d+) ([0-9a-fA-F]{40})$/.exec(line);
  const [, magic, digits, sha1] = found ?? [];
  const length = Number(digits);
  if (magic === undefined || sha1 === undefined || length === 0) throw new Trouble(`the header of the record is ${JSON.stringify(line)}`, 0, "ovsdb/record-header");
  if (length > LENGTH_LIMIT) throw new Trouble(`the record claims a length of ${digits ?? ""} bytes`, 0, "ovsdb/record-header");
  return { magic, length, sha1: sha1.toLowerCase() };
}

/** Whether the text can be the start of a header that was cut off. */
const startsHeader = (text: string): boolean => (text.length < 6 ? "OVSDB ".startsWith(text) : /^OVSDB [A-Z]*( \d*( [0-9a-fA-F]*)?)?$/.test(text));

const latin = (bytes: readonly number[]): string => String.fromCharCode(...bytes);

/**
 * Makes a splitter; `take` gets each record once it is complete and its checksum is right.
 *
 * @see OVS 3.1, ovsdb/log.c, parse_header and parse_body; ovsdb(5), file format
 * @internal
 */
export function logSplitter(take: (record: LogRecord) => void): LogSplitter {
  let number = 0;
  let offset = 0;
  let line: number[] = [];
  let zeroes = 0;
  let header: Header | undefined;
  let body: Uint8Array | undefined;
  let filled = 0;

  const complete = (current: Header, bytes: Uint8Array): void => {
    const start = offset + line.length + 1;
    const sha1 = createHash("sha1").update(bytes).digest("hex");
    if (sha1 !== current.sha1) throw new Trouble(`${bytes.length} bytes from byte ${start} have the SHA-1 ${sha1} and should have ${current.sha1}`, 0, "ovsdb/record-checksum");
    take({ number, offset: start, magic: current.magic, bytes });
    number++;
    offset = start + bytes.length;
    line = [];
    header = undefined;
    body = undefined;
    filled = 0;
  };
  const readHeader = (chunk: Uint8Array, at: number): number => {
    let index = at;
    for (; index < chunk.length; index++) {
      const byte = chunk[index] as number;
      if (byte === 0 && line.length === 0) {
        zeroes++;
        continue;
      }
      if (zeroes > 0) throw new Trouble(`${zeroes} zero bytes stand before the record`, 0, "ovsdb/record-header");
      if (byte === 0x0a) {
        header = headerOf(latin(line));
        return index + 1;
      }
      line.push(byte);
      if (line.length > HEADER_LIMIT) throw new Trouble(`the header of the record begins with ${JSON.stringify(latin(line.slice(0, 24)))}`, 0, "ovsdb/record-header");
    }
    return index;
  };
  const readBody = (current: Header, chunk: Uint8Array, at: number): number => {
    const missing = current.length - filled;
    const taken = chunk.subarray(at, at + missing);
    if (filled === 0 && taken.length === missing) complete(current, taken);
    else {
      body ??= new Uint8Array(current.length);
      body.set(taken, filled);
      filled += taken.length;
      if (filled === current.length) complete(current, body);
    }
    return at + taken.length;
  };
  return {
    push: (chunk) => {
      for (let at = 0; at < chunk.length;) at = header === undefined ? readHeader(chunk, at) : readBody(header, chunk, at);
    },
    finish: () => {
      if (header !== undefined) throw new Trouble(`the file ends after ${filled} of the record's ${header.length} bytes`, 0, "ovsdb/record-torn");
      // A file system that lost power may leave the room of a record without its bytes.
      if (zeroes > 0) throw new Trouble(`the file ends with ${zeroes} zero bytes`, 0, "ovsdb/record-torn");
      if (line.length === 0) return;
      const text = latin(line);
      if (startsHeader(text)) throw new Trouble("the file ends inside the header of a record", 0, "ovsdb/record-torn");
      throw new Trouble(`the header of the record is ${JSON.stringify(text)}`, 0, "ovsdb/record-header");
    },
    place: () => ({ number, offset }),
  };
}
