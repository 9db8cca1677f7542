import { type Caveat, type Finding, type Hop, type Journey, type Leg, printOrigin, type Seen } from "@hopscope/core";
import { columns, duration, pad, plain, shorten, socket, wrap } from "../format.ts";

export interface TextOptions {
  /** Shows every hop of the replies and every decision. */
  readonly wide?: boolean;
  readonly observers?: readonly Seen[];
}

const WIDTH = 100;

/**
 * Prints a journey for a terminal of 100 columns: legs in order, each hop with its deciding rule and origin, the verdict,
 * the latency ledger, who would have seen it, findings and caveats.
 *
 * @example
 * process.stdout.write(journeyText(journey, { wide: true }));
 */
export function journeyText(journey: Journey, options: TextOptions = {}): string {
  const lines = [
    ...wrap(plain(journey.question.to), WIDTH),
    ...wrap(plain(`from ${journey.question.from}`), WIDTH - 2).map((line) => `  ${line}`),
    "",
    ...journey.legs.flatMap((leg) => [...legLines(leg, options), ""]),
    ...verdictLines(journey),
    "",
    ...latencyLines(journey),
    ...observerLines(options.observers ?? []),
    ...findingLines(journey.findings),
    ...choiceLines(journey),
    ...caveatLines(journey.caveats),
  ];
  while (lines.at(-1) === "") lines.pop();
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function legLines(leg: Leg, { wide }: TextOptions): readonly string[] {
  const opener = leg.from.object === undefined ? "" : `${leg.from.object} `;
  const target = leg.to.object === undefined ? "" : ` (${leg.to.object})`;
  const after = leg.parent === undefined ? "" : `, opened on leg ${leg.parent}`;
  const head = `leg ${leg.id}  ${leg.protocol}  ${leg.outcome}${after}${leg.outcome === "accepted" ? `, round trip ${duration(leg.roundTrip.p50)} (p99 ${duration(leg.roundTrip.p99)})` : ""}`;
  const lines = [head, ...wrap(plain(`${opener}${leg.from.address} → ${socket(leg.to.address, leg.to.port)}${target}`), WIDTH - 7).map((line) => `       ${line}`)];
  for (const hop of leg.hops) lines.push(...hopLines(hop, wide === true));
  if (leg.ended !== undefined) {
    const where = leg.ended.origin === undefined ? "" : `  [${printOrigin(leg.ended.origin)}]`;
    lines.push(...wrap(plain(`${leg.outcome}: ${leg.ended.reason}${where}`), WIDTH - 4).map((line, index) => `  ${index === 0 ? "✗ " : "  "}${line}`));
  }
  if (leg.reply !== undefined) {
    if (wide === true) {
      lines.push(`  reply ${leg.reply.outcome}`);
      for (const hop of leg.reply.hops) lines.push(...hopLines(hop, true));
    } else {
      const places = [...new Set(leg.reply.hops.map((hop) => hop.place))];
      lines.push(...wrap(plain(`reply ${leg.reply.outcome}${places.length === 0 ? "" : `: ${places.join(" · ")}`}`), WIDTH - 2).map((line) => `  ${line}`));
    }
  }
  return lines;
}

/** Node and place; a long node's name gives way, so that the place can be told. */
function placeText({ node, place }: Hop, width: number): string {
  if (node === undefined) return shorten(plain(place), width);
  const whole = plain(`${node}: ${place}`);
  return columns(whole) <= width ? whole : shorten(`${shorten(plain(node), 16)}: ${plain(place)}`, width);
}

function hopLines(hop: Hop, wide: boolean): readonly string[] {
  const time = hop.latency.p50 === 0 ? "" : `${duration(hop.latency.p50)} (p99 ${duration(hop.latency.p99)})`;
  const place = placeText(hop, 42);
  const left = `  ${hop.system.padEnd(9)} ${pad(place, 42)} ${shorten(plain(hop.stage), 25)}`;
  const lines = [`${pad(left, WIDTH - 20)}${time.padStart(20)}`];
  const shown = wide ? hop.decisions : telling(hop);
  for (const { table, rule, verdict, origin } of shown) {
    const text = plain(`${table}: ${rule === "" ? "" : `${rule} `}→ ${verdict}`);
    lines.push(...decisionLines(wide ? text : shorten(text, 2 * (WIDTH - 14)), plain(printOrigin(origin))));
  }
  const changes = hop.changes.filter(({ field }) => wide || !field.startsWith("eth."));
  if (changes.length > 0) {
    const text = changes.map(({ field, from, to }) => `${field} ${from ?? "–"} → ${to ?? "–"}`).join(", ");
    lines.push(...wrap(plain(text), WIDTH - 14).map((line) => `            ${line}`));
  }
  return lines;
}

/** A rule, and at the right end of its last line where it comes from. */
function decisionLines(text: string, origin: string): readonly string[] {
  const room = WIDTH - 12;
  const lines = wrap(text, room);
  const last = lines.at(-1) ?? "";
  const where = wrap(origin, room);
  const first = where[0] ?? "";
  const together = where.length === 1 && columns(last) + 2 + columns(first) <= room;
  const right = (line: string): string => `${" ".repeat(Math.max(0, room - columns(line)))}${line}`;
  const all = together ? [...lines.slice(0, -1), `${pad(last, room - columns(first))}${first}`] : [...lines, ...where.map(right)];
  return all.map((line) => `            ${line}`);
}

/** The decisions that a short text shows: those of the stage that names the hop, and load balancers' picks. */
function telling(hop: Hop): Hop["decisions"] {
  const named = hop.decisions.filter(({ table }) => table === hop.stage || table === "load balancer");
  return named.length === 0 ? hop.decisions.slice(-2) : named.slice(-2);
}

function verdictLines(journey: Journey): readonly string[] {
  const { verdict } = journey;
  const status = verdict.status === undefined ? "" : ` ${verdict.status}`;
  const lines = wrap(plain(verdict.sentence), WIDTH - 9).map((line) => `         ${line}`);
  const deciding = verdict.deciding === undefined ? [] : wrap(plain(`decided by ${verdict.deciding.object} at ${printOrigin(verdict.deciding.origin)}`), WIDTH - 9).map((line) => `         ${line}`);
  return [`verdict  ${verdict.type}${status}`, ...lines, ...deciding];
}

function latencyLines(journey: Journey): readonly string[] {
  const { latency } = journey;
  const row = (name: string, s: { mean: number; p50: number; p90: number; p99: number }): string =>
    `  ${name.padEnd(28)}${[s.mean, s.p50, s.p90, s.p99].map((value) => duration(value).padStart(11)).join("")}`;
  return [
    `latency  profile ${latency.profile}${"mean".padStart(Math.max(1, 25 - latency.profile.length))}${"p50".padStart(11)}${"p90".padStart(11)}${"p99".padStart(11)}`,
    ...latency.legs.map((leg) => row(`leg ${leg.leg} round trip`, leg)),
    row("whole journey", latency),
    "",
  ];
}

/** The answer to "which of these is the RTT?", as the rows have it. */
function roundTripLines(observers: readonly Seen[]): readonly string[] {
  const named = (measure: Seen["measures"]): string =>
    [...new Set(observers.filter(({ measures, value }) => measures === measure && value !== undefined).map(({ vantage, what, sees }) => `${vantage} (${what})${sees ? "" : ", not on here"}`))]
      .filter((one, _, all) => !one.endsWith(", not on here") || !all.includes(one.slice(0, -", not on here".length)))
      .join("; ");
  const [plainOnes, smoothed] = [named("round trip"), named("smoothed round trip")];
  const mesh = observers.some(({ vantage }) => vantage === "kiali" || vantage === "prometheus" || vantage === "jaeger");
  return [
    ...(mesh ? ["No metric, access log time or span of the mesh is an RTT: they time whole requests, and TCP not at all."] : []),
    ...(plainOnes === "" ? [] : [`The RTT of a leg: ${plainOnes}.`]),
    ...(smoothed === "" ? [] : [`An RTT with the server's think time in it: ${smoothed}.`]),
  ].flatMap((line) => wrap(plain(line), WIDTH - 2).map((part) => `  ${part}`));
}

function observerLines(observers: readonly Seen[]): readonly string[] {
  if (observers.length === 0) return [];
  const edges = new Map<string, Seen[]>();
  for (const seen of observers) edges.set(`${seen.edge.from} → ${seen.edge.to}`, [...(edges.get(`${seen.edge.from} → ${seen.edge.to}`) ?? []), seen]);
  const lines = ["who would have seen it", ...roundTripLines(observers)];
  for (const [edge, rows] of edges) {
    lines.push(...wrap(plain(edge), WIDTH - 4).map((line, index) => `  ${index === 0 ? "" : "  "}${line}`));
    for (const { sees, vantage, value, what, why, wouldIf } of rows) {
      const condition = wouldIf === undefined ? "" : ` ${sees ? "A time" : "It would"} if ${wouldIf}`;
      const text = wrap(plain(`${what}: ${why}${condition}`), WIDTH - 32);
      const head = `    ${sees ? "✓" : "–"} ${vantage.padEnd(16)} ${(value === undefined ? "" : duration(value)).padStart(7)}  `;
      lines.push(...text.map((line, index) => `${index === 0 ? head : " ".repeat(head.length)}${line}`));
    }
  }
  return [...lines, ""];
}

function findingLines(findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return [];
  return [
    "findings",
    ...findings.flatMap((finding) => [
      ...wrap(plain(`${finding.severity} ${finding.code}  ${printOrigin(finding.origin)}`), WIDTH - 4).map((line, index) => `  ${index === 0 ? "" : "  "}${line}`),
      ...wrap(plain(finding.problem), WIDTH - 4).map((line) => `    ${line}`),
      ...wrap(plain(`fix: ${finding.fix}`), WIDTH - 4).map((line) => `    ${line}`),
    ]),
    "",
  ];
}

function choiceLines(journey: Journey): readonly string[] {
  if (journey.choices.length === 0) return [];
  const others = journey.alternatives.map(({ probability, verdict }) => `  ${(probability * 100).toFixed(1).padStart(5)} %  ${verdict.type}${verdict.status === undefined ? "" : ` ${verdict.status}`}: ${plain(verdict.sentence)}`);
  return [
    `choices (this way: ${(journey.probability * 100).toFixed(1)} %)`,
    ...journey.choices.map(({ point, taken, probability }) => shorten(plain(`  ${point}: ${taken} (${(probability * 100).toFixed(0)} %)`), WIDTH)),
    ...(others.length === 0 ? [] : ["other ways", ...others.flatMap((line) => wrap(line.trim(), WIDTH - 2).map((part) => `  ${part}`))]),
    "",
  ];
}

function caveatLines(caveats: readonly Caveat[]): readonly string[] {
  if (caveats.length === 0) return [];
  return [
    "caveats",
    ...caveats.flatMap((caveat) => wrap(plain(`${caveat.code}: ${caveat.problem}${caveat.origin === undefined ? "" : ` [${printOrigin(caveat.origin)}]`}`), WIDTH - 4).map((line, index) => `  ${index === 0 ? "" : "  "}${line}`)),
    "",
  ];
}
