import { InputError } from "@hopscope/core";
import { emptyNorthbound, northboundRow } from "../northbound-row.ts";
import type { NorthboundDb, NorthboundRow, NorthboundTable } from "../northbound.ts";
import { type Database, mapOf, type Row, type Value } from "./database.ts";
import { readDatabaseSync, type ReadOptions } from "./read-database.ts";
import { requireDatabase, withLocatedRows } from "./require-database.ts";

const listed = (value: Value): readonly unknown[] => (value === undefined ? [] : typeof value === "object" ? value : [value]);

/** A row's columns in the form of the Northbound value; what a column is there says how it is held. */
function rowOf(table: NorthboundTable, row: Row): NorthboundRow {
  const empty = northboundRow(table, { _uuid: "" }) as unknown as Readonly<Record<string, unknown>>;
  const columns: Record<string, unknown> = {};
  for (const column of row.columns.values()) {
    const value = row.values[column.index];
    const shape = empty[column.name];
    if (Array.isArray(shape)) columns[column.name] = listed(value);
    else if (column.kind === "map" || (typeof shape === "object" && shape !== null)) columns[column.name] = column.value === "integer" ? numbersOf(value) : mapOf(row, column.name);
    else columns[column.name] = listed(value).length > 1 ? listed(value) : listed(value)[0];
  }
  return northboundRow(table, columns as unknown as NorthboundRow) as NorthboundRow;
}

/** A map of numbers: bandwidths and marks of QoS. */
function numbersOf(value: Value): Readonly<Record<string, unknown>> {
  const flat = listed(value);
  return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, index) => [String(flat[2 * index]), flat[2 * index + 1]]));
}

/**
 * The Northbound database that northd compiles, out of the rows of a database.
 *
 * @throws {@link InputError} where it is another database
 * @see OVN 23.09, ovn-nb(5)
 */
export function northboundOf(database: Database, options: ReadOptions = {}): NorthboundDb {
  requireDatabase(database, "OVN_Northbound", options);
  return withLocatedRows(database, options, () => tablesOf(database));
}

function tablesOf(database: Database): NorthboundDb {
  const tables = (Object.keys(emptyNorthbound()) as NorthboundTable[]).map((table) =>
    [table, [...(database.tables.get(table)?.rows.values() ?? [])].map((row) => rowOf(table, row))] as const);
  return Object.fromEntries(tables) as unknown as NorthboundDb;
}

/**
 * Reads a Northbound database from a file's content, of any kind that `readDatabaseSync` knows.
 *
 * @throws {@link InputError} where the file is wrong or holds another database
 */
export function loadNorthbound(content: Uint8Array | string, options: ReadOptions = {}): NorthboundDb {
  const result = readDatabaseSync(content, options);
  if (result.type === "failed") throw new InputError(result.diagnostics);
  return northboundOf(result.database, options);
}
