import { compose, lognormalFromQuantiles, type Share } from "@hopscope/core";
import fc from "fast-check";
import { expect, it } from "vitest";

const share: fc.Arbitrary<Share> = fc.record({
  distribution: fc.oneof(
    fc.integer({ min: 0, max: 100_000 }).map((value) => ({ type: "const" as const, value })),
    fc.record({ p50: fc.integer({ min: 100, max: 100_000 }), factor: fc.integer({ min: 2, max: 10 }) }).map(({ p50, factor }) => lognormalFromQuantiles(p50, p50 * factor)),
  ),
  times: fc.integer({ min: 1, max: 4 }),
});

it("sums are whole, never negative, and their percentiles rise", () => {
  fc.assert(fc.property(fc.array(share, { maxLength: 4 }), (shares) => {
    const { mean, p50, p90, p99 } = compose(shares);
    for (const value of [mean, p50, p90, p99]) expect(Number.isInteger(value) && value >= 0).toBe(true);
    expect(p50 <= p90 && p90 <= p99).toBe(true);
  }), { numRuns: 25 });
});

it("a fixed share moves every figure by its value, and order does not matter", () => {
  fc.assert(fc.property(fc.array(share, { maxLength: 3 }), fc.integer({ min: 0, max: 50_000 }), (shares, value) => {
    const bare = compose(shares);
    const moved = compose([{ distribution: { type: "const", value }, times: 1 }, ...[...shares].reverse()]);
    for (const key of ["mean", "p50", "p90", "p99"] as const) expect(Math.abs(moved[key] - bare[key] - value)).toBeLessThanOrEqual(1);
  }), { numRuns: 20 });
});
