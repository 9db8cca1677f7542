import type { Journey } from "@hopscope/core";

/** What a step of a Scenario document expects. */
export interface Expectation {
  readonly verdict?: string | readonly string[];
  readonly status?: number | null;
  /** Systems, stages, places or objects that some hop, leg or decision names. */
  readonly through?: readonly string[];
  readonly not?: readonly string[];
  /** Exactly these findings (severity info left out) when the list is empty, at least these otherwise. */
  readonly findings?: readonly string[];
  readonly latency?: { readonly [quantile in "mean" | "p50" | "p90" | "p99"]?: string };
}

export interface ScenarioStep {
  readonly trace: { readonly from: string; readonly to: string; readonly choose?: string; readonly profile?: string };
  readonly expect?: Expectation;
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9 };

/** Reads `< 50ms`, `<= 1.5s`, `> 0`; undefined where it is not of that form. */
export function parseBound(text: string): ((nanoseconds: number) => boolean) | undefined {
  const parts = /^\s*(<=|>=|<|>)\s*([\d.]+)\s*(ns|us|µs|ms|s)?\s*$/.exec(text);
  if (parts === null) return undefined;
  const bound = Number(parts[2]) * (units[parts[3] ?? "ns"] ?? 1);
  if (Number.isNaN(bound)) return undefined;
  switch (parts[1]) {
    case "<":
      return (value) => value < bound;
    case "<=":
      return (value) => value <= bound;
    case ">":
      return (value) => value > bound;
    default:
      return (value) => value >= bound;
  }
}

/** Everything that `through` and `not` can name; the client is where every journey begins. */
function passed(journey: Journey): ReadonlySet<string> {
  const names = new Set<string>(["client", journey.question.from]);
  for (const leg of journey.legs) {
    for (const party of [leg.from, leg.to]) {
      if (party.object !== undefined) names.add(party.object);
      names.add(party.address);
    }
    for (const hop of [...leg.hops, ...(leg.reply?.hops ?? [])]) {
      names.add(hop.system).add(hop.place).add(hop.stage);
      if (hop.node !== undefined) names.add(hop.node).add(`Node ${hop.node}`);
      for (const decision of hop.decisions) names.add(decision.origin.object).add(decision.table).add(decision.rule);
      for (const change of hop.changes) if (typeof change.to === "string") names.add(change.to);
    }
  }
  return names;
}

/** Says in sentences what of an expectation a journey does not meet; empty when it meets all. */
export function unmet(journey: Journey, expectation: Expectation): readonly string[] {
  const problems: string[] = [];
  const { verdict } = journey;
  const verdicts = expectation.verdict === undefined ? undefined : [expectation.verdict].flat();
  if (verdicts !== undefined && !verdicts.includes(verdict.type)) problems.push(`verdict is ${verdict.type} (${verdict.sentence}), expected ${verdicts.join(" or ")}`);
  if (expectation.status !== undefined && (verdict.status ?? null) !== expectation.status) problems.push(`status is ${verdict.status ?? "none"}, expected ${expectation.status ?? "none"}`);
  const names = passed(journey);
  for (const name of expectation.through ?? []) if (!names.has(name)) problems.push(`the journey does not pass "${name}"`);
  for (const name of expectation.not ?? []) if (names.has(name)) problems.push(`the journey passes "${name}", expected not to`);
  const found = journey.findings.filter(({ severity }) => severity !== "info").map(({ code }) => code);
  const { findings } = expectation;
  if (findings !== undefined && findings.length === 0 && found.length > 0) problems.push(`findings are ${found.join(", ")}, expected none`);
  for (const code of findings ?? []) if (!journey.findings.some((finding) => finding.code === code)) problems.push(`finding ${code} is missing${found.length === 0 ? "" : ` (found: ${found.join(", ")})`}`);
  for (const [quantile, bound] of Object.entries(expectation.latency ?? {})) {
    const holds = parseBound(bound);
    const value = quantile === "mean" || quantile === "p50" || quantile === "p90" || quantile === "p99" ? journey.latency[quantile] : undefined;
    if (holds === undefined || value === undefined) problems.push(`latency.${quantile}: "${bound}" is no bound; expected such as "< 50ms"`);
    else if (!holds(value)) problems.push(`latency ${quantile} is ${(value / 1e6).toFixed(2)} ms, expected ${bound}`);
  }
  return problems;
}
