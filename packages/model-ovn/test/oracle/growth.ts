import type { NorthboundDb, NorthboundRow, NorthboundTable, NorthboundTables } from "../../src/northbound.ts";
import { emptyNorthbound, northboundRow } from "../../src/northbound-row.ts";
import { diceOf, type Dice } from "../northd/random-northbound.ts";

/** The columns of a row that differ from the defaults. */
export type Columns<Table extends NorthboundTable> = Partial<NorthboundTables[Table]>;

/** A Northbound database while it grows. */
export interface Growth {
  readonly dice: Dice;
  /** Adds a row and returns its id. */
  readonly add: <Table extends NorthboundTable>(table: Table, columns: Columns<Table>) => string;
  /** Puts more into a set column of a row that was added before. */
  readonly append: <Table extends NorthboundTable>(table: Table, uuid: string, column: string & keyof NorthboundTables[Table], items: readonly string[]) => void;
  readonly database: () => NorthboundDb;
}

/** A row with its sets in the order in which a database client sees them. */
const sortSets = (row: NorthboundRow): NorthboundRow =>
  Object.fromEntries(Object.entries(row).map(([column, value]) => [column, Array.isArray(value) ? [...(value as readonly string[])].sort() : value])) as unknown as NorthboundRow;

/** An empty database to be grown by a seed's dice. */
export function growthOf(seed: number): Growth {
  const dice = diceOf(seed);
  const tables: Record<string, NorthboundRow[]> = Object.fromEntries(Object.keys(emptyNorthbound()).map((table) => [table, []]));
  const byId = new Map<string, Record<string, unknown>>();
  return {
    dice,
    add: (table, columns) => {
      const uuid = dice.uuid();
      const row = northboundRow(table, { ...columns, _uuid: uuid });
      tables[table]?.push(row);
      byId.set(uuid, row as unknown as Record<string, unknown>);
      return uuid;
    },
    append: (table, uuid, column, items) => {
      const row = byId.get(uuid);
      if (row === undefined) throw new Error(`no row ${uuid} in ${table}`);
      row[column] = [...(row[column] as readonly string[]), ...items];
    },
    database: () => Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, rows.map(sortSets)])) as unknown as NorthboundDb,
  };
}
