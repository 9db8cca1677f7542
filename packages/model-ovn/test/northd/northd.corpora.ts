import { describe, expect, it } from "vitest";
import { northd, printLflows } from "../../src/northd/index.ts";
import { corpusCases, hasCorpus, northboundOf } from "./corpus.ts";
import { difference, flowSet } from "./flow-set.ts";

if (!hasCorpus) console.log("northd: the corpus ovnkube-nb is not here, its cases are skipped");

describe.skipIf(!hasCorpus)("northd on the rows of real OVN-Kubernetes controllers", () => {
  it.each(corpusCases())("makes the flows of the real program for %s", (_, read) => {
    const { rows, lflows } = read();
    const nb = northboundOf(rows);
    for (const version of ["23.03", "23.09"] as const) {
      const expected = lflows[version];
      if (expected === undefined) continue;
      const flows = flowSet(printLflows(northd(nb, { version, chassis: [] })));
      expect(difference(flows, flowSet(expected))).toEqual({ missing: [], extra: [] });
    }
  });

  it("traces every flow to a row", () => {
    const [, read] = corpusCases()[0] ?? [];
    if (read === undefined) return;
    const sb = northd(northboundOf(read().rows), { version: "23.09", chassis: [] });
    const origins = sb.datapaths.flatMap((datapath) => datapath.flows.map((flow) => flow.origin.object));
    expect(origins.every((object) => /^[A-Z]\w+ \S/.test(object))).toBe(true);
  });
});
