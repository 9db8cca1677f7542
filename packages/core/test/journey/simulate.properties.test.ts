import { type Journey, type Leg, simulate } from "@hopscope/core";
import { arbitraryNetwork, type GeneratedNetwork, networkOf } from "@hopscope/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const VERDICTS: Readonly<Record<string, string>> = { wall: "dropped", valve: "dropped", refuser: "refused", fog: "unknown" };
const ENDS = Object.keys(VERDICTS);

/** Runs a law on generated networks; a failure prints its seed and the smallest list of middles. */
function holds(law: (journey: Journey, made: GeneratedNetwork, legs: readonly Leg[]) => void): void {
  const shown = arbitraryNetwork().map((made) => ({ ...made, toString: () => JSON.stringify(made.middles) }));
  fc.assert(fc.property(shown, (made) => {
    const journey = simulate(made.network, made.initiator);
    law(journey, made, journey.legs);
  }), { numRuns: 80 });
}

describe("a journey through any network", () => {
  it("is the same for the same arguments", () => {
    holds((journey, { network, initiator }) => expect(simulate(network, initiator)).toEqual(journey));
  });

  it("is never lost without a reason", () => {
    holds((journey, { middles }, legs) => {
      const ends = middles.find(({ type }) => ENDS.includes(type));
      expect(journey.verdict.type).toBe(VERDICTS[ends?.type ?? ""] ?? "delivered");
      for (const leg of legs) if (leg.outcome !== "accepted") expect(leg.ended?.reason).toMatch(/\S/);
      if (journey.verdict.type !== "delivered") expect(journey.verdict.deciding?.object ?? journey.verdict.sentence).toMatch(/\S/);
    });
  });

  it("comes back from the address it was sent to, to the address it was sent from", () => {
    holds((_, __, legs) => {
      for (const leg of legs) {
        if (leg.outcome !== "accepted" && leg.outcome !== "refused") continue;
        const back = leg.reply?.hops.findLast(({ packet }) => packet !== undefined)?.packet;
        expect(back?.ip).toMatchObject({ src: leg.to.address, dst: leg.from.address });
        expect(back?.l4).toMatchObject({ src: leg.to.port, dst: leg.from.port });
      }
    });
  });

  it("loses one of its TTL at each router and nowhere else", () => {
    holds((_, __, legs) => {
      for (const hops of legs.flatMap(({ hops: there, reply }) => [there, reply?.hops ?? []])) {
        for (const hop of hops) {
          const change = hop.changes.find(({ field }) => field === "ip.ttl");
          expect(change === undefined ? 0 : Number(change.from) - Number(change.to)).toBe(hop.stage === "router" ? 1 : 0);
        }
      }
    });
  });

  it("has no hop after the one that ended it, and each hop begins where the one before ended", () => {
    holds((_, { middles }, legs) => {
      const at = middles.findIndex(({ type }) => ENDS.includes(type) && type !== "valve");
      for (const leg of legs) {
        const places = leg.hops.filter(({ packet }) => packet !== undefined).map(({ place }) => place);
        expect(places).toEqual(["client", ...middles.map((__, index) => `middle-${index}`), "server"].slice(0, at === -1 ? undefined : at + 2));
        if (at !== -1 && middles[at]?.type !== "refuser") expect(leg.reply).toBeUndefined();
      }
    });
  });

  it("takes no negative time, and its quantiles rise", () => {
    holds(({ latency, legs }) => {
      for (const { p50, p90, p99, mean } of [latency, ...latency.legs, ...legs.map(({ roundTrip }) => roundTrip)]) {
        for (const value of [p50, p90, p99, mean]) expect(value).toBeGreaterThanOrEqual(0);
        expect(p50 <= p90 && p90 <= p99).toBe(true);
      }
      for (const hop of legs.flatMap(({ hops }) => hops)) expect(hop.latency.p50 >= 0 && hop.latency.p50 <= hop.latency.p99).toBe(true);
      for (const { times } of legs) expect(times.opened <= (times.connected ?? times.opened) && (times.connected ?? times.opened) <= times.closed).toBe(true);
    });
  });

  it("has ways whose probabilities sum to 1, the likeliest first", () => {
    holds((_, { network, initiator, middles }) => {
      const forks = middles.filter(({ type }) => type === "fork");
      if (forks.length > 4) return;
      const { alternatives, probability } = simulate(network, initiator, { choose: { type: "all" } });
      const all = [probability, ...alternatives.map((other) => other.probability)];
      expect(all.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 9);
      expect([...all].sort((a, b) => b - a)).toEqual(all);
    });
  });

  it("goes the way a seed draws, each time", () => {
    fc.assert(fc.property(arbitraryNetwork(), fc.integer(), (made, seed) => {
      const go = () => simulate(made.network, made.initiator, { choose: { type: "seed", seed } }).choices;
      expect(go()).toEqual(go());
    }), { numRuns: 50 });
  });

  it("ends where the TTL runs out", () => {
    const { legs } = (({ network, initiator }) => simulate(network, initiator, { maxVisits: 300 }))(networkOf(Array.from({ length: 70 }, () => ({ type: "router" as const }))));
    expect(legs[0]?.ended?.reason).toBe("the TTL ran out");
  });
});
