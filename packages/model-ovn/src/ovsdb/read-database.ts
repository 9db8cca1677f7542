import type { Diagnostic, Origin } from "@hopscope/core";
import { type LogContent, standaloneContent } from "./content.ts";
import type { Database } from "./database.ts";
import { dumpContent } from "./dump-lines.ts";
import { logSplitter } from "./log-records.ts";
import { raftContent } from "./raft.ts";
import { Trouble } from "./trouble.ts";
import { valueSplitter } from "./value-splitter.ts";

/** A database, or why it cannot be had. A torn last record and what else is worth knowing is in `diagnostics`. */
export type DatabaseResult =
  | { readonly type: "database"; readonly database: Database; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: "failed"; readonly diagnostics: readonly Diagnostic[] };

/** How a database is read. */
export interface ReadOptions {
  /** Name of the file in diagnostics. */
  readonly file?: string;
}

/** One kind of file, read as its bytes come in. */
interface Reading {
  push(chunk: Uint8Array): void;
  finish(): { readonly database: Database; readonly diagnostics: readonly Diagnostic[] };
  /** The place that is being read, for a problem `at` bytes into it. */
  origin(at: number): Origin;
}

const withFile = (options: ReadOptions): { readonly file?: string } => (options.file === undefined ? {} : { file: options.file });

function readLog(options: ReadOptions): Reading {
  let content: LogContent | undefined;
  let magic = "";
  const splitter = logSplitter((record) => {
    if (content === undefined) {
      magic = record.magic;
      if (magic !== "JSON" && magic !== "CLUSTER") throw new Trouble(`a log of kind "${magic}" is not known`, 0, "ovsdb/format-unknown");
      content = magic === "JSON" ? standaloneContent() : raftContent();
    } else if (record.magic !== magic) throw new Trouble(`the record is of kind "${record.magic}" in a log of kind "${magic}"`, 0, "ovsdb/record-header");
    content.take(record);
  });
  const origin = (at: number): Origin => {
    const { number, offset } = splitter.place();
    return { object: `record ${number} at byte ${offset}${at === 0 ? "" : `, ${at} bytes into its text`}`, ...withFile(options) };
  };
  const torn = (): readonly Diagnostic[] => {
    try {
      splitter.finish();
      return [];
    } catch (error) {
      // A crash tears the transaction that was being added; a log that is torn before the first has lost everything.
      if (!(error instanceof Trouble) || error.code !== "ovsdb/record-torn" || content?.hasData() !== true) throw error;
      return [{ code: error.code, severity: "warning", origin: origin(0), problem: `${error.message}; the record is left out, as ovsdb-server does`, expected: "a file that was copied whole" }];
    }
  };
  return {
    push: (chunk) => { splitter.push(chunk); },
    finish: () => {
      const diagnostics = torn();
      if (content === undefined) throw new Trouble("the file holds no record", 0, "ovsdb/no-data");
      const { database, notes } = content.finish();
      const said = notes.map((problem): Diagnostic => ({ code: "ovsdb/uncommitted", severity: "warning", origin: { object: "Raft log", ...withFile(options) }, problem }));
      return { database, diagnostics: [...diagnostics, ...said] };
    },
    origin,
  };
}

function readDump(options: ReadOptions): Reading {
  const content = dumpContent();
  const splitter = valueSplitter(content);
  return {
    push: (chunk) => { splitter.push(chunk); },
    finish: () => {
      splitter.finish();
      return { database: content.finish(), diagnostics: [] };
    },
    origin: (at) => {
      const { line, offset } = splitter.place();
      return { object: `table at byte ${offset}${at === 0 ? "" : `, ${at} bytes into its text`}`, ...withFile(options), line };
    },
  };
}

const LEAD = "OVSDB ";

/** The kind of file, as soon as the first bytes say so. */
function detect(first: Uint8Array, ended: boolean): "log" | "dump" | "unknown" | undefined {
  const text = String.fromCharCode(...first.subarray(0, 64));
  if (text.startsWith(LEAD)) return "log";
  const rest = text.trimStart();
  if (rest.startsWith("{")) return "dump";
  if (!ended && (rest === "" || LEAD.startsWith(text))) return undefined;
  return "unknown";
}

function unknownFormat(first: Uint8Array): Trouble {
  if (first.length === 0) return new Trouble("the file is empty", 0, "ovsdb/no-data");
  const zipped = first[0] === 0x1f && first[1] === 0x8b;
  return new Trouble(zipped ? "the file is compressed by gzip" : "the file is no OVSDB database", 0, "ovsdb/format-unknown");
}

/** Reads a database whose bytes are handed over piece by piece. */
export interface DatabaseReader {
  push(chunk: Uint8Array): void;
  finish(): DatabaseResult;
}

/** Makes a reader; the first problem ends its work, and `finish` says it. */
export function databaseReader(options: ReadOptions = {}): DatabaseReader {
  let first = new Uint8Array(0);
  let reading: Reading | undefined;
  let failed: Diagnostic | undefined;
  const guarded = (run: () => void): void => {
    if (failed !== undefined) return;
    try {
      run();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      const origin = reading?.origin(error.at) ?? { object: "byte 0", ...withFile(options) };
      const expected = error.code === "ovsdb/format-unknown" ? "an ovsdb log, a backup, a clustered file, or the output of ovsdb-client dump --format=json" : undefined;
      failed = { code: error.code, severity: "error", origin, problem: error.message, expected };
    }
  };
  const begin = (chunk: Uint8Array, ended: boolean): void => {
    const all = first.length === 0 ? chunk : new Uint8Array([...first, ...chunk]);
    const kind = detect(all, ended);
    if (kind === undefined) {
      first = new Uint8Array(all);
      return;
    }
    if (kind === "unknown") throw unknownFormat(all);
    reading = kind === "log" ? readLog(options) : readDump(options);
    reading.push(all);
  };
  return {
    push: (chunk) => { guarded(() => { if (reading === undefined) begin(chunk, false); else reading.push(chunk); }); },
    finish: () => {
      let done: ReturnType<Reading["finish"]> | undefined;
      guarded(() => { if (reading === undefined) begin(new Uint8Array(0), true); done = reading?.finish(); });
      if (failed !== undefined || done === undefined) return { type: "failed", diagnostics: failed === undefined ? [] : [failed] };
      return { type: "database", ...done };
    },
  };
}

/**
 * Reads an OVSDB database: a standalone log or a backup, a file of a cluster's server, or a dump as JSON. The kind is told by
 * the content.
 *
 * Chunks are read one after the other and need not end where records end. The memory needed is that of the database and of its
 * longest record.
 *
 * @example
 * const result = await readDatabase(createReadStream("ovnsb_db.db"), { file: "ovnsb_db.db" });
 */
export async function readDatabase(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: ReadOptions = {}): Promise<DatabaseResult> {
  const reader = databaseReader(options);
  for await (const chunk of chunks) reader.push(chunk);
  return reader.finish();
}

/** Reads a database that is in memory as a whole. */
export function readDatabaseSync(content: Uint8Array | string, options: ReadOptions = {}): DatabaseResult {
  const reader = databaseReader(options);
  reader.push(typeof content === "string" ? new TextEncoder().encode(content) : content);
  return reader.finish();
}
