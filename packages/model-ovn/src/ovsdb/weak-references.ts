import type { Atom, Column, Reference, Row, Value } from "./database.ts";
import type { OpenDatabase, OpenTable } from "./schema.ts";

const isWeak = (reference: Reference | undefined): reference is Reference => reference?.strong === false;

const weakColumns = (table: OpenTable): readonly Column[] =>
  [...table.columns.values()].filter(({ keyReference, valueReference }) => isWeak(keyReference) || isWeak(valueReference));

/** Whether a key or value may stay. */
type Stays = (reference: Reference | undefined, uuid: Atom | undefined) => boolean;

function kept(column: Column, value: Value, stays: Stays): Value {
  if (typeof value !== "object") return value === undefined || stays(column.keyReference, value) ? value : undefined;
  const step = column.kind === "map" ? 2 : 1;
  const staysAt = (index: number): boolean => stays(column.keyReference, value[index]) && (step === 1 || stays(column.valueReference, value[index + 1]));
  for (let index = 0; index < value.length; index += step) {
    if (!staysAt(index)) return value.filter((_, member) => staysAt(member - (member % step)));
  }
  return value;
}

/**
 * Takes weak references out of the rows of all tables.
 *
 * @internal
 */
function dropWeakReferences(database: OpenDatabase, stays: Stays): void {
  for (const table of database.tables.values()) {
    const columns = weakColumns(table);
    if (columns.length === 0) continue;
    for (const [uuid, row] of table.rows) {
      let next: Value[] | undefined;
      for (const column of columns) {
        const before = row.values[column.index];
        const after = kept(column, before, stays);
        if (after !== before) (next ??= [...row.values])[column.index] = after;
      }
      if (next !== undefined) table.rows.set(uuid, { columns: table.columns, values: next } satisfies Row);
    }
  }
}

/**
 * Takes out the weak references whose rows are gone.
 *
 * A server does so when the row goes; not every such change is in its log.
 *
 * @see OVS 3.1, ovsdb/transaction.c, assess_weak_refs
 * @internal
 */
export function dropDanglingReferences(database: OpenDatabase): void {
  dropWeakReferences(database, (reference, uuid) => !isWeak(reference) || database.tables.get(reference.table)?.rows.has(String(uuid)) === true);
}

/** Takes out the weak references to one row, which is gone for good: another row is about to get its uuid. @internal */
export function dropReferencesTo(database: OpenDatabase, table: string, uuid: string): void {
  dropWeakReferences(database, (reference, one) => !isWeak(reference) || reference.table !== table || one !== uuid);
}
