import type { Database } from "./database.ts";
import { type Intern, interner } from "./datum.ts";
import type { LogRecord } from "./log-records.ts";
import { parseSpan, skipBlanks } from "./scan-json.ts";
import { openDatabase, type OpenDatabase } from "./schema.ts";
import { applyTransaction, requireReferences } from "./transaction.ts";
import { Trouble } from "./trouble.ts";
import { dropDanglingReferences } from "./weak-references.ts";

/** What one kind of log makes of its records. @internal */
export interface LogContent {
  /** @throws Trouble */
  take(record: LogRecord): void;
  /** Whether the database holds a transaction, so that a torn record is not all there is. */
  hasData(): boolean;
  /** The database once all records were taken, and what is to be said about it. @throws Trouble */
  finish(): { readonly database: Database; readonly notes: readonly string[] };
}

/** The database once all is read: every strong reference has its row, and so has every weak one. @throws Trouble @internal */
export function closed(database: OpenDatabase, format: Database["format"]): Database {
  dropDanglingReferences(database);
  for (const table of database.tables.values()) {
    for (const row of table.rows.values()) {
      try {
        requireReferences(database, table, row);
      } catch (error) {
        if (error instanceof Trouble) throw new Trouble(`${table.name} ${String(row.values[0])}: ${error.message}`, 0, error.code);
        throw error;
      }
    }
  }
  return { name: database.name, version: database.version, format, tables: database.tables };
}

/** The value that begins at a place of a record. @internal */
export const wholeValue = (bytes: Uint8Array): unknown => parseSpan(bytes, 0, bytes.length);

/**
 * A standalone log: the schema, then transactions. A backup is such a log with one transaction.
 *
 * @see OVS 3.1, ovsdb/storage.c, ovsdb_storage_read; ovsdb(5), standalone format
 * @internal
 */
export function standaloneContent(): LogContent {
  const intern: Intern = interner();
  let database: OpenDatabase | undefined;
  let transactions = 0;
  return {
    take: ({ bytes }) => {
      if (database === undefined) database = openDatabase(wholeValue(bytes));
      else {
        applyTransaction(database, { bytes, start: skipBlanks(bytes, 0), intern });
        transactions++;
      }
    },
    hasData: () => transactions > 0,
    finish: () => {
      if (database === undefined) throw new Trouble("the file holds no schema", 0, "ovsdb/no-data");
      return { database: closed(database, "standalone"), notes: [] };
    },
  };
}
