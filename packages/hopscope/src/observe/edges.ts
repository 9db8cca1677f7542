import type { Leg, Seen } from "@hopscope/core";

export const nameOf = (party: Leg["from"]): string => party.object ?? party.address;
export const edgeOf = (leg: Leg): Seen["edge"] => ({ from: nameOf(leg.from), to: nameOf(leg.to) });

/** Both ends are one pod: what tools on a node see of loopback is little. */
export const isLoopback = (leg: Leg): boolean => leg.from.object === leg.to.object && leg.from.object !== undefined;

export const isOutside = (party: Leg["from"]): boolean => party.object === undefined || party.object.startsWith("outside");

/** A time as a log in whole milliseconds prints it. */
export const inMilliseconds = (nanoseconds: number): string => `${Math.floor(nanoseconds / 1e6)}`;

/** One row per vantage and edge: the first. */
export function once(rows: readonly Seen[]): readonly Seen[] {
  const known = new Map<string, Seen>();
  for (const row of rows) {
    const key = JSON.stringify([row.vantage, row.edge.from, row.edge.to]);
    if (!known.has(key)) known.set(key, row);
  }
  return [...known.values()];
}
