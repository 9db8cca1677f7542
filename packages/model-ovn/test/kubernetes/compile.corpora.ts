import { describe, expect, it } from "vitest";
import { compileNorthbound } from "../../src/kubernetes/index.ts";
import type { NorthboundDb } from "../../src/northbound.ts";
import { difference } from "./compare.ts";
import { available, caseNames, optionsOf, readCase, type Row, snapshotOfObjects } from "./corpus.ts";
import { equalCases } from "./equal-cases.ts";

if (!available) console.log("ovnkube-nb: the corpus is not here, skipped");

function rowsOf(northbound: NorthboundDb): Row[] {
  return Object.entries(northbound).flatMap(([table, rows]) =>
    rows.map(({ origin: _origin, _uuid, ...columns }): Row => ({ ...columns, _table: table, _id: _uuid })),
  );
}

describe.skipIf(!available)("rows the real controllers write", () => {
  const here = available ? new Set(caseNames()) : new Set<string>();
  it.each(equalCases.filter((name) => here.has(name)))("%s", (name) => {
    const measured = readCase(name);
    const { northbound } = compileNorthbound(snapshotOfObjects(measured.objects), optionsOf(measured.case));
    expect(difference(measured.rows, rowsOf(northbound))).toEqual({ missing: [], extra: [] });
  });
});
