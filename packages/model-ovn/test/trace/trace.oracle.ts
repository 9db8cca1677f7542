import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../src/ovsdb/load-southbound.ts";
import { openTrace } from "../../src/trace/index.ts";
import { installedOvn } from "../oracle/real-ovn.ts";
import { measureTopology } from "../oracle/topology.ts";
import { agreed, compareCase, smallest } from "./compare.ts";

const version = installedOvn();
const usable = version?.startsWith("23.03") === true || version?.startsWith("23.09") === true;
if (!usable) console.log(`ovn-trace: no OVN 23.03 or 23.09 here (${version ?? "none"}), the comparison is skipped`);

// HOPSCOPE_SEED=7 HOPSCOPE_RUNS=1 repeats one cluster; more runs look further.
const first = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const count = Number(process.env["HOPSCOPE_RUNS"] ?? 20);
const seeds = Array.from({ length: count }, (_, index) => first + index);

/** Clusters through the real ovn-northd, packets through the real ovn-trace, and the same text expected to the last character. */
describe.skipIf(!usable && process.env["CI"] === undefined)("ovn-trace beside the real one", () => {
  it.each(seeds)("says the same of 200 packets in the cluster of seed %i", async (seed) => {
    if (!usable) throw new Error("ovn-trace 23.03 or 23.09 is needed");
    const { database, cases, answers } = await measureTopology(seed, { shared: 150, alone: 50 });
    const session = openTrace(loadSouthbound(database));
    const found = cases.flatMap(({ args }, index) => compareCase(session, args, answers[index] ?? { type: "broken" }));
    expect({ seed, ...smallest(found) }).toEqual({ seed, ...agreed });
    // A comparison that hardly compares anything would be green too.
    expect(answers.filter(({ type }) => type === "trace").length).toBeGreaterThan(cases.length * 0.85);
  }, 120_000);
});
