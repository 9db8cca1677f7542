import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../src/ovsdb/load-southbound.ts";
import { openTrace, parseTraceArguments, trace, TraceProblem, type TraceSession } from "../../src/trace/index.ts";
import { forms, type CaseAnswer } from "../oracle/ask-real.ts";
import { installedOvn } from "../oracle/real-ovn.ts";
import { measureTopology } from "../oracle/topology.ts";
import { nearestTrace } from "./dice.ts";

const version = installedOvn();
const usable = version?.startsWith("23.03") === true || version?.startsWith("23.09") === true;
if (!usable) console.log(`ovn-trace: no OVN 23.03 or 23.09 here (${version ?? "none"}), the comparison is skipped`);

// HOPSCOPE_SEED=7 HOPSCOPE_RUNS=1 repeats one cluster; more runs look further.
const first = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const count = Number(process.env["HOPSCOPE_RUNS"] ?? 20);
const seeds = Array.from({ length: count }, (_, index) => first + index);

interface Disagreement {
  readonly command: string;
  readonly line: number;
  readonly real: string;
  readonly ours: string;
}

const quoted = (args: readonly string[]): string => ["ovn-trace", ...args.map((word) => (/^[\w=.:,[\]-]+$/.test(word) ? word : `'${word}'`))].join(" ");

function disagreement(args: readonly string[], real: string, ours: string): Disagreement[] {
  if (real === ours) return [];
  const [wanted, got] = [real.split("\n"), ours.split("\n")];
  const at = wanted.findIndex((line, index) => line !== got[index]);
  const line = at === -1 ? wanted.length : at;
  return [{ command: quoted(args), line: line + 1, real: wanted[line] ?? "(end)", ours: got[line] ?? "(end)" }];
}

/** Ours says what is wrong with a question; any other error is a crash. */
function refusal(session: TraceSession, args: readonly string[]): string {
  try {
    return `a trace: ${trace(session, parseTraceArguments(args)).slice(0, 200)}`;
  } catch (error) {
    return error instanceof TraceProblem ? "refused" : `crashed: ${String(error)}`;
  }
}

function compare(session: TraceSession, args: readonly string[], answer: CaseAnswer): Disagreement[] {
  if (answer.type === "refusal") return disagreement(args, "refused", refusal(session, args));
  // Where the real program itself breaks there is nothing to agree with; ours may answer or refuse, but not crash.
  if (answer.type === "broken") return refusal(session, ["--minimal", ...args]).startsWith("crashed") ? [{ command: quoted(args), line: 0, real: "breaks", ours: refusal(session, args) }] : [];
  return forms.flatMap((form) => {
    const command = [`--${form}`, ...args];
    return disagreement(command, answer.forms[form], nearestTrace(session, parseTraceArguments(command), answer.forms[form]));
  });
}

/**
 * Clusters through the real ovn-northd, packets through the real ovn-trace, and the same text expected to the last character.
 *
 * The real program rolls dice for the backend of a load balancer and the member of a group where `--lb-dst` and `--select-id` do not
 * decide. Ours is asked for every throw of those, and one of them must give the real one's text.
 */
describe.skipIf(!usable && process.env["CI"] === undefined)("ovn-trace beside the real one", () => {
  it.each(seeds)("says the same of 200 packets in the cluster of seed %i", async (seed) => {
    if (!usable) throw new Error("ovn-trace 23.03 or 23.09 is needed");
    const { dump, cases, answers } = await measureTopology(seed, { shared: 150, alone: 50 });
    const session = openTrace(loadSouthbound(dump));
    const found = cases.flatMap(({ args }, index) => compare(session, args, answers[index] ?? { type: "broken" }));
    const [smallest] = found.sort((a, b) => a.command.length - b.command.length);
    expect({ seed, disagreements: found.length, smallest }).toEqual({ seed, disagreements: 0, smallest: undefined });
    // A comparison that hardly compares anything would be green too.
    expect(answers.filter(({ type }) => type === "trace").length).toBeGreaterThan(cases.length * 0.85);
  }, 120_000);
});
