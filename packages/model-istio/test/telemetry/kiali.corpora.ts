import { describe, expect, it } from "vitest";
import { differences, graphCase, graphCases, ours, present, randomCase, randomCases } from "./_kiali-case.ts";

if (!present) console.log("kiali-graph corpus not found; set HOPSCOPE_CORPORA");

describe.skipIf(!present)("Kiali's own answer", () => {
  it("was found for some cases", () => {
    expect(graphCases.length).toBeGreaterThan(0);
    expect(randomCases.length).toBeGreaterThan(0);
  });

  it.each(graphCases)("is reproduced for %s: edges with all numbers, nodes with all marks", (name) => {
    for (const difference of differences(graphCase(name), "all")) expect(difference).toEqual([]);
  });

  it.each(randomCases)("is reproduced for random %s", (name) => {
    for (const difference of differences(randomCase(name), "all")) expect(difference).toEqual([]);
  });

  it.each(graphCases.filter((name) => graphCase(name).answers.length === 1))("is the only one for %s where Kiali gave but one", (name) => {
    expect(new Set(ours(graphCase(name)).map(({ edges }) => JSON.stringify(edges))).size).toBe(1);
  });
});
