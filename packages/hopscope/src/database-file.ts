import { type Diagnostic, InputError } from "@hopscope/core";
import { type Database, databaseReader, type DatabaseResult } from "@hopscope/model-ovn";
import { closeSync, openSync, readSync, statSync } from "node:fs";

const CHUNK = 1 << 20;

const unreadable = (path: string, error: unknown): InputError => {
  const reason = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
  return new InputError([{ code: "input/unreadable", severity: "error", origin: { object: "", file: path }, problem: `cannot be read (${reason})` }]);
};

const isSystemError = (error: unknown): boolean => error instanceof Error && "code" in error && "syscall" in error;

/** Hands a file over piece by piece, so that it is never in memory as a whole; `take` says whether it wants more. */
function readChunks(path: string, take: (chunk: Uint8Array) => boolean): void {
  let file: number | undefined;
  try {
    file = path === "-" ? 0 : openSync(path, "r");
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const size = readSync(file, chunk, 0, CHUNK, null);
      if (size === 0 || !take(chunk.subarray(0, size))) break;
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unreadable(path, error);
  } finally {
    if (file !== undefined && file !== 0) closeSync(file);
  }
}

/** A database and what is to be said about its file. */
export interface OpenedDatabase {
  readonly file: string;
  readonly database: Database;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads an OVSDB database file: a log, a backup, a file of a cluster's server, or a JSON dump; `-` is stdin.
 *
 * @throws {@link InputError} where it cannot be read or is wrong
 * @example
 * southboundOf(readDatabaseFile("ovnsb_db.db").database)
 */
export function readDatabaseFile(path: string): OpenedDatabase {
  const reader = databaseReader({ file: path });
  readChunks(path, (chunk) => {
    reader.push(chunk);
    return true;
  });
  const result: DatabaseResult = reader.finish();
  if (result.type === "failed") throw new InputError(result.diagnostics);
  return { file: path, database: result.database, diagnostics: result.diagnostics };
}

/** Whether the path is a file that begins as databases do: told from YAML and JSON manifests by its content. */
export function isDatabaseFile(path: string): boolean {
  if (path === "-" || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  let start = "";
  readChunks(path, (chunk) => {
    start = Buffer.from(chunk.subarray(0, 256)).toString("latin1");
    return false;
  });
  return start.startsWith("OVSDB ") || /^\s*\{\s*"(caption|headings|data)"\s*:/.test(start);
}
