import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../src/ovsdb/load-southbound.ts";
import { openTrace, parseTraceArguments } from "../../src/trace/index.ts";
import { installedOvn, startOvn } from "../oracle/real-ovn.ts";
import { realTrace } from "../oracle/real-trace.ts";
import { nearestTrace } from "./dice.ts";
import { insertions, randomFlows, randomMicroflow } from "./random-flows.ts";

const version = installedOvn();
const usable = version?.startsWith("23.03") === true || version?.startsWith("23.09") === true;
if (!usable) console.log(`ovn-trace: no OVN 23.03 or 23.09 here (${version ?? "none"}), the comparison is skipped`);

// HOPSCOPE_SEED=7 HOPSCOPE_RUNS=1 repeats one database; more runs look further.
const first = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const count = Number(process.env["HOPSCOPE_RUNS"] ?? 15);
let compared = 0;
const options: readonly (readonly string[])[] = [[], ["--ct=new", "--ct=est,rpl", "--no-friendly-names", "--select-id=2"]];

describe.skipIf(!usable && process.env["CI"] === undefined)("flows that no northd would write", () => {
  it.each(Array.from({ length: count }, (_, index) => first + index))("are run as the real ovn-trace runs them, seed %i", { timeout: 120_000 }, async (seed) => {
    const [flows = []] = fc.sample(randomFlows, { seed, numRuns: 1 });
    const ovn = await startOvn();
    try {
      await ovn.transactSouthbound(insertions(flows));
      const session = openTrace(loadSouthbound(ovn.dumpSouthbound()));
      for (const microflow of fc.sample(randomMicroflow, { seed, numRuns: 8 })) {
        for (const more of options) {
          const args = ["--all", ...more, microflow];
          const { output, broken, failure } = await realTrace(ovn.southboundRemote, args);
          // Where the real program crashes or finds no end there is nothing to agree with.
          if (broken === true || failure !== undefined) continue;
          compared += 1;
          expect([args, nearestTrace(session, parseTraceArguments(args), output)]).toEqual([args, output]);
        }
      }
    } finally {
      ovn.stop();
    }
  });

  it("are mostly ones that the real ovn-trace survives", () => {
    expect(compared).toBeGreaterThanOrEqual(count < 10 ? 0 : count * 8);
  });
});
