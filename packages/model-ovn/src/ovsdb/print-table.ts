import type { Atom, AtomType, Column, Row, Table, Value } from "./database.ts";
import { isUuid } from "./datum.ts";

const needsQuotes = (text: string): boolean => !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) || text === "true" || text === "false" || isUuid(text);

function real(value: number): string {
  const text = String(Number(value.toPrecision(15)));
  // C writes an exponent of two digits, and writes small and large numbers with one where JavaScript does not.
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return text;
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const scientific = exponent < -5 + 1 || exponent >= 15 ? Number(value.toPrecision(15)).toExponential() : text;
  return scientific.replace(/e([+-])(\d)$/, "e$10$2");
}

function printAtom(atom: Atom, type: AtomType | undefined): string {
  if (typeof atom === "string") return type !== "uuid" && needsQuotes(atom) ? JSON.stringify(atom) : atom;
  return type === "real" && typeof atom === "number" ? real(atom) : String(atom);
}

const listed = (value: Value): readonly Atom[] => (value === undefined ? [] : typeof value === "object" ? value : [value]);

function printValue(column: Column, value: Value): string {
  const atoms = listed(value);
  const many = (column.kind === "set" || column.kind === "map") && column.max > 1;
  const [open, close] = column.kind === "map" ? ["{", "}"] : ["[", "]"];
  const members: string[] = [];
  if (column.kind === "map") for (let index = 0; index + 1 < atoms.length; index += 2) members.push(`${printAtom(atoms[index] as Atom, column.key)}=${printAtom(atoms[index + 1] as Atom, column.value)}`);
  else members.push(...atoms.map((atom) => printAtom(atom, column.key)));
  return many || atoms.length === 0 ? `${open}${members.join(", ")}${close}` : members.join(", ");
}

const compareAtoms = (a: Atom | undefined, b: Atom | undefined): number => (a === b || a === undefined || b === undefined ? 0 : a < b ? -1 : 1);

/** Fewer members first, then by keys, then by values. */
function compareValues(column: Column, a: Value, b: Value): number {
  const [left, right] = [listed(a), listed(b)];
  if (left.length !== right.length) return left.length - right.length;
  const step = column.kind === "map" ? 2 : 1;
  for (let offset = 0; offset < step; offset++) {
    for (let index = offset; index < left.length; index += step) {
      const order = compareAtoms(left[index], right[index]);
      if (order !== 0) return order;
    }
  }
  return 0;
}

/** By what a person can compare; uuids, which are random, decide between rows that are equal otherwise. */
function inOrder(columns: readonly Column[], rows: readonly Row[]): readonly Row[] {
  const order = [...columns.filter(({ key }) => key !== "uuid"), ...columns.filter(({ key }) => key === "uuid")];
  return [...rows].sort((a, b) => {
    for (const column of order) {
      const by = compareValues(column, a.values[column.index], b.values[column.index]);
      if (by !== 0) return by;
    }
    return 0;
  });
}

/**
 * Prints a table as `ovsdb-client dump --format=list` does: a line for each column, a blank line between rows, which are
 * in the order of what they hold.
 *
 * @see OVS 3.1, ovsdb/ovsdb-client.c, compare_rows; lib/table.c, table_print_list__; lib/ovsdb-data.c, ovsdb_datum_to_string
 */
export function printTable(table: Table): string {
  const columns = [...table.columns.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = inOrder(columns, [...table.rows.values()]).map((row) =>
    columns.map((column) => `${column.name.padEnd(20)}: ${printValue(column, row.values[column.index])}\n`).join(""));
  return `${table.name} table\n${rows.join("\n")}`;
}

/** A table's rows as JSON: sets are lists, maps are objects, an unset value is null. */
export function tableJson(table: Table): readonly Readonly<Record<string, unknown>>[] {
  const columns = [...table.columns.values()];
  return [...table.rows.values()].map((row) => Object.fromEntries(columns.map((column) => {
    const value = row.values[column.index];
    const atoms = listed(value);
    if (column.kind === "map") return [column.name, Object.fromEntries(Array.from({ length: atoms.length / 2 }, (_, index) => [String(atoms[2 * index]), atoms[2 * index + 1]]))];
    return [column.name, column.kind === "set" ? atoms : (atoms[0] ?? null)];
  })));
}
