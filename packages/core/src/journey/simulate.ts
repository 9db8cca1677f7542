import type { Caveat } from "../diagnostic.ts";
import { compose } from "../latency/compose.ts";
import { type Profile, profiles, sharesOf } from "../latency/profile.ts";
import type { EndpointContext, Identity, Reply } from "../network/endpoint.ts";
import type { Network } from "../network/network.ts";
import type { Term } from "../network/stage.ts";
import type { Origin } from "../origin.ts";
import { chooserFor, type ChoosePolicy, nextPrefix } from "./chooser.ts";
import { runExchange } from "./exchange.ts";
import type { Hop, Journey, Leg } from "./journey.ts";
import { judge } from "./judge.ts";
import { contextFor, type Run } from "./run.ts";
import { wiringOf } from "./walk.ts";

/** Who begins a journey, and what he does: a client that resolves a name and sends a request. */
export interface Initiator {
  readonly question: { readonly from: string; readonly to: string };
  readonly identity: Identity;
  run(context: EndpointContext): Reply;
}

export interface SimulateOptions {
  readonly choose?: ChoosePolicy;
  readonly profile?: Profile;
  /** Completes an origin with line and column. */
  readonly locate?: (origin: Origin) => Origin;
  readonly maxVisits?: number;
  readonly maxLegs?: number;
  /** Most ways that `choose: all` follows. */
  readonly maxWays?: number;
}

/**
 * Simulates what a client's request causes in a network: every leg, both directions, on one clock.
 *
 * Pure: equal arguments give equal journeys. With `choose: { type: "all" }` the likeliest way is the result and the others
 * are its `alternatives`.
 *
 * @example
 * simulate(network, initiator, { choose: { type: "likeliest" } }).verdict.type // "delivered"
 */
export function simulate(network: Network, initiator: Initiator, options: SimulateOptions = {}): Journey {
  const policy = options.choose ?? { type: "likeliest" };
  if (policy.type !== "all") return runOnce(network, initiator, options, policy, []).journey;
  const journeys: Journey[] = [];
  let prefix: readonly number[] | undefined = [];
  const most = options.maxWays ?? 256;
  while (prefix !== undefined && journeys.length < most) {
    const { journey, taken } = runOnce(network, initiator, options, policy, prefix);
    if (journey.probability > 0) journeys.push(journey);
    prefix = nextPrefix(taken);
  }
  const sorted = journeys.map((journey, index) => ({ journey, index })).sort((a, b) => b.journey.probability - a.journey.probability || a.index - b.index);
  const [first, ...rest] = sorted.map(({ journey }) => journey);
  if (first === undefined) throw new RangeError("every way has probability 0");
  const cut: readonly Caveat[] = prefix === undefined ? [] : [{ code: "choose/too-many-ways", problem: `only the first ${most} ways were followed` }];
  return { ...first, alternatives: rest, caveats: [...first.caveats, ...cut] };
}

function runOnce(network: Network, initiator: Initiator, options: SimulateOptions, policy: ChoosePolicy, prefix: readonly number[]) {
  const chooser = chooserFor(policy, prefix);
  const profile = options.profile ?? profiles["cloud-vm"];
  if (profile === undefined) throw new RangeError("no latency profile");
  const run: Run = {
    network,
    wiring: wiringOf(network),
    profile,
    maxVisits: options.maxVisits ?? 200,
    maxLegs: options.maxLegs ?? 200,
    legs: [],
    legHops: [],
    requests: [],
    observations: [],
    findings: [],
    caveats: [],
    extraTerms: [],
    waited: 0,
    states: new Map(),
    choose: chooser.choose,
    aside: chooser.aside,
    exchange: runExchange,
  };
  const reply = initiator.run(contextFor(run, { identity: initiator.identity, endpoint: "client", leg: undefined, request: undefined, clock: { now: 0 } }));
  const legs = run.legs.filter((leg) => leg !== undefined);
  const perLeg = legs.map((leg) => ({ leg: leg.id, ...leg.roundTrip }));
  const terms = [...legs.flatMap(termsOf), ...run.extraTerms];
  const shares = [...sharesOf(terms, profile), { distribution: { type: "const" as const, value: run.waited }, times: 1 }];
  const journey: Journey = {
    question: initiator.question,
    verdict: judge(network, legs, reply, run.findings),
    legs,
    requests: run.requests,
    observations: run.observations,
    choices: chooser.made,
    probability: chooser.made.reduce((product, { probability }) => product * probability, 1),
    latency: { ...compose(shares), legs: perLeg, profile: profile.name },
    reply,
    findings: unique(run.findings),
    caveats: unique([...run.caveats, ...chooser.caveats()]),
    alternatives: [],
  };
  return { journey: options.locate === undefined ? journey : located(journey, options.locate), taken: chooser.taken };
}

/** A connected leg costs a round trip for the handshake and one for the request; a datagram exchange one. */
function termsOf(leg: Leg): readonly Term[] {
  const once = [...leg.hops, ...(leg.reply?.hops ?? [])];
  const packets = once.filter((hop) => hop.packet !== undefined).flatMap((hop) => hop.terms);
  const processing = once.filter((hop) => hop.packet === undefined).flatMap((hop) => hop.terms);
  return leg.protocol === "udp" || leg.protocol === "icmp" || leg.outcome !== "accepted" ? [...packets, ...processing] : [...packets, ...packets, ...processing];
}

function unique<T extends { readonly code: string; readonly problem: string }>(list: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return list.filter(({ code, problem }) => {
    const key = `${code}\n${problem}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function located(journey: Journey, locate: (origin: Origin) => Origin): Journey {
  const hop = (one: Hop): Hop => ({ ...one, decisions: one.decisions.map((decision) => ({ ...decision, origin: locate(decision.origin) })) });
  const { deciding } = journey.verdict;
  return {
    ...journey,
    verdict: deciding === undefined ? journey.verdict : { ...journey.verdict, deciding: { ...deciding, origin: locate(deciding.origin) } },
    legs: journey.legs.map((leg) => ({
      ...leg,
      hops: leg.hops.map(hop),
      reply: leg.reply === undefined ? undefined : { ...leg.reply, hops: leg.reply.hops.map(hop) },
      ended: leg.ended?.origin === undefined ? leg.ended : { ...leg.ended, origin: locate(leg.ended.origin) },
    })),
    findings: journey.findings.map((finding) => ({ ...finding, origin: locate(finding.origin) })),
    caveats: journey.caveats.map((caveat) => (caveat.origin === undefined ? caveat : { ...caveat, origin: locate(caveat.origin) })),
    choices: journey.choices.map((choice) => (choice.origin === undefined ? choice : { ...choice, origin: locate(choice.origin) })),
  };
}
