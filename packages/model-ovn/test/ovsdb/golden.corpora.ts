import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { printLflows } from "../../src/northd/index.ts";
import type { NorthboundDb, NorthboundRow } from "../../src/northbound.ts";
import { loadNorthbound, loadSouthbound, readDatabaseSync } from "../../src/ovsdb/index.ts";
import { golden, goldenFile, hasGolden } from "../golden.ts";
import { cellsOf, cellsOfDump } from "./log-text.ts";

describe.skipIf(!hasGolden)("databases that real ovsdb-servers left", () => {
  it.each([
    ["23.09-ic-shared/nb.standalone-log.db", "23.09-ic-shared/nb.dump.jsonl", "standalone"],
    ["23.09-ic-shared/nb.backup.db", "23.09-ic-shared/nb.dump.jsonl", "standalone"],
    ["nb.clustered.db", "nb.clustered.dump.jsonl", "clustered"],
    ["23.09-ic-shared/nb.dump.jsonl", "23.09-ic-shared/nb.dump.jsonl", "dump"],
    ["23.09-ic-shared/sb.dump.jsonl", "23.09-ic-shared/sb.dump.jsonl", "dump"],
  ])("%s holds what %s shows", (file, dump, format) => {
    const result = readDatabaseSync(readFileSync(goldenFile(file)), { file });
    expect(result).toMatchObject({ type: "database", diagnostics: [], database: { format } });
    expect(result.type === "database" && cellsOf(result.database)).toEqual(cellsOfDump(golden(dump)));
  });

  it.each(["23.09-ic-shared"])("prints the flows of %s as lflow-list does", (cluster) => {
    const flows = printLflows(loadSouthbound(golden(`${cluster}/sb.dump.jsonl`))).split("\n");
    const expected = golden(`${cluster}/lflows.txt`).split("\n");
    // Flows that differ in nothing that is printed stand in any order.
    expect(flows).toEqual(expected);
  });

  it("gives the Northbound rows of every kind of file alike", () => {
    const folder = "23.09-ic-shared";
    const dump = loadNorthbound(golden(`${folder}/nb.dump.jsonl`));
    const sorted = (db: NorthboundDb): unknown =>
      Object.fromEntries(Object.entries(db).map(([table, rows]) => [table, [...(rows as readonly NorthboundRow[])].sort((a, b) => (a._uuid < b._uuid ? -1 : 1))]));
    expect(dump.Logical_Switch.length).toBeGreaterThan(1);
    for (const file of ["nb.standalone-log.db", "nb.backup.db"]) expect(sorted(loadNorthbound(readFileSync(goldenFile(`${folder}/${file}`))))).toEqual(sorted(dump));
  });
});
