import { expect, it } from "vitest";
import { journeySvg } from "@hopscope/viz";
import { journeyOf } from "../journey/_journey.ts";
import { markOf, SYSTEM_NAMES } from "../../src/svg/shapes.ts";

const idsOf = (svg: string): readonly string[] => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id);

it("has a mark of its own for each kind of machine", () => {
  const systems = Object.keys(SYSTEM_NAMES) as (keyof typeof SYSTEM_NAMES)[];
  expect(new Set(systems.map((system) => markOf(system, 100))).size).toBe(systems.length);
});

it("has no id twice, on one page with another picture too", () => {
  const ids = [journeyOf("shop"), journeyOf("pay")].flatMap((journey) => idsOf(journeySvg(journey)));
  expect(new Set(ids).size).toBe(ids.length);
  expect(idsOf(journeySvg(journeyOf("shop"), { id: "second" })).every((id) => id.startsWith("second-"))).toBe(true);
});

it("says how it failed, and marks where by more than colour", () => {
  const svg = journeySvg(journeyOf("why"));
  expect(svg).toContain("✗ refused: why");
  expect(svg).toMatch(/class="mark failed"/);
});

it("tells of the look-ups that it leaves out", () => {
  const journey = journeyOf("shop");
  const [first, ...rest] = journey.legs;
  const svg = journeySvg({ ...journey, legs: first === undefined ? rest : [{ ...first, protocol: "udp" }, ...rest] });
  expect(svg).toContain("Leg 1 is a DNS look-up");
});

it("is as narrow as asked", () => {
  const width = (svg: string): number => Number(/ width="(\d+)"/.exec(svg)?.[1]);
  expect(width(journeySvg(journeyOf("shop"), { columns: 6 }))).toBeLessThan(width(journeySvg(journeyOf("shop"))));
});
