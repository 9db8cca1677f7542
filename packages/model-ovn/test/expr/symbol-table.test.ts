import { describe, expect, it } from "vitest";
import { type Expression, parseExpression, printSymbolTable, symbolTable } from "../../src/expr/index.ts";

const versions = ["20.12.0", "22.03.0", "22.12.0", "23.03.1", "23.09.0", "23.09.6", "24.03.0", "24.03.9"];

describe("symbols of the match language", () => {
  it.each(versions)("has whole predicates and prerequisites in %s", (version) => {
    const symbols = symbolTable(version);
    for (const symbol of symbols.values()) {
      const text = symbol.type === "predicate" ? symbol.means : symbol.type === "field" ? symbol.needs : undefined;
      if (text !== undefined) expect(() => parseExpression(text, undefined, symbols)).not.toThrow();
    }
  });

  it.each(versions)("gives a predicate the level of its most restricted field in %s", (version) => {
    const symbols = symbolTable(version);
    const isNominal = (match: Expression): boolean => {
      if (match.type === "and" || match.type === "or") return match.of.some(isNominal);
      if (match.type === "predicate") return match.predicate.level === "nominal";
      return "field" in match && match.field.level === "nominal";
    };
    for (const symbol of symbols.values()) if (symbol.type === "predicate") expect([symbol.name, symbol.level]).toEqual([symbol.name, isNominal(parseExpression(symbol.means, undefined, symbols)) ? "nominal" : "boolean"]);
  });

  it("keeps subfields within their fields", () => {
    for (const symbol of symbolTable("24.03.9").values()) if (symbol.type === "field" && symbol.parent !== undefined) expect(symbol.low + symbol.width).toBeLessThanOrEqual(symbol.parent.width);
  });

  it.each([
    ["flags.localnet", "23.03.1", false], ["flags.localnet", "23.03.3", true], ["flags.localnet", "23.09.0", false], ["flags.localnet", "23.09.1", true], ["flags.localnet", "24.03.0", true],
    ["nd_ns_mcast", "23.09.5", false], ["nd_ns_mcast", "23.09.6", true], ["nd_ns_mcast", "24.03.3", false], ["nd_ns_mcast", "24.03.4", true],
    ["flags.from_ctrl", "24.03.4", false], ["flags.from_ctrl", "24.03.5", true], ["rarp.op", "22.09.0", false], ["rarp.op", "23.03.1", true],
    ["ct_mark.blocked", "22.03.0", false], ["ct_mark.blocked", "22.03.1", true], ["flags.use_snat_zone", "20.12.0", false],
  ])("knows %s in %s: %s", (name, version, isKnown) => {
    expect(symbolTable(version).has(name)).toBe(isKnown);
  });

  it("narrows IGMP and MLD to groups from 24.03.3 on", () => {
    expect(printSymbolTable(symbolTable("24.03.2"))).toContain("\nigmp = ip4 && ip.proto == 2\n");
    expect(printSymbolTable(symbolTable("24.03.3"))).toContain("\nigmp = ip4.mcast && ip.proto == 2\n");
  });
});
