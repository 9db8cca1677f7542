import type { Atom, AtomType, Column, Database, Row, Table, Value } from "./database.ts";
import { type Intern, interner, isUuid } from "./datum.ts";
import { eachMember, parseSpan, skipBlanks } from "./scan-json.ts";
import { Trouble } from "./trouble.ts";
import type { TableTaker } from "./value-splitter.ts";

interface OpenColumn {
  kind: Column["kind"];
  key: AtomType;
  value?: AtomType;
}

type Tag = "set" | "map" | "uuid";

const tagged = (cell: unknown, tag: Tag): unknown => (Array.isArray(cell) && cell.length === 2 && cell[0] === tag ? cell[1] : undefined);

function typeOf(cell: unknown): AtomType | undefined {
  if (typeof cell === "string") return "string";
  if (typeof cell === "boolean") return "boolean";
  if (typeof cell === "number") return Number.isInteger(cell) ? "integer" : "real";
  return typeof tagged(cell, "uuid") === "string" ? "uuid" : undefined;
}

function atomOf(cell: unknown, intern: Intern): Atom {
  if (typeof cell === "string" || typeof cell === "boolean" || typeof cell === "number") return cell;
  const uuid = tagged(cell, "uuid");
  if (typeof uuid !== "string") throw new Trouble(`${JSON.stringify(cell) ?? "nothing"} is no value of a database`, 0, "ovsdb/value-type");
  if (!isUuid(uuid)) throw new Trouble(`"${uuid}" is no uuid`, 0, "ovsdb/value-type");
  return intern(uuid);
}

/** A cell's value. What the cell says about the type of its column is written down there. */
function valueOf(cell: unknown, column: OpenColumn, intern: Intern): Value {
  const set = tagged(cell, "set");
  const map = tagged(cell, "map");
  if (Array.isArray(map)) {
    column.kind = "map";
    const flat: Atom[] = [];
    for (const pair of map as readonly unknown[]) {
      if (!Array.isArray(pair) || pair.length !== 2) throw new Trouble(`${JSON.stringify(pair)} is no pair`, 0, "ovsdb/value-type");
      const key = atomOf(pair[0], intern);
      const value = atomOf(pair[1], intern);
      flat.push(typeof key === "string" ? intern(key) : key, typeof value === "string" ? intern(value) : value);
      column.key = typeOf(pair[0]) ?? column.key;
      column.value = typeOf(pair[1]) ?? column.value;
    }
    return flat;
  }
  if (Array.isArray(set)) {
    if (column.kind !== "map") column.kind = "set";
    const members = (set as readonly unknown[]).map((one) => atomOf(one, intern));
    if (set.length > 0) column.key = typeOf(set[0]) ?? column.key;
    return members.length === 0 ? undefined : members;
  }
  column.key = typeOf(cell) ?? column.key;
  return atomOf(cell, intern);
}

function columnsOf(headings: unknown): readonly string[] {
  if (!Array.isArray(headings) || !headings.every((one) => typeof one === "string")) throw new Trouble("headings are a list of names", 0, "ovsdb/value-type");
  return headings as readonly string[];
}

/** The rows of the table that is being read, before its headings are known. */
interface OpenRows {
  readonly columns: OpenColumn[];
  readonly rows: Value[][];
}

const emptyRows = (): OpenRows => ({ columns: [], rows: [] });

function addRow(open: OpenRows, bytes: Uint8Array, intern: Intern): void {
  const cells = parseSpan(bytes, 0, bytes.length);
  const number = open.rows.length + 1;
  if (!Array.isArray(cells)) throw new Trouble(`row ${number} is no list of cells`, 0, "ovsdb/value-type");
  open.rows.push((cells as readonly unknown[]).map((cell, index) => {
    const column = (open.columns[index] ??= { kind: "scalar", key: "string" });
    try {
      return valueOf(cell, column, intern);
    } catch (error) {
      if (error instanceof Trouble) throw new Trouble(`row ${number}: column ${index + 1}: ${error.message}`, 0, error.code);
      throw error;
    }
  }));
}

/**
 * Completes a table by its caption and headings.
 *
 * A dump has no schema: a column is a set or a map if one of its cells is one, and an empty set is an unset value.
 */
function tableOf(bytes: Uint8Array, open: OpenRows): Table {
  const spans = new Map<string, readonly [number, number]>();
  eachMember(bytes, skipBlanks(bytes, 0), (key, start, end) => { spans.set(key, [start, end]); });
  const [caption, headings] = [spans.get("caption"), spans.get("headings")];
  if (caption === undefined || headings === undefined || !spans.has("data")) throw new Trouble("a table with caption, headings and data is expected", 0, "ovsdb/content");
  const title = parseSpan(bytes, ...caption);
  if (typeof title !== "string") throw new Trouble("the caption is a text", caption[0], "ovsdb/value-type");
  const name = title.replace(/ table$/, "");
  const names = columnsOf(parseSpan(bytes, ...headings));
  const short = open.rows.findIndex((row) => row.length !== names.length);
  if (short !== -1) throw new Trouble(`row ${short + 1} of ${name} does not have ${names.length} columns`, 0, "ovsdb/content");
  // The uuid of a row comes first, as in all databases read here.
  const places = [names.indexOf("_uuid"), ...names.flatMap((one, index) => (one === "_uuid" ? [] : [index]))];
  const columns = new Map(places.map((place, index): [string, Column] => {
    const { kind, key, value } = open.columns[place] ?? { kind: "scalar", key: "string" };
    const column = names[place] ?? "_uuid";
    return [column, { name: column, index, kind, key, value, min: 0, max: Infinity, initial: undefined }];
  }));
  const inOrder = places.every((place, index) => place === index);
  const rows = new Map<string, Row>();
  for (const [index, cells] of open.rows.entries()) {
    const values = inOrder ? cells : places.map((place) => cells[place]);
    rows.set(String(values[0] ?? index), { columns, values });
  }
  return { name, columns, rows };
}

/** What the tables of a dump are a database of. */
function nameOf(tables: ReadonlyMap<string, Table>): string {
  if (tables.has("SB_Global") || tables.has("Logical_Flow")) return "OVN_Southbound";
  return tables.has("NB_Global") || tables.has("Logical_Switch") ? "OVN_Northbound" : "";
}

/** Collects the tables of a dump. @internal */
export interface DumpContent extends TableTaker {
  /** @throws Trouble */
  finish(): Database;
}

/**
 * A dump as `ovsdb-client dump --format=json` prints it: one table after the other.
 *
 * @see OVS 3.1, ovsdb-client(1), dump; lib/table.c, table_to_json
 * @internal
 */
export function dumpContent(): DumpContent {
  const intern = interner();
  const tables = new Map<string, Table>();
  let open = emptyRows();
  return {
    element: (bytes) => { addRow(open, bytes, intern); },
    object: (bytes) => {
      const table = tableOf(bytes, open);
      open = emptyRows();
      if (tables.has(table.name)) throw new Trouble(`the table ${table.name} is there already`, 0, "ovsdb/content");
      tables.set(table.name, table);
    },
    finish: () => {
      if (tables.size === 0) throw new Trouble("the file holds no table", 0, "ovsdb/no-data");
      return { name: nameOf(tables), format: "dump", tables };
    },
  };
}
