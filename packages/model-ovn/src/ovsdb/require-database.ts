import { InputError } from "@hopscope/core";
import type { Database } from "./database.ts";
import type { ReadOptions } from "./read-database.ts";
import { Trouble } from "./trouble.ts";

/** Sees to it that a database is the one that is wanted; a dump of a few tables may be of any. @throws {@link InputError} @internal */
export function requireDatabase(database: Database, name: "OVN_Northbound" | "OVN_Southbound", options: ReadOptions): void {
  if (database.name === name || database.name === "") return;
  const origin = { object: database.name, ...(options.file === undefined ? {} : { file: options.file }) };
  throw new InputError([{ code: "ovsdb/other-database", severity: "error", origin, problem: `the file holds the database ${database.name}`, expected: name }]);
}

/** Turns a problem with a row into a diagnostic. @throws {@link InputError} @internal */
export function withLocatedRows<Result>(database: Database, options: ReadOptions, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) throw options.file === undefined ? error : new InputError(error.diagnostics.map((one) => ({ ...one, origin: { file: options.file, ...one.origin } })));
    if (!(error instanceof Trouble)) throw error;
    const origin = { object: database.name === "" ? "dump" : database.name, ...(options.file === undefined ? {} : { file: options.file }) };
    throw new InputError([{ code: error.code, severity: "error", origin, problem: error.message }]);
  }
}
