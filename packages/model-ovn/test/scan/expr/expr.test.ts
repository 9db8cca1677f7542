import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, type Fields, type Lookups, readField, writeField } from "../../../src/scan/expr/evaluate.ts";
import { parseExpression, type Relation } from "../../../src/scan/expr/parse.ts";
import { symbolOf } from "../../../src/scan/expr/symbols.ts";

const lookups: Lookups = {
  addressSet: (name) => (name === "cluster" ? ["10.0.0.0/8", "192.168.1.1"] : undefined),
  portGroup: (name) => (name === "pods" ? new Set(["pod"]) : undefined),
  isResident: (port) => port === "pod",
};
const fieldsOf = (values: Readonly<Record<string, bigint>>, inport = "pod"): Fields => ({ values: new Map(Object.entries(values)), inport, outport: "" });
const holds = (match: string, fields: Fields): boolean => evaluate(parseExpression(match), fields, lookups);

const relations: Readonly<Record<Relation, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b, "!=": (a, b) => a !== b, "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
};

/** A random match over two registers with what it must yield, worked out beside the parser. */
const matches = fc.letrec<{ any: { text: string; holds: (a: number, b: number) => boolean } }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(fc.constantFrom("reg0", "reg7"), fc.constantFrom(...(Object.keys(relations) as Relation[])), fc.nat(5)).map(([name, relation, value]) => ({
      text: `${name} ${relation} ${value}`, holds: (a: number, b: number) => relations[relation](name === "reg0" ? a : b, value),
    })),
    fc.tuple(fc.nat(4), fc.nat(5)).map(([low, high]) => ({ text: `${low} < reg0 <= ${high}`, holds: (a: number) => low < a && a <= high })),
    fc.tuple(tie("any"), tie("any"), fc.boolean()).map(([left, right, both]) => ({
      text: `(${left.text}) ${both ? "&&" : "||"} (${right.text})`,
      holds: (a: number, b: number) => (both ? left.holds(a, b) && right.holds(a, b) : left.holds(a, b) || right.holds(a, b)),
    })),
    tie("any").map((inner) => ({ text: `!(${inner.text})`, holds: (a: number, b: number) => !inner.holds(a, b) })),
  ),
}));

describe("matches", () => {
  it("yield what their parts yield", () => {
    fc.assert(fc.property(matches.any, fc.nat(5), fc.nat(5), (match, a, b) => {
      const fields = fieldsOf({});
      for (const [name, value] of [["reg0", a], ["reg7", b]] as const) {
        const symbol = symbolOf(name);
        if (symbol?.type === "field") writeField(fields, symbol, BigInt(value));
      }
      expect(holds(match.text, fields)).toBe(match.holds(a, b));
    }));
  });

  it("ask for what a field needs", () => {
    expect(holds("tcp.dst == 80", fieldsOf({ "tp.dst": 80n, "ip.proto": 6n, "eth.type": 0x800n }))).toBe(true);
    expect(holds("tcp.dst == 80", fieldsOf({ "tp.dst": 80n, "ip.proto": 17n, "eth.type": 0x800n }))).toBe(false);
    expect(holds("!ip.later_frag", fieldsOf({ "eth.type": 0x806n }))).toBe(true);
  });

  it("look up address sets, port groups and chassis", () => {
    const fields = fieldsOf({ "eth.type": 0x800n, "ip4.src": 0x0a010203n });
    expect(holds("ip4.src == $cluster && inport == @pods", fields)).toBe(true);
    expect(holds("ip4.src != $cluster", fields)).toBe(false);
    expect(holds('is_chassis_resident("pod") && !is_chassis_resident("other")', fields)).toBe(true);
  });

  it.each(["ip4 && tcp || udp", "!ip4", "ip.ttl > 1", "inport != \"a\"", "tcp.dst == 65536", "!reg0 == 1", "1 < reg0 > 2", "ip4.src == {}", "ip.ttl[0]", "reg0 ==", "10.0.0.1"])("refuse %s", (text) => {
    expect(() => parseExpression(text)).toThrow(/at offset \d+/);
  });
});

it("a field written is read back, and its neighbours stay", () => {
  fc.assert(fc.property(fc.nat(31), fc.nat(0xffff), fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (low, value, before) => {
    const whole = symbolOf("reg2");
    if (whole?.type !== "field") throw new Error("reg2 is a field");
    const fields = fieldsOf({ [whole.base]: before });
    const part = { ...whole, low: whole.low + low, width: 1 };
    writeField(fields, part, BigInt(value & 1));
    expect(readField(fields, part)).toBe(BigInt(value & 1));
    const bit = 1n << BigInt(part.low);
    expect((fields.values.get(whole.base) ?? 0n) & ~bit).toBe(before & ~bit);
  }));
});
