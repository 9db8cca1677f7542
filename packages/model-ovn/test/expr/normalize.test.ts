import { describe, expect, it } from "vitest";
import { addressConstants, annotate, normalize, normalRules, parseExpression, printExpression, simplify } from "../../src/expr/index.ts";

const normal = (match: string, version?: string): string => printExpression(normalize(simplify(parseExpression(match), undefined, normalRules(version)), normalRules(version)));

describe("normal forms", () => {
  it.each([
    ['inport == {"a", "b"} && inport == {"b", "c"}', 'inport == "b"'],
    ['inport == {"a", "b", "c"} && inport == {"c", "d", "a"}', 'inport == "a" || inport == "c"'],
    ['inport == {"a", "b"} && inport == "c"', "0"],
    ['inport == "a" && inport == "a"', 'inport == "a"'],
    ['inport == "a" && (inport == "b" || outport == "a")', 'inport == "a" && outport == "a"'],
    ["reg0[0] && reg0[1] && !reg0[2]", "reg0[0..2] == 0x3"],
    ["reg0 == 5 && reg0[0] == 0", "0"],
    ["reg0[0..1] == {0, 3} && reg0[0] == 1", "reg0[0..1] == 0x3"],
    ["(reg0[0] || reg1[0]) && (reg0[1] || reg1[1])", "reg0[0..1] == 0x3 || (reg0[0] && reg1[1]) || (reg0[1] && reg1[0]) || reg1[0..1] == 0x3"],
    ["reg1 == 1 && reg0 == 2", "reg0 == 0x2 && reg1 == 0x1"],
    ["1 && reg0 == 2", "reg0 == 0x2"],
    ["reg0 == 2 || 1", "1"],
  ])("of %s is %s", (match, form) => {
    expect(normal(match)).toBe(form);
  });

  it("leaves out alternatives that a wider one covers, if the release does", () => {
    expect(normal("reg1 == 1 && reg0 == {1, 3, 1/1, 2}")).toBe("(reg0[0] || reg0 == 0x2) && reg1 == 0x1");
    expect(normal("reg1 == 1 && reg0 == {1, 3, 1/1, 2}", "23.03.1")).toBe("(reg0[0] || reg0 == 0x1 || reg0 == 0x2 || reg0 == 0x3) && reg1 == 0x1");
  });

  it("makes inequalities of alternatives that exclude each other, from 24.03.9 on", () => {
    expect(normal("reg0[0..2] != 5", "24.03.8")).toBe("!reg0[0] || reg0[1] || !reg0[2]");
    expect(normal("reg0[0..2] != 5", "24.03.9")).toBe("reg0[0..2] == 0x4 || reg0[1..2] == 0x3 || !reg0[2]");
  });

  it("keeps the members of an address set together, as it follows them one by one", () => {
    const sets = { addressSet: () => addressConstants(["10.0.0.0/24", "10.0.0.7"]), portGroup: () => undefined };
    const form = (match: string): string => printExpression(normalize(simplify(annotate(parseExpression(match, sets)))));
    expect(form("ip4.src == $as")).toBe("eth.type == 0x800 && (ip4.src[8..31] == 0xa0000 || ip4.src == 0xa000007)");
    expect(form("ip4.src == {$as, 10.0.0.9}")).toBe("eth.type == 0x800 && ip4.src[8..31] == 0xa0000");
  });
});
