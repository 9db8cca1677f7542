import { readFileSync, readdirSync } from "node:fs";
import { buildNetwork, type Hop, type Journey, type Leg, loadSnapshot, simulate } from "hopscope";
import { describe, expect, it } from "vitest";
import { corporaFolder, hasCorpus } from "./corpora.ts";

type Tuple = readonly [string, string, number];

interface JudgedLeg {
  readonly tuples: readonly Tuple[];
  readonly outcome: string;
  readonly nodes: readonly string[];
  readonly ttl: number | null;
  readonly reply: boolean;
  readonly reply_undoes: { readonly src?: string; readonly dst?: string };
  readonly times: number;
}

interface Truth {
  readonly question: { readonly from: string; readonly to: string };
  readonly judge: {
    readonly verdict: readonly string[];
    readonly status: number | null;
    readonly findings?: readonly string[];
    readonly absent?: readonly string[];
    readonly finding_object?: Readonly<Record<string, string>>;
    readonly deciding?: readonly string[];
    readonly legs: readonly JudgedLeg[];
    readonly envoy: readonly { readonly cluster: string; readonly endpoint: string; readonly code: number; readonly flags: string }[];
    readonly haproxy: readonly { readonly backend: string; readonly server: string; readonly status: number; readonly termination: string }[];
  };
}

const folder = `${corporaFolder}/journeys-measured`;

function tuplesOf(leg: Leg): readonly Tuple[] {
  const seen: Tuple[] = [];
  for (const { packet } of leg.hops) {
    if (packet?.ip === undefined || packet.l4 === undefined || packet.l4.type === "icmp") continue;
    const tuple: Tuple = [packet.ip.src, packet.ip.dst, packet.l4.dst];
    if (JSON.stringify(tuple) !== JSON.stringify(seen.at(-1))) seen.push(tuple);
  }
  return seen;
}

function isSubsequence(part: readonly Tuple[], whole: readonly Tuple[]): boolean {
  let at = 0;
  for (const tuple of whole) if (JSON.stringify(tuple) === JSON.stringify(part[at])) at += 1;
  return at === part.length;
}

const nodesOf = (hops: readonly Hop[]): ReadonlySet<string> => new Set(hops.map((hop) => hop.node ?? "outside"));
const endOf = (hops: readonly Hop[]): Hop | undefined => hops.findLast(({ packet }) => packet !== undefined);

function legProblems(judged: JudgedLeg, journey: Journey): readonly string[] {
  const name = judged.tuples.map((tuple) => tuple.join(" ")).join(" / ");
  const found = journey.legs.filter((leg) => leg.protocol !== "udp" && isSubsequence(judged.tuples, tuplesOf(leg)));
  const fitting = found.filter((leg) => leg.outcome === judged.outcome);
  if (fitting.length !== judged.times) return [`leg ${name}: ${fitting.length} times ${judged.outcome} (${found.map(({ outcome }) => outcome).join(", ")}), measured ${judged.times}`];
  return fitting.flatMap((leg) => {
    const problems: string[] = [];
    const nodes = nodesOf(leg.hops);
    for (const node of judged.nodes) if (!nodes.has(node)) problems.push(`leg ${name}: does not cross ${node}`);
    if (judged.ttl !== null && endOf(leg.hops)?.packet?.ip?.ttl !== judged.ttl) problems.push(`leg ${name}: ttl ${endOf(leg.hops)?.packet?.ip?.ttl}, measured ${judged.ttl}`);
    if (judged.reply && leg.reply?.outcome !== "accepted") problems.push(`leg ${name}: no reply`);
    const back = endOf(leg.reply?.hops ?? [])?.packet?.ip;
    for (const side of ["src", "dst"] as const) {
      const wanted = judged.reply_undoes[side];
      if (wanted !== undefined && back?.[side] !== wanted) problems.push(`leg ${name}: the reply's ${side} ends as ${back?.[side]}, measured ${wanted}`);
    }
    return problems;
  });
}

function problemsOf(truth: Truth, journey: Journey): readonly string[] {
  const { judge } = truth;
  const problems: string[] = [];
  if (!judge.verdict.includes(journey.verdict.type)) problems.push(`verdict ${journey.verdict.type}: ${journey.verdict.sentence}`);
  if ((journey.verdict.status ?? null) !== judge.status) problems.push(`status ${journey.verdict.status}`);
  const codes = journey.findings.map(({ code }) => code);
  for (const code of judge.findings ?? []) if (!codes.includes(code)) problems.push(`finding ${code} is missing`);
  for (const code of judge.absent ?? []) if (codes.includes(code)) problems.push(`finding ${code} is wrong`);
  for (const [code, object] of Object.entries(judge.finding_object ?? {})) {
    if (!journey.findings.some((finding) => finding.code === code && finding.origin.object.endsWith(`/${object}`))) problems.push(`finding ${code} does not name ${object}`);
  }
  if (judge.deciding !== undefined) {
    const [kind, namespace, name] = judge.deciding;
    if (journey.verdict.deciding?.object !== `${kind} ${namespace}/${name}`) problems.push(`decided by ${journey.verdict.deciding?.object}`);
  }
  for (const leg of judge.legs) problems.push(...legProblems(leg, journey));
  const measured = judge.legs.reduce((sum, { times }) => sum + times, 0);
  const own = journey.legs.filter(({ protocol }) => protocol !== "udp").length;
  if (own !== measured) problems.push(`${own} legs, measured ${measured}`);
  const notes = (type: string) => journey.observations.filter(({ fact }) => fact.type === type).map(({ fact }) => fact);
  const envoys = notes("envoy");
  for (const line of judge.envoy) {
    if (!envoys.some((fact) => fact["cluster"] === line.cluster && fact["endpoint"] === line.endpoint && fact["code"] === line.code && fact["flags"] === line.flags)) problems.push(`envoy ${JSON.stringify(line)} not among ${JSON.stringify(envoys)}`);
  }
  const routers = notes("haproxy");
  for (const line of judge.haproxy) {
    if (!routers.some((fact) => fact["backend"] === line.backend && fact["server"] === line.server && fact["status"] === line.status && fact["termination"] === line.termination)) problems.push(`haproxy ${JSON.stringify(line)} not among ${JSON.stringify(routers)}`);
  }
  return problems;
}

describe.skipIf(!hasCorpus("journeys-measured"))("journeys, as the real programs together made them", () => {
  const names = hasCorpus("journeys-measured") ? readdirSync(`${folder}/truth`).map((file) => file.replace(/\.json$/, "")) : [];
  it.each(names)("%s", (name) => {
    const truth = JSON.parse(readFileSync(`${folder}/truth/${name}.json`, "utf8")) as Truth;
    const snapshot = loadSnapshot([`${folder}/snapshot/base`, `${folder}/snapshot/${name}`]);
    expect(snapshot.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const journey = simulate(buildNetwork(snapshot), truth.question);
    expect(problemsOf(truth, journey)).toEqual([]);
  });
});
