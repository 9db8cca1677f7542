import type { Column, Reference, Row, Value } from "./database.ts";
import { applyDifference, type Intern, isUuid, valueFromJson } from "./datum.ts";
import { eachMember, parseSpan } from "./scan-json.ts";
import type { OpenDatabase, OpenTable } from "./schema.ts";
import { Trouble } from "./trouble.ts";
import { dropReferencesTo } from "./weak-references.ts";

/** The bytes of one transaction and how to read them. */
export interface TransactionText {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly intern: Intern;
}

interface Touched {
  readonly table: OpenTable;
  readonly row: Row;
  readonly at: number;
}

interface Columns {
  readonly [column: string]: unknown;
}

/** Puts a cause inside the row at `at` into words. */
function located<T>(at: number, where: () => string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Trouble) throw new Trouble(`${where()}: ${error.message}`, error.at === 0 ? at : error.at, error.code);
    throw error;
  }
}

function changed(table: OpenTable, old: Row | undefined, uuid: string, columns: Columns, difference: boolean, intern: Intern): Row {
  const values: Value[] = [...(old?.values ?? table.initial)];
  values[0] = uuid;
  for (const name of Object.keys(columns)) {
    const column = table.columns.get(name);
    if (column === undefined || column.index === 0) throw new Trouble(`there is no column "${name}"`);
    if (old !== undefined && difference) {
      const relaxed: Column = column.kind === "scalar" || column.kind === "optional" ? column : { ...column, min: 0 };
      values[column.index] = applyDifference(column, old.values[column.index], valueFromJson(relaxed, columns[name], intern));
    } else values[column.index] = valueFromJson(column, columns[name], intern);
  }
  return { columns: table.columns, values };
}

const isColumns = (value: unknown): value is Columns => typeof value === "object" && value !== null && !Array.isArray(value);

function applyRow(database: OpenDatabase, table: OpenTable, text: TransactionText, uuid: string, span: readonly [number, number], difference: boolean): Row | undefined {
  if (!isUuid(uuid)) throw new Trouble(`"${uuid}" is no uuid`, 0, "ovsdb/value-type");
  const old = table.rows.get(uuid);
  const value = parseSpan(text.bytes, span[0], span[1]);
  if (value === null) {
    if (old === undefined) throw new Trouble("the row is deleted but does not exist");
    table.rows.delete(uuid);
    table.gone.add(uuid);
    return undefined;
  }
  if (!isColumns(value)) throw new Trouble("a row is an object or null", span[0], "ovsdb/value-type");
  if (old === undefined && table.gone.delete(uuid)) dropReferencesTo(database, table.name, uuid);
  const row = changed(table, old, uuid, value, difference, text.intern);
  table.rows.set(uuid, row);
  return row;
}

function requireRow(database: OpenDatabase, reference: Reference, column: Column, value: Value, step: readonly [number, number]): void {
  const rows = database.tables.get(reference.table)?.rows;
  const members = typeof value === "object" ? value : value === undefined ? [] : [value];
  for (let index = step[0]; index < members.length; index += step[1]) {
    const uuid = String(members[index]);
    if (rows?.has(uuid) !== true) throw new Trouble(`column ${column.name} names the row ${uuid} of ${reference.table}, which does not exist`, 0, "ovsdb/reference");
  }
}

/** Sees to it that the rows which strong references name exist. @throws Trouble @internal */
export function requireReferences(database: OpenDatabase, table: OpenTable, row: Row): void {
  for (const column of table.columns.values()) {
    const { keyReference, valueReference, kind } = column;
    if (keyReference?.strong === true) requireRow(database, keyReference, column, row.values[column.index], [0, kind === "map" ? 2 : 1]);
    if (valueReference?.strong === true) requireRow(database, valueReference, column, row.values[column.index], [1, 2]);
  }
}

/**
 * Carries a transaction of a log out.
 *
 * `_is_diff` may stand behind the tables it speaks of, so the members are found first and read afterwards.
 *
 * @throws Trouble naming the place inside the text
 * @see OVS 3.1, ovsdb/file.c, ovsdb_file_txn_from_json; ovsdb(5)
 * @internal
 */
export function applyTransaction(database: OpenDatabase, text: TransactionText): void {
  const { bytes } = text;
  const tables: (readonly [OpenTable, number])[] = [];
  let difference = false;
  eachMember(bytes, text.start, (key, start, end, keyAt) => {
    const table = database.tables.get(key);
    if (table !== undefined) tables.push([table, start]);
    else if (key === "_is_diff") difference = parseSpan(bytes, start, end) === true;
    else if (key !== "_date" && key !== "_comment") throw new Trouble(`there is no table "${key}"`, keyAt);
  });
  const touched: Touched[] = [];
  for (const [table, at] of tables) {
    eachMember(bytes, at, (key, start, end) => {
      located(start, () => `${table.name} ${key}`, () => {
        const row = applyRow(database, table, text, key, [start, end], difference);
        if (row !== undefined) touched.push({ table, row, at: start });
      });
    });
  }
  for (const { table, row, at } of touched) {
    located(at, () => `${table.name} ${String(row.values[0])}`, () => { requireReferences(database, table, row); });
  }
}
