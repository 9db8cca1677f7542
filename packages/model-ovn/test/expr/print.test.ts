import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { annotate, evaluate, type Expression, type FieldSymbol, negate, normalize, OvnSyntaxError, type OvnSymbol, parseExpression, printExpression, simplify, type Subject, symbolTable, type SymbolTable } from "../../src/expr/index.ts";
import { arbitraryExpression } from "../../src/testing/index.ts";

const sets = { addresses: ["as_1", "as.v4"], ports: ["pg_1"] };

describe("matches as text and as trees", () => {
  it("reads back what it prints", () => {
    fc.assert(fc.property(arbitraryExpression({ sets }), (match) => {
      expect(parseExpression(printExpression(match))).toEqual(match);
    }), { numRuns: 500 });
  });

  it("is its own double negation", () => {
    fc.assert(fc.property(arbitraryExpression({ sets }), (match) => {
      expect(negate(negate(match))).toEqual(match);
    }));
  });

  it("reads any text or says where it is wrong", () => {
    const pieces = fc.constantFrom("ip4", "tcp.dst", "inport", "==", "!=", "<", "&&", "||", "!", "(", ")", "{", "}", "[", "]", "..", "1", "0x1f", "10.0.0.0/8", "fe80::/10", "0a:58:0a:00:00:01", '"a"', "$as", "@pg", "^T", "ct.new", "3", ",", "/", "/*", "//", "\u00e9", "is_chassis_resident");
    const text = fc.oneof(fc.string(), fc.array(pieces, { maxLength: 14 }).map((words) => words.join(" ")), fc.array(pieces, { maxLength: 14 }).map((words) => words.join("")));
    fc.assert(fc.property(text, (match) => {
      try {
        expect(parseExpression(printExpression(parseExpression(match)))).toEqual(parseExpression(match));
      } catch (error) {
        if (!(error instanceof OvnSyntaxError)) throw error;
        expect(error.at).toBeGreaterThanOrEqual(0);
        expect(error.at).toBeLessThanOrEqual(match.length);
      }
    }), { numRuns: 1000 });
  });
});

/** A packet of small numbers, so that tests come true often enough. */
const subject: fc.Arbitrary<Subject> = fc.array(fc.nat({ max: 255 }), { minLength: 16, maxLength: 16 }).map((values) => ({
  field: (name) => BigInt(values[[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % values.length] ?? 0),
  port: (name) => (name === "inport" ? "a" : "b"),
  isResident: (port) => port === "a",
}));

/** Few and narrow fields: a normal form grows with every bit that an inequality leaves open. */
function narrowSymbols(): SymbolTable {
  const few = ["inport", "ct_state", "ct.new", "ct.est", "ct.trk", "eth.dst", "eth.mcast"].map((name) => [name, symbolTable().get(name)] as const);
  const field = (name: string, width: number, level: "nominal" | "ordinal"): FieldSymbol => ({ type: "field", name, base: name, low: 0, width, level, writable: "no", crossproduct: name === "p" });
  const own = [field("x", 3, "ordinal"), field("y", 2, "ordinal"), field("p", 2, "nominal")];
  const table = new Map<string, OvnSymbol>(own.map((symbol) => [symbol.name, symbol]));
  for (const [name, symbol] of few) if (symbol !== undefined && (symbol.type !== "field" || symbol.width === 1)) table.set(name, symbol);
  return table;
}

describe("what an expression means through every step", () => {
  const narrow = arbitraryExpression({ symbols: narrowSymbols(), depth: 2 });

  it("stays the same when it is simplified", () => {
    fc.assert(fc.property(arbitraryExpression(), subject, (match, packet) => {
      const annotated = annotate(match);
      expect(evaluate(simplify(annotated, packet.isResident), packet)).toBe(evaluate(annotated, packet));
    }), { numRuns: 300 });
  });

  it("stays the same when it is normalised, by the rules of any release", () => {
    fc.assert(fc.property(narrow, subject, fc.boolean(), fc.boolean(), (match, packet, keepSupersets, disjointInequality) => {
      const rules = { keepSupersets, disjointInequality };
      const annotated = annotate(match);
      expect(evaluate(normalize(simplify(annotated, packet.isResident, rules), rules), packet)).toBe(evaluate(annotated, packet));
    }), { numRuns: 300 });
  });

  it("turns around when it is negated", () => {
    fc.assert(fc.property(arbitraryExpression(), subject, (match, packet) => {
      const annotated = annotate(match);
      expect(evaluate(negate(annotated), packet)).toBe(!evaluate(annotated, packet));
    }));
  });

  it("is a disjunction of conjunctions over one field each when it is normalised", () => {
    const isClause = (match: Expression): boolean => match.type === "compare" || match.type === "compare-string" || (match.type === "or" && match.of.every((operand) => operand.type === "compare" || operand.type === "compare-string"));
    const isConjunction = (match: Expression): boolean => (match.type === "and" ? match.of.every(isClause) : isClause(match));
    fc.assert(fc.property(narrow, subject, (match, packet) => {
      const normal = normalize(simplify(annotate(match), packet.isResident));
      expect(normal.type === "boolean" || (normal.type === "or" ? normal.of.every(isConjunction) : isConjunction(normal))).toBe(true);
    }), { numRuns: 300 });
  });
});
