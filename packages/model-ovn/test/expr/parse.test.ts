import { describe, expect, it } from "vitest";
import { addressConstants, annotate, evaluate, type ExpressionSets, OvnSyntaxError, parseExpression, printExpression, simplify, symbolTable } from "../../src/expr/index.ts";

const problem = (match: string, sets?: ExpressionSets): string => {
  try {
    return `reads ${printExpression(parseExpression(match, sets))}`;
  } catch (error) {
    if (error instanceof OvnSyntaxError) return `${error.at}: ${error.problem}`;
    throw error;
  }
};

describe("the parts of a match", () => {
  it("keeps a comparison as value and mask of the whole field", () => {
    const field = symbolTable().get("tcp.dst");
    expect(parseExpression("tcp.dst[8..15] == 0x1f")).toEqual({ type: "compare", field, relation: "==", value: 0x1f00n, mask: 0xff00n });
  });

  it("writes every test of one bit the same way", () => {
    const texts = ["ct.new", "ct.new == 1", "ct.new != 0", "!(ct.new == 0)", "!(ct.new != 1)"];
    for (const text of texts) expect(parseExpression(text)).toEqual(parseExpression("ct.new"));
  });

  it("cuts a constant to the bits that were chosen", () => {
    expect(printExpression(parseExpression("reg0[3] == 2"))).toBe("!reg0[3]");
    expect(printExpression(parseExpression("tcp.dst[0..3] == 0xff"))).toBe("tcp.dst[0..3] == 0xf");
  });

  it("pushes a negation down to the tests", () => {
    expect(printExpression(parseExpression("!(1 < vlan.vid <= 4 && !(reg0 == {1, 2}))"))).toBe("vlan.vid <= 0x1 || vlan.vid > 0x4 || reg0 == 0x1 || reg0 == 0x2");
  });

  it("makes alternatives of a set all of them under a negation, and the other way round", () => {
    expect(printExpression(parseExpression("!(reg0 == {1, 2})"))).toBe("reg0 != 0x1 && reg0 != 0x2");
    expect(printExpression(parseExpression("!(reg0 != {1, 2})"))).toBe("reg0 == 0x1 || reg0 == 0x2");
  });

  it("reads both orders of a comparison, and ranges", () => {
    expect(printExpression(parseExpression("10.0.0.0/8 == ip4.src"))).toBe("ip4.src[24..31] == 0xa");
    expect(printExpression(parseExpression("9 >= vlan.vid > 3"))).toBe("vlan.vid <= 0x9 && vlan.vid > 0x3");
  });

  it("goes 100 parentheses deep and no further", () => {
    expect(problem(`${"(".repeat(100)}1${")".repeat(100)}`)).toBe("reads 1");
    expect(problem(`${"(".repeat(101)}1${")".repeat(101)}`)).toBe("101: Parentheses nested too deeply.");
  });

  it("holds as many members of a set as there are", () => {
    const many = addressConstants(Array.from({ length: 200_000 }, (_, index) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`));
    const match = parseExpression("tcp || ip4.src == $many", { addressSet: () => many, portGroup: () => undefined });
    expect(match.type === "or" && match.of.length).toBe(200_001);
    expect(annotate(match).type).toBe("or");
  });
});

describe("sets", () => {
  const sets: ExpressionSets = {
    addressSet: (name) => ({ few: addressConstants(["10.0.0.9", "10.0.0.1", "not an address", "10.0.0.1/24"]), none: [], one: addressConstants(["::1"]) })[name],
    portGroup: (name) => ({ pg: ["p2", "p1"], empty: [] as string[] })[name],
  };

  it.each([
    ["ip4.src == $few", "reads ip4.src[8..31] == 0xa0000 || ip4.src == 0xa000001 || ip4.src == 0xa000009"],
    ["ip4.src != $few", "reads ip4.src[8..31] != 0xa0000 && ip4.src != 0xa000001 && ip4.src != 0xa000009"],
    ["ip4.src == {$few, 1.2.3.4}", "reads ip4.src[8..31] == 0xa0000 || ip4.src == 0xa000001 || ip4.src == 0xa000009 || ip4.src == 0x1020304"],
    ["ip4.src == $none", "reads 0"],
    ["ip4.src != $none", "reads 1"],
    ["!(ip4.src == $none)", "reads 1"],
    ["ip6.src == $one", "reads ip6.src == 0x1"],
    ["ip4.src == $one", "15: 128-bit constant is not compatible with 32-bit field ip4.src."],
    ["inport == @pg", 'reads inport == "p2" || inport == "p1"'],
    ["inport == @empty", "reads 0"],
    ["outport == {@pg, \"p3\"}", 'reads outport == "p2" || outport == "p1" || outport == "p3"'],
    ["inport == {@pg, $few}", "16: Syntax error at `$few' expecting string."],
    ["ip4.src == $gone", "11: Syntax error at `$gone' expecting address set name."],
    ["inport == @gone", "10: Syntax error at `@gone' expecting port group name."],
    ["inport == $few", "14: String field inport is not compatible with integer constant."],
    ["ct_mark > $none", "15: Only == and != operators may be used to compare a field against an empty value set."],
  ])("reads %s", (match, answer) => {
    expect(problem(match, sets)).toBe(answer);
  });

  it("keeps names where no sets are known", () => {
    expect(problem("ip4.src == {$few, 1.2.3.4} && inport == @pg && ip4.dst[0..7] != $few")).toBe('reads (ip4.src == $few || ip4.src == 0x1020304) && inport == @pg && ip4.dst[0..7] != $few');
    expect(problem("ip4.src > $few")).toContain("Only == and != operators");
  });
});

describe("what a match may not say", () => {
  it.each([
    ["", "0: Syntax error at end of input expecting constant."],
    ["ip4 &", "4: `&' is only valid as part of `&&'."],
    ["ip4 | 1", "4: `|' is only valid as part of `||'."],
    ["ip4 && # x", "7: Invalid character `#' in input."],
    ["ip4 && é", "7: Invalid byte 0x-61 in input."],
    ["inport == \"a", "10: Input ends inside quoted string."],
    ["inport == \"a\\q\"", "10: bad escape \\q"],
    ["ip4 /* no end", "4: `/*' without matching `*/'."],
    ["ip4.src == 1.2.3.4/ff::", "11: Value and mask have incompatible formats."],
    ["tcp.dst == 080", "11: Decimal constants must not have leading zeros."],
    ["tcp.dst == 0x", "11: Hex digits expected following 0x."],
    ["ip6.src == ::1::", "11: Invalid numeric constant."],
    ["reg0 == 18446744073709551616", "8: Decimal constants must be less than 2**64."],
    ["ip4.dst == ^NODE", "11: Unexpanded template."],
    ["ip4.src", "7: Explicit `!= 0' is required for inequality test of multibit field against 0."],
    ["f(1)", "0: parsing function name"],
    ["is_chassis_resident(x)", "20: Syntax error at `x' expecting string."],
    ["tcp.dst[3..1] == 1", "14: Invalid bit range 3 to 1."],
    ["tcp.dst[16] == 1", "12: Cannot select bits 16 to 16 of 16-bit field tcp.dst."],
    ["vlan.present > 0", "16: Only == and != operators may be used with Boolean field vlan.present."],
    ["1 < tcp.dst > 3", "15: Range expressions must have the form `x < field < y' or `x > field > y', with each `<' optionally replaced by `<=' or `>' by `>=')."],
  ])("refuses %s", (match, answer) => {
    expect(problem(match)).toBe(answer);
  });

  it("tells the place first in its message", () => {
    expect(() => parseExpression("ip4 && foo")).toThrow("column 8: Syntax error at `foo' expecting field name.");
  });
});

describe("residence of ports", () => {
  it("is a question that simplifying answers if it is told how", () => {
    const match = parseExpression('is_chassis_resident("cr-a") && !is_chassis_resident("cr-b")');
    expect(printExpression(simplify(match))).toBe('is_chassis_resident("cr-a") && !is_chassis_resident("cr-b")');
    expect(printExpression(simplify(match, (port) => port === "cr-a"))).toBe("1");
    expect(evaluate(match, { field: () => 0n, port: () => "", isResident: (port) => port === "cr-b" })).toBe(false);
  });
});
