import { parseTraceArguments, trace, TraceProblem, type TraceSession } from "../../src/trace/index.ts";
import { forms, type CaseAnswer, type Form } from "../oracle/ask-real.ts";
import { nearestTrace } from "./dice.ts";

/** A question the real program answers differently. */
export interface Disagreement {
  readonly command: string;
  readonly line: number;
  readonly real: string;
  readonly ours: string;
}

/** The command line for a shell; a state given forty times is written once, with its number. */
function quoted(args: readonly string[]): string {
  const words = ["ovn-trace"];
  for (let at = 0; at < args.length;) {
    const word = args[at] ?? "";
    let next = at + 1;
    while (args[next] === word) next += 1;
    words.push(next - at > 4 ? `$(yes -- ${word} | head -${next - at})` : Array.from({ length: next - at }, () => (/^[\w=.:,[\]-]+$/.test(word) ? word : `'${word}'`)).join(" "));
    at = next;
  }
  return words.join(" ");
}

function difference(args: readonly string[], real: string, ours: string): Disagreement[] {
  if (real === ours) return [];
  const [wanted, got] = [real.split("\n"), ours.split("\n")];
  const at = wanted.findIndex((line, index) => line !== got[index]);
  const line = at === -1 ? wanted.length : at;
  return [{ command: quoted(args), line: line + 1, real: wanted[line] ?? "(end)", ours: got[line] ?? "(end)" }];
}

/** What ours says of a question that the real one refuses: the problem; any other error is a crash. */
export function refusal(session: TraceSession, args: readonly string[]): string {
  try {
    return `a trace: ${trace(session, parseTraceArguments(args)).slice(0, 200)}`;
  } catch (error) {
    return error instanceof TraceProblem ? `refused: ${error.message}` : `crashed: ${String(error)}`;
  }
}

/**
 * The words of both refusals. Ours names the place in the microflow as well, which the real one does not, and 23.03 strips a microflow
 * with an unknown template of its blanks before it reads it.
 */
function sameTerms(microflow: string, real: string, own: string): readonly [string, string] {
  // The real program prints those of a microflow as it prints a trace; others are of its command line.
  if (microflow.includes("^") || !/^(error parsing flow: |unknown (port|datapath) ")/.test(real)) return ["refused", own.replace(/^refused: .*$/s, "refused")];
  return [`refused: ${real.trimEnd()}`, own.replace(/^(refused: error parsing flow: )column \d+: /, "$1").trimEnd()];
}

function ownText(session: TraceSession, args: readonly string[], wanted: string): string {
  try {
    return nearestTrace(session, parseTraceArguments(args), wanted);
  } catch (error) {
    return error instanceof TraceProblem ? `refused: ${error.message}` : `crashed: ${String(error)}`;
  }
}

/**
 * Compares ours with the real program's answer, to the last character in each form.
 *
 * The real program rolls dice for the backend of a load balancer and the member of a group where `--lb-dst` and `--select-id` do not
 * decide. Ours is asked for every throw of those, and one of them must give the real one's text.
 */
export function compareCase(session: TraceSession, args: readonly string[], answer: CaseAnswer, wanted: readonly Form[] = forms): Disagreement[] {
  if (answer.type === "refusal") return difference(args, ...sameTerms(args.at(-1) ?? "", answer.text, refusal(session, args)));
  // Where the real program itself breaks there is nothing to agree with; ours may answer or refuse, but not crash.
  if (answer.type === "broken") {
    const said = refusal(session, ["--minimal", ...args]);
    return said.startsWith("crashed") ? difference(args, "breaks itself", said) : [];
  }
  return wanted.flatMap((form) => {
    const command = [`--${form}`, ...args];
    return difference(command, answer.forms[form], ownText(session, command, answer.forms[form]));
  });
}

/** A summary for an expectation: how many disagree, and the shortest question that does. */
export function smallest(found: readonly Disagreement[]): { readonly disagreements: number; readonly smallest: Disagreement | undefined } {
  return { disagreements: found.length, smallest: [...found].sort((a, b) => a.command.length - b.command.length)[0] };
}

/** Nothing disagrees. */
export const agreed = { disagreements: 0, smallest: undefined };
