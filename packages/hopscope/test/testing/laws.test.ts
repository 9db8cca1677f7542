import { journeyJson } from "hopscope";
import { arbitraryQuestion, arbitrarySnapshot, type GeneratedSnapshot, printYaml } from "hopscope/testing";
import { loadSnapshot, podsOf, type Snapshot, snapshotOf } from "@hopscope/model-kubernetes";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildNetwork } from "../../src/network/build-network.ts";
import { render } from "../../src/cli/output.ts";
import { observersOf } from "../../src/observe/observers.ts";
import { type Request, simulate } from "../../src/simulate.ts";
import type { Journey, Packet } from "@hopscope/core";

interface Asked extends GeneratedSnapshot {
  readonly question: Request;
}

const asked: fc.Arbitrary<Asked> = arbitrarySnapshot().chain((made) =>
  arbitraryQuestion(made.snapshot).map((question) => ({ ...made, question, toString: () => `${question.from} → ${question.to}\n${made.yaml}` })),
);
const go = (snapshot: Snapshot, question: Request): Journey => simulate(buildNetwork(snapshot, { compile: "when needed" }), question);

/** Runs a law on generated clusters; a failure prints its seed, the question and the smallest cluster as YAML. */
const holds = (law: (journey: Journey, made: Asked) => void, numRuns = 20): void => {
  fc.assert(
    fc.property(asked, (made) => {
      law(go(made.snapshot, made.question), made);
    }),
    { numRuns },
  );
};

/** What a journey says without where it was read. */
const told = ({ verdict, legs, findings, choices }: Journey): unknown => ({
  verdict: [verdict.type, verdict.status, verdict.deciding?.object],
  legs: legs.map(({ from, to, outcome, hops, reply }) => [from, to, outcome, hops.map(({ place, stage }) => `${place} ${stage}`), reply?.hops.map(({ place, stage }) => `${place} ${stage}`)]),
  findings: findings.map(({ code, origin }) => `${code} ${origin.object}`).sort(),
  choices: choices.map(({ taken, probability }) => [taken, probability]),
});

describe("a journey in any cluster", () => {
  it("is the same for the same snapshot and question", () => {
    holds((journey, { snapshot, question }) => expect(JSON.stringify(journeyJson(go(snapshot, question), []))).toBe(JSON.stringify(journeyJson(journey, []))), 15);
  });

  it("is never lost without a reason, and never ends in a mistake of ours", () => {
    holds((journey, { snapshot }) => {
      expect(journey.verdict.sentence).toMatch(/\S/);
      expect(journey.verdict.sentence).not.toMatch(/undefined|NaN|\[object/);
      for (const leg of journey.legs) if (leg.outcome !== "accepted") expect(leg.ended?.reason).toMatch(/\S/);
      for (const leg of journey.legs) expect(leg.ended?.code).not.toBe("journey/loop");
      for (const format of ["text", "wide", "json", "mermaid", "svg", "html"] as const) expect(render(journey, snapshot, format)).not.toMatch(/(?<![\w-])undefined\b|\bNaN\b|\[object /);
    });
  });

  it("undoes on the way back what it translated on the way there", () => {
    holds(({ legs }) => {
      for (const leg of legs) {
        if (leg.outcome !== "accepted") continue;
        const back = leg.reply?.hops.findLast(({ packet }) => packet !== undefined)?.packet;
        if (back?.l4 === undefined || back.l4.type === "icmp") continue;
        expect([back.ip?.src, back.l4.src, back.l4.dst]).toEqual([leg.to.address, leg.to.port, leg.from.port]);
        expect(back.encap).toBeUndefined();
      }
    });
  });

  it("never gains TTL on its way, save where a refusal is made of it", () => {
    const kind = ({ l4 }: Packet): string => (l4?.type === "tcp" ? `tcp ${l4.flags.includes("rst")}` : (l4?.type ?? ""));
    holds(({ legs }) => {
      for (const hops of legs.flatMap((leg) => [leg.hops, leg.reply?.hops ?? []])) {
        const packets = hops.flatMap(({ packet }) => (packet?.ip === undefined ? [] : [packet]));
        for (const [index, packet] of packets.entries()) {
          const before = packets[index - 1];
          expect(packet.ip?.ttl).toBeGreaterThan(0);
          if (before !== undefined && kind(before) === kind(packet)) expect(packet.ip?.ttl).toBeLessThanOrEqual(before.ip?.ttl ?? 0);
        }
      }
    });
  });

  it("has no hop after the one that ended its leg", () => {
    holds(({ legs }) => {
      for (const { outcome, hops, reply } of legs) {
        if (outcome === "dropped" && reply === undefined) expect(hops.every(({ system }) => system !== "app" && system !== "envoy" && system !== "haproxy")).toBe(true);
        if (outcome === "accepted") expect(reply?.outcome).toBe("accepted");
      }
    });
  });

  it("takes no negative time, and its quantiles rise", () => {
    holds(({ latency, legs }) => {
      for (const { p50, p90, p99, mean } of [latency, ...latency.legs]) {
        expect(Math.min(p50, p90, p99, mean)).toBeGreaterThanOrEqual(0);
        expect(p50 <= p90 && p90 <= p99).toBe(true);
      }
      for (const { times } of legs) expect(times.opened).toBeLessThanOrEqual(times.closed);
    });
  });

  it("does not depend on the order of the objects", () => {
    fc.assert(
      fc.property(asked, fc.integer(), ({ snapshot, question }, seed) => {
        const resources = [...snapshot.resources];
        let state = seed | 1;
        for (let index = resources.length - 1; index > 0; index--) {
          state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
          const other = (state >>> 16) % (index + 1);
          [resources[index], resources[other]] = [resources[other] as (typeof resources)[number], resources[index] as (typeof resources)[number]];
        }
        expect(told(go(snapshotOf(resources, snapshot.cluster), question))).toEqual(told(go(snapshotOf(snapshot.resources, snapshot.cluster), question)));
      }),
      { numRuns: 25 },
    );
  });

  it("is seen by nobody who is not on its way", () => {
    holds((journey, { snapshot }) => {
      for (const row of observersOf(journey, snapshot)) if (row.value !== undefined) expect(row.value).toBeGreaterThanOrEqual(0);
    });
  });
});

describe("a generated cluster", () => {
  it("loads without complaint and comes back from the YAML it prints", () => {
    fc.assert(
      fc.property(arbitrarySnapshot(), ({ resources, yaml, snapshot }) => {
        expect(snapshot.diagnostics).toEqual([]);
        const again = loadSnapshot([{ name: "again.yaml", text: printYaml(loadSnapshot([{ name: "a.yaml", text: yaml }]).resources) }]);
        expect(JSON.stringify(again.resources)).toBe(JSON.stringify(resources.filter(({ kind, apiVersion }) => !(kind === "Cluster" && apiVersion === "hopscope/v1"))));
        expect(podsOf(snapshot).every(({ status }) => status?.podIP !== undefined)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
