import { emptyNorthbound, northboundRow } from "../../src/northbound-row.ts";
import type { NorthboundDb, NorthboundTable } from "../../src/northbound.ts";
import { northd, type OvnVersion } from "../../src/northd/index.ts";
import { type Column, loadSouthbound, mapOf, readDatabaseSync, type Row, valueOf } from "../../src/ovsdb/index.ts";
import type { SouthboundDb } from "../../src/southbound.ts";
import { golden } from "../golden.ts";

const cell = (row: Row, { name, kind }: Column, initial: unknown): unknown => {
  if (kind === "map" || (typeof initial === "object" && !Array.isArray(initial))) return mapOf(row, name);
  const value = valueOf(row, name);
  if (Array.isArray(initial)) return value === undefined ? [] : typeof value === "object" ? value : [value];
  return typeof value === "object" && value.length <= 1 ? value[0] : value;
};

function northboundOf(text: string): NorthboundDb {
  const result = readDatabaseSync(text);
  if (result.type === "failed") throw new Error(result.diagnostics.map(({ problem }) => problem).join("\n"));
  const tables = Object.keys(emptyNorthbound()) as NorthboundTable[];
  return Object.fromEntries(tables.map((table) => {
    const empty = northboundRow(table, { _uuid: "" } as never) as unknown as Readonly<Record<string, unknown>>;
    const rows = [...(result.database.tables.get(table)?.rows.values() ?? [])];
    return [table, rows.map((row) => northboundRow(table, Object.fromEntries([...row.columns.values()].map((column) => [column.name, cell(row, column, empty[column.name])])) as never))];
  })) as unknown as NorthboundDb;
}

/** The Southbound database of golden data: as the real programs left it, or, where that is not kept, made of the Northbound one. */
export function goldenSouthbound(folder: string): SouthboundDb {
  const whole = loadSouthbound(golden("23.09-ic-shared/sb.dump.jsonl"));
  if (folder === "23.09-ic-shared") return whole;
  const chassis = whole.chassis.map(({ name, hostname, ip, otherConfig }) => ({ name, hostname, ip, remote: !folder.includes("legacy") && otherConfig["is-remote"] === "true" }));
  return northd(northboundOf(golden(`${folder}/nb.dump.jsonl`)), {
    version: folder.slice(0, 5) as OvnVersion, chassis,
    // Every gateway router has learned the same neighbours.
    macBindings: whole.macBindings.filter((one) => one.static === undefined).flatMap(({ port, ip, mac }) =>
      (folder.includes("legacy") ? ["worker-0", "worker-1"] : ["worker-0"]).map((node) => ({ port: port.replace("worker-0", node), ip, mac }))),
  });
}
