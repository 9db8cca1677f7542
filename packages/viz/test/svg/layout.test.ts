import { expect, it } from "vitest";
import type { Hop, Journey, Leg } from "@hopscope/core";
import { layoutOf } from "../../src/svg/layout.ts";
import { journeyOf } from "../journey/_journey.ts";

const base = journeyOf("x");
const [sample] = base.legs;
const hop = (system: Hop["system"], node: string | undefined, place: string): Hop => ({ system, node, place, stage: "s", decisions: [], changes: [], terms: [], latency: { p50: 0, p99: 0 } });
const way = (length: number): readonly Hop[] => Array.from({ length }, (_, index) => hop("ovn", `node-${index % 2}`, "switch"));
const leg = (id: number, hops: readonly Hop[], more: Partial<Leg> = {}): Leg => {
  if (sample === undefined) throw new Error("the sample journey has a leg");
  return { ...sample, id, parent: undefined, protocol: "http", outcome: "accepted", ended: undefined, hops, reply: { outcome: "accepted", hops: [...hops].reverse() }, ...more };
};
const journey = (...legs: readonly Leg[]): Journey => ({ ...base, legs });

it("puts legs side by side while there is room, then goes on below", () => {
  const { strips } = layoutOf(journey(leg(1, way(10)), leg(2, way(10)), leg(3, way(10))));
  expect(strips.map(({ sections }) => sections.map((section) => section.leg.id))).toEqual([[1, 2], [3]]);
});

it("cuts a leg that is longer than any strip, and loses no hop", () => {
  const { strips } = layoutOf(journey(leg(1, way(70))));
  const sections = strips.flatMap((strip) => strip.sections);
  expect(sections.map(({ part, parts }) => `${part + 1}/${parts}`)).toEqual(["1/3", "2/3", "3/3"]);
  expect(sections.flatMap(({ points }) => points)).toHaveLength(70);
});

it("gives each strip the lanes that it needs, outside first and a node's together", () => {
  const [strip] = layoutOf(journey(leg(1, [hop("ovn", "b", "switch"), hop("envoy", "a", "Pod x/y"), hop("fabric", undefined, "net"), hop("host", "b", "node b")]))).strips;
  expect(strip?.lanes.map(({ group, title }) => `${group}: ${title}`)).toEqual(["outside: network", "b: node's kernel", "b: OVN", "a: Envoy y"]);
});

it("leaves look-ups out, says which, and draws them where there is nothing else", () => {
  const lookup = leg(1, way(3), { protocol: "udp" });
  const both = layoutOf(journey(lookup, leg(2, way(3))));
  expect(both.hidden.map(({ id }) => id)).toEqual([1]);
  expect(both.strips.flatMap(({ sections }) => sections.map((section) => section.leg.id))).toEqual([2]);
  expect(layoutOf(journey(lookup))).toMatchObject({ hidden: [], strips: [{ sections: [{ leg: { id: 1 } }] }] });
});

it("draws a reply only where it takes another way or fails", () => {
  const replies = (reply: Leg["reply"]): readonly boolean[] => layoutOf(journey(leg(1, way(4), { reply }))).strips.flatMap(({ sections }) => sections.map((section) => section.reply));
  expect(replies({ outcome: "accepted", hops: way(2) })).toEqual([false]);
  expect(replies({ outcome: "accepted", hops: [...way(4), hop("fabric", undefined, "net")] })).toEqual([false, true]);
  expect(replies({ outcome: "dropped", hops: way(2) })).toEqual([false, true]);
});

it("marks the last hop of what was not accepted", () => {
  const failed = layoutOf(journey(leg(1, way(3), { outcome: "dropped", reply: undefined }))).strips.flatMap(({ sections }) => sections.flatMap(({ points }) => points.map((point) => point.failed)));
  expect(failed).toEqual([false, false, true]);
});

it("marks the last hop of the last leg where somebody else answered", () => {
  const marks = (type: Journey["verdict"]["type"]): readonly boolean[] => layoutOf({ ...journey(leg(1, way(2)), leg(2, way(2))), verdict: { type, sentence: "" } }).strips.flatMap(({ sections }) => sections.flatMap(({ points }) => points.map((point) => point.failed)));
  expect(marks("answered")).toEqual([false, false, false, true]);
  expect(marks("delivered")).toEqual([false, false, false, false]);
});
