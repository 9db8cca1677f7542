import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadSouthbound, readDatabaseSync } from "../../src/ovsdb/index.ts";
import type { SouthboundDb } from "../../src/southbound.ts";
import { randomCluster } from "../oracle/random-cluster.ts";
import { installedOvn, startOvn } from "../oracle/real-ovn.ts";
import { cellsOf, cellsOfDump } from "./log-text.ts";

const version = installedOvn();
if (version === undefined) console.log("ovsdb: OVN is not here, the comparison of its databases' files is skipped");

/** A value in which the order of rows, and of what follows from it, does not count. */
function inOrder(value: unknown): unknown {
  if (value instanceof Map) return inOrder([...value]);
  if (Array.isArray(value)) return (value as readonly unknown[]).map((one) => JSON.stringify(inOrder(one))).sort();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inOrder(one)]));
}

/** The parts of two databases that differ. */
const differing = (a: SouthboundDb, b: SouthboundDb): readonly string[] =>
  (Object.keys(a) as (keyof SouthboundDb)[]).filter((part) => JSON.stringify(inOrder(a[part])) !== JSON.stringify(inOrder(b[part])));

describe.skipIf(version === undefined && process.env["CI"] === undefined)("the files of a real northd's databases", () => {
  it.each([1, 2, 3])("hold what the servers say, and load alike from the log and from the dump (cluster %i)", async (seed) => {
    const ovn = await startOvn();
    try {
      await ovn.fill(randomCluster(seed).northbound);
      ovn.startNorthd();
      await ovn.sync();
      const log = readFileSync(join(ovn.folder, "sb.db"));
      const dump = ovn.dumpSouthbound();
      const result = readDatabaseSync(log);
      expect(result).toMatchObject({ type: "database", diagnostics: [], database: { name: "OVN_Southbound" } });
      expect(result.type === "database" && cellsOf(result.database)).toEqual(cellsOfDump(dump));
      const loaded = loadSouthbound(log);
      expect(loaded.flows.length).toBeGreaterThan(100);
      expect(differing(loaded, loadSouthbound(dump))).toEqual([]);
    } finally {
      ovn.stop();
    }
  }, 60_000);
});
