import { availableParallelism } from "node:os";
import { lookups, profileOptions, profiles, type TraceCase } from "./random-case.ts";
import type { RealOvn } from "./real-ovn.ts";
import { realTrace, startTraceDaemon, type RealAnswer, type TraceDaemon } from "./real-trace.ts";

/** The forms of ovn-trace's output that are compared. */
export const forms = ["detailed", "summary", "minimal"] as const;
export type Form = (typeof forms)[number];

/** The real program's answer to a case: all forms of one and the same trace, its refusal, or none. */
export type CaseAnswer =
  | { readonly type: "trace"; readonly forms: Readonly<Record<Form, string>> }
  | { readonly type: "refusal"; readonly text: string }
  /** It crashed (as 23.03 does in `nd_na_router`, or when its stack is full) or found no end. */
  | { readonly type: "broken" };

/** Takes the output of `--all` apart into what each form alone would have printed. */
export function splitForms(output: string): Readonly<Record<Form, string>> | undefined {
  const parts = /^(#[^\n]*\n)# Detailed trace\.\n([\s\S]*?)# Summary trace\.\n([\s\S]*?)# Minimal trace\.\n([\s\S]*)$/.exec(output);
  if (parts === null) return undefined;
  const [, first = "", detailed = "", summary = "", minimal = ""] = parts;
  return { detailed: first + detailed, summary: first + summary, minimal: first + minimal };
}

const answerOf = ({ output, failure, broken }: RealAnswer): CaseAnswer => {
  if (broken === true) return { type: "broken" };
  const split = splitForms(output);
  return split === undefined ? { type: "refusal", text: output === "" ? failure ?? "" : output } : { type: "trace", forms: split };
};

/** How often a trace may have looked a connection up: a daemon never runs out of states, a process with its arguments might. */
const lookupsOf = (answer: CaseAnswer): number => (answer.type === "trace" ? [...answer.forms.detailed.matchAll(/^ *ct_/gm)].length : 0);

/** How many lookups the traces of one daemon may make together. */
const daemonLookups = 9000;

/** Asks the real ovn-trace about every case; the answers are in the order of the cases. */
export async function askReal(ovn: RealOvn, cases: readonly TraceCase[]): Promise<CaseAnswer[]> {
  const answers = new Map<TraceCase, CaseAnswer>();
  for (const [index, profile] of profiles.entries()) {
    const own = cases.filter((each) => each.profile === index);
    if (own.length === 0) continue;
    const start = (): Promise<TraceDaemon> => startTraceDaemon(ovn.southboundRemote, ovn.folder, profileOptions(profile, daemonLookups));
    let daemon = await start();
    try {
      for (const each of own) {
        const output = await daemon.trace(["--all", each.args.at(-1) ?? ""]);
        const answer = answerOf(output === undefined ? { output: "", broken: true } : { output });
        if (lookupsOf(answer) < lookups) answers.set(each, answer);
        if (output === undefined) {
          await daemon.stop();
          daemon = await start();
        }
      }
    } finally {
      await daemon.stop();
    }
  }
  const alone = cases.filter((each) => !answers.has(each));
  const width = Math.max(2, Math.min(4, availableParallelism()));
  for (let at = 0; at < alone.length; at += width) {
    const batch = alone.slice(at, at + width);
    const done = await Promise.all(batch.map((each) => realTrace(ovn.southboundRemote, ["--all", ...each.args])));
    batch.forEach((each, index) => answers.set(each, answerOf(done[index] ?? { output: "" })));
  }
  return cases.map((each) => answers.get(each) ?? { type: "refusal", text: "" });
}
