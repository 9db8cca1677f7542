import type { Caveat, Origin } from "@hopscope/core";
import type { NorthboundDb, NorthboundTable, NorthboundTables, Uuid } from "../northbound.ts";
import { northboundRow } from "../northbound-row.ts";

/** A row that is still being filled: its sets may be pushed to and its maps set. */
export type DraftRow<Row> = {
  -readonly [Column in keyof Row]: Row[Column] extends readonly (infer Element)[] ? Element[] : Row[Column] extends Readonly<Record<string, string>> ? Record<string, string> : Row[Column];
};

/** A Northbound database under construction. */
export interface Draft {
  readonly caveats: Caveat[];
  /** Adds a row; a second one of the same key gets a suffix. Returns it for filling. */
  add<Table extends NorthboundTable>(table: Table, key: string, columns: Columns<Table>, origin: Origin): DraftRow<NorthboundTables[Table]>;
  /** The row of that key, if there is one. */
  find<Table extends NorthboundTable>(table: Table, key: string): DraftRow<NorthboundTables[Table]> | undefined;
  all<Table extends NorthboundTable>(table: Table): readonly DraftRow<NorthboundTables[Table]>[];
  remove(table: NorthboundTable, uuid: Uuid): void;
  finish(): NorthboundDb;
}

/** The columns given when a row is added. */
export type Columns<Table extends NorthboundTable> = Partial<Omit<NorthboundTables[Table], "_uuid" | "origin">>;

const tables: readonly NorthboundTable[] = [
  "NB_Global", "Copp", "Logical_Switch", "Logical_Switch_Port", "Forwarding_Group", "Address_Set", "Port_Group", "Load_Balancer",
  "Load_Balancer_Group", "Load_Balancer_Health_Check", "ACL", "QoS", "Mirror", "Meter", "Meter_Band", "Logical_Router",
  "Logical_Router_Port", "Logical_Router_Static_Route", "Logical_Router_Policy", "NAT", "DHCP_Options", "DNS", "Gateway_Chassis",
  "HA_Chassis", "HA_Chassis_Group", "BFD", "Static_MAC_Binding", "Chassis_Template_Var",
];

/** An empty database to fill. Row ids are `Table:key`, so that equal input gives equal ids. */
export function createDraft(): Draft {
  const rows = new Map<NorthboundTable, Map<Uuid, unknown>>(tables.map((table) => [table, new Map()]));
  const tableOf = (table: NorthboundTable): Map<Uuid, unknown> => rows.get(table) ?? new Map<Uuid, unknown>();
  return {
    caveats: [],
    add(table, key, columns, origin) {
      const known = tableOf(table);
      let uuid = `${table}:${key}`;
      for (let n = 2; known.has(uuid); n++) uuid = `${table}:${key}#${n}`;
      const row = northboundRow(table, { ...columns, _uuid: uuid, origin } as Parameters<typeof northboundRow<typeof table>>[1]);
      known.set(uuid, row);
      return row as DraftRow<typeof row>;
    },
    find<Table extends NorthboundTable>(table: Table, key: string) {
      return tableOf(table).get(`${table}:${key}`) as DraftRow<NorthboundTables[Table]> | undefined;
    },
    all<Table extends NorthboundTable>(table: Table) {
      return [...tableOf(table).values()] as DraftRow<NorthboundTables[Table]>[];
    },
    remove(table, uuid) {
      tableOf(table).delete(uuid);
    },
    finish: () => Object.fromEntries(tables.map((table) => [table, [...tableOf(table).values()]])) as unknown as NorthboundDb,
  };
}
