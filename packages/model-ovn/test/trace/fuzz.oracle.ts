import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../src/ovsdb/load-southbound.ts";
import { openTrace } from "../../src/trace/index.ts";
import { diceOf } from "../northd/random-northbound.ts";
import { askReal } from "../oracle/ask-real.ts";
import { damageSouthbound } from "../oracle/damage.ts";
import { mutate } from "../oracle/mutate.ts";
import { profileOptions, profiles, randomCases, type TraceCase } from "../oracle/random-case.ts";
import { randomMicroflow } from "../oracle/random-microflow.ts";
import { installedOvn } from "../oracle/real-ovn.ts";
import { realTrace } from "../oracle/real-trace.ts";
import { realCluster } from "../oracle/topology.ts";
import { agreed, compareCase, refusal, smallest } from "./compare.ts";

const usable = installedOvn()?.startsWith("23.0") === true;
if (!usable) console.log(`ovn-trace: no OVN 23.03 or 23.09 here (${installedOvn() ?? "none"}), the fuzz comparison is skipped`);
const needed = (): void => { if (!usable) throw new Error("ovn-trace 23.03 or 23.09 is needed"); };

interface Row {
  readonly _uuid: readonly ["uuid", string];
  readonly logical_port?: string;
  readonly external_ids?: readonly ["map", readonly (readonly [string, string])[]];
}

const first = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const seeds = Array.from({ length: Number(process.env["HOPSCOPE_RUNS"] ?? 3) }, (_, index) => 1000 + first + index);

describe.skipIf(!usable && process.env["CI"] === undefined)("ovn-trace beside the real one when something is broken", () => {
  it.each(seeds)("refuses the same microflows and reads the others alike (seed %i)", async (seed) => {
    needed();
    const { ovn, plan } = await realCluster(seed);
    try {
      const dice = diceOf(seed);
      const cases = Array.from({ length: 250 }, (): TraceCase => ({ profile: 1, args: [...profileOptions(profiles[1] ?? { options: [] }), mutate(dice, randomMicroflow(dice, plan))] }));
      const answers = await askReal(ovn, cases);
      const session = openTrace(loadSouthbound(ovn.dumpSouthbound()));
      const found = cases.flatMap(({ args }, index) => compareCase(session, args, answers[index] ?? { type: "broken" }, ["minimal"]));
      expect({ seed, ...smallest(found) }).toEqual({ seed, ...agreed });
      expect(answers.filter(({ type }) => type === "refusal").length).toBeGreaterThan(50);
    } finally {
      ovn.stop();
    }
  }, 120_000);

  it.each(seeds)("passes over the same broken flows and rows of a database (seed %i)", async (seed) => {
    needed();
    const { ovn, plan } = await realCluster(seed);
    try {
      await ovn.stopNorthd();
      await damageSouthbound(ovn, seed);
      const cases = randomCases(diceOf(seed + 1), plan, { shared: 120, alone: 10 });
      const answers = await askReal(ovn, cases);
      const session = openTrace(loadSouthbound(ovn.dumpSouthbound()));
      const found = cases.flatMap(({ args }, index) => compareCase(session, args, answers[index] ?? { type: "broken" }));
      expect({ seed, ...smallest(found) }).toEqual({ seed, ...agreed });
    } finally {
      ovn.stop();
    }
  }, 120_000);

  it("refuses the same options", async () => {
    needed();
    const { ovn, plan } = await realCluster(1000);
    try {
      const session = openTrace(loadSouthbound(ovn.dumpSouthbound()));
      const flow = `inport == "${plan.pods[0]?.port ?? ""}"`;
      const questions = [
        ["--ct=foo", flow], ["--ct=", flow], ["--ct", "new", flow], ["--ct=new,", flow], ["--ct=new|trk", flow], ["--ct=new est", flow], ["--ct", flow], ["--lb-dst=", flow], ["--lb-dst=1.2.3", flow], ["--lb-dst=1.2.3.4", flow], ["--lb-dst=1.2.3.4:x", flow],
        ["--lb-dst=1.2.3.4:70000", flow], ["--lb-dst=[::1]:80", flow], ["--lb-dst=::1", flow], ["--lb-dst=host.test:80", flow], ["--select-id=0", flow], ["--select-id=x", flow], ["--select-id=3x", flow], ["--select-id=-1", flow], ["--nonsense", flow], ["--min", flow], ["--minimal=1", flow],
        [], ["a", "b", "c"], ["nowhere", flow], ["", flow], [""], ["--", flow], [flow, "--summary"], ["--friendly", flow], ["--detailed", "--minimal", flow], ["abcd", flow],
      ];
      const verdicts: unknown[] = [];
      for (const args of questions) {
        const { output, failure } = await realTrace(ovn.southboundRemote, args);
        const real = failure === undefined && output.startsWith("#") ? "a trace" : "refused";
        const own = refusal(session, args);
        if (real !== own.replace(/^(a trace|refused).*$/s, "$1")) verdicts.push({ args, real: output || failure, own });
      }
      expect(verdicts).toEqual([]);
    } finally {
      ovn.stop();
    }
  }, 60_000);

  it("finds datapaths and ports by the same beginnings of ids", async () => {
    needed();
    const { ovn, plan } = await realCluster(1001);
    try {
      const [datapaths, ports] = await ovn.transactSouthbound([
        { op: "select", table: "Datapath_Binding", where: [], columns: ["_uuid", "external_ids"] }, { op: "select", table: "Port_Binding", where: [], columns: ["_uuid", "logical_port"] },
      ]) as unknown as readonly { readonly rows: readonly Row[] }[];
      const port = plan.pods[0]?.port ?? "";
      const own = ports?.rows.find((row) => row.logical_port === port)?._uuid[1] ?? "";
      const ids = (datapaths?.rows ?? []).flatMap(({ _uuid, external_ids: ids }) => [_uuid[1], ...(ids?.[1] ?? []).filter(([key]) => key.startsWith("logical-")).map(([, value]) => value)]);
      const cases: TraceCase[] = [
        ...ids.flatMap((id) => [2, 4, 9, 36].map((length) => ({ args: [id.slice(0, length), `inport == "${port}" && ip4`] }))),
        ...[2, 4, 8, 13, 36].map((length) => ({ args: [plan.pods[0]?.node.name ?? "", `inport == "${own.slice(0, length)}" && ip4`] })),
        { args: [`inport == "${own}" && ip4`] }, { args: ["", `inport == "${port}"`] },
      ];
      const answers = await askReal(ovn, cases);
      const session = openTrace(loadSouthbound(ovn.dumpSouthbound()));
      expect(smallest(cases.flatMap(({ args }, index) => compareCase(session, args, answers[index] ?? { type: "broken" })))).toEqual(agreed);
    } finally {
      ovn.stop();
    }
  }, 60_000);
});
