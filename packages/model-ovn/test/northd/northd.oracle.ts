import { describe, expect, it } from "vitest";
import { northd, printLflows } from "../../src/northd/index.ts";
import { difference, flowSet } from "./flow-set.ts";
import { randomNorthbound } from "./random-northbound.ts";
import { installedNorthd, realFlows } from "./real-northd.ts";

const version = installedNorthd();
const usable = version === "23.03" || version === "23.09";
if (!usable) console.log(`northd: no ovn-northd 23.03 or 23.09 here (${version ?? "none"}), the comparison is skipped`);

const first = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const count = Number(process.env["HOPSCOPE_RUNS"] ?? 40);
const seeds = Array.from({ length: count }, (_, index) => first + index);

describe.skipIf(!usable && process.env["CI"] === undefined)("northd beside the real ovn-northd", () => {
  it.each(seeds)("makes the same flows of the random database with seed %i", async (seed) => {
    if (!usable) throw new Error("ovn-northd 23.03 or 23.09 is needed");
    const nb = randomNorthbound(seed);
    const expected = flowSet(await realFlows(nb));
    const actual = flowSet(printLflows(northd(nb, { version, chassis: [] })));
    expect(difference(actual, expected)).toEqual({ missing: [], extra: [] });
  });
});
