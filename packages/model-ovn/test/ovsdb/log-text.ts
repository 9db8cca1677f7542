import { createHash } from "node:crypto";
import type { Atom, Database, Value } from "../../src/ovsdb/index.ts";

const encoder = new TextEncoder();

/** One record of a log around a JSON text. */
export function record(value: unknown, magic = "JSON"): string {
  const text = `${typeof value === "string" ? value : JSON.stringify(value)}\n`;
  return `OVSDB ${magic} ${encoder.encode(text).length} ${createHash("sha1").update(text).digest("hex")}\n${text}`;
}

/** A log of the records. */
export const log = (...values: readonly unknown[]): string => values.map((value) => record(value)).join("");

/** A clustered log of the records. */
export const clusterLog = (...values: readonly unknown[]): string => values.map((value) => record(value, "CLUSTER")).join("");

/** A uuid that ends in the number. */
export const uuid = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

const many = (key: unknown, value?: unknown): unknown => ({ type: { key, ...(value === undefined ? {} : { value }), min: 0, max: "unlimited" } });

/** A schema with a column of every kind. */
export const schema = {
  name: "Shop", version: "1.2.3",
  tables: {
    Shelf: {
      isRoot: true,
      columns: {
        name: { type: "string" }, width: { type: { key: "integer" } }, weight: { type: "real" }, open: { type: "boolean" },
        note: { type: { key: "string", min: 0, max: 1 } }, labels: many("string"), options: many("string", "string"),
        goods: many({ type: "uuid", refTable: "Good" }), likes: many({ type: "uuid", refTable: "Good", refType: "weak" }), ranks: many("string", { type: "uuid", refTable: "Good", refType: "weak" }),
      },
    },
    Good: { columns: { name: { type: "string" } } },
  },
};

const listed = (value: Value): readonly Atom[] => (value === undefined ? [] : typeof value === "object" ? value : [value]);

/** All cells of a database as plain lists; tables without rows are left out. */
export function cellsOf(database: Database): Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, readonly Atom[]>>>>>> {
  const tables = [...database.tables.values()].filter(({ rows }) => rows.size > 0);
  return Object.fromEntries(tables.map((table) => [table.name, Object.fromEntries([...table.rows].map(([id, row]) =>
    [id, Object.fromEntries([...table.columns.values()].map((column) => [column.name, listed(row.values[column.index])]))]))]));
}

/** The same of the text of a dump, read by other means. */
export function cellsOfDump(text: string): ReturnType<typeof cellsOf> {
  type Table = { readonly caption: string; readonly headings: readonly string[]; readonly data: readonly (readonly unknown[])[] };
  const atom = (wire: unknown): Atom => (Array.isArray(wire) ? (wire[1] as string) : (wire as Atom));
  const cell = (wire: unknown): readonly Atom[] => {
    if (!Array.isArray(wire) || wire[0] === "uuid") return [atom(wire)];
    return (wire[1] as readonly unknown[]).flatMap((one) => (wire[0] === "map" ? (one as readonly unknown[]).map(atom) : [atom(one)]));
  };
  const tables = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Table).filter(({ data }) => data.length > 0);
  return Object.fromEntries(tables.map(({ caption, headings, data }) => {
    const id = headings.indexOf("_uuid");
    return [caption.replace(/ table$/, ""), Object.fromEntries(data.map((row) =>
      [String(atom(row[id])), Object.fromEntries(headings.map((heading, index) => [heading, cell(row[index])]))]))];
  }));
}
