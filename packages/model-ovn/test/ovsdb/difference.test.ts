import fc from "fast-check";
import { expect, it } from "vitest";
import type { Atom, Column } from "../../src/ovsdb/index.ts";
import { applyDifference } from "../../src/ovsdb/datum.ts";

const column = (kind: Column["kind"], max = Infinity): Column => ({ name: "c", index: 1, kind, key: "string", min: 0, max, initial: [] });
const members = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"));
const sorted = (list: readonly string[]): readonly string[] => [...list].sort();

it("a set takes what is new and loses what it has", () => {
  fc.assert(fc.property(members, members, (before, after) => {
    const difference = [...before.filter((one) => !after.includes(one)), ...after.filter((one) => !before.includes(one))];
    expect(applyDifference(column("set"), before, difference)).toEqual(sorted(after));
  }));
});

it("a map takes what is new or other and loses what it has", () => {
  const pairs = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom("1", "2"));
  const flat = (map: Readonly<Record<string, string>>): readonly Atom[] => Object.keys(map).sort().flatMap((key) => [key, map[key] as string]);
  fc.assert(fc.property(pairs, pairs, (before, after) => {
    const gone = Object.keys(before).filter((key) => !(key in after)).flatMap((key) => [key, before[key] as string]);
    const put = Object.keys(after).filter((key) => before[key] !== after[key]).flatMap((key) => [key, after[key] as string]);
    expect(applyDifference(column("map"), flat(before), [...gone, ...put])).toEqual(flat(after));
  }));
});

it("a column of at most one value is given anew", () => {
  expect(applyDifference(column("optional", 1), "old", "new")).toBe("new");
  expect(applyDifference(column("map", 1), ["a", "1"], ["a", "1"])).toEqual(["a", "1"]);
});

it("a column that may not be empty does not become so", () => {
  expect(() => applyDifference({ ...column("set"), min: 1 }, ["a"], ["a"])).toThrow("would have 0 members");
});
