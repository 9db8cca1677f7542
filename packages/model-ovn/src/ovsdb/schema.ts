import type { Atom, AtomType, Column, Reference, Row, Value } from "./database.ts";
import { Trouble } from "./trouble.ts";

/** A table that is being filled. @internal */
export interface OpenTable {
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
  /** The values of a new row. */
  readonly initial: readonly Value[];
  readonly rows: Map<string, Row>;
  /** Rows that were deleted; weak references to them may still stand in other rows. */
  readonly gone: Set<string>;
}

/** A database that is being filled. @internal */
export interface OpenDatabase {
  readonly name: string;
  readonly version?: string;
  readonly tables: Map<string, OpenTable>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const wrong = (problem: string): Trouble => new Trouble(problem, 0, "ovsdb/schema");
const atomTypes: readonly string[] = ["integer", "real", "boolean", "string", "uuid"];
const isAtomType = (value: unknown): value is AtomType => typeof value === "string" && atomTypes.includes(value);

interface Base {
  readonly type: AtomType;
  readonly reference?: Reference;
}

function baseOf(value: unknown, place: string): Base {
  const type = isRecord(value) ? value["type"] : value;
  if (!isAtomType(type)) throw wrong(`${place} has no known type`);
  const table = isRecord(value) ? value["refTable"] : undefined;
  if (typeof table !== "string") return { type };
  return { type, reference: { table, strong: isRecord(value) && value["refType"] !== "weak" } };
}

function boundOf(value: unknown, fallback: number, place: string): number {
  if (value === undefined) return fallback;
  if (value === "unlimited") return Infinity;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw wrong(`${place} has no valid size`);
  return value;
}

const zeroes: Readonly<Record<AtomType, Atom>> = { integer: 0, real: 0, boolean: false, string: "", uuid: "00000000-0000-0000-0000-000000000000" };
const empty: readonly Atom[] = [];

/** A column from its type in the schema. @see RFC 7047, section 3.2 */
function columnOf(name: string, index: number, value: unknown, place: string): Column {
  const type = isRecord(value) ? value["type"] : undefined;
  const full: Readonly<Record<string, unknown>> = isRecord(type) ? type : { key: type };
  const key = baseOf(full["key"], place);
  const held = full["value"] === undefined ? undefined : baseOf(full["value"], place);
  const min = boundOf(full["min"], 1, place);
  const max = boundOf(full["max"], 1, place);
  if (min > 1 || max < 1 || min > max) throw wrong(`${place} has no valid size`);
  const kind = held !== undefined ? "map" : max > 1 ? "set" : min === 0 ? "optional" : "scalar";
  const one = zeroes[key.type];
  const initial: Value = kind === "scalar" ? one
    : kind === "optional" ? undefined
      : min === 0 ? empty
        : held === undefined ? [one] : [one, zeroes[held.type]];
  return { name, index, kind, key: key.type, keyReference: key.reference, value: held?.type, valueReference: held?.reference, min, max, initial };
}

function tableOf(name: string, value: unknown): OpenTable {
  const described = isRecord(value) ? value["columns"] : undefined;
  if (!isRecord(described)) throw wrong(`table ${name} has no columns`);
  const columns = new Map<string, Column>([["_uuid", { name: "_uuid", index: 0, kind: "scalar", key: "uuid", min: 1, max: 1, initial: zeroes.uuid }]]);
  for (const column of Object.keys(described)) columns.set(column, columnOf(column, columns.size, described[column], `column ${column} of table ${name}`));
  return { name, columns, initial: [...columns.values()].map((column) => column.initial), rows: new Map(), gone: new Set() };
}

/** Makes the empty database that a schema describes. @throws Trouble. @see RFC 7047, section 3.2 @internal */
export function openDatabase(schema: unknown): OpenDatabase {
  const name = isRecord(schema) ? schema["name"] : undefined;
  const tables = isRecord(schema) ? schema["tables"] : undefined;
  if (!isRecord(schema) || typeof name !== "string" || !isRecord(tables)) throw wrong("a schema with name and tables is expected");
  const version = schema["version"];
  const open = new Map(Object.keys(tables).map((table) => [table, tableOf(table, tables[table])]));
  for (const table of open.values()) {
    for (const column of table.columns.values()) {
      for (const reference of [column.keyReference, column.valueReference]) {
        if (reference !== undefined && !open.has(reference.table)) throw wrong(`column ${column.name} of table ${table.name} names the unknown table ${reference.table}`);
      }
    }
  }
  return { name, version: typeof version === "string" ? version : undefined, tables: open };
}
