import { InputError } from "@hopscope/core";
import type { StringMap } from "../northbound.ts";

/** The type of a key or value in a column. */
export type AtomType = "integer" | "real" | "boolean" | "string" | "uuid";

/** One key or value; a uuid is its text. */
export type Atom = string | number | boolean;

/**
 * What a column of a row holds.
 *
 * A set is its members, a map is key, value, key, value …, an optional column without a value is `undefined`.
 */
export type Value = Atom | undefined | readonly Atom[];

/** What a column names by uuid. */
export interface Reference {
  readonly table: string;
  /** A strong reference needs its row; a weak one may outlive it. */
  readonly strong: boolean;
}

/** A column as the schema in the file describes it; of a dump, which has no schema, as its cells look. */
export interface Column {
  readonly name: string;
  /** Place in the values of a row. */
  readonly index: number;
  readonly kind: "scalar" | "optional" | "set" | "map";
  readonly key: AtomType;
  readonly keyReference?: Reference;
  /** Of a map. */
  readonly value?: AtomType;
  readonly valueReference?: Reference;
  /** How many members a set or map has at least and at most. */
  readonly min: number;
  readonly max: number;
  /** What a row holds that does not say. */
  readonly initial: Value;
}

/** A row: `values` in the order of the columns, the first is the row's uuid. */
export interface Row {
  readonly columns: ReadonlyMap<string, Column>;
  readonly values: readonly Value[];
}

/** A table. Rows keep the order in which the file made them. */
export interface Table {
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
  readonly rows: ReadonlyMap<string, Row>;
}

/** The content of an OVSDB database, whatever kind of file it came in. */
export interface Database {
  /** `OVN_Southbound`, `OVN_Northbound`, …; empty for a dump of other tables. */
  readonly name: string;
  /** Version of the schema; absent in dumps. */
  readonly version?: string;
  readonly format: "standalone" | "clustered" | "dump";
  readonly tables: ReadonlyMap<string, Table>;
}

const none: readonly Atom[] = [];

/** A column that holds something else than what is read from it. */
function mismatch(row: Row, column: string, expected: string): InputError {
  const value = row.values[row.columns.get(column)?.index ?? 0];
  const problem = `column ${column} holds ${JSON.stringify(value)}`;
  return new InputError([{ code: "ovsdb/value-type", severity: "error", origin: { object: `row ${String(row.values[0])}` }, problem, expected }]);
}

/** The value of a column; `undefined` also where the table has no such column. */
export function valueOf(row: Row, column: string): Value {
  const found = row.columns.get(column);
  return found === undefined ? undefined : row.values[found.index];
}

/** The members of a column that is no map. */
function membersOf(row: Row, column: string): readonly Atom[] {
  const found = row.columns.get(column);
  const value = found === undefined ? undefined : row.values[found.index];
  if (value === undefined) return none;
  if (typeof value !== "object") return [value];
  if (found?.kind === "map" && value.length > 0) throw mismatch(row, column, "no map");
  return value;
}

/** A set column as texts; one value is a set of one. @throws {@link InputError} for a map */
export const listOf = (row: Row, column: string): readonly string[] => membersOf(row, column).map(String);

/** A column of at most one value; absent where unset. @throws {@link InputError} where there are more */
export function optionalOf(row: Row, column: string): string | undefined {
  const value = valueOf(row, column);
  if (typeof value === "string" || value === undefined) return value;
  const members = membersOf(row, column);
  if (members.length > 1) throw mismatch(row, column, "one value");
  return members.length === 0 ? undefined : String(members[0]);
}

/** A column of at most one value as text; empty where unset. */
export const textOf = (row: Row, column: string): string => optionalOf(row, column) ?? "";

/** A column of one whole number; 0 where unset. @throws {@link InputError} for anything else */
export function numberOf(row: Row, column: string): number {
  const value = valueOf(row, column);
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (value === undefined || (typeof value === "object" && value.length === 0)) return 0;
  throw mismatch(row, column, "an integer");
}

/** A map column. @throws {@link InputError} for anything else */
export function mapOf(row: Row, column: string): StringMap {
  const found = row.columns.get(column);
  const value = found === undefined ? undefined : row.values[found.index];
  if (value === undefined) return {};
  if (typeof value !== "object" || (found?.kind !== "map" && value.length > 0)) throw mismatch(row, column, "a map");
  if (value.length === 0) return {};
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < value.length; index += 2) pairs.push([String(value[index]), String(value[index + 1])]);
  return Object.fromEntries(pairs);
}
