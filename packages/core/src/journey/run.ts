import type { Caveat, Finding } from "../diagnostic.ts";
import { compose } from "../latency/compose.ts";
import { quantileAt, Z99 } from "../latency/distribution.ts";
import { distributionOf, type Profile, sharesOf } from "../latency/profile.ts";
import type { EndpointContext, Identity, Opening, Reply } from "../network/endpoint.ts";
import type { Network } from "../network/network.ts";
import type { Step, Term } from "../network/stage.ts";
import { diffPackets } from "../packet/diff.ts";
import type { Hop, Leg, Noted, RequestRecord } from "./journey.ts";
import type { States, Wiring } from "./walk.ts";

/** The mutable record of one run; nothing of it leaves `simulate`. @internal */
export interface Run {
  readonly network: Network;
  readonly wiring: Wiring;
  readonly profile: Profile;
  readonly maxVisits: number;
  readonly maxLegs: number;
  readonly legs: (Leg | undefined)[];
  readonly legHops: Hop[][];
  readonly requests: RequestRecord[];
  readonly observations: Noted[];
  readonly findings: Finding[];
  readonly caveats: Caveat[];
  readonly extraTerms: Term[];
  /** Nanoseconds of waiting that no term accounts for (time-outs, back-off). */
  waited: number;
  states: States;
  readonly choose: EndpointContext["choose"];
  /** Choices on the way of a DNS question. */
  readonly aside: EndpointContext["choose"];
  readonly exchange: (run: Run, place: Place, opening: Opening) => Reply;
}

export interface Place {
  readonly identity: Identity;
  /** Endpoint id. */
  readonly endpoint: string;
  readonly leg: number | undefined;
  readonly request: number | undefined;
  readonly clock: { now: number };
}

/** What an endpoint may do while it serves one connection. @internal */
export function contextFor(run: Run, place: Place): EndpointContext {
  return {
    get now() {
      return place.clock.now;
    },
    exchange: (opening: Opening) => run.exchange(run, place, opening),
    wait: (nanoseconds) => {
      place.clock.now += nanoseconds;
      run.waited += nanoseconds;
    },
    record: (step) => {
      for (const term of step.terms) place.clock.now += medianOf(run, term);
      if (place.leg === undefined) {
        run.extraTerms.push(...step.terms);
        return;
      }
      run.legHops[place.leg]?.push({ ...step, node: place.identity.node, changes: [], latency: latencyOf(run, step.terms) });
    },
    observe: (fact) => {
      run.observations.push({ leg: place.leg, endpoint: place.endpoint, object: place.identity.object, node: place.identity.node, at: place.clock.now, fact });
    },
    finding: (finding) => void run.findings.push(finding),
    caveat: (caveat) => void run.caveats.push(caveat),
    choose: run.choose,
  };
}

const medianOf = (run: Run, term: Term): number => {
  const distribution = distributionOf(term, run.profile);
  if (distribution === undefined) {
    run.caveats.push({ code: "latency/no-such-entry", problem: `profile ${run.profile.name} has no entry "${term.key}"; it counts as 0` });
    return 0;
  }
  return Math.round(quantileAt(distribution, 0)) * (term.times ?? 1);
};

/** Median and 99th percentile of one hop's terms, nanoseconds. @internal */
function latencyOf(run: Run, terms: readonly Term[]): { readonly p50: number; readonly p99: number } {
  if (terms.length === 0) return { p50: 0, p99: 0 };
  const [only] = terms;
  if (terms.length === 1 && only !== undefined && (only.times ?? 1) === 1) {
    const distribution = distributionOf(only, run.profile);
    return distribution === undefined ? { p50: 0, p99: 0 } : { p50: Math.round(quantileAt(distribution, 0)), p99: Math.round(quantileAt(distribution, Z99)) };
  }
  const { p50, p99 } = cachedCompose(run.profile, terms);
  return { p50, p99 };
}

/** A hop adds few terms: a coarser grid than a leg's tells its two figures well enough. */
const HOP_BINS = 512;

const composed = new WeakMap<Profile, Map<string, { p50: number; p99: number }>>();

function cachedCompose(profile: Profile, terms: readonly Term[]): { p50: number; p99: number } {
  let cache = composed.get(profile);
  if (cache === undefined) composed.set(profile, (cache = new Map()));
  const key = JSON.stringify(terms);
  let found = cache.get(key);
  if (found === undefined) cache.set(key, (found = compose(sharesOf(terms, profile), HOP_BINS)));
  return found;
}

/** A step as a hop: its changes and its time. @internal */
export const hopOf =
  (run: Run) =>
  (step: Step): Hop => ({
    system: step.system,
    node: step.node,
    place: step.place,
    stage: step.stage,
    decisions: step.decisions,
    changes: diffPackets(step.before, step.after),
    terms: step.terms,
    latency: latencyOf(run, step.terms),
    packet: step.after,
  });
