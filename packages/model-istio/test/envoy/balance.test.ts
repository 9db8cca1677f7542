import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { balance } from "../../src/envoy/index.ts";
import type { Host } from "../../src/envoy/hosts.ts";

const host = (name: string, extra: Partial<Host> = {}): Host => ({ socket: { address: name, port: 80 }, name, hostname: undefined, health: "healthy", weight: 1, priority: 0, locality: "", localityWeight: 0, metadata: {}, ...extra });
const many = (count: number, health: Host["health"], extra: Partial<Host> = {}): Host[] => Array.from({ length: count }, (_, index) => host(`${health}${extra.priority ?? 0}-${index}`, { health, ...extra }));
const total = (shares: ReturnType<typeof balance>, fits: (host: Host) => boolean): number => Math.round(100 * shares.filter((item) => fits(item.host)).reduce((sum, item) => sum + item.weight, 0));
const degraded = (item: Host): boolean => item.health === "degraded";

describe("the load balancer", () => {
  it.each([
    [1, 1, 0, 30],
    [1, 4, 0, 72],
    [1, 1, 1, 50],
  ])("with %i healthy, %i degraded and %i unhealthy hosts sends %i %% to the degraded", (well, half, ill, share) => {
    expect(total(balance({}, [...many(well, "healthy"), ...many(half, "degraded"), ...many(ill, "unhealthy")]), degraded)).toBe(share);
  });

  it("spills over to the next priority as the first one fails", () => {
    const second = many(2, "healthy", { priority: 1 });
    expect(total(balance({}, [...many(1, "healthy"), ...many(1, "unhealthy"), ...second]), (item) => item.priority === 0)).toBe(70);
    expect(total(balance({}, [...many(1, "healthy"), ...many(2, "unhealthy"), ...second]), (item) => item.priority === 0)).toBe(46);
  });

  it("ignores health below the panic threshold, and answers nothing where that is zero", () => {
    expect(balance({}, many(1, "unhealthy"))).toHaveLength(1);
    expect(balance({ common_lb_config: { healthy_panic_threshold: {} } }, many(1, "unhealthy"))).toEqual([]);
    expect(balance({}, [...many(1, "healthy"), ...many(1, "unhealthy")])).toHaveLength(1);
  });

  it("scales a locality's weight down with its healthy share", () => {
    const zone = (name: string, weight: number, hosts: readonly Host[]): Host[] => hosts.map((item) => ({ ...item, name: `${name}${item.name}`, locality: name, localityWeight: weight }));
    const hosts = [...zone("a", 1, many(1, "healthy")), ...zone("b", 3, many(1, "healthy")), ...zone("c", 100, [...many(1, "healthy"), ...many(1, "unhealthy")])];
    const shares = balance({ common_lb_config: { locality_weighted_lb_config: {} } }, hosts);
    expect(total(shares, (item) => item.locality === "c")).toBe(Math.round((100 * 70) / 74));
  });

  it("gives shares that sum to one, or none", () => {
    const arbitrary = fc.record({ health: fc.constantFrom<Host["health"]>("healthy", "degraded", "unhealthy"), weight: fc.integer({ min: 1, max: 9 }), priority: fc.integer({ min: 0, max: 2 }) });
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 8 }), (list) => {
        const shares = balance({}, list.map((item, index) => host(String(index), item)));
        expect(shares.reduce((sum, item) => sum + item.weight, 0)).toBeCloseTo(1);
      }),
    );
  });
});
