import { describe, expect, it } from "vitest";
import { northd, printLflows } from "../../src/northd/index.ts";
import { difference, flowSet } from "../northd/flow-set.ts";
import { installedNorthd, realFlows } from "../northd/real-northd.ts";
import { randomCluster } from "./random-cluster.ts";

const version = installedNorthd();
const usable = version === "23.03" || version === "23.09";
if (!usable) console.log(`northd: no ovn-northd 23.03 or 23.09 here (${version ?? "none"}), the comparison of clusters is skipped`);

const first = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const seeds = Array.from({ length: Number(process.env["HOPSCOPE_RUNS"] ?? 20) }, (_, index) => first + index);

describe.skipIf(!usable && process.env["CI"] === undefined)("northd beside the real ovn-northd", () => {
  it.each(seeds)("makes the same flows of the random cluster with seed %i", async (seed) => {
    if (!usable) throw new Error("ovn-northd 23.03 or 23.09 is needed");
    const { northbound } = randomCluster(seed);
    const actual = flowSet(printLflows(northd(northbound, { version, chassis: [] })));
    expect(difference(actual, flowSet(await realFlows(northbound)))).toEqual({ missing: [], extra: [] });
  });
});
