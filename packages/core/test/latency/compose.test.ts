import { compose, lognormal, lognormalFromQuantiles, monteCarlo, quantileAt, Z99 } from "@hopscope/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const share = fc.record({
  distribution: fc.oneof(
    fc.record({ type: fc.constant("const" as const), value: fc.integer({ min: 0, max: 1_000_000 }) }),
    fc.tuple(fc.double({ min: 100, max: 1e7, noNaN: true }), fc.double({ min: 0.05, max: 1.5, noNaN: true })).map(([mean, scv]) => lognormal(mean, scv)),
  ),
  times: fc.integer({ min: 1, max: 6 }),
});

describe("compose", () => {
  it("adds constants exactly", () => {
    expect(compose([{ distribution: { type: "const", value: 5 }, times: 3 }])).toEqual({ mean: 15, p50: 15, p90: 15, p99: 15 });
  });

  it("gives a single log-normal its own quantiles within half a percent", () => {
    const distribution = lognormalFromQuantiles(1_000_000, 5_000_000);
    const { p50, p99 } = compose([{ distribution, times: 1 }]);
    expect(Math.abs(p50 / quantileAt(distribution, 0) - 1)).toBeLessThan(0.005);
    expect(Math.abs(p99 / quantileAt(distribution, Z99) - 1)).toBeLessThan(0.005);
  });

  it("keeps many small shares small beside a wide one", () => {
    const small = { distribution: lognormal(40_000, 0.1), times: 100 };
    const wide = { distribution: lognormalFromQuantiles(8e6, 80e6), times: 1 };
    const [exact, drawn] = [compose([small, wide]), monteCarlo([small, wide], { seed: 1, draws: 40_000 })];
    expect(Math.abs(exact.p50 / drawn.p50 - 1)).toBeLessThan(0.05);
    expect(Math.abs(exact.p99 / drawn.p99 - 1)).toBeLessThan(0.1);
  });

  it("agrees with Monte Carlo", () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 6 }), fc.integer(), (shares, seed) => {
        const exact = compose(shares);
        const drawn = monteCarlo(shares, { seed, draws: 20_000 });
        const near = (a: number, b: number, tolerance: number): boolean => Math.abs(a - b) <= tolerance * Math.max(a, b) + 2;
        return near(exact.mean, drawn.mean, 0.05) && near(exact.p50, drawn.p50, 0.05) && near(exact.p90, drawn.p90, 0.06) && near(exact.p99, drawn.p99, 0.12);
      }),
      { numRuns: 25 },
    );
  });

  it("never gives a negative time and keeps percentiles in order", () => {
    fc.assert(
      fc.property(fc.array(share, { maxLength: 8 }), (shares) => {
        const { p50, p90, p99 } = compose(shares);
        return p50 >= 0 && p50 <= p90 && p90 <= p99;
      }),
      { numRuns: 60 },
    );
  });
});
