import type { Finding } from "../diagnostic.ts";
import type { Reply } from "../network/endpoint.ts";
import type { Network } from "../network/network.ts";
import type { Judgement, Leg } from "./journey.ts";

const ms = (nanoseconds: number): string => {
  const [value, unit] = nanoseconds >= 1e9 ? [nanoseconds / 1e9, "s"] : nanoseconds >= 1e6 ? [nanoseconds / 1e6, "ms"] : [nanoseconds / 1e3, "µs"];
  return `${value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${unit}`;
};

/**
 * Says in one word and one sentence how a journey ended for the client.
 *
 * delivered: the application answered; answered: somebody else did; refused: a quick end without an answer; dropped: silence
 * until the client gave up; unknown: something on the way is not modelled.
 */
export function judge(network: Network, legs: readonly Leg[], reply: Reply, findings: readonly Finding[]): Judgement {
  const failed = legs.findLast((leg) => leg.ended !== undefined && leg.protocol !== "udp") ?? legs.findLast((leg) => leg.ended !== undefined);
  const error = findings.find(({ severity }) => severity === "error");
  const origin = error?.origin ?? failed?.ended?.origin;
  const deciding = origin === undefined ? undefined : { object: origin.object, origin };
  const nameOf = (id: string): string => network.endpoints.get(id)?.identity.object ?? id;
  switch (reply.type) {
    case "http": {
      const by = network.endpoints.get(reply.by);
      if (by?.system === "app") return { type: "delivered", status: reply.status, sentence: `delivered to ${nameOf(reply.by)}, which answered ${reply.status} after ${ms(reply.after)}` };
      const why = failed?.ended?.reason ?? error?.problem ?? (reply.details === "via_upstream" ? undefined : reply.details);
      return { type: "answered", status: reply.status, sentence: `answered ${reply.status} by ${nameOf(reply.by)}${by === undefined ? "" : ` (${by.system})`}, not by the application${why === undefined ? "" : `: ${why}`}`, deciding };
    }
    case "bytes":
      return { type: "delivered", sentence: `delivered to ${nameOf(reply.by)}, which answered after ${ms(reply.after)}` };
    case "dns":
      return reply.rcode === "NOERROR"
        ? { type: "delivered", sentence: `resolved to ${reply.addresses.join(", ")} after ${ms(reply.after)}` }
        : { type: "refused", sentence: `the name does not resolve (${reply.rcode})`, deciding };
    case "reset":
      return { type: "refused", sentence: `refused ${reply.after === 0 ? "at once" : `after ${ms(reply.after)}`}: ${reply.detail}`, deciding: deciding ?? decidingOf(reply) };
    case "timeout":
      return { type: "dropped", sentence: `dropped, the client gave up after ${ms(reply.after)}: ${reply.detail}`, deciding: deciding ?? decidingOf(reply) };
    case "unknown":
      return { type: "unknown", sentence: `unknown, because ${reply.reason}`, deciding: deciding ?? decidingOf(reply) };
  }
}

function decidingOf(reply: Extract<Reply, { type: "reset" | "timeout" | "unknown" }>): Judgement["deciding"] {
  return reply.origin === undefined ? undefined : { object: reply.origin.object, origin: reply.origin };
}
