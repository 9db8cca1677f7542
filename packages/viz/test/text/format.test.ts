import { duration, plain } from "@hopscope/viz";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

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
