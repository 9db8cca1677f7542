import type { Choose } from "@hopscope/core";
import type { Backend, HaproxyProgram, Server } from "./program.ts";
import { nanosecondsOf } from "./time.ts";

/** `retries` of HAProxy where a configuration says nothing, as the router's. */
export const RETRIES = 3;
/** How long HAProxy waits before it tries the same server again after a refusal. */
const TURN_AROUND = 1_000_000_000;

/**
 * Chooses a server by weight; after a failure another than the one that failed, if there is one.
 *
 * All balance algorithms are taken as shares by weight: `leastconn` and `random` follow the load, which one request
 * does not make, and `source` a hash that is not ours to know.
 */
export function chooseServer(choose: Choose, backend: Backend, candidates: readonly Server[], avoid?: Server): Server | undefined {
  const others = candidates.filter((server) => server !== avoid);
  const among = others.length > 0 ? others : candidates;
  const total = among.reduce((sum, server) => sum + server.weight, 0);
  if (among.length === 0) return undefined;
  const alternatives = among.map((server) => ({ name: server.name, weight: total > 0 ? server.weight / total : 1 / among.length }));
  return among[choose(`backend ${backend.name} (${backend.balance})`, alternatives, backend.origin)];
}

/** What happens after a failed connection attempt. */
export interface NextAttempt {
  readonly redispatch: boolean;
  /** Nanoseconds of waiting before it. */
  readonly wait: number;
}

/**
 * Whether another server is tried next, and how long HAProxy waits first.
 *
 * Without persistence another server is taken at once, except by `source`, whose hash would name the same again;
 * with it only the last retry may go elsewhere. The same server gets a second of rest after a refusal, none after a time-out.
 *
 * @see HAProxy 2.6, src/backend.c back_handle_st_cer, src/stream.c stream_choose_redispatch
 */
export function nextAttempt(backend: Backend, state: { readonly retry: number; readonly pinned: boolean; readonly active: number; readonly refused: boolean }): NextAttempt {
  const may = backend.options.includes("redispatch");
  const turns = backend.balance !== "source";
  const redispatch = may && (state.retry === RETRIES || (!state.pinned && state.active > 1 && turns));
  const same = !redispatch || state.active <= 1;
  return { redispatch, wait: same && state.refused ? TURN_AROUND : 0 };
}

/** The times that bound one exchange with a server, in nanoseconds. */
export function serverTimeouts(program: HaproxyProgram, backend: Backend): { readonly connect: number; readonly server: number; readonly tunnel: number } {
  const second = 1_000_000_000;
  return {
    connect: nanosecondsOf(program.defaults.connect) ?? 5 * second,
    server: nanosecondsOf(backend.timeouts["server"] ?? program.defaults.server) ?? 30 * second,
    tunnel: nanosecondsOf(backend.timeouts["tunnel"] ?? program.defaults.tunnel) ?? 3600 * second,
  };
}
