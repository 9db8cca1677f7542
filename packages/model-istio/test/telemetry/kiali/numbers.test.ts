import fc from "fast-check";
import { expect, it } from "vitest";
import { goFixed, rateText } from "../../../src/telemetry/kiali/go-format.ts";
import { quantileOf, rateOf } from "../../../src/telemetry/index.ts";

const every15 = (from: number, to: number, value: (at: number) => number): { at: number; value: number }[] =>
  Array.from({ length: (to - from) / 15 + 1 }, (_, index) => from + index * 15).map((at) => ({ at, value: value(at) }));
const window = { from: 0, to: 600 };

it.each([[2.5, 0, "2"], [3.5, 0, "4"], [0.125, 2, "0.12"], [0.375, 2, "0.38"], [2.675, 2, "2.67"], [9, 0, "9"], [0.5, 0, "0"], [1.5, 0, "2"], [10.25, 1, "10.2"]])("prints %d with %d decimals as Go does", (value, decimals, text) => {
  expect(goFixed(value, decimals)).toBe(text);
});

it.each([[1, "1.00"], [0.05, "0.05"], [0.002, "0.002"], [0.0004, "0.0004"], [0, "0.00"]])("shows at least one digit of a rate of %d", (value, text) => {
  expect(rateText(value)).toBe(text);
});

it("prints within half a unit of the last digit", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.integer({ min: 0, max: 3 }), (value, decimals) => {
    expect(Math.abs(Number(goFixed(value, decimals)) - value)).toBeLessThanOrEqual(0.5 * 10 ** -decimals * (1 + 1e-9));
  }));
});

it("gives the plain rate of a counter that covers the window", () => {
  expect(rateOf({ points: every15(0, 600, (at) => at) }, window)).toBe(1);
});

it("gives no rate to one point, and zero to a counter that never moves", () => {
  expect(rateOf({ points: [{ at: 300, value: 1 }] }, window)).toBeUndefined();
  expect(rateOf({ points: every15(300, 600, () => 1) }, window)).toBe(0);
});

it("stretches a counter that began inside the window by half an interval, not over the whole", () => {
  expect(rateOf({ points: every15(300, 600, (at) => 100 + (at - 300) / 300) }, window)).toBeCloseTo((1 * 307.5) / 300 / 600, 12);
});

it("never stretches a counter below zero", () => {
  expect(rateOf({ points: every15(15, 600, (at) => at - 15) }, window)).toBeCloseTo(585 / 600, 12);
});

it("counts a reset counter from zero", () => {
  expect(rateOf({ points: every15(0, 600, (at) => (at < 300 ? at : at - 300)) }, window)).toBeCloseTo(585 / 600, 12);
});

it("interpolates a quantile within its bucket, and answers the last bound for the open one", () => {
  const buckets = [{ le: 5, value: 0 }, { le: 10, value: 1 }, { le: Infinity, value: 1 }];
  expect(quantileOf(0.95, buckets)).toBe(9.75);
  expect(quantileOf(0.95, [{ le: 10, value: 0 }, { le: Infinity, value: 1 }])).toBe(10);
  expect(quantileOf(0.5, [{ le: 10, value: 0 }, { le: Infinity, value: 0 }])).toBeUndefined();
  expect(quantileOf(0, [{ le: 10, value: 0 }, { le: Infinity, value: 1 }])).toBeUndefined();
});

it("gives quantiles that rise with the quantile", () => {
  fc.assert(fc.property(fc.array(fc.nat(50), { minLength: 2, maxLength: 8 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, a, b) => {
    let sum = 0;
    const buckets = [...steps.map((step, index) => ({ le: (index + 1) * 10, value: (sum += step) })), { le: Infinity, value: sum + 1 }];
    expect(quantileOf(Math.min(a, b), buckets) ?? 0).toBeLessThanOrEqual(quantileOf(Math.max(a, b), buckets) ?? 0);
  }));
});
