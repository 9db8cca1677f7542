import type { Hop, Journey, Leg, Origin, Seen } from "@hopscope/core";

/** A JSON value; what `hopscope trace -o json` prints. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

export const JSON_SCHEMA_VERSION = "1";

const origin = (from: Origin | undefined): Json =>
  from === undefined ? null : { object: from.object, path: from.path, file: from.file, line: from.line, column: from.column };

/**
 * A journey as the public JSON interface (schema version 1). Keys keep their order, times are integer nanoseconds.
 *
 * @example
 * JSON.stringify(journeyJson(journey, observers), null, 2);
 */
export function journeyJson(journey: Journey, observers: readonly Seen[] = []): Json {
  const { verdict, latency } = journey;
  return {
    schemaVersion: JSON_SCHEMA_VERSION,
    question: { from: journey.question.from, to: journey.question.to },
    verdict: {
      type: verdict.type,
      status: verdict.status ?? null,
      sentence: verdict.sentence,
      deciding: verdict.deciding === undefined ? null : { object: verdict.deciding.object, origin: origin(verdict.deciding.origin) },
    },
    legs: journey.legs.map(legJson),
    requests: journey.requests.map((request) => ({
      id: request.id,
      parent: request.parent ?? null,
      leg: request.leg,
      method: request.method,
      authority: request.authority,
      path: request.path,
      status: request.status ?? null,
      cluster: request.cluster,
      backend: request.backend,
      endpoint: request.endpoint ?? null,
    })),
    latency: {
      profile: latency.profile,
      p50: latency.p50,
      p90: latency.p90,
      p99: latency.p99,
      mean: latency.mean,
      legs: latency.legs.map(({ leg, p50, p90, p99, mean }) => ({ leg, p50, p90, p99, mean })),
    },
    observers: observers.map((seen) => ({
      vantage: seen.vantage,
      edge: { from: seen.edge.from, to: seen.edge.to },
      sees: seen.sees,
      what: seen.what,
      measures: seen.measures ?? null,
      interval: seen.interval === undefined ? null : { from: seen.interval.from, to: seen.interval.to },
      value: seen.value === undefined ? null : Math.round(seen.value),
      why: seen.why,
      wouldIf: seen.wouldIf ?? null,
    })),
    findings: journey.findings.map(({ code, severity, origin: at, problem, fix }) => ({ code, severity, origin: origin(at), problem, fix })),
    caveats: journey.caveats.map((caveat) => ({ code: caveat.code, problem: caveat.problem, origin: origin(caveat.origin) })),
    choices: journey.choices.map(({ point, taken, probability }) => ({ point, taken, probability })),
    probability: journey.probability,
    alternatives: journey.alternatives.map((other) => journeyJson(other)),
  };
}

function legJson(leg: Leg): Json {
  return {
    id: leg.id,
    parent: leg.parent ?? null,
    protocol: leg.protocol,
    from: { object: leg.from.object ?? null, address: leg.from.address, port: leg.from.port },
    to: { object: leg.to.object ?? null, address: leg.to.address, port: leg.to.port },
    outcome: leg.outcome,
    ended: leg.ended === undefined ? null : { reason: leg.ended.reason, code: leg.ended.code ?? null, origin: origin(leg.ended.origin) },
    hops: leg.hops.map(hopJson),
    reply: leg.reply === undefined ? null : { outcome: leg.reply.outcome, hops: leg.reply.hops.map(hopJson) },
    times: { opened: leg.times.opened, connected: leg.times.connected ?? null, requested: leg.times.requested ?? null, answered: leg.times.answered ?? null, closed: leg.times.closed },
  };
}

function hopJson(hop: Hop): Json {
  return {
    system: hop.system,
    node: hop.node ?? null,
    place: hop.place,
    stage: hop.stage,
    decisions: hop.decisions.map(({ table, rule, verdict, origin: at }) => ({ table, rule, verdict, origin: origin(at) })),
    changes: hop.changes.map(({ field, from, to }) => ({ field, from: from ?? null, to: to ?? null })),
    latency: { p50: hop.latency.p50, p99: hop.latency.p99 },
  };
}
