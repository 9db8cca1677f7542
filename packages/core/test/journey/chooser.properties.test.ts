import { chooserFor, nextPrefix } from "@hopscope/core";
import fc from "fast-check";
import { expect, it } from "vitest";

const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

it("all ways are taken once each, in order", () => {
  fc.assert(fc.property(sizes, (counts) => {
    const ways: string[] = [];
    for (let prefix: readonly number[] | undefined = []; prefix !== undefined; ) {
      const chooser = chooserFor({ type: "all" }, prefix);
      const way = counts.map((of, point) => chooser.choose(`point ${point}`, Array.from({ length: of }, (_, index) => ({ name: String(index), weight: 1 / of }))));
      ways.push(way.join(" "));
      prefix = nextPrefix(chooser.taken);
    }
    expect(ways).toHaveLength(counts.reduce((product, of) => product * of, 1));
    expect(new Set(ways).size).toBe(ways.length);
    expect(ways).toEqual([...ways].sort());
  }), { numRuns: 40 });
});

it("the same seed makes the same choices", () => {
  fc.assert(fc.property(fc.integer(), sizes, (seed, counts) => {
    const run = () => {
      const chooser = chooserFor({ type: "seed", seed });
      return counts.map((of) => chooser.choose("point", Array.from({ length: of }, (_, index) => ({ name: String(index), weight: 1 / of }))));
    };
    expect(run()).toEqual(run());
  }), { numRuns: 40 });
});
