import type { Journey, Leg, Seen } from "@hopscope/core";
import { edgeOf, nameOf } from "./edges.ts";

const isIntercepted = (leg: Leg): boolean => leg.hops.some(({ stage, changes }) => stage.includes("OUTPUT") && changes.some(({ field, to }) => field.endsWith("dst") && (to === "127.0.0.1" || to === "::1")));

/** What the client itself can time: its connection, which in a mesh ends at its own sidecar. The time is the median of the round trip, as for the other views. */
export function curlView(journey: Journey): Seen {
  const legs = journey.legs.filter(({ protocol }) => protocol !== "udp" && protocol !== "icmp");
  const base = { vantage: "curl", what: "time_connect - time_namelookup", measures: "round trip", interval: { from: "name resolved", to: "connection ready" } } as const;
  const [first] = legs;
  if (first === undefined) {
    const asker = journey.legs[0];
    return { ...base, edge: { from: asker === undefined ? journey.question.from : nameOf(asker.from), to: journey.question.to }, sees: false, why: "no connection was begun, so there is no connect time; time_namelookup is all that passed." };
  }
  const connected = first.times.connected;
  const seen = { ...base, edge: edgeOf(first), sees: connected !== undefined, value: connected === undefined ? undefined : first.roundTrip.p50 };
  if (connected === undefined) return { ...seen, why: first.outcome === "dropped" ? "the connection never came about: curl waits and gives up (error 28)." : "the connection never came about (error 7)." };
  if (isIntercepted(first)) return { ...seen, measures: "connection", why: "the client's own sidecar accepts the connection on loopback: this is no RTT to the server." };
  return { ...seen, why: legs.length > 1 ? "one round trip to the first proxy, not to the application." : "one round trip to the server." };
}
