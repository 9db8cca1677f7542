import { duration, plain } from "@hopscope/viz";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columns, shorten, wrap } from "../../src/format.ts";

describe("duration", () => {
  it.each([
    [0, "0"],
    [310, "310 ns"],
    [1_500, "1.5 µs"],
    [310_000, "310 µs"],
    [1_800_000, "1.8 ms"],
    [5e9, "5.0 s"],
  ])("prints %d ns as %s", (nanoseconds, text) => expect(duration(nanoseconds)).toBe(text));
});

describe("plain", () => {
  it("lets no control character of the cluster's text reach the terminal", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => ![...plain(text)].some((character) => character < " " || character === "\u007f" || character === "\u009b")));
  });
});

it.each([["长名字", 6], ["abc", 3], ["\u{1f600}", 2]])("counts the columns of %j", (text, width) => {
  expect(columns(text)).toBe(width);
});

it("breaks and shortens to columns, not to characters", () => {
  expect(wrap("长名字长名字", 5)).toEqual(["长名", "字长", "名字"]);
  expect(columns(shorten("长名字长名字", 5))).toBeLessThanOrEqual(5);
});

it("shows what has no shape of its own, or turns text round", () => {
  expect(plain("a\u200fb\u2028c\ud800d\u{e0001}")).toBe("a\\u200fb\\u2028c\\ud800d\\u{e0001}");
});
