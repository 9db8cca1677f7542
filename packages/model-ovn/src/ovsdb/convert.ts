import type { Column, Row, Value } from "./database.ts";
import type { OpenDatabase } from "./schema.ts";

const fits = (from: Column, to: Column): boolean => from.key === to.key && from.value === to.value;

function converted(from: Column, to: Column, value: Value): Value {
  if (!fits(from, to)) return to.initial;
  if (from.kind === to.kind) return value;
  const members = typeof value === "object" ? value : value === undefined ? [] : [value];
  if (to.kind === "set") return members;
  return members.length === 0 ? to.initial : members[0];
}

/**
 * The rows of a database under another schema of it: tables and columns that the new one does not have are lost, new columns
 * hold what an empty row holds.
 *
 * @see OVS 3.1, ovsdb/file.c, ovsdb_convert
 * @internal
 */
export function convert(from: OpenDatabase, to: OpenDatabase): OpenDatabase {
  for (const table of to.tables.values()) {
    const source = from.tables.get(table.name);
    for (const [uuid, old] of source?.rows ?? []) {
      const values: Value[] = [...table.initial];
      for (const column of table.columns.values()) {
        const before = source?.columns.get(column.name);
        if (before !== undefined) values[column.index] = converted(before, column, old.values[before.index]);
      }
      const row: Row = { columns: table.columns, values };
      table.rows.set(uuid, row);
    }
  }
  return to;
}
